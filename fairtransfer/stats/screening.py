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
        In the order given, none below its p-value.

    Raises
    ------
    ValueError
        When a p-value lies outside [0, 1].
    """
    from scipy.stats import false_discovery_control  # scipy.stats takes a second to import

    p = np.asarray(p_values, dtype=np.float64)
    made = ~np.isnan(p)
    adjusted = np.full(p.shape, np.nan)
    if made.any():
        adjusted[made] = false_discovery_control(p[made], method="bh")
    return adjusted
