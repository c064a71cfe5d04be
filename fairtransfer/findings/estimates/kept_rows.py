"""What every estimate has that is made of the evidence's rows, one per seed: means of values, and rankings."""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.findings.estimates.base import Observed
from fairtransfer.findings.estimates.values import Limits
from fairtransfer.findings.sums import PerSeed


@dataclass(frozen=True)
class OfRows(Observed):
    """An estimate of one group, made of what the evidence holds.

    Attributes
    ----------
    rows
        What the evidence holds of one value or metric, model (or change) and group.
    procedure
        The claim is about the recipe.
    bounds
        What the quantity can be.
    """

    rows: PerSeed
    procedure: bool
    bounds: Limits

    @property
    def range(self) -> Limits:
        """What the quantity can be."""
        return self.bounds

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return len(self.rows.by_seed)

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.procedure
