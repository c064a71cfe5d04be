"""Groups that share units: one template in every language, one person in several groups. What a unit does to both, cancels.

A template that is hard in every language moves all groups alike. Compared as if the groups had nothing in common, their
difference looks up to twice as uncertain as it is, and so does the gap that chance alone would show. Four sums per pair of
groups tell how much cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import Floats

IMAGINED = 4.0
"""Imaginary units that two groups answer independently: few units show more agreement than there is."""


class CrossSums(NamedTuple):
    """Sums over units of products of two groups' denominators m and numerators x, each a sum over rows and seeds.

    Attributes
    ----------
    units
        Units with rows in either group.
    mm, mx, xm, xx
        Of ``m_a·m_b``, ``m_a·x_b``, ``x_a·m_b`` and ``x_a·x_b``; 0 where the groups share no unit.
    """

    units: float
    mm: float
    mx: float
    xm: float
    xx: float


def covariance(cross: CrossSums, one: Moments, two: Moments) -> Floats:
    """Return the covariance of two groups' rates (or mean changes) over samples of units.

    ``K/(K-1) · Σ(x_a - p_a·m_a)(x_b - p_b·m_b) / (Σm_a · Σm_b)``, as the variance of a ratio over units is for one group.
    """
    units, mm, mx, xm, xx = (np.asarray(value, dtype=np.float64) for value in cross)
    a, b = np.asarray(one.x / np.float64(one.m)), np.asarray(two.x / np.float64(two.m))
    spread = xx - b * xm - a * mx + a * b * mm
    return np.asarray(spread * units / np.maximum(units - 1, 1) / (np.float64(one.m) * two.m))


def correlation(cross: CrossSums, one: Moments, two: Moments) -> Floats:
    """Return the correlation of two groups' rates (or mean changes), to be used with their limits.

    Returns
    -------
    Floats
        In [-1, 1], nearer to 0 than observed by `IMAGINED` units that agree by chance only; 0 where a rate shows no spread.
    """
    both = np.sqrt(_variance(one) * _variance(two))
    observed = covariance(cross, one, two) / np.where(both > 0, both, 1)
    units = np.asarray(cross.units, dtype=np.float64)
    return np.where(both > 0, np.clip(observed * units / (units + IMAGINED), -1, 1), 0.0)


def own_variances(differences: ArrayLike, sizes: ArrayLike) -> Floats:
    """Return, per group, the variance of its rate that no other group shares.

    Parameters
    ----------
    differences
        Variance of every group's rate less that of everyone else: the two variances less twice their covariance.
    sizes
        Rows of every group, of three groups or more; of two each has half.

    Returns
    -------
    Floats
        At least 0. With these as the groups' own variances every difference varies as it was seen to; what all groups have in
        common cancels in every gap between them.

    Notes
    -----
    ``v_g = τ_g + Σ_j (n_j / Σ_{i≠g} n_i)² τ_j`` solved for τ.
    """
    v, n = np.asarray(differences, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if len(v) == 2:
        return np.asarray(np.maximum(v, 0) / 2)
    weights = (n[None, :] / (n.sum() - n)[:, None]) ** 2
    np.fill_diagonal(weights, 1.0)
    return np.asarray(np.maximum(np.linalg.solve(weights, v), 0))


def _variance(moments: Moments) -> Floats:
    units, m, x, mm, xm, xx = (np.asarray(value, dtype=np.float64) for value in moments)
    p = x / m
    return np.asarray(np.maximum(xx - 2 * p * xm + p * p * mm, 0) * units / np.maximum(units - 1, 1) / m**2)
