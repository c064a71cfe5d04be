"""A table with the probability of one class, or of every class: counted for what is asked of each, and of all at once.

Over all classes the Brier score is Brier's own (1950): squared distances of all probabilities from what came, summed,
from 0 to 2; the logarithmic loss is the surprise at the class that came. Both are means of a value per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.table.casts import as_text, held, number
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.powers import power_sums, total
from fairtransfer.evidence.table.row_checks import named_item
from fairtransfer.evidence.table.score_counts import (
    ClassScores,
    count_scores,
    keys_of,
    score_notes,
    score_problems,
    scored_rows,
)
from fairtransfer.evidence.table.scores import SIDES, losses_asked, usable, with_changes
from fairtransfer.outcomes.probabilities import LEAST_PROBABILITY, VALUES
from fairtransfer.spec.questions import Question

if TYPE_CHECKING:
    import ibis

Asked: TypeAlias = Callable[[Sequence[str]], Sequence[Question]]

NEAR_ONE = 0.02
"""Probabilities of a row sum to 1, or miss it by no more: they are often written with two or three places."""
EXACTLY = 1e-4
"""What misses 1 by more was rounded, and is told."""
LISTED = 5
"""Probabilities of a row that a message writes out."""


@dataclass(frozen=True)
class ScoredTable:
    """A table with scores.

    Attributes
    ----------
    classes
        The classes there are.
    keys
        Group names and unit, as text.
    counting
        What rows count, as `fairtransfer.evidence.table.powers` takes it.
    """

    table: ibis.Table
    name: str
    columns: Columns
    classes: Sequence[str]
    keys: Mapping[str, Any]
    counting: Mapping[str, Any]

    def counted(
        self, positive: str | None, asked: Sequence[Question], problems: Problems
    ) -> tuple[dict[str, dict[str, pa.Table]], dict[str, int]]:
        """Return what the scores of every class, and of all at once, are counted for, and what people should know of them."""
        if not self.columns.scores:
            mine = [] if positive is None else [self._of(positive, self._sides(), asked)]
            return self._of_classes(mine, self._rows, problems)
        problems.extend(replace(problem, file=self.name) for problem in self._class_problems())
        if problems.errors:
            return {}, {}
        plain = held(self._whole())
        problems.extend(replace(problem, file=self.name) for problem in self._row_problems(plain))
        if problems.errors:
            return {}, {}
        every = [self._of(of, self._sides(of), asked) for of in self.classes]
        found, notes = self._of_classes(every, lambda scores: self._one_of(plain, scores), problems)
        losses = losses_asked([question for question in asked if question[1] is None])
        if losses:
            found[""] = {"sums": self._losses(plain, losses)}
        return found, self._notes(plain, losses) | notes

    # --- one class after the other ---------------------------------------------------------------------------------------

    def _of_classes(
        self, every: Sequence[ClassScores], rows: Callable[[ClassScores], ibis.Table], problems: Problems
    ) -> tuple[dict[str, dict[str, pa.Table]], dict[str, int]]:
        found: dict[str, dict[str, pa.Table]] = {}
        notes: dict[str, int] = {}
        tables = [(scores, rows(scores)) for scores in every]
        for scores, plain in tables:
            if scores.metrics or not self.columns.scores:
                found[scores.of] = count_scores(plain, scores, problems, self.name)
        for scores, plain in () if problems.errors else tables:
            problems.extend(replace(p, file=self.name) for p in score_problems(plain, scores, len(self.classes)))
            notes |= score_notes(plain, scores, found.get(scores.of, {}))
        return found, notes

    def _rows(self, scores: ClassScores) -> ibis.Table:
        return scored_rows(self.table, self.columns.label, scores, self.keys, self.counting)

    def _one_of(self, plain: ibis.Table, scores: ClassScores) -> ibis.Table:
        """Return the same from a table with the scores of every class."""
        kept, place = [*self.keys, *self.counting], list(self.classes).index(scores.of)
        values = {SIDES[side]: plain[f"{side}{place}"] for side in scores.sides}
        said = {f"said_{side}": plain[f"said_{side}"] == scores.of for side in scores.sides}
        return plain.select(*kept, **values, **said, positive=plain.truth.notnull() & (plain.truth == scores.of))

    def _sides(self, of: str | None = None) -> dict[str, str | None]:
        columns = self.columns
        if of is None:
            return {"after": columns.score, "before": columns.score_before}
        return {"after": columns.scores[of], "before": columns.scores_before.get(of)}

    def _of(self, of: str, sides: Mapping[str, str | None], asked: Sequence[Question]) -> ClassScores:
        given = {side: column for side, column in sides.items() if column}
        return ClassScores(of, given, self._answers(), tuple(metric for metric, meant in asked if meant == of))

    def _answers(self) -> dict[str, str]:
        return {"after": self.columns.after, "before": self.columns.before or self.columns.after}

    # --- all classes at once ---------------------------------------------------------------------------------------------

    @property
    def _named(self) -> dict[str, Mapping[str, str]]:
        """``after`` and, where it has scores, ``before`` -> class -> column."""
        named = {"after": self.columns.scores, "before": self.columns.scores_before}
        return {side: scores for side, scores in named.items() if scores}

    def _class_problems(self) -> Iterator[Problem]:
        """Yield classes without a column, and columns of classes there are not."""
        for side, scores in self._named.items():
            option = "--scores" if side == "after" else "--scores-before"
            for of in (of for of in self.classes if of not in scores):
                told, hint = f"{option} has no column for the class `{shown(of)}`", did_you_mean(of, scores)
                yield Problem("FT-P117", told, hint, "name the column of every class")
            for of in (of for of in scores if of not in self.classes):
                told, hint = f"no row has the class `{shown(of)}` of {option}", did_you_mean(of, self.classes)
                do = "write classes as the labels have them; where a class has no case here, name all with --classes"
                yield Problem("FT-P117", told, hint, do)

    def _whole(self) -> ibis.Table:
        """Return keys, the scores of every class, truth and answers as text, and what rows count."""
        answers = {f"said_{side}": as_text(self.table[column]) for side, column in self._answers().items()}
        scores = {
            f"{side}{place}": usable(number(self.table[named[of]]))
            for side, named in self._named.items()
            for place, of in enumerate(self.classes)
        }
        items = {f"item{place}": as_text(self.table[item]) for place, item in enumerate(self.columns.items)}
        truth = as_text(self.table[self.columns.label])
        return self.table.select(**self.keys, **self.counting, **answers, **scores, **items, truth=truth)

    def _scores(self, plain: ibis.Table, side: str) -> dict[str, Any]:
        return {of: plain[f"{side}{place}"] for place, of in enumerate(self.classes)}

    def _off(self, plain: ibis.Table, side: str) -> Any:
        return (reduce(add, self._scores(plain, side).values()) - 1).abs()

    def _row_problems(self, plain: ibis.Table) -> Iterator[Problem]:
        """Yield scores that are no probabilities, and rows whose probabilities do not sum to 1."""
        asked: dict[str, Any] = {}
        for side in self._named:
            asked |= {f"{side}{i}": plain[f"{side}{i}"].isnull().cast("int64").sum() for i in range(len(self.classes))}
            asked[side] = (self._off(plain, side) > NEAR_ONE).cast("int64").sum()
        known = plain.aggregate(**asked).to_pyarrow().to_pylist()[0]
        for side, named in self._named.items():
            for place, of in enumerate(self.classes):
                if wrong := known[f"{side}{place}"]:
                    text = f"{wrong:,} scores in `{shown(named[of])}` are missing, not numbers, or outside 0 to 1"
                    yield Problem("FT-P025", text, f"the probability of `{shown(of)}`", "leave these rows out")
            if rows := known[side]:
                text = f"{rows:,} rows have scores that do not sum to 1, for example {self._example(plain, side)}"
                allowed = f"the probabilities of all classes of a row, which sum to 1 within {NEAR_ONE:g}"
                do = "write softmax probabilities; scores that are independent of each other are measured one class at a time"
                yield Problem("FT-P118", text, allowed, do)

    def _example(self, plain: ibis.Table, side: str) -> str:
        """Return the row that is farthest off, in words."""
        scores = self._scores(plain, side)
        kept = plain.select(
            off=self._off(plain, side),
            **{f"item{place}": plain[f"item{place}"] for place in range(len(self.columns.items))},
            **{f"p{place}": column for place, column in enumerate(scores.values())},
        )
        row = kept.order_by([kept.off.desc(), *(kept[name] for name in kept.columns[1:])]).limit(1)
        values = row.to_pyarrow().to_pylist()[0]
        told = [f"{shown(of)} {values[f'p{place}']:.3g}" for place, of in enumerate(scores)]
        written = ", ".join(told[:LISTED]) + (", ..." if len(told) > LISTED else "")
        summed = sum(values[f"p{place}"] for place in range(len(scores)))
        named = {column: values[f"item{place}"] for place, column in enumerate(self.columns.items)}
        where = f" in {named_item(self.columns.items, named)}" if named else ""
        return f"{written}, together {summed:.4g}{where}"

    def _losses(self, plain: ibis.Table, losses: Mapping[str, int]) -> pa.Table:
        """Return what losses over all classes add up to per group, sorted."""
        values = {}
        for loss in losses:
            of_columns = VALUES[loss].columns_over_classes
            assert of_columns is not None, "asked of losses that have a form over all classes"
            values[loss] = {
                side: of_columns(self._scores(plain, side), plain.truth, plain[f"said_{side}"]) for side in self._named
            }
        columns, degrees = with_changes(values, losses)
        told = {f"no_{side}": self._off(plain, side).isnull().cast("int64").sum() for side in self._named}
        return power_sums(plain, keys_of(plain), columns, degrees, told)

    def _notes(self, plain: ibis.Table, losses: Mapping[str, int]) -> dict[str, int]:
        """Return how many rows sum to 1 nearly, and how many surprises the logarithmic loss cuts."""
        asked: dict[str, Any] = {}
        for side in self._named:
            answers = self._answers()[side]
            rounded = (
                f"rows have scores of {answers} that sum to 1 only within {NEAR_ONE:g}, and are taken as they stand"
            )
            asked[rounded] = self._off(plain, side) > EXACTLY
            if "log_loss" in losses:
                scores = self._scores(plain, side)
                cut = reduce(
                    lambda one, other: one | other,
                    ((plain.truth == of) & (column < LEAST_PROBABILITY) for of, column in scores.items()),
                )
                least = f"{LEAST_PROBABILITY:.2g}, which log loss takes for so much"
                asked[f"rows have scores of {answers} that leave the truth less than {least}"] = cut
        sums = {f"n{place}": total(plain, flags.cast("int64")) for place, flags in enumerate(asked.values())}
        known = plain.aggregate(**sums).to_pyarrow().to_pylist()[0]
        return {note: int(known[f"n{place}"]) for place, note in enumerate(asked) if known[f"n{place}"]}
