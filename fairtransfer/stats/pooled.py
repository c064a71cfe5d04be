"""Rates of small groups by partial pooling, with limits: a mixed model of counts, without a single random number.

Groups are pulled towards what their attributes' main effects say, the more so the fewer people they have and the more alike
groups are. How alike they are is not known either: limits are those of a mixture over every spread that the counts allow,
so that they are not too short where a single estimated spread happens to be small. They hold on average over groups. They
do not hold for the group that is truly worst, which is pulled towards the others: no verdict rests on them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.intervals import Floats, Interval
from fairtransfer.stats.special import log_gamma, log_logistic, logistic

SPREADS = np.linspace(0.02, 3.0, 30)
"""Standard deviations of groups around their main effects, on the logit scale; all of them equally likely beforehand."""

CONSTANT, EFFECT = 5.0, 2.5
"""Standard deviations beforehand of the common rate and of a main effect, on the logit scale: wide, but not endless."""

_STEPS = 100
_CLOSE = 1e-9
_POINTS = 400
_REACH = 8.0
"""A group's logit is looked at over so many points, up to so many standard deviations from its mode."""


class Pooled(NamedTuple):
    """Pooled rates, by group.

    Attributes
    ----------
    rates
        In (0, 1).
    limits
        Within (0, 1).
    spread
        Mean of the groups' standard deviation around their main effects, on the logit scale.
    """

    rates: Floats
    limits: Interval
    spread: float


class _Fit(NamedTuple):
    """Normal approximation to the groups' logits at one spread, and the logarithm of how well it predicts the counts.

    Attributes
    ----------
    without_means, without_precisions
        What all other groups say of a group's logit: the same approximation without its own counts.
    """

    means: Floats
    variances: Floats
    without_means: Floats
    without_precisions: Floats
    evidence: float


def pooled_rates(events: ArrayLike, sizes: ArrayLike, design: Floats, level: float) -> Pooled:
    """Return partially pooled rates with limits at a one-sided level.

    Parameters
    ----------
    events, sizes
        Of disjoint groups; effective sizes may be fractions, with as many events in proportion.
    design
        Groups x effects, the first a constant, as `fairtransfer.stats.shrink.main_effects` makes it.

    Notes
    -----
    ``logit p_g = x_g β + u_g``, u normal; at each of `SPREADS` a Laplace approximation (Rasmussen and Williams 2006,
    algorithm 3.1), weighted by its marginal likelihood. At one spread the mode is that of statsmodels'
    `BinomialBayesMixedGLM`. What other groups say of a group is taken from it; the group's own counts count exactly, as few
    of them make a skewed distribution.
    """
    x, n = np.asarray(events, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    fits: list[_Fit] = []
    for spread in SPREADS:
        fits.append(laplace(x, n, prior_covariance(design, float(spread)), fits[-1].means if fits else None))
    evidence = np.array([fit.evidence for fit in fits])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    logits, density = _mixture(x, n, fits, weights)
    cumulated = density.cumsum(axis=1)
    low, high = (_at(tail, cumulated, logits) for tail in (1 - level, level))
    limits = Interval(logistic(low), logistic(high))
    return Pooled((density * logistic(logits)).sum(axis=1), limits, float((weights * SPREADS).sum()))


def prior_covariance(design: Floats, spread: float, constant: float = CONSTANT, effect: float = EFFECT) -> Floats:
    """Return the covariance beforehand of the groups' logits: what main effects share, and each group's own."""
    scales = np.full(design.shape[1], effect)
    scales[0] = constant
    scaled = design * scales
    return np.asarray(scaled @ scaled.T + spread**2 * np.eye(len(design)))


def laplace(events: Floats, sizes: Floats, covariance: Floats, start: Floats | None = None) -> _Fit:
    """Return the mode, variances and evidence of logits with this covariance beforehand, by Newton's method."""
    logits = np.zeros(len(events)) if start is None else start
    for _ in range(_STEPS):
        p = logistic(logits)
        curvature = sizes * p * (1 - p)
        root = np.sqrt(curvature)
        inner = np.eye(len(events)) + root[:, None] * covariance * root[None, :]
        b = curvature * logits + events - sizes * p
        a = b - root * np.linalg.solve(inner, root * (covariance @ b))
        moved = covariance @ a
        logits, last = logits + np.clip(moved - logits, -2, 2), logits
        if np.abs(logits - last).max() < _CLOSE:
            break
    half = np.linalg.solve(inner, root[:, None] * covariance)
    variances = np.diag(covariance) - (covariance * root[None, :] * half.T).sum(axis=1)
    likelihood = events * log_logistic(logits) + (sizes - events) * log_logistic(-logits)
    counts = log_gamma(sizes + 1) - log_gamma(events + 1) - log_gamma(sizes - events + 1)
    evidence = (likelihood + counts).sum() - a @ logits / 2 - np.linalg.slogdet(inner)[1] / 2
    precisions = 1 / np.maximum(variances, 1e-12)
    without = np.maximum(precisions - curvature, 1e-9)
    without_means = (precisions * logits - b) / without
    return _Fit(logits, variances, without_means, without, float(evidence))


def _mixture(events: Floats, sizes: Floats, fits: list[_Fit], weights: Floats) -> tuple[Floats, Floats]:
    """Return points and probabilities of every group's logit, groups x points, mixed over the spreads."""
    means, errors = np.stack([fit.means for fit in fits]), np.sqrt(np.stack([fit.variances for fit in fits]))
    low, high = (means - _REACH * errors).min(axis=0), (means + _REACH * errors).max(axis=0)
    logits = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _POINTS)
    likelihood = events[:, None] * log_logistic(logits) + (sizes - events)[:, None] * log_logistic(-logits)
    density = np.zeros_like(logits)
    for weight, fit in zip(weights, fits, strict=True):
        off = logits - fit.without_means[:, None]
        own = likelihood - fit.without_precisions[:, None] * off**2 / 2
        own = np.exp(own - own.max(axis=1, keepdims=True))
        density += weight * own / own.sum(axis=1, keepdims=True)
    return logits, density


def _at(tail: float, cumulated: Floats, logits: Floats) -> Floats:
    """Return where the cumulated probabilities of each row reach a tail."""
    return np.array([np.interp(tail, row, at) for row, at in zip(cumulated, logits, strict=True)])
