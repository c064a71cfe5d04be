"""The mean of a value per case, or how it changed on the same cases: of losses of probabilities, and of errors of numbers.

Bounded values have limits that hold in small groups. The limits of skewed ones hold from 30 cases on; of errors of numbers those
that are told are drawn where groups are small, and verdicts rest on the closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from fairtransfer.findings.estimates.base import MoverContrast
from fairtransfer.findings.estimates.kept_rows import OfRows
from fairtransfer.findings.estimates.values import ONE_SIDED, Limits, NotEstimable, Reported, suffix
from fairtransfer.findings.sums import PerSeed, Row
from fairtransfer.formats import plural
from fairtransfer.outcomes.metric import Metric
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.mean_power import Values, units_needed
from fairtransfer.stats.means import MINIMUM_UNBOUNDED, Centred, bounded_mean, too_few
from fairtransfer.stats.number_errors import MOST_DRAWN
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.power import Claim, SeedSpread
from fairtransfer.stats.seeds import seed_share, widen
from fairtransfer.stats.skewed import Skewed, skewed_limits, too_skewed

BOUNDED = "student with one case at each bound"
SUMMED = "union of student and hall"
DRAWN = "bootstrap-t"

TOO_SKEWED = "too_skewed"
"""The reason code of a mean that a few cases make most of the spread of."""

ALIKE = "the values do not vary, which leaves their spread unknown"
NOT_DRAWN = "the values do not vary, or too few differ from the others, which leaves their spread unknown"

_ROUNDING = 1e-9
"""A standard error below this part of the mean is rounding."""


@dataclass(frozen=True)
class MeanOfCases(OfRows):
    """The mean of a value per case; subclasses know its limits."""

    @property
    def row(self) -> Row:
        """The cases' values averaged over seeds, summed."""
        return self.rows.whole

    @property
    def estimate(self) -> float:
        """The mean."""
        return mean_in(self.row)

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The mean of every seed."""
        return tuple(mean_in(row) for row in self.rows.by_seed)

    @property
    def n(self) -> float:
        """Cases."""
        return float(self.row["n"])

    @property
    def clustered(self) -> bool:
        """Whether cases share units."""
        return bool(self.row["units"] < self.row["n"])

    @property
    def weighted(self) -> bool:
        """Whether cases do not count alike."""
        return bool(self.row["m"] != self.row["n"])

    @property
    def units(self) -> float | None:
        """How many units the cases share."""
        return float(self.row["units"]) if self.clustered else None

    @property
    def standard_error(self) -> float:
        """The standard error of the mean over units."""
        return centred_in(self.row).standard_error()

    @property
    def allowed_for(self) -> str:
        """What the interval allows for besides the cases."""
        return suffix(self.seeds_count, clustered=self.clustered, procedure=self.procedure, weighted=self.weighted)


def mean_in(row: Row) -> float:
    """Return the mean value of a case."""
    return float(row["x"] / row["m"])


def centred_in(row: Row) -> Centred:
    """Return the sums of a row as the statistics take them."""
    squares = 0.0 if row["squares"] is None else row["squares"]
    return Centred(row["n"], row["units"], row["m"], mean_in(row), row["mm"], squares, row["spread"] or 0.0)


@dataclass(frozen=True)
class BoundedMean(MeanOfCases):
    """The mean of a value both ends of which are known."""

    def examples(self, level: float) -> Interval:
        """Return Student's interval with one case added at each bound."""
        found = bounded_mean(centred_in(self.row), level, self.bounds)
        assert found.low is not None, "groups of too few cases or units are told before"
        return Interval(found.low, found.high)  # type: ignore[arg-type]  # numbers are arrays of none

    @property
    def method(self) -> str:
        """How the interval is made."""
        return BOUNDED + self.allowed_for


@dataclass(frozen=True)
class SkewedMean(MeanOfCases):
    """The mean of a value without an upper end."""

    @cached_property
    def spread(self) -> Skewed:
        """What limits are made of."""
        row = self.row
        error = centred_in(row).standard_error()
        return Skewed(self.estimate, error, row["cubes"] / row["spread"] ** 1.5, row["units"])

    def examples(self, level: float) -> Interval:
        """Return the union of Student's and Hall's interval, allowing for more skew than the sample shows."""
        low, high = skewed_limits(self.spread, level)
        return Interval(max(low, self.bounds[0]), min(high, self.bounds[1]))  # type: ignore[arg-type]  # arrays of none

    @property
    def method(self) -> str:
        """How the interval is made."""
        return SUMMED + self.allowed_for

    def reported(self, others: float) -> Reported | NotEstimable:  # noqa: ARG002  # the width of the interval says it
        """Return the interval that is told."""
        interval = self.examples(ONE_SIDED)
        return self._reported(float(interval.low), float(interval.high), self.method)

    def _reported(self, low: float, high: float, method: str) -> Reported:
        """Return limits over examples with what seeds add, and what they would have shown."""
        share = None
        if self.of_procedure and self.seeds_count > 1:
            half = self.seed_part(ONE_SIDED).half
            low, high = widen(self.estimate, Interval(low, high), half)  # type: ignore[arg-type]  # arrays of none
            share = seed_share(self.estimate, (low, high), half)
        seen = detectable_by_width((high - low) / 2, ONE_SIDED)
        return Reported((max(low, self.bounds[0]), min(high, self.bounds[1])), method, seen, share)

    def less(self, other: Self) -> SkewedDifference:
        """Return how far the mean lies above that of other people."""
        return SkewedDifference(self, other)

    def bars_pass(self, sign: int) -> tuple[str, ...]:
        """Return that a few cases make most of the spread on the side of the limit."""
        return (TOO_SKEWED,) if too_skewed(self.spread, above=sign > 0) else ()

    def cases_needed(self, sign: int, margin: float, claim: Claim, spread: SeedSpread, most: float) -> int | None:  # noqa: ARG002  # found at once
        """Return how many cases settle a claim, from how values spread."""
        return _cases_by_spread((self,), sign, margin - sign * self.estimate, claim, spread)


