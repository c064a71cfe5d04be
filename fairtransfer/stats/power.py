"""The chance that a comparison is decided, by the very interval that decides it: every likely outcome, no random numbers.

`fairtransfer.stats.planning` solves normal approximations for the number of people. In small groups the interval is wider
than these assume: a plan for 80 % may really have one chance in two. Here the approximation is where the search starts, and
the chance is added up over all outcomes.

What is taken to be true of a comparison is a `Truth`: one rate, two rates of different people, or a change on the same
people. Each has two counts: given the other count, a larger own count is more harm, so that all own counts up to some
number pass. That number is found by halving, and its probability is a binomial one: a million people take milliseconds.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from fairtransfer.stats import planning
from fairtransfer.stats.contrasts import ratio_contrast
from fairtransfer.stats.gap import EVENTS
from fairtransfer.stats.intervals import Floats, Interval, bonett_price, envelope, normal_quantile, wilson
from fairtransfer.stats.planning import MOST, POWER

Counts = NDArray[np.int64]
Side = Literal["pass", "fail"]

_TAIL = 6.0
"""Standard deviations around the expected count that are looked at: what lies outside is rarer than one in 10⁸."""

LARGE = 100_000
"""From so many people on the normal approximation is as good."""

_GROWTH = 1.25
_FINE = 500
"""The search ends when it knows the number to one person, or to this part of it."""

_EXACT = 1e-9
"""Chances are compared to so many digits, so that the last bits of a machine's arithmetic decide nothing."""


class Spread(NamedTuple):
    """What the spread over seeds adds: a half-width to the bound, and a standard deviation to the estimate."""

    half: float = 0.0
    sd: float = 0.0


NO_SPREAD = Spread()
_NODES = 7
"""Places at which a normal deviation of the estimate is looked at (Gauss-Hermite)."""


