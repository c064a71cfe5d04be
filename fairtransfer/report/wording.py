"""Which wording a row's metric has: a share of cases, a metric made of scores, or a number in the label's own unit."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.findings.rows import Finding
from fairtransfer.formats import Wording
from fairtransfer.outcomes.table import metric_named


def wording_of(row: Finding | None) -> Wording:
    """Return how a row's numbers are told; of no row, how rates are."""
    return formats.RATE if row is None else wording(row.metric, row.measured_in)


def wording(metric: str, measured_in: str = "") -> Wording:
    """Return how a metric's numbers are told; `measured_in`: the unit of a label that is a number."""
    known = metric_named(metric)
    if known.unit == "share":
        return formats.RATE
    return formats.in_unit(measured_in if known.unit == "label" else "") if known.in_a_unit else formats.SCORE
