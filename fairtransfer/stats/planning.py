"""How many people would settle a question, and how small a difference a sample could have shown: normal approximations.

They promise too much where harm is rare and the margin wide: planned for a pass with 80 %, groups really pass in 52 % (rate
5 %, margin 10 points) to 79 % (30 %, 2 points). `fairtransfer.stats.power` starts here and finds the number that holds.
"""

from __future__ import annotations

import math

from fairtransfer.stats.intervals import normal_quantile, t_quantile

POWER = 0.8
CLAIM = 0.025
"""One-sided level of a claim of harm in planning, before it is shared among comparisons; a little stricter than a gate's."""

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
    ``n = (z_{1-alpha} + z_{power})² · discordant / distance²``: the share that changes bounds the variance of one pair.
    """
    return _people(max(discordant, 1e-9), distance, alpha, power)


def n_difference(
    p: float, p_other: float, ratio: float, distance: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people the smaller of two independent groups needs; the other is `ratio` times as large.

    Parameters
    ----------
    p, p_other
        Their true rates.
    distance
        How far the true difference lies from the margin: the margin itself for a pass where both fare alike, and for a
        failure at a harm of twice the margin, with ``p = p_other + 2·margin``.

    Notes
    -----
    ``n = (z_{1-alpha} + z_{power})² · (p(1-p) + p_o(1-p_o)/ratio) / distance²``.
    """
    return _people(p * (1 - p) + p_other * (1 - p_other) / ratio, distance, alpha, power)


def n_ratio(
    p: float, p_other: float, tau: float, ratio: float, distance: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people a group needs for a claim about ``p - tau·p_other``; the other group is `ratio` times as large."""
    return _people(p * (1 - p) + tau * tau * p_other * (1 - p_other) / ratio, distance, alpha, power)


def power_for_all(groups: int, power: float = POWER) -> float:
    """Return the power each of so many groups needs for all of them to pass with this one: ``1 - (1 - power)/groups``."""
    return 1 - (1 - power) / groups


def price_of_reuse(evaluations: int, alpha: float, power: float = POWER) -> float:
    """Return how many times as many people it takes if so many evaluations on one benchmark share alpha; at least 1."""
    shared, single = (normal_quantile(1 - a) + normal_quantile(power) for a in (alpha / evaluations, alpha))
    return (shared / single) ** 2


def price_in_seeds(evaluations: int, alpha: float, seeds: int) -> float:
    """Return how many times as wide it makes what so many seeds (2 or more) add to a bound; at least 1."""
    return t_quantile(1 - alpha / evaluations, seeds - 1) / t_quantile(1 - alpha, seeds - 1)


def n_single(p: float, distance: float, alpha: float, power: float = POWER) -> int | None:
    """Return how many people a one-sided claim about one rate needs."""
    return _people(p * (1 - p), distance, alpha, power)


def _people(variance: float, distance: float, alpha: float, power: float) -> int | None:
    if distance <= 0:
        return None
    needed = (normal_quantile(1 - alpha) + normal_quantile(power)) ** 2 * variance / distance**2
    return None if needed > MOST else max(1, math.ceil(needed))


def detectable(p: float, n: float, comparisons: int, ratio: float = math.inf, claim: float = CLAIM) -> float:
    """Return the smallest difference in a rate that n people would show with 80 % power, over so many comparisons.

    Parameters
    ----------
    p, n
        The rate, and (effective) number of people above 0. A rate of 0 or 1 that was seen in n people is taken as the rate
        with one more of each kind: it is no proof that nothing varies.
    ratio
        How many times as large the other group is; infinite where its rate is known.
    claim
        One-sided level, before it is shared.

    Notes
    -----
    ``(z_{1-.025/m} + z_{.8}) · sqrt(p(1-p)/n · (1 + 1/ratio))``.
    """
    least = 1 / (n + 2)
    rate = min(max(p, least), 1 - least)
    spread = math.sqrt(rate * (1 - rate) / n * (1 + (0 if math.isinf(ratio) else 1 / ratio)))
    return (normal_quantile(1 - claim / comparisons) + normal_quantile(POWER)) * spread


def detectable_change(discordant: float, n: float, comparisons: int, claim: float = CLAIM) -> float:
    """Return the smallest paired change that n pairs would show with 80 % power; arguments as `detectable`.

    Where no pair changed, one each way is taken to have.
    """
    share = max(discordant, 2 / (n + 2))
    return (normal_quantile(1 - claim / comparisons) + normal_quantile(POWER)) * math.sqrt(share / n)


def detectable_by_width(half: float, level: float, claim: float = CLAIM) -> float:
    """Return the same for any estimate, from the half-width of its interval at a one-sided level."""
    return (normal_quantile(1 - claim) + normal_quantile(POWER)) / normal_quantile(level) * half
