"""Looking more than once: limits that hold at every look, and an error rate that lasts for any number of evaluations.

Two questions, often confused. Cases that accumulate are looked at again and again until something shows: limits made for
one look then err far more often than they say, and `sequence_half_width` gives limits for all looks together. Many models
on one fixed test set spend an error rate: `planned_evaluations` shares it equally, and `spent_at` shares it among a number
of evaluations that nobody has to name beforehand. Neither is in a verdict: a run judges once, on what it was planned for.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.intervals import Floats


def sequence_half_width(n: ArrayLike, spread: ArrayLike, alpha: float, best_at: float) -> Floats:
    """Return how far one-sided limits lie from a mean so that, with probability ``1 - alpha``, no look ever misses it.

    The asymptotic confidence sequence of Waudby-Smith et al. 2024 (arXiv:2103.06476),
    ``spread · sqrt(2(n r² + 1)/(n² r²) · log(1 + sqrt(n r² + 1)/(2 alpha)))``. The price against a single look is a factor
    of about 1.7 where it is narrowest.

    Parameters
    ----------
    n
        Cases seen so far, at least 1; the first looks should have enough of them for a normal approximation.
    spread
        Standard deviation of one case, at least 0. In its unit the result is.
    alpha
        Chance that any look errs, between 0 and 0.5.
    best_at
        The number of cases at which the limits are to be narrowest.

    Raises
    ------
    ValueError
        When alpha is not between 0 and 0.5, or a number of cases is not positive.
    """
    cases = np.asarray(n, dtype=np.float64)
    if not 0 < alpha < 0.5 or best_at <= 0 or not (cases > 0).all():
        raise ValueError("alpha must lie between 0 and 0.5, and numbers of cases above 0")
    tail = -2 * math.log(2 * alpha)
    r2 = (tail + math.log(tail + 1)) / best_at
    grown = cases * r2 + 1
    width = np.sqrt(2 * grown / (cases**2 * r2) * np.log1p(np.sqrt(grown) / (2 * alpha)))
    return np.asarray(np.asarray(spread, dtype=np.float64) * width, dtype=np.float64)


def spent_at(evaluation: int, alpha: float) -> float:
    """Return the level of one evaluation, counted from 1, so that all there may ever be spend alpha together.

    ``6 alpha/(pi² k²)``: the inverse squares add up to ``pi²/6`` (Bonferroni's inequality, over all k).

    Raises
    ------
    ValueError
        When the evaluation is below 1.
    """
    if evaluation < 1:
        raise ValueError("evaluations are counted from 1")
    return 6 * alpha / (math.pi * evaluation) ** 2
