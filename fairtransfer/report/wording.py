"""Which wording a row's metric has."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.words import wording
from fairtransfer.formats import Wording


def wording_of(row: Finding | None) -> Wording:
    """Return how a row's numbers are told; of no row, how rates are."""
    return formats.RATE if row is None else wording(row.metric, row.measured_in)


__all__ = ["wording", "wording_of"]