class Truth(abc.ABC):
    """What is taken to be true of a comparison, oriented so that larger is more harm."""

    @property
    @abc.abstractmethod
    def harm(self) -> float:
        """The true harm, which a margin is compared with."""

    @abc.abstractmethod
    def other(self, n: int) -> tuple[int, float]:
        """Return how many trials decide the other count, and the probability of each."""

    @abc.abstractmethod
    def own(self, n: int, other: Counts) -> tuple[Counts, float]:
        """Return how many trials decide the own count, given the other one, and the probability of each."""

    @abc.abstractmethod
    def interval(self, n: int, own: Counts, other: Counts, z: float) -> tuple[Floats, Interval]:
        """Return the estimate of the harm and its interval."""

    @abc.abstractmethod
    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return about how many people show a distance from the margin, by the normal approximation."""


@dataclass(frozen=True, slots=True)
class OneRate(Truth):
    """A rate of harm in [0, 1]; judged by Wilson's interval."""

    p: float

    @property
    def harm(self) -> float:
        """The rate."""
        return self.p

    def other(self, n: int) -> tuple[int, float]:  # noqa: ARG002  # one rate has no other count, whatever n
        """Return none: there is no other count."""
        return 0, 0.0

    def own(self, n: int, other: Counts) -> tuple[Counts, float]:
        """Return the harmed among n people."""
        return np.full_like(other, n), self.p

    def interval(self, n: int, own: Counts, other: Counts, z: float) -> tuple[Floats, Interval]:  # noqa: ARG002  # as above
        """Return Wilson's interval."""
        return own / n, wilson(own / n, n, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_single` does."""
        return planning.n_single(self.p, distance, alpha, power)


@dataclass(frozen=True, slots=True)
class TwoRates(Truth):
    """Rates of harm of a group and of another, `ratio` times as large; judged by the envelope of two intervals."""

    p: float
    p_other: float
    ratio: float

    @property
    def harm(self) -> float:
        """How much more harm the group has."""
        return self.p - self.p_other

    def _others(self, n: int) -> int:
        return math.ceil(self.ratio * n)

    def other(self, n: int) -> tuple[int, float]:
        """Return the harmed among the others."""
        return self._others(n), self.p_other

    def own(self, n: int, other: Counts) -> tuple[Counts, float]:
        """Return the harmed among n people of the group."""
        return np.full_like(other, n), self.p

    def interval(self, n: int, own: Counts, other: Counts, z: float) -> tuple[Floats, Interval]:
        """Return the union of Newcombe's and Agresti and Caffo's intervals."""
        m = self._others(n)
        return own / n - other / m, envelope(own / n, n, other / m, m, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_difference` does."""
        return planning.n_difference(self.p, self.p_other, self.ratio, distance, alpha, power)


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

    def other(self, n: int) -> tuple[int, float]:
        """Return the others who are given the class."""
        return self._others(n), self.p_other

    def own(self, n: int, other: Counts) -> tuple[Counts, float]:
        """Return the people of the group who are not given the class."""
        return np.full_like(other, n), self.without

    def interval(self, n: int, own: Counts, other: Counts, z: float) -> tuple[Floats, Interval]:
        """Return the turned MOVER interval of ``p - tau·p_other``; no upper limit where fewer than 5 are given the class."""
        m, given = self._others(n), n - own
        found = ratio_contrast(given / n, n, other / m, m, self.tau, z)
        return self.tau * other / m - given / n, Interval(-found.high, np.where(given < EVENTS, np.inf, -found.low))

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_ratio` does."""
        return planning.n_ratio(1 - self.without, self.p_other, self.tau, self.ratio, distance, alpha, power)


@dataclass(frozen=True, slots=True)
class PairedChange(Truth):
    """Shares of pairs that get worse and better, together at most 1; judged by Bonett and Price's interval."""

    worse: float
    better: float

    @property
    def harm(self) -> float:
        """By how much the rate of harm rises."""
        return self.worse - self.better

    def other(self, n: int) -> tuple[int, float]:
        """Return the pairs that get better."""
        return n, self.better

    def own(self, n: int, other: Counts) -> tuple[Counts, float]:
        """Return the pairs that get worse, among the rest."""
        left = 1 - self.better
        return n - other, min(1.0, self.worse / left) if left > 0 else 0.0

    def interval(self, n: int, own: Counts, other: Counts, z: float) -> tuple[Floats, Interval]:
        """Return Bonett and Price's interval."""
        return (own - other) / n, bonett_price(own, other, n, z)

    def formula(self, distance: float, alpha: float, power: float) -> int | None:
        """Return what `planning.n_paired` does."""
        return planning.n_paired(self.worse + self.better, distance, alpha, power)


def chance_to_pass(truth: Truth, n: int, margin: float, alpha: float, spread: Spread = NO_SPREAD) -> float:
    """Return how likely the upper bound of the harm lies below the margin.

    Parameters
    ----------
    n
        People (pairs) in the group, at least 1.
    margin, alpha
        Of the gate; the bound is one-sided.
    spread
        Of the seeds, at the same level; the estimate is taken to vary normally with it.
    """

    def within(estimate: Floats, interval: Interval, limit: Floats) -> NDArray[np.bool_]:
        return estimate + np.hypot(np.maximum(interval.high - estimate, 0), spread.half) < limit

    return _averaged(truth, n, margin, alpha, spread, within)


def chance_to_fail(truth: Truth, n: int, margin: float, alpha: float, spread: Spread = NO_SPREAD) -> float:
    """Return how likely the lower bound of the harm lies above the margin; arguments as `chance_to_pass`.

    The first step of Holm's procedure over m comparisons has ``alpha / m``.
    """

    def within(estimate: Floats, interval: Interval, limit: Floats) -> NDArray[np.bool_]:
        return estimate - np.hypot(np.maximum(estimate - interval.low, 0), spread.half) <= limit

    return 1 - _averaged(truth, n, margin, alpha, spread, within)


CHANCES: dict[Side, Callable[[Truth, int, float, float, Spread], float]] = {
    "pass": chance_to_pass,
    "fail": chance_to_fail,
}


def people_needed(
    truth: Truth,
    side: Side,
    margin: float,
    alpha: float,
    power: float = POWER,
    spread: Spread = NO_SPREAD,
    most: int = MOST,
) -> int | None:
    """Return how many people give a comparison this chance to pass, or to fail.

    Starts from the normal approximation, and halves until one person fewer (of 500 and more, 1 in 500) is too few. Counts
    are whole, so that the chance rises in small steps back and forth: somewhat more people may have a chance a little below.

    Parameters
    ----------
    most
        More people than these are not looked for; at most `planning.MOST`.

    Returns
    -------
    int or None
        None where the truth is on the other side of the margin, or `most` people have less than this chance.
    """
    distance = margin - truth.harm if side == "pass" else truth.harm - margin
    start = truth.formula(math.sqrt(max(distance**2 - spread.half**2, 0)) * (distance > 0), alpha, power)
    if start is None:
        return None
    if start > LARGE and spread.sd == 0:
        return start if start <= most else None
    enough, too_few = min(start, most), 0
    while CHANCES[side](truth, enough, margin, alpha, spread) < power - _EXACT:
        if enough == most:
            return None
        too_few, enough = enough, min(math.ceil(enough * _GROWTH), most)
    while enough - too_few > max(1, enough // _FINE):
        middle = (too_few + enough) // 2
        if CHANCES[side](truth, middle, margin, alpha, spread) < power - _EXACT:
            too_few = middle
        else:
            enough = middle
    return enough


_Within = Callable[[Floats, Interval, Floats], NDArray[np.bool_]]


def _averaged(truth: Truth, n: int, margin: float, alpha: float, spread: Spread, within: _Within) -> float:
    """Return the probability of what is within the margin, averaged over how seeds may move the estimate."""
    z = normal_quantile(1 - alpha)
    if spread.sd == 0:
        return float(_probabilities(truth, n, z, within, np.array([margin]))[0])
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    found = _probabilities(truth, n, z, within, margin - math.sqrt(2) * spread.sd * nodes)
    return float((weights * found).sum() / math.sqrt(math.pi))


def _probabilities(truth: Truth, n: int, z: float, within: _Within, limits: Floats) -> Floats:
    """Return, for each limit, the probability of the counts within: per other count, all own counts up to the last that is."""
    other, weight = _likely(*truth.other(n))
    trials, p = truth.own(n, other)
    last = np.full((len(limits), len(trials)), -1)
    beyond = np.broadcast_to(trials + 1, last.shape)
    while (beyond - last > 1).any():
        middle = np.maximum((last + beyond) // 2, 0)
        inside = within(*truth.interval(n, middle, other, z), limits[:, None])
        last, beyond = np.where(inside, middle, last), np.where(inside, beyond, middle)
        beyond = np.maximum(beyond, last + 1)
    below = np.where(last < 0, 0.0, bdtr(np.maximum(last, 0).astype(np.float64), trials, p))
    return np.asarray((weight * below).sum(axis=1))


def _likely(trials: int, p: float) -> tuple[Counts, Floats]:
    """Return the likely counts of a binomial and their probabilities, which add up to 1."""
    reach = _TAIL * math.sqrt(trials * p * (1 - p)) + _TAIL
    first, last = max(0, math.floor(trials * p - reach)), min(trials, math.ceil(trials * p + reach))
    counts = np.arange(first, last + 1, dtype=np.int64)
    upto = bdtr(counts.astype(np.float64), trials, p)
    upto[-1] = 1.0
    return counts, np.diff(upto, prepend=0.0)
