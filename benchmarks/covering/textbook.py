"""The textbook's methods, for comparison: what they get wrong is why they are not used."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from covering.promises import Array
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.intervals import Interval


def wald(p: Array, n: float, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(p * (1 - p) / n)
    return Interval(p - half, p + half)


def percentile(p: Array, n: int, z: float) -> Interval:
    """Return the quantiles of resampled rates, without the noise of drawing them."""
    tail = iv.normal_tail(z)
    return Interval(binom.ppf(tail, n, p) / n, binom.ppf(1 - tail, n, p) / n)


def clopper_pearson(p: Array, n: int, z: float) -> Interval:
    """Return the rates that the exact test at each tail does not reject."""
    x, tail = np.rint(p * n), iv.normal_tail(z)
    low = betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail)
    return Interval(np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high))


def wald_difference(p1: Array, n1: int, p2: Array, n2: int, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return Interval(p1 - p2 - half, p1 - p2 + half)


def wald_change(b: Array, c: Array, n: int, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(b + c - (b - c) ** 2 / n) / n
    return Interval((b - c) / n - half, (b - c) / n + half)
