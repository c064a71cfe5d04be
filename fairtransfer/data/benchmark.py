"""A benchmark: a data card, opened and checked against its data."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairtransfer.data import groups, splits
from fairtransfer.data.inputs import Inputs
from fairtransfer.data.ledger import Ledger
from fairtransfer.data.rows import Rows, read_rows
from fairtransfer.errors import Problem, Problems, Severity, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card import Card, LoadedCard, MadeSplits
from fairtransfer.spec.names import OTHER_GROUP

LABEL_JOIN = "|"
"""Joins the classes of one row of a multilabel benchmark, in the card's order; classes may not contain it."""


@dataclass(frozen=True)
class Benchmark:
    """A card's rows, in the order of their ids.

    Attributes
    ----------
    items
        One row per item, indexed by id: ``y`` (a class, or classes joined by `|`), ``split`` (``train``, ``val``,
        ``test`` or empty), ``unit``, and one column per attribute (``language`` ...).
    inputs
        What the model reads or sees, in the same order.
    ledger
        Rows in, rows used, rows left out with the reason.
    left_out
        Ids of the rows that are left out.
    """

    loaded: LoadedCard
    classes: tuple[str, ...]
    items: pd.DataFrame
    inputs: Inputs
    ledger: Ledger
    warnings: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def card(self) -> Card:
        """The card."""
        return self.loaded.card

    @property
    def multilabel(self) -> bool:
        """Whether a row can have several classes at once."""
        return self.card.label.type == "multilabel"

    @property
    def numeric(self) -> bool:
        """Whether the label is a number; `y` is then its text."""
        return self.card.label.type == "number"

    def positions(self, *chosen: str) -> NDArray[np.int64]:
        """Return the positions of the rows in these splits."""
        return np.flatnonzero(self.items["split"].isin(chosen).to_numpy())

    def judged(self) -> NDArray[np.int64]:
        """Return the positions of the rows the model is judged on: test, or everything for a test suite without splits."""
        return np.arange(len(self.items)) if self.card.splits == "none" else self.positions("test")

    def content_digest(self) -> str:
        """Return a digest of ids, labels, splits and inputs."""
        parts = [self.items.index.to_series(), self.items["y"], self.items["split"]]
        text = "\0".join("\1".join(map(str, part)) for part in parts)
        return hashlib.sha256((text + self.inputs.digest()).encode()).hexdigest()


def open_benchmark(loaded: LoadedCard, data_root: Path | None = None, problems: Problems | None = None) -> Benchmark:
    """Read a card's data and check everything the card says about it.

    Parameters
    ----------
    data_root
        The operator's data folder, for files the card places `under: data_root`.

    Raises
    ------
    DefinitionError
        With every contradiction between the card and its data.
    """
    collected = Problems()
    benchmark = _Opening(loaded, data_root, collected).open()
    if problems is not None:
        problems.extend(collected)
    collected.raise_if_any()
    assert benchmark is not None, "data that cannot be read has been reported"
    return replace(benchmark, warnings=collected.warnings)


