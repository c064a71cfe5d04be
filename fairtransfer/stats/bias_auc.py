"""AUCs between a group and the others: whose scores are mixed up with whose (Borkan et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.auc import Histogram

MEAN_POWER = -5.0
"""The power of the mean over groups that Borkan et al. use: close to the worst group."""

_ALMOST_ZERO = 1e-12

BIAS_AUCS: dict[str, Callable[[Histogram, Histogram], Histogram]] = {
    # Low: the group's own positives and negatives are mixed up.
    "subgroup": lambda group, _: group,
    # Low: the group's negatives score like the others' positives, which makes false positives.
    "bpsn": lambda group, rest: Histogram(rest.positive, group.negative),
    # Low: the group's positives score like the others' negatives, which makes false negatives.
    "bnsp": lambda group, rest: Histogram(group.positive, rest.negative),
}
"""Which rows' scores are compared, from a group's histogram and that of everyone else."""


def bias_auc(kind: str, group: Histogram, everyone: Histogram) -> Histogram:
    """Return the histogram whose AUC is "subgroup", "bpsn" or "bnsp"; `everyone` holds the group's rows too.

    Groups may overlap: each is set against the rows that are not its own.
    """
    rest = Histogram(everyone.positive - group.positive, everyone.negative - group.negative)
    return BIAS_AUCS[kind](group, rest)


def generalised_mean(values: ArrayLike, power: float = MEAN_POWER) -> float:
    """Return ``(mean of v^p)^(1/p)`` of values >= 0: from the smallest (p → -∞) over the mean (p = 1) to the largest.

    A group without a value (NaN) leaves the mean without one; it is never skipped. The mean is biased down: the noisiest
    group counts most.

    Notes
    -----
    ``p = 0`` is the geometric mean. Powers are taken of the values over their largest (p > 0) or smallest (p <= 0), so that
    none overflows, and less one, so that small powers lose no digits.
    """
    v = np.asarray(values, dtype=np.float64)
    scale = v.max() if power > 0 else v.min()
    if np.isnan(scale) or scale == 0:
        return float(scale)
    with np.errstate(divide="ignore"):  # the logarithm of a 0 beside larger values: its power is 0
        logs = np.log(v / scale)
    if abs(power) < _ALMOST_ZERO:
        return float(scale * np.exp(logs.mean()))
    return float(scale * np.exp(np.log1p(np.expm1(power * logs).mean()) / power))
