"""Joint counts, indexed: per view, event and class, how many of each group, before and after, for every seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fairtransfer.evidence.moments import membership
from fairtransfer.stats.effective import Moments

Ints = NDArray[np.int64]
View = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one event, seeds x groups: denominators and numerators of both models, and pairs that differ."""

    groups: tuple[dict[str, str], ...]
    den_first: Ints
    den_second: Ints
    first: Ints
    second: Ints
    gained: Ints
    """In the numerator after and not before."""
    lost: Ints
    """In the numerator before and not after."""


@dataclass(frozen=True)
class Block:
    """The joint counts of one strategy and budget against one other model, for all seeds."""

    classes: tuple[str, ...]
    seeds: tuple[int, ...]
    groups: tuple[dict[str, str], ...]
    seed: Ints
    group: Ints
    truth: NDArray[np.bool_]
    first: NDArray[np.bool_]
    second: NDArray[np.bool_]
    n: Ints
    _tallies: dict[tuple[View, str, str], Tally] = field(default_factory=dict)

    def tally(self, view: View, event: str, of: str) -> Tally:
        """Return the counts of an event (`stats/metrics.py`), of one class or of none."""
        key = (view, event, of)
        if key not in self._tallies:
            self._tallies[key] = self._count(view, event, of)
        return self._tallies[key]

    def _count(self, view: View, event: str, of: str) -> Tally:
        groups, codes = self._view(view)
        den_first, first = self._event(self.first, event, of)
        den_second, second = self._event(self.second, event, of)

        def add(flags: NDArray[np.bool_]) -> Ints:
            cell = self.seed * len(groups) + codes
            sums = np.bincount(cell, weights=np.where(flags, self.n, 0), minlength=len(self.seeds) * len(groups))
            return np.rint(sums).astype(np.int64).reshape(len(self.seeds), len(groups))

        return Tally(groups, add(den_first), add(den_second), add(first), add(second), add(second & ~first), add(first & ~second))

    def _view(self, view: View) -> tuple[tuple[dict[str, str], ...], Ints]:
        keys = [tuple(group[name] for name in view) for group in self.groups]
        order = sorted(set(keys))
        rank = {key: i for i, key in enumerate(order)}
        codes = np.array([rank[key] for key in keys], dtype=np.int64)
        return tuple(dict(zip(view, key, strict=True)) for key in order), codes[self.group]

    def _event(self, chosen: NDArray[np.bool_], event: str, of: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        everyone = np.ones(len(self.n), dtype=bool)
        if event == "wrong":
            return everyone, (chosen != self.truth).any(axis=1)
        mine, said = self.truth[:, self.classes.index(of)], chosen[:, self.classes.index(of)]
        pairs = {"hit": (mine, mine & said), "false_alarm": (~mine, ~mine & said), "selected": (everyone, said), "precise": (said, mine & said)}
        return pairs[event]


@dataclass(frozen=True)
class Counts:
    """All joint counts and moments of a run, found by name."""

    cells: pa.Table
    moments: pa.Table
    classes: tuple[str, ...]
    chosen_seeds: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """``(benchmark, strategy, budget) -> seed`` where the claim is about one trained model."""
    _blocks: dict[tuple[str, str, str, str], Block | None] = field(default_factory=dict)

    def block(self, benchmark: str, stage: str, strategy: str, budget: str) -> Block | None:
        """Return the counts of one pair of models, or None where one of them does not exist."""
        key = (benchmark, stage, strategy, budget)
        if key not in self._blocks:
            self._blocks[key] = self._read(*key)
        return self._blocks[key]

    @cached_property
    def names(self) -> list[tuple[str, str, str, str]]:
        """Every ``(benchmark, stage, strategy, budget)`` there are counts for."""
        table = self.cells.select(["benchmark", "stage", "strategy", "budget"]).group_by(["benchmark", "stage", "strategy", "budget"]).aggregate([])
        return sorted(tuple(row.values()) for row in table.to_pylist())

    def _read(self, benchmark: str, stage: str, strategy: str, budget: str) -> Block | None:
        conditions = [pc.equal(self.cells[name], value) for name, value in zip(("benchmark", "stage", "strategy", "budget"), (benchmark, stage, strategy, budget), strict=True)]
        if (only := self.chosen_seeds.get((benchmark, strategy, budget))) is not None:
            conditions.append(pc.equal(self.cells["seed"], only))
        mask = conditions[0]
        for condition in conditions[1:]:
            mask = pc.and_(mask, condition)
        rows = self.cells.filter(mask)
        return None if rows.num_rows == 0 else _block(rows, self.classes)

    @cached_property
    def _moments(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        keys = ("benchmark", "stage", "strategy", "budget", "side", "attributes", "group", "event", "class")
        values = ("units", "m", "x", "mm", "xm", "xx")
        columns = [self.moments[name].to_pylist() for name in (*keys, *values)]
        return {row[: len(keys)]: row[len(keys) :] for row in zip(*columns, strict=True)}

    def moments_of(self, *key: str) -> Moments:
        """Return the moments of ``benchmark, stage, strategy, budget, side, attributes, group, event, class``."""
        return Moments(*self._moments[key])


def _block(rows: pa.Table, classes: tuple[str, ...]) -> Block:
    seeds, seed = _codes(rows["seed"].to_pylist())
    groups, group = _codes(rows["group"].to_pylist())
    parts = []
    for name in ("y", "pred_before", "pred_after"):
        labels, code = _codes(rows[name].to_pylist())
        parts.append(membership(labels, classes)[code])
    n = np.asarray(rows["n"].to_pylist(), dtype=np.int64)
    return Block(classes, tuple(seeds), tuple(json.loads(g) for g in groups), seed, group, *parts, n)


def _codes(values: Sequence[str]) -> tuple[list[str], Ints]:
    order = sorted(set(values))
    rank = {value: i for i, value in enumerate(order)}
    return order, np.array([rank[value] for value in values], dtype=np.int64)
