"""Samples made of samples: `Difference` contrasts two rates of different people, `MacroAverage` averages over classes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np

from fairtransfer.findings.estimates.rates import CHANGE, Limits, PairedDifference, Rate, Sample, suffix
from fairtransfer.stats import intervals
from fairtransfer.stats.contrasts import correlated_difference, difference_of_changes
from fairtransfer.stats.intervals import Interval, normal_quantile


class GroupContrast(Sample):
    """A contrast of two groups, ``first - second`` unless a subclass says otherwise; both have the same seeds and claim."""

    first: Sample
    second: Sample

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.first.of_procedure

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.first.seeds_count

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The difference of every seed: what moves both groups alike cancels."""
        return tuple(a - b for a, b in zip(self.first.by_seed, self.second.by_seed, strict=True))

    @property
    def estimate(self) -> float:
        """The contrast."""
        return fmean(self.by_seed)


class MoverContrast(GroupContrast):
    """A contrast of two groups whose interval follows from those of its parts."""

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval from those of the two parts."""
        one, two = self.first, self.second
        return difference_of_changes(one.estimate, one.examples(level), two.estimate, two.examples(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return f"mover of {self.first.method}"


@dataclass(frozen=True)
class Difference(GroupContrast):
    """A difference of two rates (or averages over classes) of different people, ``first - second``."""

    first: Rate | MacroAverage
    second: Rate | MacroAverage

    @property
    def range(self) -> Limits:
        """A difference lies between -1 and 1."""
        return CHANGE

    def examples(self, level: float) -> Interval:
        """Return the envelope of Newcombe's and Agresti and Caffo's intervals at effective sizes; MOVER for averages."""
        one, two = self.first, self.second
        if isinstance(one, MacroAverage) or isinstance(two, MacroAverage):
            return correlated_difference(one.estimate, one.examples(level), two.estimate, two.examples(level), 0.0)
        return intervals.envelope(one.estimate, one.size(level), two.estimate, two.size(level), normal_quantile(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        if isinstance(self.first, MacroAverage):
            return f"mover of {self.first.method}"
        return "newcombe/agresti-caffo envelope" + suffix(
            self.seeds_count,
            clustered=self.first.clustered,
            procedure=self.of_procedure,
            weighted=self.first.weighted,
        )


@dataclass(frozen=True)
class MacroAverage(Sample):
    """The average over classes.

    Attributes
    ----------
    independent
        The classes' rows do not overlap (rows of the class), so that their errors combine as independent ones (MOVER).
        Otherwise limits are averaged, which is the wider choice.
    """

    parts: tuple[Rate | PairedDifference, ...]
    independent: bool

    @property
    def range(self) -> Limits:
        """What its parts can be."""
        return self.parts[0].range

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.parts[0].of_procedure

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.parts[0].seeds_count

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The average of every seed."""
        return tuple(fmean(values) for values in zip(*(part.by_seed for part in self.parts), strict=True))

    @property
    def estimate(self) -> float:
        """The average."""
        return fmean(self.by_seed)

    def examples(self, level: float) -> Interval:
        """Return the parts' intervals combined."""
        found = [part.examples(level) for part in self.parts]
        low, high = np.array([float(i.low) for i in found]), np.array([float(i.high) for i in found])
        if not self.independent:
            return Interval(low.mean(), high.mean())
        values = np.array([part.estimate for part in self.parts])
        return intervals.mover(values, Interval(low, high), np.full(len(values), 1 / len(values)))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return ("mover over classes of " if self.independent else "mean over classes of ") + self.parts[0].method
