"""Averages over classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from fairtransfer.findings.estimates.base import Estimate, Observed
from fairtransfer.findings.estimates.values import Limits
from fairtransfer.stats import intervals
from fairtransfer.stats.intervals import Interval


@dataclass(frozen=True)
class MacroAverage(Estimate):
    """The average over classes.

    Attributes
    ----------
    independent
        The classes' rows do not overlap (rows of the class), so that their errors combine as independent ones (MOVER).
        Otherwise limits are averaged, which is the wider choice.
    """

    classes: tuple[Observed, ...]
    independent: bool

    @property
    def parts(self) -> tuple[Observed, ...]:
        """The classes."""
        return self.classes

    @property
    def cases_of(self) -> str:
        """Those of the class that has the fewest."""
        return "of the rarest class" if self.independent else ""

    @property
    def range(self) -> Limits:
        """What its parts can be."""
        return self.classes[0].range

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.classes[0].of_procedure

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.classes[0].seeds_count

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The average of every seed."""
        return tuple(fmean(values) for values in zip(*(part.by_seed for part in self.classes), strict=True))

    def examples(self, level: float) -> Interval:
        """Return the parts' intervals combined."""
        found = [part.examples(level) for part in self.classes]
        low, high = np.array([float(i.low) for i in found]), np.array([float(i.high) for i in found])
        if not self.independent:
            return Interval(low.mean(), high.mean())
        values = np.array([part.estimate for part in self.classes])
        return intervals.mover(values, Interval(low, high), np.full(len(values), 1 / len(values)))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return ("mover over classes of " if self.independent else "mean over classes of ") + self.classes[0].method

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # cases have no direction
        """Return the cases: those of all classes, or the same ones for each."""
        return {"n": sum(part.n for part in self.classes) if self.independent else self.classes[0].n}
