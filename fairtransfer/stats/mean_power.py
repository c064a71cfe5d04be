"""How many cases settle a claim about a mean of unbounded values, such as an error in days: from how far these spread.

The formula is ``distance = sqrt(Σ half-width²) + z_power · sqrt(Σ error²)``, with the half-width of the limits that decide
(the union of Student's and Hall's) at the number asked for. Nothing is drawn: a verdict holds the number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from fairtransfer.stats.intervals import normal_quantile, t_quantile
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.planning import MOST
from fairtransfer.stats.power import NO_SEED_SPREAD, SeedSpread
from fairtransfer.stats.skewed import FURTHER, critical_value


class Values(NamedTuple):
    """The values of one side of a comparison.

    Attributes
    ----------
    sd
        Standard deviation of a unit's value, such that ``sd / sqrt(units)`` is the standard error of the mean.
    skewness
        Of units; above 0 where the long tail lies on the side of the limit that decides.
    ratio
        How many units there are for each one of the group that is asked about.
    """

    sd: float
    skewness: float = 0.0
    ratio: float = 1.0


def shown(parts: Sequence[Values], units: int, level: float, power: float, seeds: SeedSpread = NO_SEED_SPREAD) -> float:
    """Return how far from a margin a truth has to lie, so that so many units show it with this power.

    Parameters
    ----------
    parts
        One, or two whose means are compared.
    units
        Of the group that is asked about, at least 2.
    level
        One-sided alpha of the bound that decides.
    """
    far = [_half_width(part, units, level) for part in parts]
    off = [part.sd / math.sqrt(units * part.ratio) for part in parts]
    return math.hypot(*far, seeds.half) + normal_quantile(power) * math.hypot(*off, seeds.sd)


def _half_width(part: Values, units: int, level: float) -> float:
    count = max(units * part.ratio, 2.0)
    t = t_quantile(level, count - 1)
    further = max(part.skewness, FURTHER * part.skewness)
    return critical_value(t, further / math.sqrt(count)) * part.sd / math.sqrt(count)


def units_needed(
    parts: Sequence[Values], distance: float, level: float, power: float, seeds: SeedSpread = NO_SEED_SPREAD
) -> int | None:
    """Return how many units show a distance from the margin; at least as many as are judged.

    Returns
    -------
    int or None
        None where the distance is not above 0, or more than `planning.MOST` would be needed.
    """
    if distance <= 0 or shown(parts, MOST, level, power, seeds) > distance:
        return None
    few, enough = MINIMUM_UNBOUNDED - 1, MOST
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if shown(parts, middle, level, power, seeds) <= distance else (middle, enough)
    return enough


def largest_sd(units: int, distance: float, level: float, power: float, ratio: float | None = None) -> float | None:
    """Return the largest standard deviation of cases' values with which so many units show a distance.

    For planning, where nothing is known of how values spread: without skew. None below as many units as are judged.

    Parameters
    ----------
    ratio
        How many times as many the others are, where a group is compared with others whose values spread alike.
    """
    parts = [Values(1.0)] + ([] if ratio is None else [Values(1.0, ratio=ratio)])
    if min(units, units * (1.0 if ratio is None else ratio)) < MINIMUM_UNBOUNDED:
        return None
    return distance / shown(parts, units, level, power)
