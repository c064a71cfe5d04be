"""The mean of a skewed value with limits in closed form: no draws, so that the same sums always give the same limits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fairtransfer.stats.estimate import UNBOUNDED, Bounds, IntervalEstimate, found, too_small, undefined
from fairtransfer.stats.intervals import t_quantile
from fairtransfer.stats.means import MINIMUM_UNBOUNDED, Sums

_ROUNDING = 1e-12


class Skewed(NamedTuple):
    """A mean with what its limits need to be known.

    Attributes
    ----------
    error
        Its standard error, above 0.
    skew_term
        Skewness of the units over the root of their number; positive where a few values lie far above the others.
    units
        How many independent cases, or units that cases share.
    """

    mean: float
    error: float
    skew_term: float
    units: int

    def limits(self, level: float) -> tuple[float, float]:
        """Return both limits at a one-sided level: the union of Student's and Hall's (see `skewed_mean`)."""
        t = t_quantile(level, self.units - 1)
        below, above = critical_value(t, -self.skew_term), critical_value(t, self.skew_term)
        return self.mean - self.error * below, self.mean + self.error * above


def critical_value(t: float, skew_term: float) -> float:
    """Return how many standard errors a limit lies from the mean, on the side to which `skew_term` above 0 leans."""
    return max(t, -_inverse_hall(-t, skew_term))


def skewed_mean(sums: Sums, cubes: float, level: float, bounds: Bounds = UNBOUNDED) -> IntervalEstimate:
    """Return the mean of values without bounds, such as logarithmic losses, with limits that allow for their skew.

    Parameters
    ----------
    cubes
        ``Σ(x_k - mean·m_k)³`` over units.
    level
        One-sided level of each limit: 0.975 for a two-sided 95 % interval.
    bounds
        What a value can be; limits are cut there.

    Returns
    -------
    IntervalEstimate
        Too small below `MINIMUM_UNBOUNDED` units; undefined where values do not vary.

    Notes
    -----
    The union of Student's interval and Hall's (1992), which inverts ``T + gT²/3 + g²T³/27 + g/6`` with ``g`` the skewness
    over the root of the units, both with Student's quantile. Coverage of 95 % limits in 20,000 simulations: lognormal
    values of 30, 50, 100 and 300 cases 0.936, 0.947, 0.951, 0.957 (Student's alone 0.876 to 0.935); surprises of a model
    that is wrong in 7 of 100 cases, and then badly, 0.884 at 30 cases and 0.970 or more from 50 on. The 0.884 is the share
    of samples that hold a wrong answer at all: no method sees what did not happen.
    """
    if sums.units < MINIMUM_UNBOUNDED:
        return too_small(f"{sums.units:g} independent cases, fewer than {MINIMUM_UNBOUNDED}")
    spread, k = sums.unit_spread(), sums.units
    if spread <= _ROUNDING * max(sums.unit_xx, _ROUNDING):
        return undefined("the values do not vary, which leaves their spread unknown")
    error = math.sqrt(spread * k / (k - 1)) / sums.n
    low, high = Skewed(sums.mean, error, cubes / spread**1.5, k).limits(level)
    return found(sums.mean, max(low, bounds[0]), min(high, bounds[1]))


def _inverse_hall(y: float, skew_term: float) -> float:
    """Return the T whose ``T + bT²/3 + b²T³/27 + b/6`` (b: the skew term) is y."""
    if abs(skew_term) < _ROUNDING:
        return y
    return float(3 / skew_term * (np.cbrt(1 + skew_term * (y - skew_term / 6)) - 1))
