"""Seeds are a second source of variation, not extra rows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from fairtransfer.stats.intervals import Interval, t_quantile

PROCEDURE_MINIMUM = 3
"""Fewer seeds say nothing about how far a recipe's results spread."""

PROCEDURE_RECOMMENDED = 5
"""From 3 or 4 seeds a verdict is computed but called exploratory."""


class SeedPart(NamedTuple):
    """The seeds' share of an interval: the half-width ``t · s / sqrt(S)``."""

    sd: float
    half: float


def seed_part(by_seed: Sequence[float], level: float) -> SeedPart:
    """Return the seeds' spread and half-width at a one-sided level; both 0 for a single seed, which is then an artifact.

    Parameters
    ----------
    by_seed
        The estimate of every seed: of a comparison the comparison's own, so that what seeds share cancels.
    level
        0.95 for a bound at 5 %, 0.975 for a two-sided 95 % interval.

    Notes
    -----
    ``t_{S-1} · s / sqrt(S)``, Student's t of S seeds.
    """
    count = len(by_seed)
    if count < 2:
        return SeedPart(0.0, 0.0)
    sd = statistics.stdev(by_seed)
    return SeedPart(sd, t_quantile(level, count - 1) * sd / math.sqrt(count))


def widen(estimate: float, examples: Interval, half: float) -> tuple[float, float]:
    """Combine an interval over examples with the seeds' half-width (MOVER, Zou and Donner 2008)."""
    below = max(estimate - float(examples.low), 0.0)
    above = max(float(examples.high) - estimate, 0.0)
    return estimate - math.hypot(below, half), estimate + math.hypot(above, half)


def seed_share(estimate: float, limits: tuple[float, float], half: float) -> float:
    """Return the seeds' share of the squared half-width: above one half, more labels will not help, more seeds will."""
    widest = max(estimate - limits[0], limits[1] - estimate)
    return 0.0 if widest <= 0 else min(1.0, (half / widest) ** 2)
