"""What is taken to be true of a comparison: in a plan, or where today's estimate is taken as the truth.

A `Truth` says how counts come about, and by which interval they are judged: here one rate, two rates of different people, and a
share of a rate; in `fairtransfer.stats.change_truths` changes on the same people. `fairtransfer.stats.power` adds up outcomes of
a truth, and it draws whole gates itself (`simulate`). A new kind of comparison brings a truth of its own, and plans then have it.

Given what the other counts are, a larger own count is more harm, so that all own counts up to some number pass.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fairtransfer.stats import gate_simulation as drawn
from fairtransfer.stats import planning
from fairtransfer.stats.exact import contrast_of_limits, limits_of_counts
from fairtransfer.stats.gap import LEAST_EVENTS
from fairtransfer.stats.gate_simulation import Chances, GateLayout
from fairtransfer.stats.intervals import Floats, Interval
from fairtransfer.stats.special import binomial_cdf

Counts = NDArray[np.int64]
Others = NDArray[np.int64] | Floats
"""What is not the own count, one column per case that is looked at."""

_TAIL = 6.0
"""Standard deviations around the expected count that are looked at: what lies outside is rarer than one in 10⁸."""


class Truth(abc.ABC):
    """What is taken to be true of a comparison, oriented so that larger is more harm."""

    @property
    @abc.abstractmethod
    def harm(self) -> float:
        """The true harm, which a margin is compared with."""

    @abc.abstractmethod
    def others(self, n: int) -> tuple[Others, Floats]:
        """Return what the other counts may be where n people are in the group, and their probabilities, which add up to 1."""

    @abc.abstractmethod
    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return how many trials decide the own count, given the other ones, and the probability of each."""

    @abc.abstractmethod
    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the estimate of the harm and its interval."""

    @abc.abstractmethod
    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return about how many people show a distance from the margin, by the normal approximation."""

    @abc.abstractmethod
    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return the smallest harm that n people would tell from this truth with 80 %, over so many comparisons."""

    @classmethod
    @abc.abstractmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often a whole gate passes and fails, if this is true of its groups, one truth each (of its own side)."""


