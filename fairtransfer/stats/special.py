"""The few special functions that intervals and planning need, on numbers and arrays; numpy has none of them.

scipy has them all, and the tests hold these against it. It weighs 143 MB, and a third of a second of every start, for a
binomial sum and a few quantiles; so the light core does without.

All but the logistic function rest on the incomplete beta function. Its leading factor is written with deviances, so that no
large logarithms are subtracted from each other (Loader 2000). The rest is the even part of the continued fraction of DLMF
8.17.22 in the form of Didonato and Morris (1992), which keeps its digits; or, where both parameters are large and that would
take long, a Gauss-Legendre sum over the standard deviations that count.

Errors of the smaller tail, relative to it, as seen against scipy up to twenty standard deviations from the mean: below 10⁻¹² for
parameters from 0.1 to 3,000, and below 2·10⁻¹¹ up to 10⁷.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_CLOSE = 2.0**-50
_STEPS = 1_000
"""Of the continued fraction. It takes about twice the root of the smaller parameter, and so a tenth of this at most."""

_LARGE = 2_000.0
"""From here, for the smaller parameter, the sum is as fast as the continued fraction."""

_FALL, _NODES = 37.0, 24
"""Over how many natural logarithms of the density is summed, and at how many places: the sum is then as good as the factor."""

_SHIFT = 16
"""Stirling's series is used from here on; its first term left out is then below 10⁻¹⁶."""

_NORMAL = 1e12
_NEWTON = 100
_NEAR = 1e-8
"""Newton's method doubles the digits: after a step as small as this, beside the spread, all of them are right."""


class _Beta(NamedTuple):
    """A beta distribution; `scale` is what its leading factor has in common at all places."""

    a: Floats
    b: Floats
    scale: Floats

    @classmethod
    def of(cls, a: Floats, b: Floats) -> _Beta:
        rest = _stirling_error(a + b) - _stirling_error(a) - _stirling_error(b)
        return cls(a, b, np.sqrt(a * b / (2 * math.pi * (a + b))) * np.exp(rest))

    def leading_factor(self, x: Floats, y: Floats) -> Floats:
        """Return ``x^a y^b / B(a, b)``, which is also the density of the log odds ``log(x/y)``."""
        n = self.a + self.b
        found = self.scale * np.exp(-_deviance(self.a, n * x) - _deviance(self.b, n * y))
        return np.where((x > 0) & (y > 0), found, 0.0)[()]

    def below(self, x: Floats, y: Floats, factor: Floats) -> Floats:
        """Return the probability up to a place, from the side that has less: ``y = 1 - x`` keeps its digits close to 1."""
        a, b = self.a, self.b
        beyond = x * (a + b + 2) > a + 1
        near = ((b, a), (a, b), (y, x), (x, y))
        rest = _rest(*(np.where(beyond, turned, straight)[()] for turned, straight in near))
        tail = np.where(factor > 0, factor * rest, 0.0)
        return np.where(beyond, 1 - tail, tail)[()]


def logistic(x: ArrayLike) -> Floats:
    """Return ``1 / (1 + exp(-x))``, without overflow."""
    value = np.asarray(x, dtype=np.float64)
    small = np.exp(-np.abs(value))
    return np.asarray(np.where(value < 0, small, 1.0) / (1 + small))[()]


def log_logistic(x: ArrayLike) -> Floats:
    """Return the logarithm of `logistic`, which keeps its digits far to the left."""
    return -np.logaddexp(0, -np.asarray(x, dtype=np.float64))


