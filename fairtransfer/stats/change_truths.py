"""What is taken to be true of a change on the same people, and of how much further one group moves than another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fairtransfer.stats import gate_simulation as drawn
from fairtransfer.stats import planning
from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.exact import change_of_counts
from fairtransfer.stats.gate_simulation import Chances, GateLayout
from fairtransfer.stats.intervals import Floats, Interval
from fairtransfer.stats.truths import Counts, Others, Truth, likely

_NODES = 15
"""Places at which the change of the other group is looked at (Gauss-Hermite) where many of it move."""

_FEW = 20
"""Where so few are expected to move, their counts are added up one by one."""

_RARE = 1e-9
"""Pairs of counts rarer than this are left out of that sum."""


@dataclass(frozen=True, slots=True)
class PairedChange(Truth):
    """Shares of pairs that get worse and better, together at most 1; judged by MOVER of exact limits."""

    worse: float
    better: float

    @property
    def harm(self) -> float:
        """By how much the rate of harm rises."""
        return self.worse - self.better

    @property
    def moved(self) -> float:
        """The share of pairs that change."""
        return self.worse + self.better

    def others(self, n: int) -> tuple[Counts, Floats]:
        """Return the pairs that get better."""
        return likely(n, self.better)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the pairs that get worse, among the rest."""
        left = 1 - self.better
        return np.asarray(n - other, dtype=np.int64), min(1.0, self.worse / left) if left > 0 else 0.0

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the MOVER interval from Clopper and Pearson's of both shares."""
        return (own - other) / n, change_of_counts(own, other, n, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_paired` does."""
        return planning.n_paired(self.moved, distance, alpha, power)

    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return what `planning.detectable_change` does."""
        return planning.detectable_change(self.moved, n, comparisons, claim)

    @classmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often all changes stay below the limit, and how often one lies above it."""
        worse, better = [group.worse for group in groups], [group.better for group in groups]
        return drawn.simulate_changes(layout.sizes, worse, better, limit, alpha, family)


@dataclass(frozen=True, slots=True)
class TwoChanges(Truth):
    """Changes of a group and of another, `ratio` times as large; judged by MOVER of both changes' limits.

    The own group's counts are added up one by one. Of the other group it matters how far it moved on balance, and how many moved:
    where these are many, the balance is looked at in a few places, as if it were normal.
    """

    first: PairedChange
    second: PairedChange
    ratio: float

    @property
    def harm(self) -> float:
        """How much further the group's rate of harm rises."""
        return self.first.harm - self.second.harm

    def _others(self, n: int) -> int:
        return math.ceil(self.ratio * n)

    def others(self, n: int) -> tuple[Floats, Floats]:
        """Return the own pairs that get better, and the other group's that get worse and better: three rows."""
        better, weight = self.first.others(n)
        worse_other, better_other, weight_other = _counts_of(self.second, self._others(n))
        times, each = len(weight_other), len(weight)
        rows = [np.repeat(better, times), np.tile(worse_other, each), np.tile(better_other, each)]
        return np.stack(rows).astype(np.float64), np.repeat(weight, times) * np.tile(weight_other, each)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the group's pairs that get worse, among the rest."""
        return self.first.own(n, other[0])

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the MOVER interval of the difference of both changes."""
        m, (better, worse_other, better_other) = self._others(n), other
        one, two = (own - better) / n, (worse_other - better_other) / m
        limits = change_of_counts(own, better, n, z), change_of_counts(worse_other, better_other, m, z)
        return one - two, difference_of_changes(one, limits[0], two, limits[1])

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_paired` does, for the share that both sides' variances add up to."""
        return planning.n_paired(self.first.moved + self.second.moved / self.ratio, distance, alpha, power)

    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return what both changes would show, put together as their standard errors are."""
        one, two = (
            self.first.detectable(n, comparisons, claim),
            self.second.detectable(self._others(n), comparisons, claim),
        )
        return math.hypot(one, two)

    @classmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often no group falls further behind than the limit, and how often one does."""
        worse, better = [group.first.worse for group in groups], [group.first.better for group in groups]
        return drawn.simulate_change_gaps(layout, worse, better, limit, alpha, family)


def _counts_of(change: PairedChange, m: int) -> tuple[Floats, Floats, Floats]:
    """Return pairs that get worse and better, and weights: every likely pair of counts where few move, else a few places."""
    if m * change.moved > _FEW:
        return _places(change, m)
    better, weight = change.others(m)
    found = [likely(int(trials), change.own(m, better)[1]) for trials in m - better]
    weights = np.concatenate([w * worse for w, (_, worse) in zip(weight, found, strict=True)])
    worse = np.concatenate([counts for counts, _ in found]).astype(np.float64)
    kept = weights > _RARE
    return (
        worse[kept],
        np.repeat(better, [len(w) for _, w in found])[kept].astype(np.float64),
        weights[kept] / weights[kept].sum(),
    )


def _places(change: PairedChange, m: int) -> tuple[Floats, Floats, Floats]:
    """Return the same where many move: the balance at normal places, and as many moved as go with it."""
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    variance = change.moved - change.harm**2
    balance = m * change.harm + math.sqrt(2 * m * variance) * nodes
    leaning = change.harm * (1 - change.moved) / variance if variance > 0 else 0.0
    moved = np.clip(m * change.moved + leaning * (balance - m * change.harm), np.abs(balance), None)
    return (moved + balance) / 2, (moved - balance) / 2, weights / math.sqrt(math.pi)