class _Opening:
    """The steps from a card to a benchmark; each adds the problems it finds and the next go on where they can."""

    def __init__(self, loaded: LoadedCard, data_root: Path | None, problems: Problems) -> None:
        self.loaded, self.card, self.data_root, self.problems = loaded, loaded.card, data_root, problems

    def open(self) -> Benchmark | None:
        rows = read_rows(self.loaded, self.data_root, self.problems)
        if rows is None:
            return None
        keep = Counter[str]()
        reasons: list[str | None] = [None] * rows.n
        y = self.labels(rows, reasons)
        columns = self.attributes(rows, reasons)
        units = self.units(rows)
        split = self.split(rows, units, y, columns, reasons)
        self.rows_fit(rows, units, split, y)
        if self.problems.errors:
            return None
        keep.update(reason for reason in reasons if reason)
        frame = pd.DataFrame(
            {"y": y, "split": split, "unit": units, **columns}, index=pd.Index(rows.ids, name="item"), dtype=object
        )
        used = np.array([reason is None for reason in reasons])
        order = np.array(sorted(np.flatnonzero(used), key=lambda i: rows.ids[i]), dtype=np.int64)
        ledger = Ledger(rows.n, dict(sorted(keep.items())), dict(sorted(rows.notes.items())))
        left_out = tuple(rows.ids[i] for i in np.flatnonzero(~used))
        kept = frame.iloc[order], rows.inputs.take(order)
        return Benchmark(self.loaded, self.card.label.classes, *kept, ledger, left_out=left_out)

    def add(self, problem: Problem) -> None:
        """Place a problem of the data at the card's entry for it."""
        self.problems.add(place(self.loaded, problem))

    def labels(self, rows: Rows, reasons: list[str | None]) -> list[str]:
        label, values = self.card.label, rows.columns[self.card.label.column]
        missing = [i for i, value in enumerate(values) if value is None]
        if (missing and label.missing is None) or (missing and label.missing == "error"):
            self.add(
                Problem(
                    "FT-D030",
                    f"label missing in {plural(len(missing), 'row')}",
                    "",
                    "declare `missing: exclude` under `label`",
                    path="label",
                )
            )
        for i in missing:
            reasons[i] = "label missing"
        if label.type == "number":
            return self.numbers(values)
        split = [
            () if v is None else tuple(v.split(label.separator)) if label.type == "multilabel" else (v,) for v in values
        ]
        unknown = Counter(part for parts in split for part in parts if part not in label.classes)
        for value, count in sorted(unknown.items())[:20]:
            self.add(_unknown_label(value, count, label.classes))
        present = Counter(part for parts in split for part in parts)
        if len([c for c in label.classes if present[c]]) < 2 and not unknown:
            self.add(
                Problem(
                    "FT-D034",
                    "classification needs ≥2 classes",
                    f"the data holds {', '.join(present) or 'none'}",
                    path="label",
                )
            )
        rank = {name: i for i, name in enumerate(label.classes)}
        return [LABEL_JOIN.join(sorted(parts, key=lambda p: rank.get(p, 0))) for parts in split]

    def numbers(self, values: Sequence[str | None]) -> list[str]:
        """Return labels that are numbers, each number written one way."""
        found = [None if value is None else finite(value) for value in values]
        odd = [value for value, number in zip(values, found, strict=True) if value is not None and number is None]
        if odd:
            text = f"labels that are no finite number: {plural(len(odd), 'row')}, for example `{shown(odd[0])}`"
            self.add(Problem("FT-P061", text, "numbers such as 12 or 3.5", "write them so", path="label"))
        elif len({number for number in found if number is not None}) < 2:
            self.add(Problem("FT-M033", "the label is the same number in every row", "", "", path="label"))
        return ["" if number is None else repr(number) for number in found]

    def attributes(self, rows: Rows, reasons: list[str | None]) -> dict[str, list[str | None]]:
        columns: dict[str, list[str | None]] = {}
        for attribute in self.card.attributes:
            assigned, problems = groups.assign(attribute, rows.columns[attribute.column])
            for problem in problems:
                self.add(problem)
            columns[attribute.name] = assigned.values
            for i, value in enumerate(assigned.values):
                if value is None and reasons[i] is None:
                    reasons[i] = f"{attribute.name} missing"
            if assigned.n_unknown and attribute.missing == "own_group":
                rows.notes[f"{attribute.name} unknown"] = assigned.n_unknown
            if assigned.pooled:
                rows.notes[f"{attribute.name} pooled as `{OTHER_GROUP}` ({len(assigned.pooled)} values)"] = sum(
                    assigned.pooled.values()
                )
        return columns

    def units(self, rows: Rows) -> list[str]:
        if not self.card.unit:
            return list(rows.ids)
        columns = [rows.columns[name] for name in self.card.unit]
        blank = sum(None in parts for parts in zip(*columns, strict=True))
        if blank:
            self.add(
                Problem(
                    "FT-D059",
                    f"{plural(blank, 'row')} without a value in the unit column ({', '.join(self.card.unit)})",
                    path="unit",
                )
            )
        return [" / ".join(str(part) for part in parts) for parts in zip(*columns, strict=True)]

    def split(
        self,
        rows: Rows,
        units: list[str],
        y: list[str],
        columns: dict[str, list[str | None]],
        reasons: list[str | None],
    ) -> list[str]:
        how = self.card.splits
        if how == "none":
            return [splits.OUTSIDE] * rows.n
        if isinstance(how, MadeSplits):
            for name in how.make.stratify:
                if name not in columns:
                    self.add(Problem("FT-Y033", f"`{shown(name)}` is not an attribute of this card", path="splits"))
            layers = [columns[name] for name in how.make.stratify if name in columns]
            labels = splits.strata(y) if self.card.label.type == "number" else y
            strata = ["\0".join(map(str, values)) for values in zip(labels, *layers, strict=True)]
            used = [i for i, reason in enumerate(reasons) if reason is None]
            chosen = dict(zip(used, splits.made(how, [units[i] for i in used], [strata[i] for i in used]), strict=True))
            return [chosen.get(i, splits.OUTSIDE) for i in range(rows.n)]
        found, problems = splits.given(how, rows.columns[how.column])
        for problem in problems:
            self.add(problem)
        return found

    def rows_fit(self, rows: Rows, units: list[str], split: list[str], y: list[str]) -> None:
        """Check what only the rows together show: units across splits, classes without training rows, contradicting labels."""
        if crossing := splits.straddling(units, split):
            count, verb = plural(len(crossing), "subject"), "crosses" if len(crossing) == 1 else "cross"
            found = f"{count} {verb} splits (first: `{shown(crossing[0])}`)"
            self.add(Problem("FT-D022", found, "each unit in one split", path="unit"))
        if self.card.label.type != "number":
            self.classes_fit(split, y)
        if rows.sound:
            self.conflicts(rows, y)
            self.repeats(rows, split)

    def classes_fit(self, split: list[str], y: list[str]) -> None:
        """Look for classes without training or test rows."""
        present = {
            name: {c for label, s in zip(y, split, strict=True) if s == name for c in label.split(LABEL_JOIN)}
            for name in splits.SPLITS
        }
        if present["train"] and (absent := sorted(present["test"] - present["train"])):
            self.add(Problem("FT-D036", f"class `{shown(absent[0])}` has 0 training rows", path="splits"))
        if present["test"] and (absent := sorted(set(self.card.label.classes) - present["test"])):
            found = f"metrics for `{shown(absent[0])}` are undefined: 0 test rows"
            self.add(Problem("FT-D037", found, path="splits", severity="warning"))

    def conflicts(self, rows: Rows, y: list[str]) -> None:
        labels: dict[str, set[str]] = {}
        for key, label in zip(rows.inputs.keys(), y, strict=True):
            labels.setdefault(key, set()).add(label)
        several = sum(len(found) > 1 for found in labels.values())
        if several:
            share = f"{100 * several / len(labels):.1f}%"
            self.add(
                Problem(
                    "FT-D025",
                    f"identical input with different labels: {plural(several, 'input')} ({share})",
                    path="label",
                    severity="warning",
                )
            )

    def repeats(self, rows: Rows, split: list[str]) -> None:
        """Report inputs of the test split that stand again in train or val; what is done about them is the card's rule."""
        rule = self.card.duplicates.across_splits
        by_split: dict[str, set[str]] = {"test": set(), "adapt": set()}
        keys = rows.inputs.keys()
        for key, name in zip(keys, split, strict=True):
            if name != splits.OUTSIDE:
                by_split["test" if name == "test" else "adapt"].add(key)
        both = by_split["test"] & by_split["adapt"]
        count = sum(name == "test" and key in both for key, name in zip(keys, split, strict=True))
        if not count:
            return
        tests = sum(name == "test" for name in split)
        found = f"exact duplicates across splits: {count:,} ({100 * count / tests:.1f}% of the test rows)"
        severity: Severity = "error" if rule == "fail" else "warning"
        taken = "they are taken out of train and val" if rule == "drop" else f"the card says `across_splits: {rule}`"
        self.add(Problem("FT-D020", found, taken, path="duplicates", severity=severity))


