"""Rows of `scores.parquet`, found by what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.scores import KEYS
from fairtransfer.spec.scores import Question

Row = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """What is known of one metric, model and group.

    Attributes
    ----------
    by_seed
        One row per seed; the only row where nothing is random.
    averaged
        Of a mean: the row of the cases' values averaged over seeds.
    """

    by_seed: tuple[Row, ...]
    averaged: Row | None

    @property
    def values(self) -> tuple[float, ...] | None:
        """The value of every seed; None where one of them has none."""
        found = tuple(row["value"] for row in self.by_seed)
        return None if None in found else found

    @property
    def first(self) -> Row:
        """A row that tells of cases and units, which are the same for every seed."""
        return self.by_seed[0]


@dataclass(frozen=True)
class Scores:
    """Everything known of metrics made of scores, and the questions they answer.

    Attributes
    ----------
    table
        None where there are no scores: making an empty one would load pandas, which judging does without.
    """

    table: pa.Table | None
    questions: tuple[Question, ...] = ()

    @cached_property
    def _index(self) -> dict[tuple[str, ...], list[Row]]:
        found: dict[tuple[str, ...], list[Row]] = {}
        for row in [] if self.table is None else self.table.to_pylist():
            found.setdefault(tuple(row[name] for name in KEYS), []).append(row)
        return found

    def of(
        self, benchmark: str, stage: str, model: tuple[str, str], group: dict[str, str], question: Question
    ) -> Answers | None:
        """Return what is known, or None where nothing was measured; `model` is strategy and label budget."""
        metric, of = question
        key = (benchmark, stage, *model, "*".join(group), canonical(group).decode(), metric, of or "")
        rows = self._index.get(key)
        if rows is None:
            return None
        seeds = tuple(sorted((row for row in rows if row["seed"] is not None), key=lambda row: int(row["seed"])))
        averaged = next((row for row in rows if row["seed"] is None), None)
        return Answers(seeds or (rows[0],), averaged)


NO_SCORES = Scores(None)
