"""One number with its limits, or the reason why there is none; and quotients that stay empty where nothing divides."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from fairtransfer.stats.intervals import Floats

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)
"""What a value can be whose ends are not known."""


class IntervalEstimate(NamedTuple):
    """A number with its interval.

    Attributes
    ----------
    status
        "ok"; "too_small": fewer people than the method can judge; "undefined": nothing to compute it from.
    value, low, high
        The estimate and its limits; all None unless the status is "ok".
    reason
        Why there is no number, in words; empty if there is one.
    """

    status: Literal["ok", "too_small", "undefined"]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def found(value: float, low: float, high: float) -> IntervalEstimate:
    """Return a number with its limits; adjusted limits that would not bracket it are moved to it."""
    return IntervalEstimate("ok", value, min(low, value), max(high, value))


def too_small(reason: str) -> IntervalEstimate:
    """Return that there are too few people, with how many there are and how many it takes."""
    return IntervalEstimate("too_small", reason=reason)


def undefined(reason: str) -> IntervalEstimate:
    """Return that there is nothing to compute the number from."""
    return IntervalEstimate("undefined", reason=reason)


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient of arrays of one shape, NaN where the denominator is not above zero; never 0 or 1 for 0/0."""
    top, bottom = np.broadcast_arrays(numerator, denominator)
    result: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return result
