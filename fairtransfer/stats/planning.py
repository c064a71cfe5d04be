"""How many people would settle a question, and how small a difference a sample could have shown."""

from __future__ import annotations

import math

from fairtransfer.stats.intervals import normal_quantile

POWER = 0.8
MOST = 10_000_000
"""Beyond this many people a number is no longer advice."""


def n_paired(discordant: float, distance: float, alpha: float, power: float = POWER) -> int | None:
    """Return how many pairs a one-sided claim about a paired change needs.

    Parameters
    ----------
    discordant
        Share of pairs that change, in [0, 1].
    distance
        How far the true change lies from the margin, in the direction of the claim; None is returned where it is not positive.

    Notes
    -----
    ``n = (z_{1-alpha} + z_{power})² · (discordant - distance-free variance) / distance²``, with the variance of one pair
    bounded by the share that changes.
    """
    return _people(max(discordant, 1e-9), distance, alpha, power)


def n_difference(
    p: float, p_other: float, ratio: float, distance: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people the smaller of two independent groups needs; the other is `ratio` times as large."""
    return _people(p * (1 - p) + p_other * (1 - p_other) / ratio, distance, alpha, power)


def n_single(p: float, distance: float, alpha: float, power: float = POWER) -> int | None:
    """Return how many people a one-sided claim about one rate needs."""
    return _people(p * (1 - p), distance, alpha, power)


def _people(variance: float, distance: float, alpha: float, power: float) -> int | None:
    if distance <= 0:
        return None
    needed = (normal_quantile(1 - alpha) + normal_quantile(power)) ** 2 * variance / distance**2
    return None if needed > MOST else max(1, math.ceil(needed))


def detectable(p: float, n: float, comparisons: int, ratio: float = math.inf) -> float:
    """Return the smallest difference in a rate that n people would show with 80 % power, over so many comparisons.

    Notes
    -----
    ``(z_{1-.025/m} + z_{.8}) · sqrt(p(1-p)/n · (1 + 1/ratio))``.
    """
    spread = math.sqrt(p * (1 - p) / n * (1 + (0 if math.isinf(ratio) else 1 / ratio)))
    return (normal_quantile(1 - 0.025 / comparisons) + normal_quantile(POWER)) * spread


def detectable_change(discordant: float, n: float, comparisons: int) -> float:
    """Return the smallest paired change that n pairs would show with 80 % power."""
    return (normal_quantile(1 - 0.025 / comparisons) + normal_quantile(POWER)) * math.sqrt(discordant / n)
