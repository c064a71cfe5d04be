"""How many people would settle a question, and how small a difference a sample could have shown."""

from __future__ import annotations

import math

from fairtransfer.stats.intervals import normal_quantile

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
    ``n = (z_{1-alpha} + z_{power})² · (discordant - distance-free variance) / distance²``, with the variance of one pair
    bounded by the share that changes.
    """
    return _people(max(discordant, 1e-9), distance, alpha, power)


def n_difference(
    p: float, p_other: float, ratio: float, distance: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people the smaller of two independent groups needs; the other is `ratio` times as large."""
    return _people(p * (1 - p) + p_other * (1 - p_other) / ratio, distance, alpha, power)


def n_ratio(
    p: float, p_other: float, tau: float, ratio: float, distance: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people a group needs for a claim about ``p - tau·p_other``; the other group is `ratio` times as large."""
    return _people(p * (1 - p) + tau * tau * p_other * (1 - p_other) / ratio, distance, alpha, power)


def n_pass(p: float, p_other: float, ratio: float, margin: float, alpha: float, power: float = POWER) -> int | None:
    """Return how many people the smaller group needs to pass, if both truly fare alike: the difference is below the margin.

    Parameters
    ----------
    p, p_other
        Rates of the group and of the other, which is `ratio` times as large.
    margin
        The largest difference that is acceptable, above 0; None is returned otherwise.

    Notes
    -----
    ``n = (z_{1-alpha} + z_{power})² · (p(1-p) + p_o(1-p_o)/ratio) / margin²``: a normal approximation that promises too
    much where harm is rare and the margin wide. Planned for 80 %, groups really pass in 52 % (rate 5 %, margin 10 points) to
    79 % (30 %, 2 points); `fairtransfer.stats.power.people_to_pass` gives the number that holds. Where several groups must
    pass, give `power_for_all`.
    """
    return n_difference(p, p_other, ratio, margin, alpha, power)


def n_equivalent(
    p: float, p_other: float, ratio: float, margin: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people show a difference to lie within the margin on *both* sides (two one-sided tests).

    As `n_pass`, but either side may fail, so that each is given half of the chance to: ``z_{1-(1-power)/2}``.
    """
    return n_difference(p, p_other, ratio, margin, alpha, 1 - (1 - power) / 2)


def n_fail(p: float, ratio: float, margin: float, comparisons: int, power: float = POWER) -> int | None:
    """Return how many people show a harm of twice the margin to be above it, among so many comparisons.

    Parameters
    ----------
    p
        Rate of the other group, which is `ratio` times as large; this group's is ``p + 2·margin``, at most 1.

    Notes
    -----
    ``n = (z_{1-.025/m} + z_{power})² · (q(1-q) + p(1-p)/ratio) / margin²`` with ``q = p + 2·margin``. The interval that
    verdicts use keeps the promise: 0.80 to 0.85 for 0.80.
    """
    harmed = min(p + 2 * margin, 1.0)
    return n_difference(harmed, p, ratio, harmed - p - margin, CLAIM / comparisons, power)


def power_for_all(groups: int, power: float = POWER) -> float:
    """Return the power each of so many groups needs for all of them to pass with this one: ``1 - (1 - power)/groups``."""
    return 1 - (1 - power) / groups


def price_of_reuse(evaluations: int, alpha: float, power: float = POWER) -> float:
    """Return how many times as many people it takes if so many evaluations on one benchmark share alpha; at least 1."""
    shared, single = (normal_quantile(1 - a) + normal_quantile(power) for a in (alpha / evaluations, alpha))
    return (shared / single) ** 2


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
    return (normal_quantile(1 - CLAIM / comparisons) + normal_quantile(POWER)) * spread


def detectable_change(discordant: float, n: float, comparisons: int) -> float:
    """Return the smallest paired change that n pairs would show with 80 % power."""
    return (normal_quantile(1 - CLAIM / comparisons) + normal_quantile(POWER)) * math.sqrt(discordant / n)
