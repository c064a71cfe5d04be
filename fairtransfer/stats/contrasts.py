"""Comparisons of two estimates, in closed form: a ratio against a limit, and changes compared with changes.

All are MOVER intervals (Zou and Donner 2008): each estimate brings its own limits, and the distances to them combine as
standard errors would. Everything broadcasts. `z` and the limits handed in belong to the same level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.intervals import Interval, wilson

FOUR_FIFTHS = 0.8
"""The limit of the four-fifths convention for ratios of selection rates (29 CFR 1607.4(D))."""


class Shared(NamedTuple):
    """What seeds add to the squared half-width of two rates, and to their product; zeros where they add nothing.

    Attributes
    ----------
    first, second
        ``t²/S`` times the variance over seeds of each rate.
    both
        The same of their covariance: what moves both rates alike.
    """

    first: float = 0.0
    second: float = 0.0
    both: float = 0.0


class RatioBounds(NamedTuple):
    """Limits of a ratio; `high` is None where no number is too large."""

    low: float
    high: float | None


def ratio_contrast(p_a: ArrayLike, n_a: ArrayLike, p_b: ArrayLike, n_b: ArrayLike, tau: float, z: float) -> Interval:
    """Return the interval of ``p_a - tau·p_b``: above zero, the ratio ``p_a / p_b`` is above `tau`; below, it is below.

    Nothing is divided, so that rates of 0 need no exception: the ratio of two empty selections stays undecided.

    Parameters
    ----------
    p_a, n_a
        Rate in [0, 1] and (effective) number of people, above 0, of the group whose ratio is asked.
    p_b, n_b
        The same of the group it is compared with, independent of the first.
    tau
        The ratio to compare with, above 0; `FOUR_FIFTHS` for the convention of that name.

    Returns
    -------
    Interval
        Limits in [-tau, 1], the estimate between them.

    Raises
    ------
    ValueError
        When `tau` is not above 0: the limits would point the wrong way.

    Notes
    -----
    ``L = θ - sqrt((p_a - l_a)² + tau²(u_b - p_b)²)``, ``U = θ + sqrt((u_a - p_a)² + tau²(p_b - l_b)²)`` with Wilson's
    limits. For ``tau = 1`` this is Newcombe's interval of a difference. At a true ratio of exactly 0.8, bounds at 95 % call
    it above in 5.1 to 6.4 % of samples and below in at most 5.7 % (groups of 10 to 200, every outcome enumerated); the
    bare "ratio below 0.8" says fail in 46 to 55 % of them.
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau:g}; a ratio is compared with a number above 0, such as {FOUR_FIFTHS:g}")
    a, b = np.asarray(p_a, dtype=np.float64), np.asarray(p_b, dtype=np.float64)
    return correlated_difference(a, wilson(a, n_a, z), tau * b, _times(wilson(b, n_b, z), tau), 0.0)


def ratio_bounds(a: float, limits_a: Interval, b: float, limits_b: Interval, seeds: Shared = Shared()) -> RatioBounds:  # noqa: B008  # a tuple of zeros cannot be changed
    """Return between which ratios ``a / b`` lies: those that `ratio_contrast` calls neither too low nor too high.

    Parameters
    ----------
    a, b
        Rates in [0, 1] of groups that share no people.
    limits_a, limits_b
        Their limits at the level wanted, which bracket them.
    seeds
        What the spread over seeds adds.

    Returns
    -------
    RatioBounds
        The lower limit is at least 0.

    Notes
    -----
    The contrast's limits are 0 at the roots of a quadratic in the ratio (Donner and Zou 2012, closed form). With the
    distances ``A`` and ``B`` of the rates to their limits: ``(b² - B²)τ² - 2abτ + a² - A² = 0``.
    """
    product = a * b - seeds.both

    def ends(far_a: float, far_b: float) -> tuple[float, float, float]:
        square, constant = b * b - far_b * far_b - seeds.second, a * a - far_a * far_a - seeds.first
        return square, constant, max(product * product - square * constant, 0.0) ** 0.5

    _, constant, root = ends(a - float(limits_a.low), float(limits_b.high) - b)
    low = constant / (product + root) if constant > 0 and product + root > 0 else 0.0
    square, _, root = ends(float(limits_a.high) - a, b - float(limits_b.low))
    return RatioBounds(low, (product + root) / square if square > 0 else None)


def difference_of_changes(change_a: ArrayLike, limits_a: Interval, change_b: ArrayLike, limits_b: Interval) -> Interval:
    """Return the interval of ``change_a - change_b``: a difference in differences.

    Parameters
    ----------
    change_a, change_b
        Changes of two groups that share no people, of rates (in [-1, 1]) or of anything else.
    limits_a, limits_b
        Their limits, such as Bonett and Price's. They need not bracket the change: with few pairs adjusted limits lie
        beside it, and that distance then counts as zero.

    Returns
    -------
    Interval
        Brackets ``change_a - change_b``; within [-2, 2] for changes of rates.
    """
    return correlated_difference(change_a, limits_a, change_b, limits_b, 0.0)


def correlated_difference(
    a: ArrayLike, limits_a: Interval, b: ArrayLike, limits_b: Interval, correlation: ArrayLike
) -> Interval:
    """Return the interval of ``a - b`` for estimates from the same people, such as the AUC after and before (Zou 2007).

    Parameters
    ----------
    correlation
        Of the two estimates' sampling errors, in [-1, 1]; 0 where the people differ.

    Notes
    -----
    ``L = a - b - sqrt(D_a² + D_b² - 2·r·D_a·D_b)`` with the distances ``D_a = a - l_a`` and ``D_b = u_b - b``; the upper
    limit by symmetry. Coverage of 95 % limits for the change of an AUC in simulations, 10 to 50 positives: 0.928 to 0.983;
    taken as independent, 0.99 to 1.00 and up to twice as wide. At a correlation of 1,
    equal intervals leave hardly any width: two models that rank alike say little of how far apart they can lie.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    r = np.asarray(correlation, dtype=np.float64)
    a_below, a_above = np.maximum(first - limits_a.low, 0), np.maximum(limits_a.high - first, 0)
    b_below, b_above = np.maximum(second - limits_b.low, 0), np.maximum(limits_b.high - second, 0)
    # Rounding may take the square just below zero where the two parts cancel.
    below = np.maximum(a_below**2 + b_above**2 - 2 * r * a_below * b_above, 0)
    above = np.maximum(a_above**2 + b_below**2 - 2 * r * a_above * b_below, 0)
    return Interval(first - second - np.sqrt(below), first - second + np.sqrt(above))


def _times(interval: Interval, factor: float) -> Interval:
    return Interval(interval.low * factor, interval.high * factor)
