"""Rates of small groups that borrow strength from their attributes: for ranking and planning, never for a verdict.

A group's rate is pulled towards what its attributes' main effects predict, the more so the fewer people it has. The truly
worst group is pulled towards the others too: its upper limit missed the truth in 10 % of simulated audits where the main
effects were right and in 30 % where they were not, against 1 % for the raw rate and its Wilson interval. Hence there
are no limits here, and gates do not read this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.intervals import Floats

_STEPS = 200
_PRECISION = 1e-12
"""Relative precision of the variance between groups."""


class Shrunk(NamedTuple):
    """Adjusted rates, by group.

    Attributes
    ----------
    rates
        In [0, 1].
    errors
        Standard errors, if the main effects are right.
    expected
        What the main effects predict.
    pull
        Share of the way from the raw rate to the expected one, in [0, 1].
    variance
        Of groups around their expected rates (tau squared), the part that sampling does not explain.
    """

    rates: Floats
    errors: Floats
    expected: Floats
    pull: Floats
    variance: float


class WeightedFit(NamedTuple):
    """A weighted least-squares fit: predictions, their variances, and the weighted sum of squared residuals."""

    expected: Floats
    variances: Floats
    residual: float


def main_effects(levels: Sequence[Sequence[str]]) -> Floats:
    """Return the design matrix of the groups' attributes, groups x columns: a constant, and one column per further level.

    Parameters
    ----------
    levels
        For every group its value of each attribute, such as ``("woman", "young")``.
    """
    columns = [np.ones(len(levels))]
    for values in zip(*levels, strict=True):
        columns += [np.array([value == level for value in values], dtype=float) for level in sorted(set(values))[1:]]
    return np.stack(columns, axis=1)


def weighted_fit(values: Floats, weights: Floats, design: Floats) -> WeightedFit:
    """Fit by weighted least squares; columns that say the same thing share what they explain."""
    root = np.sqrt(weights)[:, None]
    inverse = np.linalg.pinv(design * root)
    expected = design @ (inverse @ (values * root[:, 0]))
    variances = ((design @ inverse) ** 2).sum(axis=1)
    return WeightedFit(expected, variances, float((weights * (values - expected) ** 2).sum()))


def paule_mandel(values: Floats, variances: Floats, design: Floats) -> float:
    """Return the variance of groups around a fit that their sampling variances leave over; 0 where nothing is left.

    Chosen so that the weighted squared residuals, weights ``1/(variance + tau²)``, sum to the number of groups less the
    number of effects fitted (Paule and Mandel 1982), by a safe Newton iteration: the sum falls in tau² and is convex.
    """
    freedom = len(values) - int(np.linalg.matrix_rank(design))
    found = 0.0
    if freedom <= 0:
        return found
    for _ in range(_STEPS):
        weights = 1 / (variances + found)
        fit = weighted_fit(values, weights, design)
        excess = fit.residual - freedom
        step = excess / float((weights**2 * (values - fit.expected) ** 2).sum()) if excess > 0 else 0.0
        found += step
        if step <= _PRECISION * found:
            break
    return found


def shrink(rates: ArrayLike, sizes: ArrayLike, design: Floats) -> Shrunk:
    """Return additive empirical-Bayes estimates of the groups' rates.

    ``expected + (1 - pull)(rate - expected)`` with ``pull = s²/(tau² + s²)``, ``s²_k = p(1-p)/n_k`` at the pooled rate p;
    standard errors from ``(1 - pull)s² + pull² Var(expected)``. After Herlihy et al. 2024, with Paule and Mandel's tau².

    Parameters
    ----------
    rates, sizes
        Raw rates in [0, 1] and (effective) sizes, > 0, of disjoint groups.
    design
        Groups x effects, as `main_effects` makes it; a single column of ones pulls all groups towards one rate.
    """
    e, n = np.asarray(rates, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    # A pooled rate of 0 or 1 would leave no sampling variance to weigh by: half a case is the least that was seen.
    least = 0.5 / n.sum()
    pooled = float(np.clip((e * n).sum() / n.sum(), least, 1 - least))
    sampling = pooled * (1 - pooled) / n
    variance = paule_mandel(e, sampling, design)
    fit = weighted_fit(e, 1 / (variance + sampling), design)
    pull = sampling / (variance + sampling)
    found = np.clip(fit.expected + (1 - pull) * (e - fit.expected), 0, 1)
    errors = np.sqrt((1 - pull) * sampling + pull**2 * fit.variances)
    return Shrunk(found, errors, fit.expected, pull, variance)


def ranking(shrunk: Shrunk, *, higher_is_worse: bool = True) -> list[int]:
    """Return the groups' places from the worst served to the best."""
    order = np.argsort(-shrunk.rates if higher_is_worse else shrunk.rates, kind="stable")
    return [int(place) for place in order]
