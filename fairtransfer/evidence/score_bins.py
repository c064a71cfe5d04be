"""Bins of scores, the same for every table, group and model: 1/1024 wide in the middle, finer toward 0 and 1.

Adapted models put most of their scores close to 0 and 1, where bins of one width would call all of them ties. So the
distance to the nearer end decides the width: 2⁻¹⁰ from 1/16 on, then 2⁻¹⁴ from 1/256 on, and so on down to 2⁻³⁰. But for
the last ones no bin is wider than 1/64 of its distance to the end. All of it is multiplication by powers of
two, which no database rounds: every one finds the same bin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = 5
PER_LEVEL = 1024
TOP = 2 * (LEVELS * PER_LEVEL + PER_LEVEL // 2 + 1)
"""The highest bin."""

COARSE = 16
"""Bins of one width for the error of calibration: each needs rows enough to tell error from chance."""

Codes = NDArray[np.int64]


def _level(number: int) -> tuple[float, float]:
    """Return the least distance of a level and what a distance is multiplied by there."""
    return 2.0 ** (-4 * (number + 1)), PER_LEVEL * 2.0 ** (4 * number)


def score_bins(scores: ArrayLike) -> Codes:
    """Return the bin of every score in [0, 1]; bins ascend with the scores."""
    p = np.asarray(scores, dtype=np.float64)
    near = np.minimum(p, 1 - p)
    code = np.floor(near * _level(LEVELS)[1])
    for number in reversed(range(LEVELS)):
        least, scale = _level(number)
        code = np.where(near >= least, (LEVELS - number) * PER_LEVEL + np.floor(near * scale), code)
    codes: Codes = np.where(p < 0.5, code, TOP - code).astype(np.int64)
    return codes


def score_bin_of(column: Any) -> Any:
    """Return the same as an ibis expression."""
    import ibis

    near = ibis.ifelse(column < 0.5, column, 1 - column)
    branches = [
        (near >= _level(number)[0], (near * _level(number)[1]).floor() + (LEVELS - number) * PER_LEVEL)
        for number in range(LEVELS)
    ]
    code = ibis.cases(*branches, else_=(near * _level(LEVELS)[1]).floor())
    return ibis.ifelse(column < 0.5, code, TOP - code).cast("int64")


def coarse_bins(codes: ArrayLike) -> Codes:
    """Return the bin of one width, 0 to `COARSE` - 1, that each bin lies in."""
    code = np.asarray(codes, dtype=np.int64)
    low = np.minimum(code, TOP - code)
    scale = PER_LEVEL * 2.0 ** (4 * (LEVELS - low // PER_LEVEL))
    near = np.minimum((low % PER_LEVEL + 0.5) / scale, 0.5)
    middle = np.where(code <= TOP // 2, near, 1 - near)
    found: Codes = np.minimum(np.floor(middle * COARSE), COARSE - 1).astype(np.int64)
    return found
