"""What was observed of predicted numbers in one group: mean errors, and how they changed on the same cases.

Findings tell the limits that the evidence keeps, drawn in small groups. Verdicts rest on these here: the same means, with
limits in closed form at any level, from the sums the evidence keeps beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from fairtransfer.findings.estimates.base import MoverContrast
from fairtransfer.findings.estimates.means import MeanOfCases
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.scores import Answers, Row
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.losses import UNBOUNDED
from fairtransfer.stats.mean_power import Values, units_needed
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.power import Claim, SeedSpread
from fairtransfer.stats.skewed import Skewed

SUMMED = "union of student and hall"
NO_SPREAD = "the values do not vary, which leaves their spread unknown"

_REST = "rest_"
_ALIKE = 1e-9
"""A standard error below this part of the mean is rounding."""


@dataclass(frozen=True)
class ErrorMean(MeanOfCases):
    """The mean of an error in the label's own unit, of its size, or of how these changed."""

    @cached_property
    def spread(self) -> Skewed:
        """What limits are made of."""
        return _skewed(self.row)

    def examples(self, level: float) -> Interval:
        """Return the union of Student's and Hall's interval."""
        low, high = self.spread.limits(level)
        return Interval(low, high)  # type: ignore[arg-type]  # numbers are arrays of none

    @property
    def method(self) -> str:
        """How the interval is made."""
        return self._named(SUMMED)

    def less(self, other: Self) -> MeanErrorDifference:
        """Return how far the mean lies above that of other people."""
        return MeanErrorDifference(self, other)

    def cases_needed(self, sign: int, margin: float, claim: Claim, spread: SeedSpread, most: float) -> int | None:  # noqa: ARG002  # found at once
        """Return how many cases settle a claim, from how errors spread."""
        return _cases_by_spread((self,), sign, margin - sign * self.estimate, claim, spread)


def _cases_by_spread(
    sides: Sequence[ErrorMean], sign: int, distance: float, claim: Claim, spread: SeedSpread
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


@dataclass(frozen=True)
class MeanErrorDifference(MoverContrast):
    """How far a mean error of one group lies from that of another, or of everyone else."""

    first: ErrorMean
    second: ErrorMean

    def cases_needed(self, sign: int, margin: float, claim: Claim, spread: SeedSpread, most: float) -> int | None:  # noqa: ARG002  # found at once
        """Return how many cases of the group settle a claim, from how both groups' errors spread."""
        return _cases_by_spread((self.first, self.second), sign, margin - sign * self.estimate, claim, spread)


def mean_error(metric: str, answers: Answers, *, change: bool, rest: bool, procedure: bool) -> ErrorMean | NotEstimable:
    """Return a mean error, or why a verdict cannot rest on it.

    Parameters
    ----------
    rest
        Of everyone outside the group.
    """
    known = _of_the_rest(answers) if rest else answers
    row = known.averaged or known.first
    n, units = row["n"], row["units"]
    if n is None or n < MINIMUM_UNBOUNDED:
        return NotEstimable("too_small", f"{n or 0:g} cases, fewer than {MINIMUM_UNBOUNDED}", n or 0, MINIMUM_UNBOUNDED)
    if units < MINIMUM_UNBOUNDED:
        reason = f"{units} units, fewer than {MINIMUM_UNBOUNDED}"
        return NotEstimable("too_small", reason, n, MINIMUM_UNBOUNDED, units)
    if not row["variance"] or row["variance"] ** 0.5 <= _ALIKE * abs(row["value"]):
        return NotEstimable("undefined", NO_SPREAD, n, MINIMUM_UNBOUNDED)
    return ErrorMean(known, procedure, UNBOUNDED if change else metric_named(metric).bounds)


def _of_the_rest(answers: Answers) -> Answers:
    """Return what is known of everyone outside a group."""

    def turned(row: Row) -> Row:
        about = {name.removeprefix(_REST): value for name, value in row.items() if name.startswith(_REST)}
        return {"seed": row["seed"], **about}

    averaged = None if answers.averaged is None else turned(answers.averaged)
    return Answers(tuple(map(turned, answers.by_seed)), averaged)


def _skewed(row: Row) -> Skewed:
    """Return a mean with what its limits need, from its variance and its cubes."""
    n, units, variance = row["n"], row["units"], row["variance"]
    spread = variance * n**2 * (units - 1) / units
    return Skewed(row["value"], math.sqrt(variance), row["cubes"] / spread**1.5, units)
