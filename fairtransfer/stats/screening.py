"""Exploratory tables: which of many comparisons deserve a second look. Screening, not a verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.intervals import Floats

LABEL = "screening, not a verdict"
"""What a table with these numbers is called. A verdict's claims of failure are adjusted by Holm's procedure instead."""


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Return adjusted p-values: keeping those up to q, a share of at most q of the kept is expected to be false.

    Holds for independent or positively dependent comparisons (Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001). It
    says nothing of how likely a single false one is: with many true ones, several false ones pass.

    Parameters
    ----------
    p_values
        In [0, 1], one dimension; such as `fairtransfer.stats.intervals.mcnemar_midp` of every group. NaN for a comparison that
        could not be made: it stays NaN and does not count among the comparisons.

    Returns
    -------
    Floats
        In the order given, none below its p-value. scipy's `false_discovery_control` gives the same; importing it takes a second.

    Raises
    ------
    ValueError
        When a p-value lies outside [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    if ((p < 0) | (p > 1)).any():
        raise ValueError("p-values lie between 0 and 1")
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    shares = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(shares[::-1])[::-1], 1.0)
    return adjusted
