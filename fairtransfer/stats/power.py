"""The chance that a comparison is decided, by the very interval that decides it: every likely outcome, no random numbers.

`fairtransfer.stats.planning` solves normal approximations for the number of people. In small groups the interval is wider
than these assume: a plan for 80 % may really have one chance in two. Here the approximation is where the search starts, and
the chance is added up over all outcomes.

What is taken to be true of a comparison is a `Truth` (`fairtransfer.stats.truths`). Given the other counts, a larger own count
is more harm, so that all own counts up to some number pass. That number is found by halving, and its probability is a binomial
one: a million people take milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairtransfer.stats.intervals import Floats, Interval, normal_quantile
from fairtransfer.stats.planning import MOST, POWER
from fairtransfer.stats.special import binomial_cdf
from fairtransfer.stats.truths import Truth

Aim = Literal["pass", "fail"]

LARGE = 100_000
"""From so many people on the normal approximation is as good."""

_GROWTH = 1.25
_FINE = 500
"""The search ends when it knows the number to one person, or to this part of it."""

_EXACT = 1e-9
"""Chances are compared to so many digits, so that the last bits of a machine's arithmetic decide nothing."""


class SeedSpread(NamedTuple):
    """What the spread over seeds adds: a half-width to the bound, and a standard deviation to the estimate."""

    half: float = 0.0
    sd: float = 0.0


class Claim(NamedTuple):
    """What a comparison is on its way to, as it looks today.

    Attributes
    ----------
    level
        One-sided alpha of the bound that would decide it: the run's for a pass; shared among all comparisons for a failure.
    power
        The chance wanted; for a pass higher when others have to pass too, so that all do with 80 %.
    """

    side: Aim
    level: float
    power: float


NO_SEED_SPREAD = SeedSpread()
_NODES = 7
"""Places at which a normal deviation of the estimate is looked at (Gauss-Hermite)."""


def chance_to_pass(truth: Truth, n: int, margin: float, alpha: float, spread: SeedSpread = NO_SEED_SPREAD) -> float:
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


def chance_to_fail(truth: Truth, n: int, margin: float, alpha: float, spread: SeedSpread = NO_SEED_SPREAD) -> float:
    """Return how likely the lower bound of the harm lies above the margin; arguments as `chance_to_pass`.

    The first step of Holm's procedure over m comparisons has ``alpha / m``.
    """

    def within(estimate: Floats, interval: Interval, limit: Floats) -> NDArray[np.bool_]:
        return estimate - np.hypot(np.maximum(estimate - interval.low, 0), spread.half) <= limit

    return 1 - _averaged(truth, n, margin, alpha, spread, within)


CHANCES: dict[Aim, Callable[[Truth, int, float, float, SeedSpread], float]] = {
    "pass": chance_to_pass,
    "fail": chance_to_fail,
}


def people_needed(
    truth: Truth,
    side: Aim,
    margin: float,
    alpha: float,
    power: float = POWER,
    spread: SeedSpread = NO_SEED_SPREAD,
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


def _averaged(truth: Truth, n: int, margin: float, alpha: float, spread: SeedSpread, within: _Within) -> float:
    """Return the probability of what is within the margin, averaged over how seeds may move the estimate."""
    z = normal_quantile(1 - alpha)
    if spread.sd == 0:
        return float(_probabilities(truth, n, z, within, np.array([margin]))[0])
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    found = _probabilities(truth, n, z, within, margin - math.sqrt(2) * spread.sd * nodes)
    return float((weights * found).sum() / math.sqrt(math.pi))


def _probabilities(truth: Truth, n: int, z: float, within: _Within, limits: Floats) -> Floats:
    """Return, for each limit, the probability of the counts within: per other count, all own counts up to the last that is."""
    other, weight = truth.others(n)
    trials, p = truth.own(n, other)
    last = np.full((len(limits), len(trials)), -1)
    beyond = np.broadcast_to(trials + 1, last.shape)
    while (beyond - last > 1).any():
        middle = np.maximum((last + beyond) // 2, 0)
        inside = within(*truth.interval(n, middle, other, z), limits[:, None])
        last, beyond = np.where(inside, middle, last), np.where(inside, beyond, middle)
        beyond = np.maximum(beyond, last + 1)
    below = binomial_cdf(last, trials, p)
    return np.asarray((weight * below).sum(axis=1))
