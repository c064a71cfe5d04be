"""The rows of a file of predictions: from cells to models and answers, with what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from fairtransfer.data.predictor import AnswersByItem, Predictor, ValuesByItem
from fairtransfer.data.tables import TableRefused, read_table
from fairtransfer.errors import is_invisible, shown
from fairtransfer.spec.audit import MAX_SEED
from fairtransfer.spec.strict import MAX_NAME

LONG, OPTIONAL = ("item", "stage", "strategy", "pred"), ("label_budget", "seed", "benchmark")
WIDE = ("item", "before", "after")
STAGES = ("before", "after")

Held = TypeVar("Held", AnswersByItem, ValuesByItem)

_WHOLE = re.compile(r"([0-9]{1,18})(\.0{1,18})?$")  # tables with missing values write whole numbers with a point
_SHARE = re.compile(r"0?\.[0-9]{1,18}$")


@dataclass
class PredictionRows:
    """Goes through a file row by row; the first fault of each kind is told, with how many there are.

    Attributes
    ----------
    columns
        Columns with a number for every answer that are read too; in the wide form each is two, ``name_before`` and
        ``name_after``.
    separator
        What parts the fields of a CSV file, where it is not the comma.
    values
        What they hold, by model, benchmark and item; filled by reading.
    """

    path: Path
    benchmarks: Sequence[str]
    tell: Callable[..., None]
    multilabel: bool
    columns: Sequence[str] = ()
    separator: str | None = None
    values: dict[tuple[Predictor, str], ValuesByItem] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    faults: dict[tuple[str, str], tuple[str, str, str, int]] = field(default_factory=dict)

    def read(self) -> dict[tuple[Predictor, str], AnswersByItem]:
        """Return every answer by model, benchmark and item; what is wrong has been told then."""
        answers: dict[tuple[Predictor, str], AnswersByItem] = {}
        for row, predictor, benchmark, item, (pred, *values) in self.rows():
            of = answers.setdefault((predictor, benchmark), {})
            if item in of:
                self.fault("FT-P006", "twice", f"row {row}: {predictor} answers item `{shown(item)}` again")
            of[item] = pred
            self.values.setdefault((predictor, benchmark), {})[item] = tuple(values)
        for code, found, allowed, do, n in ((key[0], *fault) for key, fault in self.faults.items()):
            self.tell(code, found + (f" (and {n - 1:,} more)" if n > 1 else ""), allowed, do)
        if not self.faults:
            _check_whole(answers, self.tell)
        self.values = _seeded(self.values)
        return _seeded(answers)

    def fault(self, code: str, kind: str, found: str, allowed: str = "", do: str = "") -> None:
        """Keep the first fault of a kind, and count the others."""
        first = self.faults.get((code, kind), (found, allowed, do, 0))
        self.faults[code, kind] = (*first[:3], first[3] + 1)

    def rows(self) -> Iterator[tuple[int, Predictor, str, str, tuple[str, ...]]]:
        """Yield number, model, benchmark, item, and answer with its numbers, of every row that can be read."""
        names = ("item", *read_table(self.path, ("item",), separator=self.separator).others)
        wide = "stage" not in names and {"before", "after"} <= set(names)
        columns = WIDE if wide else LONG
        if not wide and "stage" not in names:
            found = f"no column `stage`; columns are {', '.join(map(shown, names[:20]))}"
            do = f"write {', '.join(LONG)} (a row per answer), or {', '.join(WIDE)} (a row per item)"
            raise TableRefused("FT-D001", found, do)
        optional = [name for name in OPTIONAL if name in names and (not wide or name == "benchmark")]
        sides = STAGES if wide else ("pred",)
        valued = {side: [f"{name}_{side}" if wide else name for name in self.columns] for side in sides}
        lacking = [name for of in valued.values() for name in of if name not in names]
        if lacking:
            found = (
                f"no column `{lacking[0]}`, of which the mean is asked; columns are {', '.join(map(shown, names[:20]))}"
            )
            do = "a row per item has the numbers of both models, `NAME_before` and `NAME_after`" if wide else ""
            raise TableRefused("FT-P047", found, do)
        beside = [name for of in valued.values() for name in of]
        table = read_table(self.path, (*columns, *optional, *beside), separator=self.separator)
        self.unread = table.others
        for i in range(table.n):
            cells = {name: (values[i] or "").strip() for name, values in table.columns.items()}
            raw = {name: values[i] or "" for name, values in table.columns.items()}
            benchmark = self.benchmark(i + 1, cells)
            if not raw["item"].strip():
                self.fault("FT-D017", "", f"row {i + 1} has no item", "", "name every row")
                continue
            for side in sides:
                predictor = (
                    Predictor(side, "after" if side == "after" else "") if wide else self.predictor(i + 1, cells)
                )
                if not raw[side] and not self.multilabel:
                    advice = "give an answer to every item; a word such as `none` counts as an error"
                    self.fault("FT-P009", side, f"row {i + 1} has no answer in `{side}`", "", advice)
                elif predictor is not None and benchmark is not None:
                    yield i + 1, predictor, benchmark, raw["item"], (raw[side], *(raw[name] for name in valued[side]))

    def benchmark(self, row: int, cells: Mapping[str, str]) -> str | None:
        """Return which benchmark a row is about; without the column, the only one."""
        names = ", ".join(f"`{name}`" for name in self.benchmarks)
        if "benchmark" not in cells:
            if len(self.benchmarks) == 1:
                return self.benchmarks[0]
            self.fault("FT-P034", "column", "no column says which benchmark a row is about", f"`benchmark`: {names}")
        elif cells["benchmark"] in self.benchmarks:
            return cells["benchmark"]
        else:
            found = f"row {row} is about benchmark `{shown(cells['benchmark'])}`"
            self.fault("FT-P034", "name", found, f"listed: {names}")
        return None

    def predictor(self, row: int, cells: Mapping[str, str]) -> Predictor | None:
        """Return the model a row of the long form is from; None when it cannot be told."""
        stage, strategy = cells["stage"], cells["strategy"]
        if stage not in STAGES:
            self.fault("FT-P031", "", f"row {row} has stage `{shown(stage)}`", f"allowed: {', '.join(STAGES)}")
            return None
        budget, seed = self.budget(row, cells.get("label_budget", "")), self.seed(row, cells.get("seed", ""))
        if stage == "before" and (strategy or budget):
            do = "leave `strategy` and `label_budget` empty for the model before"
            self.fault("FT-P032", "before", f"row {row} gives the model before a strategy or a label budget", "", do)
        elif stage == "after" and not strategy:
            self.fault("FT-P032", "after", f"row {row} names no strategy", "", "say which adapted model answered")
        elif len(strategy) > MAX_NAME or any(map(is_invisible, strategy)):
            self.fault(
                "FT-P032", "name", f"row {row}: strategy `{shown(strategy)}`", f"up to {MAX_NAME} visible characters"
            )
        elif budget is not None and seed != -1:
            return Predictor(stage, strategy, budget, seed)
        return None

    def budget(self, row: int, text: str) -> str | None:
        """Return a row's label budget as results name it, None where it cannot be read."""
        whole = _WHOLE.match(text)
        if whole and int(whole[1]):
            return str(int(whole[1]))
        if text in ("", "all"):
            return text
        if _SHARE.match(text) and float(text):
            return f"{float(text):g}"
        allowed = "a count of labels, a fraction below 1, `all`, or nothing"
        self.fault("FT-P033", "budget", f"row {row} has label budget `{shown(text)}`", allowed)
        return None

    def seed(self, row: int, text: str) -> int | None:
        """Return a row's seed, None where there is none, -1 where it cannot be read."""
        whole = _WHOLE.match(text)
        if not text or (whole and int(whole[1]) <= MAX_SEED):
            return int(whole[1]) if whole else None
        self.fault("FT-P033", "seed", f"row {row} has seed `{shown(text)}`", "a whole number from 0, or nothing")
        return -1


