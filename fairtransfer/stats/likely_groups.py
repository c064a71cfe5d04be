"""Rates of groups that nobody recorded, from each person's probability of belonging to them (such as BISG's).

Two estimates rest on opposite assumptions. `weighted` averages outcomes by probability: right if, given what the
probabilities were made from, the outcome does not depend on the group. `regressed` asks which rates of the groups explain
the outcomes: right if, given the group, the outcome does not depend on what the probabilities were made from. Where both
dependencies point the same way the truth lies between the two (Elzayn et al. 2023). A claim about such a group holds for
both, or not at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile

_SINGULAR = 1e-8
"""Probabilities whose matrix is nearer to singular than this cannot be told apart."""


class LikelyRates(NamedTuple):
    """Rates of groups known by probability, by group.

    Attributes
    ----------
    weighted, regressed
        Both estimates; the second may lie outside [0, 1].
    weighted_limits, regressed_limits
        Their limits, within [0, 1].
    worth_weighted, worth_regressed
        How many people of certain membership each is worth (Kish's formula, on the weights it gives to people).
    """

    weighted: Floats
    regressed: Floats
    weighted_limits: Interval
    regressed_limits: Interval
    worth_weighted: Floats
    worth_regressed: Floats

    @property
    def limits(self) -> Interval:
        """The union of both: what a verdict may rest on."""
        one, two = self.weighted_limits, self.regressed_limits
        return Interval(np.minimum(one.low, two.low), np.maximum(one.high, two.high))


def likely_rates(outcomes: ArrayLike, probabilities: ArrayLike, level: float) -> LikelyRates:
    """Return the groups' rates with limits at a one-sided level.

    Parameters
    ----------
    outcomes
        One per person, in [0, 1]: with several seeds the share of seeds with the event.
    probabilities
        People x groups, at least 0, each row adding up to 1: add a group for "none of these".

    Raises
    ------
    ValueError
        When rows do not add up to 1, or groups cannot be told apart: their probabilities go hand in hand.

    Notes
    -----
    Both estimates are linear in the outcomes: weights ``π_g / Σπ_g``, or row g of ``(Π'Π)⁻¹Π'``. Limits are Clopper and
    Pearson's at the worth of the weights, ``1/Σw²``, or less where the residuals say so (White's variance).
    """
    y, pi = np.asarray(outcomes, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if not np.allclose(pi.sum(axis=1), 1, atol=1e-6) or (pi < 0).any():
        raise ValueError("probabilities of a person are at least 0 and add up to 1: add a group for the rest")
    gram = pi.T @ pi
    if np.linalg.eigvalsh(gram)[0] <= _SINGULAR * len(y):
        raise ValueError("groups cannot be told apart: their probabilities rise and fall together")
    weights = np.linalg.solve(gram, pi.T)
    regressed: Floats = np.asarray(weights @ y, dtype=np.float64)
    left: Floats = np.asarray(y - pi @ regressed, dtype=np.float64)
    two = _limits(regressed, np.asarray(weights, dtype=np.float64), left, level)
    shares = (pi / pi.sum(axis=0)).T
    weighted = shares @ y
    one = _limits(weighted, shares, y - weighted[:, None], level)
    return LikelyRates(weighted, regressed, one[0], two[0], one[1], two[1])


def _limits(rates: Floats, weights: Floats, residuals: Floats, level: float) -> tuple[Interval, Floats]:
    """Return limits of linear estimates and the worth of their weights; `weights` are groups x people."""
    worth = 1 / (weights**2).sum(axis=1)
    inside = np.clip(rates, 0, 1)
    # Two imaginary people keep a variance of no surprise at all away from zero.
    shrunk = (inside * worth + 1) / (worth + 2)
    variance = (weights**2 * residuals**2).sum(axis=1)
    single = shrunk * (1 - shrunk)
    size = np.maximum(np.minimum(worth, single / np.maximum(variance, single / worth)), 1.0)
    return clopper_pearson(inside, size, normal_quantile(level)), worth
