"""The chance that a comparison is decided, with the interval that decides it: every likely outcome enumerated.

`fairtransfer.stats.planning` solves normal approximations for the number of people. In small groups the interval is wider than
these assume, and a plan for 80 % may really have two chances in three; here the plan is checked, and mended.
"""

from __future__ import annotations

import math

import numpy as np

from fairtransfer.stats.intervals import Floats, envelope, normal_quantile
from fairtransfer.stats.planning import POWER, n_pass

MOST_PEOPLE = 100_000
"""Of the smaller group; beyond, the approximation is as good."""

_TAIL = 6.0
"""Standard deviations around the expected count that are looked at: what lies outside is rarer than one in 10⁸."""


def chance_to_pass(n: int, n_other: int, p: float, p_other: float, margin: float, alpha: float) -> float:
    """Return how likely the upper bound of the difference in rates lies below the margin.

    Parameters
    ----------
    n, n_other
        People in the group, and in the other.
    p, p_other
        Their true rates of harm.
    margin, alpha
        Of the gate; the bound is one-sided.

    Notes
    -----
    With the envelope of Newcombe's and Agresti and Caffo's intervals.
    """
    x, y, weight = _outcomes(n, n_other, p, p_other)
    bound = envelope(x / n, n, y / n_other, n_other, normal_quantile(1 - alpha)).high
    return float((weight * (bound < margin)).sum())


def chance_to_fail(n: int, n_other: int, p: float, p_other: float, margin: float, alpha: float) -> float:
    """Return how likely the lower bound of the difference in rates lies above the margin; arguments as `chance_to_pass`.

    The first step of Holm's procedure over m comparisons has ``alpha / m``.
    """
    x, y, weight = _outcomes(n, n_other, p, p_other)
    bound = envelope(x / n, n, y / n_other, n_other, normal_quantile(1 - alpha)).low
    return float((weight * (bound > margin)).sum())


def people_to_pass(
    p: float, p_other: float, ratio: float, margin: float, alpha: float, power: float = POWER
) -> int | None:
    """Return how many people the smaller group really needs to pass, to within 2 %; the other is `ratio` times as large.

    Starts from `fairtransfer.stats.planning.n_pass` and adds people until the chance is reached; None where that has no
    answer, and beyond `MOST_PEOPLE`.
    """
    n = n_pass(p, p_other, ratio, margin, alpha, power)
    while n is not None and n <= MOST_PEOPLE:
        if chance_to_pass(n, math.ceil(ratio * n), p, p_other, margin, alpha) >= power:
            return n
        n = max(n + 1, math.floor(n * 1.02))
    return None


def _outcomes(n: int, n_other: int, p: float, p_other: float) -> tuple[Floats, Floats, Floats]:
    """Return the likely counts of both groups, down and across, and the probability of each pair."""
    from scipy.stats import binom  # scipy.stats takes a second to import

    x, y = _likely(n, p)[:, None], _likely(n_other, p_other)[None, :]
    return x, y, binom.pmf(x, n, p) * binom.pmf(y, n_other, p_other)


def _likely(n: int, p: float) -> Floats:
    reach = _TAIL * math.sqrt(n * p * (1 - p)) + _TAIL
    return np.arange(max(0, math.floor(n * p - reach)), min(n, math.ceil(n * p + reach)) + 1, dtype=np.float64)