@dataclass(frozen=True, slots=True)
class OneRate(Truth):
    """A rate of harm in [0, 1]; judged by Clopper and Pearson's interval."""

    p: float

    @property
    def harm(self) -> float:
        """The rate."""
        return self.p

    def others(self, n: int) -> tuple[Counts, Floats]:  # noqa: ARG002  # one rate has no other count, whatever n
        """Return none: there is no other count."""
        return likely(0, 0.0)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the harmed among n people."""
        return np.full(other.shape, n), self.p

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:  # noqa: ARG002  # as above
        """Return Clopper and Pearson's interval."""
        return own / n, limits_of_counts(own, n, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_single` does."""
        return planning.n_single(self.p, distance, alpha, power)

    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return what `planning.detectable` does, the limit being known."""
        return planning.detectable(self.p, n, comparisons, claim=claim)

    @classmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often all rates stay below the limit, and how often one lies above it."""
        return drawn.simulate_rates(layout.sizes, [group.p for group in groups], limit, alpha, family)


@dataclass(frozen=True, slots=True)
class TwoRates(Truth):
    """Rates of harm of a group and of another, `ratio` times as large; judged by MOVER of exact limits."""

    p: float
    p_other: float
    ratio: float

    @property
    def harm(self) -> float:
        """How much more harm the group has."""
        return self.p - self.p_other

    def _others(self, n: int) -> int:
        return math.ceil(self.ratio * n)

    def others(self, n: int) -> tuple[Counts, Floats]:
        """Return the harmed among the others."""
        return likely(self._others(n), self.p_other)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the harmed among n people of the group."""
        return np.full(other.shape, n), self.p

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the MOVER interval from Clopper and Pearson's."""
        m = self._others(n)
        first, second = limits_of_counts(own, n, z), limits_of_counts(other, m, z)
        return own / n - other / m, contrast_of_limits(own / n, first, other / m, second)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_difference` does."""
        return planning.n_difference(self.p, self.p_other, self.ratio, distance, alpha, power)

    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return what `planning.detectable` does."""
        return planning.detectable(self.p, n, comparisons, self.ratio, claim)

    @classmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often all differences stay below the limit, and how often one lies above it."""
        return drawn.simulate_gaps(layout, [group.p for group in groups], limit, alpha, family)


@dataclass(frozen=True, slots=True)
class ShareOfRate(Truth):
    """A group's rate against a share `tau` of another's, `ratio` times as large; judged by bounds, as the gate `ratio` does.

    Attributes
    ----------
    without
        Share of the group's people who are not given the class.
    p_other
        Share of the others who are given it.
    """

    without: float
    p_other: float
    tau: float
    ratio: float

    @property
    def harm(self) -> float:
        """By how much the group's rate falls short of the share."""
        return self.tau * self.p_other - (1 - self.without)

    def _others(self, n: int) -> int:
        return math.ceil(self.ratio * n)

    def others(self, n: int) -> tuple[Counts, Floats]:
        """Return the others who are given the class."""
        return likely(self._others(n), self.p_other)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the people of the group who are not given the class."""
        return np.full(other.shape, n), self.without

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the turned MOVER interval of ``p - tau·p_other``; no upper limit where fewer than 5 are given the class."""
        m, given = self._others(n), n - own
        first, second = limits_of_counts(given, n, z), limits_of_counts(other, m, z)
        found = contrast_of_limits(given / n, first, other / m, second, tau=self.tau)
        return self.tau * other / m - given / n, Interval(
            -found.high, np.where(given < LEAST_EVENTS, np.inf, -found.low)
        )

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_ratio` does."""
        return planning.n_ratio(1 - self.without, self.p_other, self.tau, self.ratio, distance, alpha, power)

    def detectable(self, n: int, comparisons: int, claim: float) -> float:
        """Return what `planning.detectable` does."""
        return planning.detectable(self.p_other, n, comparisons, self.ratio, claim)

    @classmethod
    def simulate(cls, groups: Sequence[Self], layout: GateLayout, limit: float, alpha: float, family: int) -> Chances:
        """Return how often all rates reach their share, and how often one falls short; `limit` is 0, by how much one may."""
        given = [1 - group.without for group in groups]
        return drawn.simulate_ratios(layout, given, groups[0].tau, limit, alpha, family)


@dataclass(frozen=True, slots=True)
class TurnedShare(ShareOfRate):
    """The other way round: the others' rate against a share of the group's, whose people are still those that are counted.

    Attributes
    ----------
    without
        Share of the others who are not given the class.
    p_other
        Share of the group's people who are given it.
    """

    def others(self, n: int) -> tuple[Counts, Floats]:
        """Return the people of the group who are given the class."""
        return likely(n, self.p_other)

    def own(self, n: int, other: Others) -> tuple[Counts, float]:
        """Return the others who are not given the class."""
        return np.full(other.shape, self._others(n)), self.without

    def interval(self, n: int, own: Counts, other: Others, z: float) -> tuple[Floats, Interval]:
        """Return the same interval, the group's people in the place of the others."""
        there = ShareOfRate(self.without, self.p_other, self.tau, n / self._others(n))
        return there.interval(self._others(n), own, other, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_ratio` does, as people of the group."""
        found = planning.n_ratio(1 - self.without, self.p_other, self.tau, 1 / self.ratio, distance, alpha, power)
        return None if found is None else math.ceil(found / self.ratio)


def likely(trials: int, p: float) -> tuple[Counts, Floats]:
    """Return the likely counts of a binomial and their probabilities, which add up to 1."""
    reach = _TAIL * math.sqrt(trials * p * (1 - p)) + _TAIL
    first, last = max(0, math.floor(trials * p - reach)), min(trials, math.ceil(trials * p + reach))
    counts = np.arange(first, last + 1, dtype=np.int64)
    upto = binomial_cdf(counts, trials, p)
    upto[-1] = 1.0
    return counts, np.diff(upto, prepend=0.0)
