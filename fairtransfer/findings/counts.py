"""Joint counts, indexed: per view, event and class, how many of each group, before and after, for every seed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.tables import integers
from fairtransfer.evidence.views import membership
from fairtransfer.outcomes.classes import EVENTS, WRONG

Ints = NDArray[np.int64]
Numbers = NDArray[Any]
View = tuple[str, ...]
Flags = NDArray[np.bool_] | bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one event, seeds x groups: denominators and numerators of both models, and pairs that differ.

    Attributes
    ----------
    den_first, den_second
        Cases in the denominators.
    first, second
        In the numerators; with weights their share of the weight, times the cases, so that `first / den_first` is the rate.
    gained, lost
        In the numerator after and not before, and the reverse; with weights in the same way.
    heft
        With weights: the weight of the cases in the second model's denominator, to add groups up by.
    """

    groups: tuple[dict[str, str], ...]
    den_first: Ints
    den_second: Ints
    first: Numbers
    second: Numbers
    gained: Numbers
    lost: Numbers
    weighted: bool = False
    heft: Numbers | None = None

    def outside(self, values: Numbers, column: int) -> Numbers:
        """Return for every seed one of the counts of pairs (`first` to `lost`) over everyone outside a group."""
        others = np.arange(len(self.groups)) != column
        if self.heft is None:
            total: Numbers = values[:, others].sum(axis=1)
            return total
        shares = _ratio(values, self.den_second) * self.heft
        n, weight = self.den_second[:, others].sum(axis=1), self.heft[:, others].sum(axis=1)
        scaled: Numbers = _ratio(shares[:, others].sum(axis=1), weight) * n
        return scaled


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
    w: Numbers | None = None
    """Sums of weights, where cases do not count alike."""
    outside_first: Flags = False
    outside_second: Flags = False
    """Whether an answer is none of the classes."""
    _tallies: dict[tuple[View, str, str], Tally] = field(default_factory=dict)

    def tally(self, view: View, event: str, of: str) -> Tally:
        """Return the counts of an event (`outcomes/classes.py`), of one class or of none."""
        key = (view, event, of)
        if key not in self._tallies:
            self._tallies[key] = self._count(view, event, of)
        return self._tallies[key]

    def members(self, group: dict[str, str]) -> NDArray[np.bool_]:
        """Return which cells are of a group."""
        matches = [all(one[name] == value for name, value in group.items()) for one in self.groups]
        return np.array(matches, dtype=bool)[self.group]

    def _count(self, view: View, event: str, of: str) -> Tally:
        groups, codes = self._view(view)
        den_first, first = self._event(self.first, event, of)
        den_second, second = self._event(self.second, event, of)

        def add(flags: NDArray[np.bool_], values: Numbers) -> Numbers:
            cell = self.seed * len(groups) + codes
            sums = np.bincount(cell, weights=np.where(flags, values, 0), minlength=len(self.seeds) * len(groups))
            return sums.reshape(len(self.seeds), len(groups))

        def count(flags: NDArray[np.bool_]) -> Ints:
            return np.rint(add(flags, self.n)).astype(np.int64)

        dens = count(den_first), count(den_second)
        gained, lost = second & ~first, first & ~second
        if self.w is None:
            return Tally(groups, *dens, count(first), count(second), count(gained), count(lost))
        heft = add(den_second, self.w)
        before, after = _ratio(dens[0], add(den_first, self.w)), _ratio(dens[1], heft)
        parts = [add(flags, self.w) for flags in (first, second, gained, lost)]
        return Tally(
            groups,
            *dens,
            parts[0] * before,
            parts[1] * after,
            parts[2] * after,
            parts[3] * after,
            weighted=True,
            heft=heft,
        )

    def _view(self, view: View) -> tuple[tuple[dict[str, str], ...], Ints]:
        keys = [tuple(group[name] for name in view) for group in self.groups]
        order = sorted(set(keys))
        rank = {key: i for i, key in enumerate(order)}
        codes = np.array([rank[key] for key in keys], dtype=np.int64)
        return tuple(dict(zip(view, key, strict=True)) for key in order), codes[self.group]

    def _event(self, chosen: NDArray[np.bool_], event: str, of: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        if event == WRONG:
            return np.ones(len(self.n), dtype=bool), (chosen != self.truth).any(axis=1)
        column = self.classes.index(of)
        return EVENTS[event].counted(self.truth[:, column], chosen[:, column])


def _ratio(cases: Numbers, weight: Numbers) -> Numbers:
    """Return cases per weight; 0 where nothing weighs anything."""
    return np.divide(cases, weight, out=np.zeros(np.shape(weight)), where=weight > 0)


@dataclass(frozen=True)
class Counts:
    """All joint counts of a run, found by name."""

    cells: pa.Table
    classes: tuple[str, ...]
    chosen_seeds: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """``(benchmark, strategy, budget) -> seed`` where the claim is about one trained model."""
    multilabel: bool = False
    """Rows may have no class at all, so that an empty answer is one."""
    _blocks: dict[tuple[str, str, str, str], Block | None] = field(default_factory=dict)

    def block(self, benchmark: str, stage: str, strategy: str, budget: str) -> Block | None:
        """Return the counts of one pair of models, or None where one of them does not exist."""
        key = (benchmark, stage, strategy, budget)
        if key not in self._blocks:
            self._blocks[key] = self._read(*key)
        return self._blocks[key]

    @cached_property
    def _columns(self) -> dict[str, _Coded]:
        return {
            name: _coded(self.cells[name])
            for name in ("benchmark", "stage", "strategy", "budget", "seed", "group", "y", "pred_before", "pred_after")
        }

    @cached_property
    def names(self) -> list[tuple[str, ...]]:
        """Every ``(benchmark, stage, strategy, budget)`` there are counts for."""
        columns = [self._columns[name] for name in ("benchmark", "stage", "strategy", "budget")]
        rows = np.unique(np.stack([column.codes for column in columns], axis=1), axis=0)
        return sorted(
            tuple(column.values[code] for column, code in zip(columns, row, strict=True)) for row in rows.tolist()
        )

    @cached_property
    def _n(self) -> Ints:
        return integers(self.cells["n"].combine_chunks())

    def _read(self, benchmark: str, stage: str, strategy: str, budget: str) -> Block | None:
        wanted: dict[str, object] = {"benchmark": benchmark, "stage": stage, "strategy": strategy, "budget": budget}
        if (only := self.chosen_seeds.get((benchmark, strategy, budget))) is not None:
            wanted["seed"] = only
        mask = np.ones(len(self._n), dtype=bool)
        for name, value in wanted.items():
            column = self._columns[name]
            mask &= column.codes == (column.values.index(value) if value in column.values else -1)
        return self._block(mask) if mask.any() else None

    def _block(self, mask: NDArray[np.bool_]) -> Block:
        seeds, seed = _renumbered(self._columns["seed"], mask)
        groups, group = _renumbered(self._columns["group"], mask)

        def chosen(name: str) -> NDArray[np.bool_]:
            column = self._columns[name]
            return membership(column.values, self.classes)[column.codes[mask]]

        def outside(name: str) -> NDArray[np.bool_]:
            """Tell which answers are none of the classes: the evidence keeps nothing of them."""
            column = self._columns[name]
            empty = np.array([not value and not self.multilabel for value in column.values], dtype=bool)
            return empty[column.codes[mask]]

        return Block(
            self.classes,
            tuple(seeds),
            tuple(json.loads(g) for g in groups),
            seed,
            group,
            chosen("y"),
            chosen("pred_before"),
            chosen("pred_after"),
            self._n[mask],
            self.cells["w"].to_numpy()[mask] if "w" in self.cells.column_names else None,
            outside("pred_before"),
            outside("pred_after"),
        )


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column as its distinct values and the number of each row's value."""

    values: list[Any]
    codes: Ints


def _coded(column: pa.ChunkedArray) -> _Coded:
    encoded = column.combine_chunks().dictionary_encode()
    return _Coded(encoded.dictionary.to_pylist(), integers(encoded.indices))


def _renumbered(column: _Coded, mask: NDArray[np.bool_]) -> tuple[list[Any], Ints]:
    """Return the values that occur, sorted, and each row's number among them."""
    codes = column.codes[mask]
    order = sorted((column.values[code], code) for code in np.unique(codes).tolist())
    rank = np.zeros(len(column.values), dtype=np.int64)
    rank[[code for _, code in order]] = np.arange(len(order))
    return [value for value, _ in order], rank[codes]
