"""Holm's step-down procedure: the family-wise error rate of several claims of failure stays below alpha (Holm 1979)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

LEAST = 1e-12
"""No p-value and no level is taken to be smaller: of what lies beyond, limits know nothing."""

_STEPS = 24
"""Halvings on the logarithm: the value is known to one part in 100,000."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values in the order given: ``max over the smaller ones of (m - rank) · p``, at most 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, position in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = running
    return adjusted


def p_value_of_bound(lower: Callable[[float], float], margin: float, alpha: float) -> float:
    """Return the smallest alpha at which the one-sided lower bound exceeds the margin: the p-value the interval implies.

    Values above `alpha` are of no interest and returned as 1.

    Parameters
    ----------
    lower
        The lower bound as a function of alpha, non-decreasing.

    Notes
    -----
    Found by bisection between 1e-12 and `alpha`: a fixed number of steps, so the same counts give the same value anywhere.
    """
    if lower(alpha) <= margin:
        return 1.0
    if lower(LEAST) > margin:
        return LEAST
    low, high = LEAST, alpha
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        if lower(middle) > margin:
            high = middle
        else:
            low = middle
    return high
