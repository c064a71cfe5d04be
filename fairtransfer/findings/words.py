"""How a metric's numbers are put into words: as shares of cases, as scores, or as numbers in the label's own unit."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.formats import Wording
from fairtransfer.outcomes.table import metric_named


def wording(metric: str, measured_in: str = "") -> Wording:
    """Return how a metric's numbers are told; `measured_in`: the unit of a label that is a number."""
    known = metric_named(metric)
    if known.unit == "share":
        return formats.RATE
    return formats.in_unit(measured_in if known.unit == "label" else "") if known.in_a_unit else formats.SCORE
