"""How well scores tell two classes apart: the AUC with its interval, from histograms of scores.

A histogram holds how many rows of each class lie in each bin of score, bins in ascending order along the last axis; with
one bin per different score nothing is lost. Leading axes (groups, draws, models) broadcast, and counts may be weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairtransfer.stats.estimate import IntervalEstimate, found, quotient, too_small, undefined
from fairtransfer.stats.intervals import Floats, Interval, wilson

MINIMUM_CLASS = 10
"""With fewer rows of either class no interval keeps its promise."""

BINS = 256
"""Quantile bins that keep an AUC within 0.002 of the exact one; 16 shift it by 0.004."""

LEAST_SIZE = 3.0
"""The least a sample is worth: below, Wilson's interval is as good as the whole range."""

Codes = NDArray[np.intp]


class Histogram(NamedTuple):
    """Rows per bin of score, of each class; bins ascend along the last axis."""

    positive: Floats
    negative: Floats

    def totals(self) -> tuple[Floats, Floats]:
        """Return how many positives and negatives there are."""
        return self.positive.sum(axis=-1), self.negative.sum(axis=-1)


def exact_bins(scores: ArrayLike) -> tuple[Codes, int]:
    """Return the bin of every score, one bin per different score, and how many bins there are.

    Raises
    ------
    ValueError
        When a score is not a number: it would count as the highest.
    """
    values = np.asarray(scores, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError(
            f"{int(np.isnan(values).sum())} score(s) are not numbers; leave these rows out, and count them"
        )
    different, codes = np.unique(values, return_inverse=True)
    return codes, len(different)


def quantile_edges(scores: ArrayLike, bins: int = BINS) -> Floats:
    """Return the inner edges of bins that hold equally many of these scores; ``np.searchsorted(edges, s)`` is a score's bin.

    Take them once, from data that is not judged, and keep them: one set of edges for all groups and models.
    """
    return np.unique(np.quantile(np.asarray(scores, dtype=np.float64), np.linspace(0, 1, bins + 1)[1:-1]))


def histograms(
    codes: Codes, labels: ArrayLike, groups: ArrayLike, shape: tuple[int, int], weights: ArrayLike | None = None
) -> Histogram:
    """Count the rows of each group, class and bin.

    Parameters
    ----------
    codes, labels, groups
        One entry per row: bin of the score, class (0 or 1), and number of the group.
    shape
        How many groups and bins.
    weights
        One per row; all 1 if not given.

    Returns
    -------
    Histogram
        Two arrays of (groups, bins).
    """
    cells = (np.asarray(groups) * 2 + np.asarray(labels)) * shape[1] + codes
    sums = np.bincount(cells, None if weights is None else np.asarray(weights), minlength=2 * shape[0] * shape[1])
    counts = sums.astype(np.float64).reshape(shape[0], 2, shape[1])
    return Histogram(counts[:, 1], counts[:, 0])


def area(h: Histogram) -> Floats:
    """Return the AUC: how often a positive scores above a negative, ties counting one half; NaN without one of the classes.

    ``Σ_b P_b (N_below_b + N_b/2) / (P·N)``: the Mann-Whitney statistic as a share of all pairs (Hanley and McNeil 1982).
    """
    positives, negatives = h.totals()
    return quotient((h.positive * _below(h.negative)).sum(axis=-1), positives * negatives)


def delong_variance(h: Histogram) -> Floats:
    """Return the variance of the AUC over samples of both classes (DeLong, DeLong and Clarke-Pearson 1988).

    Counts, not weights: both classes need two rows (else NaN), and each row is one sample. Costs one pass over the bins,
    as in Sun and Xu (2014).

    Notes
    -----
    ``S10/P + S01/N``, the variances (divisors P-1, N-1) of the share of negatives below each positive and of the share of
    positives above each negative.
    """
    positives, negatives = h.totals()
    mean = area(h)[..., None]
    of_positive = quotient(_below(h.negative), negatives[..., None])
    of_negative = quotient(positives[..., None] - _below(h.positive), positives[..., None])
    s10 = quotient((h.positive * (of_positive - mean) ** 2).sum(axis=-1), positives - 1)
    s01 = quotient((h.negative * (of_negative - mean) ** 2).sum(axis=-1), negatives - 1)
    return s10 / positives + s01 / negatives


def influence(codes: Codes, labels: ArrayLike, bins: int) -> Floats:
    """Return how much each row moves the AUC, (rows,), summing to zero.

    Its use: `unit_variance` of it where rows share units, and of the difference of two models' where both score the
    same rows.
    """
    y = np.asarray(labels, dtype=bool)
    h = histograms(codes, y, np.zeros(len(codes), dtype=np.intp), (1, bins))
    positives, negatives = (float(n[0]) for n in h.totals())
    above = (_below(h.negative)[0] / negatives)[codes]
    under = (1 - _below(h.positive)[0] / positives)[codes]
    mean = float(area(h)[0])
    effects: Floats = np.where(y, (above - mean) / positives, (under - mean) / negatives)
    return effects


def unit_variance(effects: Floats, units: ArrayLike) -> float:
    """Return the variance of an estimate from its rows' influences, rows of one unit moving together (after Obuchowski 1997).

    ``K/(K-1) · Σ_k (Σ_rows of k)²``, with at least two units K.
    """
    names, codes = np.unique(np.asarray(units), return_inverse=True)
    sums = np.bincount(codes, effects)
    return float((sums**2).sum() * len(names) / (len(names) - 1))


def effective_size(auc: ArrayLike, n_pos: ArrayLike, n_neg: ArrayLike, variance: ArrayLike) -> Floats:
    """Return how many coin flips an AUC is worth, between 3 and ``n_pos·n_neg``.

    ``Ã(1-Ã)/V`` with ``Ã = (m·A + 1)/(m + 2)``, ``m = min(n_pos, n_neg)``, and V the variance given, but at least half of
    Hanley and McNeil's (1982), and all of theirs where it is zero: scores that happen to part perfectly show no spread.
    """
    a, p, n, v = (np.asarray(x, dtype=np.float64) for x in (auc, n_pos, n_neg, variance))
    least = np.minimum(p, n)
    inner = (least * a + 1) / (least + 2)
    q1, q2 = inner / (2 - inner), 2 * inner**2 / (1 + inner)
    expected = (inner * (1 - inner) + (p - 1) * (q1 - inner**2) + (n - 1) * (q2 - inner**2)) / (p * n)
    spread = np.where(v > 0, np.maximum(v, expected / 2), expected)
    size: Floats = np.clip(inner * (1 - inner) / spread, LEAST_SIZE, p * n)
    return size


def auc_interval(
    auc: ArrayLike,
    n_pos: ArrayLike,
    n_neg: ArrayLike,
    delong_variance: ArrayLike,
    z: float,
    *,
    effective_share: float = 1.0,
) -> Interval:
    """Return Wilson's interval of an AUC at its effective size.

    Parameters
    ----------
    auc
        In [0, 1].
    n_pos, n_neg
        Rows of each class, at least `MINIMUM_CLASS`; where rows share units, units with such rows.
    delong_variance
        Of `delong_variance`, or of `unit_variance` where rows share units.
    effective_share
        Share of the effective size that is kept: `fairtransfer.stats.effective.t_correction` for few units.
    """
    return wilson(auc, np.maximum(effective_size(auc, n_pos, n_neg, delong_variance) * effective_share, 1.0), z)


def estimate_auc(h: Histogram, z: float) -> IntervalEstimate:
    """Return the AUC of one histogram (one axis, each row a sample) with its interval, or why there is none."""
    positives, negatives = (float(n) for n in h.totals())
    for count, word in ((positives, "positive"), (negatives, "negative")):
        if count == 0:
            return undefined(f"no {word} cases to rank")
    if min(positives, negatives) < MINIMUM_CLASS:
        reason = f"{positives:g} positive and {negatives:g} negative cases; an AUC needs {MINIMUM_CLASS} of each"
        return too_small(reason)
    value = float(area(h))
    limits = auc_interval(value, positives, negatives, delong_variance(h), z)
    return found(value, float(limits.low), float(limits.high))


def _below(counts: Floats) -> Floats:
    """Return how many lie below each bin, those in it counting one half."""
    below: Floats = counts.cumsum(axis=-1) - counts / 2
    return below
