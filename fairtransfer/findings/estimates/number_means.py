"""What was observed of predicted numbers in one group, as samples: mean errors, and how they changed on the same cases.

Findings tell the limits that the evidence keeps, drawn in small groups. Verdicts rest on these here: the same means, with
limits in closed form at any level, from the sums the evidence keeps beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from fairtransfer.findings.estimates.combined import MoverContrast
from fairtransfer.findings.estimates.means import MeanOfCases
from fairtransfer.findings.estimates.rates import Limits
from fairtransfer.findings.scores import Answers, Row
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.losses import UNBOUNDED
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.number_metrics import NUMBER_METRICS
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


@dataclass(frozen=True)
class MeanErrorDifference(MoverContrast):
    """How far a mean error of one group lies from that of another, or of everyone else."""

    first: ErrorMean
    second: ErrorMean

    @property
    def range(self) -> Limits:
        """Anything."""
        return UNBOUNDED


class NoMean(NamedTuple):
    """Why there is no mean to judge: status, reason, cases, the least it takes, and the units there are if these are too few."""

    status: Literal["too_small", "undefined"]
    reason: str
    n: float
    least: int
    units: int | None = None


def errors_of(metric: str, answers: Answers, *, change: bool, rest: bool, procedure: bool) -> ErrorMean | NoMean:
    """Return the sample of a mean error, or why a verdict cannot rest on it.

    Parameters
    ----------
    rest
        Of everyone outside the group.
    """
    known = _of_the_rest(answers) if rest else answers
    row = known.averaged or known.first
    n, units = row["n"], row["units"]
    if n is None or n < MINIMUM_UNBOUNDED:
        return NoMean("too_small", f"{n or 0:g} cases, fewer than {MINIMUM_UNBOUNDED}", n or 0, MINIMUM_UNBOUNDED)
    if units < MINIMUM_UNBOUNDED:
        reason = f"{units} units, fewer than {MINIMUM_UNBOUNDED}"
        return NoMean("too_small", reason, n, MINIMUM_UNBOUNDED, units)
    if not row["variance"] or row["variance"] ** 0.5 <= _ALIKE * abs(row["value"]):
        return NoMean("undefined", NO_SPREAD, n, MINIMUM_UNBOUNDED)
    return ErrorMean(known, procedure, UNBOUNDED if change else NUMBER_METRICS[metric].bounds)


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
