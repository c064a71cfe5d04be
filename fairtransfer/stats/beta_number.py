"""The quantile of one beta distribution, for where limits are asked of one group at a time.

The same method as `fairtransfer.stats.special.beta_quantile` has for arrays, in plain numbers: on a single value an array takes
ten times as long, nearly all of it for being an array. A better place to start saves Newton's method half of its steps.
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

import numpy as np

from fairtransfer.stats.special import Floats, beta_quantile, student_quantile

_LARGEST = 2_000.0
"""For a smaller parameter above this the arrays' sum is the faster way."""

_SMALLEST = 1e-3
"""For a parameter below this the arrays take care of what a number cannot hold."""

_CLOSE, _NEAR, _STEPS, _NEWTON = 2.0**-50, 1e-8, 1_000, 100
_SHIFT = 16.0
_NORMAL = NormalDist()


@functools.lru_cache(maxsize=65_536)  # the same limits are asked for again and again: told, compared, judged
def beta_quantile_of_one(a: float, b: float, level: float) -> float:
    """Return x with ``P(X <= x) = level`` of a beta distribution.

    Parameters
    ----------
    a, b
        Parameters, above 0.
    level
        Strictly between 0 and 1.
    """
    if not (_SMALLEST < min(a, b) < _LARGEST and 0 < level < 1):
        return float(beta_quantile(a, b, level))
    if level > 0.5:
        return _logistic(-_log_odds(b, a, 1 - level))
    return _logistic(_log_odds(a, b, level))


def _logistic(x: float) -> float:
    """Return ``1 / (1 + exp(-x))``, without overflow."""
    small = math.exp(-abs(x))
    return (small if x < 0 else 1.0) / (1 + small)


@functools.lru_cache(maxsize=65_536)
def student_quantile_of_one(level: float, degrees: float) -> float:
    """Return Student's t with ``P(T <= t) = level``, strictly between 0 and 1; `degrees` above 0 need not be whole.

    ``t² / (t² + degrees)`` is beta distributed, and its odds are ``t² / degrees``.
    """
    if degrees / 2 > _LARGEST or not 0 < level < 1:
        return float(student_quantile(level, degrees))
    tail = min(level, 1 - level)
    if tail == 0.5:
        return 0.0
    odds = -_log_odds(degrees / 2, 0.5, 2 * tail) if tail < 0.25 else _log_odds(0.5, degrees / 2, 1 - 2 * tail)
    size = math.sqrt(degrees * math.exp(odds))
    return size if level > 0.5 else -size


def near_beta_quantile(a: Floats, b: Floats, y: float) -> Floats:
    """Return quantiles of beta distributions nearly (Abramowitz and Stegun 26.5.22).

    Parameters
    ----------
    a, b
        Parameters, above 1.
    y
        The normal quantile of the level.
    """
    one, two = 1 / (2 * a - 1), 1 / (2 * b - 1)
    h, curve = 2 / (one + two), (y * y - 3) / 6
    w = y * np.sqrt(np.maximum(h + curve, 0)) / h + (two - one) * (curve + 5 / 6 - 2 / (3 * h))
    found: Floats = a / (a + b * np.exp(-2 * w))
    return found


def _log_odds(a: float, b: float, goal: float) -> float:
    """Return ``log(x/y)`` at the place that has this probability, at most one half, below it."""
    wanted, spread, right = math.log(goal), math.sqrt(1 / a + 1 / b), math.log(a / b)
    scale = math.sqrt(a * b / (2 * math.pi * (a + b))) * math.exp(
        _stirling_error(a + b) - _stirling_error(a) - _stirling_error(b)
    )
    odds = _start(a, b, goal) if min(a, b) > 1 else right
    for _ in range(_NEWTON):
        x, y = _logistic(odds), _logistic(-odds)
        n = a + b
        factor = scale * math.exp(-_deviance(a, n * x) - _deviance(b, n * y))
        found = _below(a, b, x, y, factor)
        if found <= 0:
            odds = (odds + right) / 2  # half way back from beyond the tail
            continue
        step = (math.log(found) - wanted) * found / factor
        odds -= step
        if abs(step) <= _NEAR * spread:
            break
    return odds


def _start(a: float, b: float, goal: float) -> float:
    """Return about the log odds of the quantile (Abramowitz and Stegun 26.5.22)."""
    y = _NORMAL.inv_cdf(goal)
    one, two = 1 / (2 * a - 1), 1 / (2 * b - 1)
    h, curve = 2 / (one + two), (y * y - 3) / 6
    w = -y * math.sqrt(max(h + curve, 0.0)) / h - (two - one) * (curve + 5 / 6 - 2 / (3 * h))
    return math.log(a / b) - 2 * w


def _below(a: float, b: float, x: float, y: float, factor: float) -> float:
    """Return the probability up to a place, from the side that has less."""
    if factor <= 0:
        return 1.0 if x * (a + b + 2) > a + 1 else 0.0
    if x * (a + b + 2) > a + 1:
        return 1 - factor * _fraction(b, a, y, x)
    return factor * _fraction(a, b, x, y)


def _deviance(seen: float, expected: float) -> float:
    """Return ``seen * log(seen/expected) + expected - seen``."""
    if expected <= 0:
        return math.inf
    excess = (seen - expected) / expected
    return expected * ((1 + excess) * math.log1p(excess) - excess) if excess > -1 else expected


def _stirling_error(z: float) -> float:
    """Return what Stirling's formula leaves of ``log Γ(z)``."""
    steps = 0.0
    while z < _SHIFT:
        steps, z = steps + (z + 0.5) * math.log1p(1 / z) - 1, z + 1
    w = 1 / (z * z)
    return steps + (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * 691 / 360360))))) / z


def _fraction(a: float, b: float, x: float, y: float) -> float:
    """Return the continued fraction of Didonato and Morris (1992)."""
    c = 1 + ((a + b) * y - b if a > b else a - (a + b) * x)
    p, s, ratio = 1.0, a + 1, b / a
    older, old, below_older, below_old = 0.0, 1.0, 1.0, c / (1 + 1 / a)
    value, part = 1 / below_old, 1 + 1 / a
    for n in range(1, _STEPS):
        w, t = n * (b - n) * x, n / a
        alpha = p * (p + ratio) * (a / s) ** 2 * w * x
        beta = n + w / s + (t + 1) / (part + 2 * t) * (c + n * (1 + y))
        above, below = alpha * older + beta * old, alpha * below_older + beta * below_old
        value, last = above / below, value
        if abs(value - last) <= _CLOSE * abs(value):
            break
        older, old, below_older, below_old = old / below, value, below_old / below, 1.0
        p, s = t + 1, s + 2
    return value
