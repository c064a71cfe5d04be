"""How much a sample is worth: rows that share a unit, and predictions of several seeds, are not independent rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fairtransfer.stats.intervals import normal_quantile, t_quantile


class Moments(NamedTuple):
    """Sums over units of a ratio's numerator x and denominator m, each a sum over rows and seeds.

    Whole numbers unless rows have weights.

    Attributes
    ----------
    units
        Units with m > 0.
    m, x
        Sums.
    mm, xm, xx
        Sums of squares and products of the units' sums.
    """

    units: float
    m: float
    x: float
    mm: float
    xm: float
    xx: float

    @property
    def kish_size(self) -> float:
        """How many units of equal weight these are worth (Kish 1965): ``(Σm)² / Σm²``, at most their number."""
        return self.m * self.m / self.mm if self.mm else 0.0

    @property
    def rate(self) -> float:
        """The ratio x/m, pooled over seeds."""
        return self.x / self.m

    def variance(self) -> float:
        """Return the variance of the ratio over units: ``K/(K-1) · Σ(x_k - p·m_k)² / (Σm)²``; 0 with fewer than two units."""
        if self.units < 2 or self.m == 0:
            return 0.0
        p = self.rate
        spread = self.xx - 2 * p * self.xm + p * p * self.mm
        return max(0.0, spread) * self.units / (self.units - 1) / self.m**2


def effective_size(moments: Moments, seeds: int, *, clustered: bool, level: float) -> float:
    """Return the number of independent rows that a rate is worth.

    Rows of one unit count as one sample (ratio variance over units, with a t correction for few units); an example
    answered by several seeds is one example, not several, and is worth at least one row and at most `seeds`.

    Parameters
    ----------
    moments
        Sums over units of rows and of events, all seeds together.
    clustered
        Whether rows share units.
    level
        One-sided level of the bound the size is used for; it sets the t correction.

    Notes
    -----
    ``p(1-p)/V`` with the variance V of a ratio over units: the design effect of Kish 1965, turned round.
    """
    n = moments.m / seeds
    p, v = moments.rate, moments.variance()
    if not clustered:
        return float(np.clip(p * (1 - p) / v, n, seeds * n)) if v > 0 and 0 < p < 1 else n
    size = p * (1 - p) / v if v > 0 and 0 < p < 1 else float(moments.units)
    size = min(size, n * seeds) if v > 0 else min(size, n)
    return max(size * t_correction(moments.units, level), 1.0)


def weighted_size(moments: Moments, people: float, level: float) -> float:
    """Return the number of people of equal weight that a weighted rate is worth, at least 1 and at most `people`.

    Parameters
    ----------
    people
        How many people the weights are of.
    level
        One-sided level of the bound the size is used for.
    """
    p, v = moments.rate, moments.variance()
    size = p * (1 - p) / v if v > 0 and 0 < p < 1 else moments.kish_size
    return max(min(size, people) * t_correction(moments.units, level), 1.0)


def weighted_effect(moments: Moments, discordant: float, people: float) -> float:
    """Return the design effect (at least 1) of a weighted paired change.

    Parameters
    ----------
    discordant
        The weighted share of pairs that changed.
    """
    naive = (discordant - moments.rate**2) / people
    return max(1.0, moments.variance() / naive) if naive > 0 else 1.0


def t_correction(units: float, level: float) -> float:
    """Return ``(z / t)²`` with units - 1 degrees of freedom: few units know their own spread badly."""
    if units < 2:
        return 0.0
    return (normal_quantile(level) / t_quantile(level, units - 1)) ** 2


def design_effect(d: Moments, discordant: float, seeds: int) -> float:
    """Return the design effect (at least 1) of a paired change whose units' sums of ``worse - better`` are `d`.

    Parameters
    ----------
    discordant
        Pairs that changed, averaged over seeds.
    """
    n = d.m / seeds
    change = d.rate
    naive = (discordant / n - change * change) / n
    return max(1.0, d.variance() / naive) if naive > 0 else 1.0