def finite(text: str) -> float | None:
    """Return the number a text is, or None where it is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def place(loaded: LoadedCard, problem: Problem) -> Problem:
    """Return the problem with the file, line and column of the card's entry it belongs to."""
    parts = tuple(problem.path.split("."))
    at: tuple[str | int, ...] = ("fairtransfer", *parts) if parts != ("",) else ("fairtransfer",)
    if parts[0] == "attributes" and len(parts) > 1:
        at = ("fairtransfer", "attributes", [a.name for a in loaded.card.attributes].index(parts[1]))
    line, column = loaded.document.place(at)
    path = "fairtransfer" + (f".{problem.path}" if problem.path else "")
    return replace(
        problem,
        file=problem.file or loaded.document.file,
        line=problem.line or line,
        column=problem.column or column,
        path=path,
    )


def _unknown_label(value: str, count: int, classes: Sequence[str]) -> Problem:
    def spelled(text: str) -> str:
        lowered = text.strip().lower()
        return {"0.0": "0", "1.0": "1"}.get(lowered, lowered)

    same = [c for c in classes if spelled(c) == spelled(value)]
    if same:
        return Problem(
            "FT-D032",
            f"labels are written as `{shown(value)}` ({plural(count, 'row')}), declared as `{same[0]}`",
            "nothing is coerced",
            "declare them as written",
            path="label",
        )
    return Problem(
        "FT-D031",
        f"label `{shown(value)}` is not a declared class ({plural(count, 'row')})",
        f"declared: {', '.join(classes[:12])}",
        path="label",
    )
