"""How many claims of failure share one error rate: within a gate, and over the gates of an audit.

A pass is a claim about all groups at once and needs no correction (intersection-union test, Berger 1982). A failure is a
claim that some group is harmed, and the more groups there are the likelier one of them looks it by chance. Within a gate
Holm's procedure corrects for that; counts, which jump, are corrected by the jumps that they can make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.holm import holm
from fairtransfer.stats.intervals import Floats
from fairtransfer.stats.special import beta_cdf

Sharing = Literal["each", "in_order", "together"]
"""What one error rate covers: the failures of each gate; those of all gates, in the order asked; or those of all alike."""


def adjusted_by_gate(p_values: Sequence[Sequence[float]], alpha: float, sharing: Sharing = "each") -> list[list[float]]:
    """Return every gate's adjusted p-values: up to alpha, its group fails.

    Parameters
    ----------
    p_values
        By gate, in the order in which the gates are asked for: of "the harm exceeds the margin".
    alpha
        Chance of any false failure that `sharing` speaks of.

    Notes
    -----
    ``each``: Holm's procedure within each gate. ``together``: over all comparisons of all gates. ``in_order``: the first
    gate has half of alpha, the next half of what is left, the last all that is left; a gate of which every group fails
    hands its part on to the next (the fallback procedure, Wiens 2003, with Holm's within). The chance of a false failure in
    any gate is then at most alpha, and the gate that matters most is asked for first.
    """
    if sharing == "together":
        every = iter(holm([p for gate in p_values for p in gate]))
        return [[next(every) for _ in gate] for gate in p_values]
    adjusted = [holm(gate) for gate in p_values]
    if sharing == "each":
        return adjusted
    found, handed_on = [], 0.0
    for gate, share in zip(adjusted, shares_of_gates(len(adjusted), sharing), strict=True):
        level = alpha * share + handed_on
        handed_on = level if gate and max(gate) <= level else 0.0
        found.append([min(1.0, p * alpha / level) for p in gate])
    return found


def shares_of_gates(gates: int, sharing: Sharing) -> list[float]:
    """Return which part of alpha each of so many gates has to begin with."""
    if sharing != "in_order":
        return [1.0] * gates
    return [1 / 2 ** (place if place == gates - 1 else place + 1) for place in range(gates)]


def exact_p_values(events: ArrayLike, sizes: ArrayLike, limit: float) -> Floats:
    """Return, per group, the chance of as many events or more if its rate were the limit (exact binomial test).

    It is at most alpha just where `fairtransfer.stats.exact.clopper_pearson`'s lower limit at alpha exceeds `limit`.
    """
    x, n = np.asarray(events, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    return np.where(x > 0, beta_cdf(np.maximum(x, 1), n - x + 1, limit), 1.0)


def step_down_counts(events: Sequence[int], sizes: Sequence[int], limit: float) -> list[float]:
    """Return adjusted p-values of "this group's rate exceeds the limit", given in their order, for groups that share no rows.

    Parameters
    ----------
    events, sizes
        Whole numbers, of one model: an event more can make a p-value jump from 0.2 to 0.02, and what lies between is never
        reached.

    Notes
    -----
    The step-down minimum of p-values with their exact distributions (Westfall and Wolfinger 1997): ``1 - Π(1 - F_h(p))`` over
    the groups not yet found, ``F_h(p)`` the largest p-value up to p that group h can have. Never more than Holm's; the chance
    of any false failure stays below alpha. Small groups that could not fail if they tried cost the others nothing.
    """
    n = np.asarray(sizes, dtype=np.int64)
    p = exact_p_values(events, n, limit)
    order = np.argsort(p, kind="stable")
    adjusted, running = np.ones(len(p)), 0.0
    for rank, place in enumerate(order):
        reached = _largest_up_to(float(p[place]), n[order[rank:]], limit)
        running = max(running, float(-np.expm1(np.log1p(-np.minimum(reached, 1 - 1e-16)).sum())))
        adjusted[place] = running
    return [float(value) for value in adjusted]


def _largest_up_to(p: float, sizes: ArrayLike, limit: float) -> Floats:
    """Return, per group, the largest p-value that counts can give and that is at most p; 0 where even all events give more."""
    n = np.asarray(sizes, dtype=np.int64)
    low, high = np.full_like(n, -1), n + 1  # so many events and fewer give more than p, and `high` do not
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = exact_p_values(middle, n, limit) <= p * (1 + 1e-12)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(high > n, 0.0, exact_p_values(np.minimum(high, n), n, limit))
