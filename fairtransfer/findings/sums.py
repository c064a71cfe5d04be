"""Rows of `sums.parquet` and `rankings.parquet`, found by what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from fairtransfer.evidence import rankings, sums
from fairtransfer.evidence.canonical import canonical
from fairtransfer.stats.effective import Moments

Row = dict[str, Any]

Key = tuple[str, ...]
"""Benchmark, stage, strategy, budget, side, attributes, group, what is summed (or the metric), and class."""


def key_of(benchmark: str, stage: str, model: tuple[str, str], side: str, group: dict[str, str], *about: str) -> Key:
    """Return the key of rows; `model` is strategy and label budget, `about` what is summed, or the metric, and the class."""
    return (benchmark, stage, *model, side, "*".join(group), canonical(group).decode(), *about)


@dataclass(frozen=True)
class PerSeed:
    """What is known of one value or ranking, model and group.

    Attributes
    ----------
    by_seed
        One row per seed; the only row where nothing is random.
    averaged
        Of a mean: the row of the cases' values averaged over seeds.
    """

    by_seed: tuple[Row, ...]
    averaged: Row | None

    @classmethod
    def of(cls, rows: Iterable[Row]) -> PerSeed:
        """Return rows in the order of their seeds."""
        every = list(rows)
        seeds = tuple(sorted((row for row in every if row["seed"] is not None), key=lambda row: int(row["seed"])))
        averaged = next((row for row in every if row["seed"] is None), None)
        return cls(seeds or (every[0],), averaged)

    @property
    def first(self) -> Row:
        """A row that tells of cases and units, which are the same for every seed."""
        return self.by_seed[0]

    @property
    def whole(self) -> Row:
        """The row that is about all seeds."""
        return self.averaged or self.first


@dataclass(frozen=True)
class _Rows:
    """Rows of a table by their keys.

    Attributes
    ----------
    table
        None where there is none: making an empty one would load pandas, which judging does without.
    """

    table: pa.Table | None = None

    def _by(self, keys: tuple[str, ...]) -> dict[Key, list[Row]]:
        found: dict[Key, list[Row]] = {}
        for row in [] if self.table is None else self.table.to_pylist():
            found.setdefault(tuple(row[name] for name in keys), []).append(row)
        return found


@dataclass(frozen=True)
class UnitSums(_Rows):
    """What every case adds, summed up over units (`fairtransfer.evidence.sums`)."""

    @cached_property
    def _index(self) -> dict[Key, list[Row]]:
        return self._by(sums.KEYS)

    def of(self, key: Key) -> PerSeed | None:
        """Return what is known of a value, or None where nothing was measured."""
        rows = self._index.get(key)
        return None if rows is None else PerSeed.of(rows)

    def row(self, key: Key) -> Row:
        """Return the one row of an event, all seeds together."""
        (row,) = self._index[key]
        return row

    def moments(self, key: Key) -> Moments:
        """Return the moments of an event, all seeds together."""
        return moments_in(self.row(key))


def moments_in(row: Row, end: str = "") -> Moments:
    """Return the moments that a row holds; of the model before where `end` is ``_before``."""
    return Moments(row["units"], *(row[f"{name}{end}"] for name in ("m", "x", "mm", "xm", "xx")))


@dataclass(frozen=True)
class Rankings(_Rows):
    """How scores rank, and whether they mean what they say (`fairtransfer.evidence.rankings`)."""

    @cached_property
    def _index(self) -> dict[Key, list[Row]]:
        return self._by(rankings.KEYS)

    def of(self, key: Key) -> PerSeed | None:
        """Return what is known of a metric, or None where nothing was measured."""
        rows = self._index.get(key)
        return None if rows is None else PerSeed.of(rows)