def beta_cdf(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Floats:
    """Return ``P(X <= x)`` of a beta distribution, the regularised incomplete beta function.

    Parameters
    ----------
    a, b
        Parameters, above 0.
    x
        Places; the result is 0 below 0 and 1 above 1.
    """
    first, second, place = (np.asarray(values, dtype=np.float64)[()] for values in np.broadcast_arrays(a, b, x))
    inside = np.clip(place, 0, 1)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        beta = _Beta.of(first, second)
        found = beta.below(inside, 1 - inside, beta.leading_factor(inside, 1 - inside))
    return np.where(np.isnan(place), np.nan, found)


def log_gamma(z: ArrayLike) -> Floats:
    """Return ``log Γ(z)``, for z above 0."""
    value = np.asarray(z, dtype=np.float64)
    return (value - 0.5) * np.log(value) - value + math.log(2 * math.pi) / 2 + _stirling_error(value)


def binomial_cdf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """Return the probability of at most `k` of `n` trials, each with probability `p`; a fraction of `k` is cut off."""
    most, trials = np.floor(np.asarray(k, dtype=np.float64)), np.asarray(n, dtype=np.float64)
    some = np.clip(most, 0, np.maximum(trials - 1, 0))
    found = beta_cdf(np.maximum(trials - some, 1), some + 1, 1 - np.asarray(p, dtype=np.float64))
    return np.where(most < 0, 0.0, np.where(most >= trials, 1.0, found))


def beta_quantile(a: ArrayLike, b: ArrayLike, level: ArrayLike) -> Floats:
    """Return x with ``P(X <= x) = level`` of a beta distribution.

    Parameters
    ----------
    a, b
        Parameters, above 0.
    level
        In [0, 1].
    """
    first, second, below = (np.asarray(values, dtype=np.float64)[()] for values in np.broadcast_arrays(a, b, level))
    return logistic(_log_odds(first, second, below, 1 - below))


def student_quantile(level: ArrayLike, degrees: ArrayLike) -> Floats:
    """Return Student's t with ``P(T <= t) = level``.

    Parameters
    ----------
    level
        In [0, 1].
    degrees
        Degrees of freedom above 0, not necessarily whole; from `_NORMAL` on the quantile is the normal one.
    """
    chance, freedom = (
        np.asarray(values, dtype=np.float64)[()] for values in np.broadcast_arrays(level, np.minimum(degrees, _NORMAL))
    )
    tail = np.minimum(chance, 1 - chance)
    with np.errstate(over="ignore"):  # t²/(t² + degrees) is beta distributed, and its odds are t²/degrees
        size = np.sqrt(freedom) * np.exp(
            _log_odds(np.full_like(freedom, 0.5)[()], freedom / 2, 1 - 2 * tail, 2 * tail) / 2
        )
    return np.where(chance < 0.5, -size, size)


def _log_odds(a: Floats, b: Floats, below: Floats, above: Floats) -> Floats:
    """Return ``log(x/y)`` at the place that has these probabilities below and above it.

    Newton's method on the logarithm of the smaller one. As a function of the log odds it rises and is concave, so that a
    step from anywhere ends on one side of the place, and those that follow come closer from there.
    """
    turned = below > above
    first, second, goal = (np.where(turned, *pair)[()] for pair in ((b, a), (a, b), (above, below)))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        beta, wanted, spread = _Beta.of(first, second), np.log(goal), np.sqrt(1 / first + 1 / second)
        right = np.log(first / second)
        odds = right + _normal_quantile(wanted) * np.where(np.minimum(first, second) > 1, spread, 0.0)
        for _ in range(_NEWTON):
            x, y = logistic(odds), logistic(-odds)
            factor = beta.leading_factor(x, y)
            found = beta.below(x, y, factor)
            step = (np.log(found) - wanted) * found / factor
            odds, last = (
                np.where(found > 0, odds - step, (odds + right) / 2)[()],
                odds,
            )  # half way back from beyond the tail
            if not np.any(np.abs(odds - last) > _NEAR * spread):
                break
    odds = np.where(goal > 0, odds, -np.inf)
    return np.where(turned, -odds, odds)[()]


def _normal_quantile(log_level: Floats) -> Floats:
    """Return about the normal quantile of a level up to one half, given its logarithm (Abramowitz and Stegun 26.2.23)."""
    t = np.sqrt(-2 * log_level)
    top, bottom = (0.010328 * t + 0.802853) * t + 2.515517, ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1
    return top / bottom - t


def _deviance(seen: Floats, expected: Floats) -> Floats:
    """Return ``seen * log(seen/expected) + expected - seen``."""
    excess = (seen - expected) / expected
    return expected * ((1 + excess) * np.log1p(excess) - excess)


def _stirling_error(z: Floats) -> Floats:
    """Return what Stirling's formula leaves of ``log Γ(z)``: its series, from `_SHIFT` on, and steps down from there."""
    steps = 0.0 * z
    for _ in range(_SHIFT if np.min(z, initial=_SHIFT) < _SHIFT else 0):
        steps, z = steps + (z + 0.5) * np.log1p(1 / z) - 1, z + 1
    w = 1 / (z * z)
    return steps + (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * 691 / 360360))))) / z


def _rest(a: Floats, b: Floats, x: Floats, y: Floats) -> Floats:
    """Return what the leading factor has to be multiplied with, below the mean."""
    large = np.minimum(a, b) > _LARGE
    if not np.any(large):
        return _fraction(a, b, x, y)
    if np.all(large):
        return _summed(a, b, x, y)
    found = np.empty_like(x)
    for method, chosen in ((_fraction, ~large), (_summed, large)):
        found[chosen] = method(a[chosen], b[chosen], x[chosen], y[chosen])
    return found


def _fraction(a: Floats, b: Floats, x: Floats, y: Floats) -> Floats:
    """Return the continued fraction, worked out from its beginning and divided by the last denominator at each step."""
    c = 1 + np.where(a > b, (a + b) * y - b, a - (a + b) * x)[()]  # the smaller terms, so that nothing is lost
    one = np.ones_like(a)[()]
    p, s = one, a + 1
    top, bottom = (0 * one, one), (one, c / (1 + 1 / a))
    value = 1 / bottom[1]
    for n in range(1, _STEPS):
        w, t = n * (b - n) * x, n / a
        alpha = p * (p + b / a) * (a / s) ** 2 * w * x
        beta = n + w / s + (t + 1) / (1 + 1 / a + 2 * t) * (c + n * (1 + y))
        above, below = alpha * top[0] + beta * top[1], alpha * bottom[0] + beta * bottom[1]
        value, last = above / below, value
        if n % 4 == 0 and not np.any(np.abs(value - last) > _CLOSE * np.abs(value)):
            break
        top, bottom = (top[1] / below, value), (bottom[1] / below, one)
        p, s = t + 1, s + 2
    return value


def _summed(a: Floats, b: Floats, x: Floats, y: Floats) -> Floats:
    """Return the sum of the density relative to that at the place; both parameters are large."""
    n = a + b
    spread = np.sqrt(a * b / n) / n
    away = np.maximum(a / n - x, 0) / spread
    reach = np.minimum((np.sqrt(away**2 + 2 * _FALL) - away) * spread, x)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    back = np.multiply.outer(reach, (1 + nodes) / 2)
    a, b, place, other = (np.asarray(values)[..., None] for values in (a, b, x, y))
    density = np.exp((a - 1) * np.log1p(-back / place) + (b - 1) * np.log1p(back / other))
    return np.asarray(reach / 2 * (density * weights).sum(axis=-1) / (x * y))