def _check_whole(answers: Mapping[tuple[Predictor, str], AnswersByItem], tell: Callable[..., None]) -> None:
    """Check what only all rows together show: both stages, and seeds that pair."""
    predictors = list(dict.fromkeys(predictor for predictor, _ in answers))
    for stage in STAGES:
        if not any(a.stage == stage for a in predictors):
            do = "answers of both models to the same items are compared"
            tell("FT-P035", f"no row has stage `{stage}`", "", do)
    seeds: dict[tuple[str, str], set[int | None]] = {}
    for a in predictors:
        seeds.setdefault((a.strategy, a.budget), set()).add(a.seed)
    before = seeds.get(("", ""), {None})
    for a in {(a.strategy, a.budget): a for a in predictors}.values():
        mine = seeds[a.strategy, a.budget]
        if None in mine and len(mine) > 1:
            tell("FT-P036", f"{a.model} has rows with and without a seed", "", "give all of them one, or none")
        elif before != {None} and mine != before:
            text = f"{a.model} has the seeds {_listed(mine)}, the model before {_listed(before)}"
            tell("FT-P036", text, "", "a model before that has seeds is compared seed by seed")


def _listed(seeds: set[int | None]) -> str:
    return ", ".join(
        "none" if seed is None else str(seed) for seed in sorted(seeds, key=lambda s: -1 if s is None else s)
    )


def _seeded(answers: Mapping[tuple[Predictor, str], Held]) -> dict[tuple[Predictor, str], Held]:
    """Return the answers with seed 0 for adapted models without one."""
    return {
        (replace(a, seed=0) if a.stage == "after" and a.seed is None else a, benchmark): of
        for (a, benchmark), of in answers.items()
    }