@dataclass(frozen=True)
class DrawnMean(SkewedMean):
    """The mean of an error of a number: the limits that are told are those the evidence keeps, drawn in small groups."""

    def reported(self, others: float) -> Reported | NotEstimable:  # noqa: ARG002  # as above
        """Return the interval that is told."""
        row = self.row
        if row["low"] is None:
            return NotEstimable("undefined", NOT_DRAWN, self.n)
        method = DRAWN if row["units"] <= MOST_DRAWN else SUMMED
        return self._reported(row["low"], row["high"], method + self.allowed_for)

    @property
    def unjudged(self) -> NotEstimable | None:
        """Too few units to judge, or a spread that nobody knows."""
        units = self.row["units"]
        if units < MINIMUM_UNBOUNDED:
            reason = f"{plural(units, 'unit')}, fewer than {MINIMUM_UNBOUNDED}"
            return NotEstimable("too_small", reason, self.n, MINIMUM_UNBOUNDED, units)
        if self.standard_error <= _ROUNDING * abs(self.estimate):
            return NotEstimable("undefined", ALIKE, self.n, MINIMUM_UNBOUNDED)
        return None


@dataclass(frozen=True)
class DrawnRoot(DrawnMean):
    """The root of a mean square. Its sums are linear about the sample; those of one model are turned back into squares."""

    def examples(self, level: float) -> Interval:
        """Return the root of the limits of the mean square; of several seeds, limits of the average of their roots."""
        if self.seeds_count > 1 or self.bounds[0] < 0:
            return super().examples(level)
        root, spread = self.estimate, self.spread
        squared = Skewed(root**2, 2 * root * spread.error, spread.skew_term, spread.units)
        low, high = skewed_limits(squared, level)
        return Interval(math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0)))  # type: ignore[arg-type]  # arrays of none


@dataclass(frozen=True)
class SkewedDifference(MoverContrast):
    """How far a mean of one group lies from that of another, or of everyone else."""

    first: SkewedMean
    second: SkewedMean

    def bars_pass(self, sign: int) -> tuple[str, ...]:
        """Return what bars either side: the second's limit on the other side counts."""
        return self.first.bars_pass(sign) or self.second.bars_pass(-sign)

    def cases_needed(self, sign: int, margin: float, claim: Claim, spread: SeedSpread, most: float) -> int | None:  # noqa: ARG002  # found at once
        """Return how many cases of the group settle a claim, from how both groups' values spread."""
        return _cases_by_spread((self.first, self.second), sign, margin - sign * self.estimate, claim, spread)


def _cases_by_spread(
    sides: Sequence[SkewedMean], sign: int, distance: float, claim: Claim, spread: SeedSpread
) -> int | None:
    """Return how many cases of the first settle one mean, or two compared, if cases to come spread, and lean, as today's do."""
    own = sides[0].spread.units
    lean = sign if claim.side == "pass" else -sign
    parts = []
    for side, towards in zip(sides, (lean, -lean), strict=False):
        known, root = side.spread, math.sqrt(side.spread.units)
        parts.append(Values(known.error * root, towards * known.skew_term * root, known.units / own))
    units = units_needed(parts, abs(distance), claim.level, claim.power, spread)
    return None if units is None else math.ceil(units * sides[0].n / own)


def mean_estimate(
    metric: Metric, of: str | None, rows: PerSeed, *, change: bool, procedure: bool
) -> MeanOfCases | NotEstimable:
    """Return the mean of a value, or why there is none."""
    row, bounds = rows.whole, metric.case_bounds(of, change=change)
    n, units = row["n"], row["units"]
    if not row["m"]:
        return NotEstimable("undefined", "all weights are 0" if n else "0 cases", n)
    if metric.estimator == "bounded_mean":
        few = NotEstimable("undefined", "all cases belong to one unit", float(n), cases=n) if units < 2 else None
        return few or BoundedMean(rows, procedure, bounds)
    if metric.least is None or row["squares"] is not None:  # sums of powers, which nothing was drawn from
        return _skewed(rows, procedure, bounds)
    if (reason := too_few(n, units, metric.least, clustered=units < n)) is not None:
        return NotEstimable("too_small", reason, n, metric.least, units if units < n else None)
    return (DrawnRoot if metric.root else DrawnMean)(rows, procedure, bounds)


def _skewed(rows: PerSeed, procedure: bool, bounds: Limits) -> SkewedMean | NotEstimable:  # noqa: FBT001  # as the class takes it
    units, n = rows.whole["units"], float(rows.whole["n"])
    if units < MINIMUM_UNBOUNDED:
        reason = f"{units:g} independent cases, fewer than {MINIMUM_UNBOUNDED}"
        shared = units if units < n else None
        return NotEstimable("too_small", reason, n, MINIMUM_UNBOUNDED, shared, cases=n)
    return SkewedMean(rows, procedure, bounds) if rows.whole["spread"] else NotEstimable("undefined", ALIKE, n, cases=n)
