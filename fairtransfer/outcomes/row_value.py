"""A number of one's own for every row, judged or computed elsewhere: a quality from 0 to 1, a word error rate, a price.

Its mean is a metric like any other. What nobody but its owner knows, which column it is, which way is better and what it can be,
stands in the metric's name, ``mean:quality:higher:0:1``: a name says all that is known of a metric, wherever it is written.
Definitions may write the same as ``{mean: quality, better: higher, range: [0, 1]}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fairtransfer.outcomes.metric import RATE, UNBOUNDED, Direction, Limits, Metric, Unit, Value

MEAN = "mean"
BETTER: Mapping[str, Direction] = {"higher": "lower_is_worse", "lower": "higher_is_worse"}
"""Which way is better -> which way harm lies."""

FORM = "mean:COLUMN:higher|lower, with :LOW:HIGH where it has two ends (mean:quality:higher:0:1)"

VALUE = Value("value", lambda value, _: value, lambda value, _: value)
"""What a case adds: its number as it stands."""


def is_mean(name: object) -> bool:
    """Say whether a name is meant to be of the mean of a column, well written or not."""
    return isinstance(name, str) and name.startswith(f"{MEAN}:")


def name_of(column: str, better: str, ends: Limits | None = None) -> str:
    """Return the name of the mean of a column."""
    return ":".join((MEAN, column, better, *(f"{end:g}" for end in ends or ())))


def column_of(metric: Metric) -> str:
    """Return the column that a mean is of."""
    return metric.adds.removeprefix(f"{VALUE.name}:")


@lru_cache
def mean_named(name: str) -> Metric | None:
    """Return the mean of a column by its name, or None where that is no such name."""
    head, _, rest = name.partition(":")
    parts = rest.rsplit(":", 3)
    if head != MEAN or len(parts) < 2:
        return None
    if len(parts) == 4 and parts[1] in BETTER:
        column, better, ends = parts[0], parts[1], _ends(parts[2], parts[3])
        return None if ends is None or not column else _mean(name, column, better, ends)
    column, _, better = rest.rpartition(":")
    return _mean(name, column, better, None) if column and better in BETTER else None


def _ends(low: str, high: str) -> Limits | None:
    try:
        ends = float(low), float(high)
    except ValueError:
        return None
    return ends if all(map(math.isfinite, ends)) and ends[0] < ends[1] else None


def _mean(name: str, column: str, better: str, ends: Limits | None) -> Metric:
    unit: Unit = "score" if ends is not None and RATE[0] <= ends[0] and ends[1] <= RATE[1] else "own"
    of = "" if ends is None else f", from {ends[0]:g} to {ends[1]:g}"
    return Metric(
        name,
        "row_value",
        "skewed_mean" if ends is None else "bounded_mean",
        f"{VALUE.name}:{column}",
        BETTER[better],
        f"the mean of `{column}`{of}; {better} is better",
        bounds=ends or UNBOUNDED,
        unit=unit,
        spelled=f"mean of {column}",
    )


def written_out(entry: Mapping[str, Any]) -> str | None:
    """Return the name of what a definition writes as a mapping; None where it is not of that form."""
    column, better, ends = entry.get(MEAN), entry.get("better"), entry.get("range")
    if not isinstance(column, str) or not isinstance(better, str) or not set(entry) <= {MEAN, "better", "range"}:
        return None
    if ends is None:
        return name_of(column, better)
    two = isinstance(ends, list | tuple) and len(ends) == 2
    numbers = two and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    return name_of(column, better, (float(ends[0]), float(ends[1]))) if numbers else None
