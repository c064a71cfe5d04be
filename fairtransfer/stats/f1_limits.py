"""Limits of F1, of its mean over classes, and of its change, in closed form: no draws.

With J, the share of right ones among all cases that are of the class or were put into it, ``F1 = 2J / (1 + J)``. J is a
share and has a share's limits. Means and changes combine those of several J, which vary together: a case of one class that
is put into another counts against both, and two models answer the same cases.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import Floats, Interval

CERTAIN = 0.9
"""The part of an observed correlation that is relied on where it makes limits narrower: it is estimated itself."""


class JaccardSums(NamedTuple):
    """Sums over cases of several J, each of one class and one model.

    Attributes
    ----------
    m, x
        Cases concerned (of the class, or put into it) and right ones, (..., J).
    xx, xm, mm
        Cases of two of them, (..., J, J): right in both, right in the first and concerned in the second, concerned in both.
    """

    m: Floats
    x: Floats
    xx: Floats
    xm: Floats
    mm: Floats


def f1_of_share(share: ArrayLike) -> Floats:
    """Return the F1 score that a share J of right ones among those concerned makes."""
    value = np.asarray(share, dtype=np.float64)
    return np.asarray(2 * value / (1 + value))


def jaccard_sums(right: ArrayLike, concerned: ArrayLike, weights: ArrayLike) -> JaccardSums:
    """Return the sums of several J over kinds of cases.

    Parameters
    ----------
    right, concerned
        Whether a kind of case is right, and concerned, in each J: kinds x J.
    weights
        How many cases of each kind there are, (..., kinds).
    """
    x, m = np.asarray(right, dtype=np.float64), np.asarray(concerned, dtype=np.float64)
    many = np.asarray(weights, dtype=np.float64)

    def both(one: Floats, two: Floats) -> Floats:
        return np.asarray(np.einsum("...k,ki,kj->...ij", many, one, two, optimize=True))

    return JaccardSums(many @ m, many @ x, both(x, x), both(x, m), both(m, m))


def correlations(sums: JaccardSums, classes: int) -> Floats:
    """Return how the sampling errors of several J vary together, (..., J, J), each with a right and a wrong case added.

    Parameters
    ----------
    classes
        How many J are of one model: those of its classes, then those of the next model's.

    Notes
    -----
    That of ``Σ r_i·r_j`` with the residuals ``r = x - J·m`` of the cases, which is J's error by the delta method. The wrong case
    that is added counts against another class too, each of them alike: without it, two classes without an error seem
    independent, though no error can be of one alone (one-sided misses of 5 % limits were up to 9.4 %).
    """
    size = sums.m + 2
    share = (sums.x + 1) / size
    one, two = share[..., :, None], share[..., None, :]
    added = np.kron(np.eye(share.shape[-1] // classes), np.full((classes, classes), 1 / max(classes - 1, 1)))
    both = sums.xx - two * sums.xm - one * np.swapaxes(sums.xm, -2, -1) + one * two * (sums.mm + added)
    errors = np.sqrt(size * share * (1 - share))
    found = np.clip(both / (errors[..., :, None] * errors[..., None, :]), -1.0, 1.0)
    diagonal = np.arange(found.shape[-1])
    found[..., diagonal, diagonal] = 1.0
    return np.asarray(found)


def f1_contrast(shares: ArrayLike, sizes: ArrayLike, coefficients: ArrayLike, together: Floats, z: float) -> Interval:
    """Return limits of a sum of F1 scores, each with its coefficient: a score, a mean over classes, or the change of either.

    Parameters
    ----------
    shares, sizes
        Every J and the (effective) number of cases it rests on, (..., J).
    coefficients
        One for each J: ``1 / classes`` for a mean, the same with a minus for the model that a change is from.
    together
        What `correlations` returns.

    Returns
    -------
    Interval
        Around the sum of the scores; not cut to what it can be.

    Notes
    -----
    The union of two intervals that err in different places. The first combines Clopper and Pearson's limits of every J
    (MOVER). It is too short above where most classes have hardly an error; the second is the delta method's with a right and
    a wrong case added to every J. One class alone has the first, which is exact for J. Coverage, simulated: docs/methods.md.
    """
    share, size, weight = (np.asarray(a, dtype=np.float64) for a in (shares, sizes, coefficients))
    limits = clopper_pearson(share, np.maximum(size, 1), z)
    below, above = f1_of_share(share) - f1_of_share(limits.low), f1_of_share(limits.high) - f1_of_share(share)
    value = (weight * f1_of_share(share)).sum(axis=-1)
    down = _length(weight * np.where(weight > 0, below, above), together)
    up = _length(weight * np.where(weight > 0, above, below), together)
    if weight.shape[-1] > 1:
        soft = (share * size + 1) / (size + 2)
        delta = z * _length(weight * 2 / (1 + soft) ** 2 * np.sqrt(soft * (1 - soft) / (size + 2)), together)
        down, up = np.maximum(down, delta), np.maximum(up, delta)
    return Interval(value - down, value + up)


def _length(distances: Floats, together: Floats) -> Floats:
    """Return the distance of the sum's limit from those of its parts, with less of what makes it shorter."""
    products = distances[..., :, None] * distances[..., None, :] * together
    return np.asarray(np.sqrt(np.maximum(np.where(products < 0, CERTAIN * products, products).sum(axis=(-2, -1)), 0)))
