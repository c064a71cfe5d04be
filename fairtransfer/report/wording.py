"""Which wording a row's metric has: a share of cases, a metric made of scores, or a number in the label's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairtransfer import formats
from fairtransfer.formats import Wording
from fairtransfer.outcomes.table import metric_named


def wording_of(row: Mapping[str, Any] | None) -> Wording:
    """Return how a row's numbers are told; of no row, how rates are."""
    if row is None:
        return formats.RATE
    return wording(row["metric"], (row["details"] or {}).get("measured_in", ""))


def wording(metric: str, measured_in: str = "") -> Wording:
    """Return how a metric's numbers are told; `measured_in`: the unit of a label that is a number."""
    unit = metric_named(metric).unit
    if unit == "share":
        return formats.RATE
    return formats.in_unit(measured_in) if unit == "label" else formats.SCORE
