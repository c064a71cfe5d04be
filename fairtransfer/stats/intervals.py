"""Intervals for rates, differences and paired changes, in closed form and on arrays.

All functions broadcast; counts may be fractions (averages over seeds, effective sizes). `z` is the normal quantile of the
level wanted: ``normal_quantile(0.95)`` for a one-sided 95 % bound, ``normal_quantile(0.975)`` for a two-sided interval.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairtransfer.stats.beta_number import student_quantile_of_one
from fairtransfer.stats.special import binomial_cdf

Floats = NDArray[np.float64]

_NORMAL = NormalDist()


class Interval(NamedTuple):
    """Lower and upper limit."""

    low: Floats
    high: Floats


def normal_quantile(level: float) -> float:
    """Return z with ``P(Z <= z) = level``; infinite at 0 and 1, NaN outside."""
    if level in (0, 1):
        return math.copysign(math.inf, level - 0.5)
    return _NORMAL.inv_cdf(level) if 0 < level < 1 else math.nan


def normal_tail(z: float) -> float:
    """Return ``P(Z > z)``."""
    return math.erfc(z / math.sqrt(2)) / 2


def t_quantile(level: float, degrees: float) -> float:
    """Return Student's t with ``P(T <= t) = level``; `degrees` need not be whole."""
    return student_quantile_of_one(level, degrees)


def wilson(p: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson 1927).

    Parameters
    ----------
    p, n
        Proportion in [0, 1] and (effective) number of trials, n > 0.

    Notes
    -----
    Centre ``(p + z²/2n) / (1 + z²/n)``, half-width ``z/(1 + z²/n) · sqrt(p(1-p)/n + z²/4n²)``. The limits at p = 0 and
    p = 1 are exactly 0 and 1.
    """
    rate, size = _float(p), _float(n)
    scale = 1 + z * z / size
    centre = (rate + z * z / (2 * size)) / scale
    half = z / scale * np.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size))
    low = np.where(rate <= 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(rate >= 1, 1.0, np.clip(centre + half, 0, 1))
    return Interval(np.minimum(low, rate), np.maximum(high, rate))


def newcombe(p1: ArrayLike, n1: ArrayLike, p2: ArrayLike, n2: ArrayLike, z: float) -> Interval:
    """Return Newcombe's hybrid score interval of ``p1 - p2`` for independent proportions (Newcombe 1998, method 10)."""
    first, second = wilson(p1, n1, z), wilson(p2, n2, z)
    a, b = _float(p1), _float(p2)
    low = a - b - np.hypot(a - first.low, second.high - b)
    high = a - b + np.hypot(first.high - a, b - second.low)
    return Interval(low, high)


def agresti_caffo(p1: ArrayLike, n1: ArrayLike, p2: ArrayLike, n2: ArrayLike, z: float) -> Interval:
    """Return the interval of ``p1 - p2`` that adds one success and one failure to each sample (Agresti and Caffo 2000)."""
    m1, m2 = _float(n1) + 2, _float(n2) + 2
    a = (_float(p1) * _float(n1) + 1) / m1
    b = (_float(p2) * _float(n2) + 1) / m2
    half = z * np.sqrt(a * (1 - a) / m1 + b * (1 - b) / m2)
    return Interval(a - b - half, a - b + half)


def envelope(p1: ArrayLike, n1: ArrayLike, p2: ArrayLike, n2: ArrayLike, z: float) -> Interval:
    """Return the union of Newcombe's and Agresti and Caffo's intervals, cut to [-1, 1].

    In small groups the first errs on one side and the second on the other; together they miss on neither.
    """
    one, two = newcombe(p1, n1, p2, n2, z), agresti_caffo(p1, n1, p2, n2, z)
    return Interval(np.clip(np.minimum(one.low, two.low), -1, 1), np.clip(np.maximum(one.high, two.high), -1, 1))


def bonett_price(b: ArrayLike, c: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return the interval of a paired change ``(b - c)/n``, one added to each discordant count (Bonett and Price 2012).

    Parameters
    ----------
    b, c
        Pairs that went from right to wrong, and from wrong to right.
    n
        All pairs, above 0; ``b + c <= n``. Averages over seeds may be fractions.

    Returns
    -------
    Interval
        Within [-1, 1]. With few pairs it need not hold the raw change.
    """
    size = _float(n) + 2
    worse, better = (_float(b) + 1) / size, (_float(c) + 1) / size
    half = z * np.sqrt((worse + better - (worse - better) ** 2) / size)
    return Interval(np.clip(worse - better - half, -1, 1), np.clip(worse - better + half, -1, 1))


def mover(estimates: Floats, intervals: Interval, weights: ArrayLike) -> Interval:
    """Return the interval of ``sum(weights * estimates)`` from the intervals of independent pieces (Zou and Donner 2008).

    The last axis runs over the pieces. Distances below zero count as zero: adjusted limits may not bracket the estimate.
    """
    a = _float(weights)
    total = (a * estimates).sum(axis=-1)
    below = np.maximum(np.where(a > 0, estimates - intervals.low, intervals.high - estimates), 0)
    above = np.maximum(np.where(a > 0, intervals.high - estimates, estimates - intervals.low), 0)
    return Interval(total - np.sqrt(((a * below) ** 2).sum(axis=-1)), total + np.sqrt(((a * above) ** 2).sum(axis=-1)))


def mcnemar_midp(b: int, c: int) -> float:
    """Return McNemar's mid-p value for two-sided "no change" from the discordant counts (Fagerland et al. 2013).

    Half the probability of the observed count is taken off before the value is cut to 1.
    """
    total, smaller = b + c, min(b, c)
    if total == 0:
        return 1.0
    # Twice the tail less the probability of the observed count is the tail with that count and the tail without it.
    return min(1.0, float(binomial_cdf([smaller, smaller - 1], total, 0.5).sum()))


def _float(value: ArrayLike) -> Floats:
    return np.asarray(value, dtype=np.float64)
