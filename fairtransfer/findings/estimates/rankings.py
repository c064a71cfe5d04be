"""How scores rank in one group, how that changed, and how well probabilities mean what they say.

AUCs have limits in closed form that hold in small groups, and gates may judge them. The slope and the error of calibration are
reported only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from fairtransfer.findings.estimates.kept_rows import OfRows
from fairtransfer.findings.estimates.values import CHANGE, ONE_SIDED, RATE, NotEstimable, Reported, suffix
from fairtransfer.findings.sums import PerSeed, Row
from fairtransfer.formats import noun
from fairtransfer.outcomes.metric import Metric
from fairtransfer.stats.auc import MINIMUM_CLASS
from fairtransfer.stats.auc_change import Area, Sizes, auc_change_interval
from fairtransfer.stats.auc_limits import robust_auc_interval
from fairtransfer.stats.calibration import NO_SLOPE, slope_quantile
from fairtransfer.stats.effective import t_correction
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.seeds import seed_share as share_of_seeds
from fairtransfer.stats.seeds import widen

SLOPE = "hc3 sandwich"
REPORT_ONLY = "none: to be looked at, not compared"
NO_CHANGE = "no interval of this change is known to keep its promise in small groups: compare before and after"
NONE_ALIKE = "no two cases have scores that are alike"


@dataclass(frozen=True)
class OfRankings(OfRows):
    """What is made of bins of scores."""

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The value of every seed."""
        return tuple(row["value"] for row in self.rows.by_seed)

    @property
    def n(self) -> float:
        """Cases of the smaller class, or units with such cases."""
        return min(self._sizes())

    @property
    def cases(self) -> float:
        """All cases: of both classes there are enough."""
        return float(self.rows.first["n"])

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # cases have no direction
        """Return how many cases are ranked."""
        return {"n": self.rows.first["n"]}

    @property
    def clustered(self) -> bool:
        """Whether cases share units."""
        return shares_units(self.rows.first)

    @property
    def units(self) -> float | None:
        """How many units the cases share."""
        return float(self.rows.first["units"]) if self.clustered else None

    def _sizes(self) -> tuple[float, float]:
        row = self.rows.first
        return float(row["units_positive"]), float(row["units_negative"])

    def _mean(self, name: str) -> float:
        return fmean(row[name] for row in self.rows.by_seed)

    @property
    def standard_error(self) -> float | None:
        """The root of the variance; over seeds variances are averaged, which is at least the variance of the mean."""
        return math.sqrt(self._mean("variance"))

    @property
    def allowed_for(self) -> str:
        """What the interval allows for besides the cases."""
        return suffix(self.seeds_count, clustered=self.clustered, procedure=self.procedure)


@dataclass(frozen=True)
class Ranking(OfRankings):
    """An AUC."""

    def _effective(self, level: float) -> float:
        return t_correction(self.rows.first["units"], level) if self.clustered else 1.0

    def examples(self, level: float) -> Interval:
        """Return Clopper and Pearson's interval at the size that DeLong's variance gives, with two imaginary placements."""
        z = normal_quantile(level)
        return robust_auc_interval(
            self.estimate, *self._sizes(), self._mean("variance"), z, effective_share=self._effective(level)
        )

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "clopper-pearson at delong's size" + self.allowed_for


@dataclass(frozen=True)
class RankingChange(Ranking):
    """The change of an AUC where both models scored the same cases."""

    def examples(self, level: float) -> Interval:
        """Return the union of MOVER of both AUCs' intervals and of DeLong's interval of the change."""
        before = Area(self._mean("auc_before"), self._mean("variance_before"))
        after = Area(self._mean("auc_after"), self._mean("variance"))
        sizes = Sizes(*self._sizes(), self._effective(level))
        return auc_change_interval(before, after, self._mean("covariance"), sizes, level)

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "mover/delong envelope" + self.allowed_for

    @property
    def standard_error(self) -> float | None:
        """The root of the variance of the change."""
        both = self._mean("variance") + self._mean("variance_before") - 2 * self._mean("covariance")
        return math.sqrt(max(both, 0.0))


@dataclass(frozen=True)
class Slope(OfRankings):
    """The slope of calibration."""

    def examples(self, level: float) -> Interval:
        """Return the interval of the sandwich estimator."""
        half = slope_quantile(level, self.rows.first["units"] if self.clustered else None) * (
            self.standard_error or 0.0
        )
        return Interval(self.estimate - half, self.estimate + half)  # type: ignore[arg-type]  # arrays of none

    @property
    def method(self) -> str:
        """How the interval is made."""
        return SLOPE + self.allowed_for

    def reported(self, others: float) -> Reported:  # noqa: ARG002  # the width of the interval says it
        """Return the interval that is told."""
        interval, share = self.examples(ONE_SIDED), None
        low, high = float(interval.low), float(interval.high)
        if self.of_procedure and self.seeds_count > 1:
            half = self.seed_part(ONE_SIDED).half
            low, high = widen(self.estimate, interval, half)
            share = share_of_seeds(self.estimate, (low, high), half)
        return Reported((low, high), self.method, detectable_by_width((high - low) / 2, ONE_SIDED), share)


@dataclass(frozen=True)
class BinnedError(OfRankings):
    """The squared error of calibration without what chance adds; it has no interval."""

    def examples(self, level: float) -> Interval:
        """Return all that is possible: no method is known."""
        del level
        return Interval(*self.bounds)  # type: ignore[arg-type]  # arrays of none

    @property
    def method(self) -> str:
        """Why there is no interval."""
        return REPORT_ONLY

    @property
    def standard_error(self) -> None:
        """Return None: it is not known."""

    def reported(self, others: float) -> Reported:  # noqa: ARG002  # nothing is compared
        """Return that there is no interval."""
        return Reported(None, self.method, None)


def shares_units(row: Row) -> bool:
    """Say whether the cases of a group share units."""
    return bool(row["units"] < row["n"])


def few_of_a_class(row: Row, what: str) -> NotEstimable | None:
    """Return why there are too few cases of either class; None when there are enough."""
    inside, outside = row["positives"], row["n"] - row["positives"]
    if inside == 0 or outside == 0:
        return NotEstimable(
            "undefined", f"0 cases {'of' if inside == 0 else 'outside'} the class", _of_either(row), cases=row["n"]
        )
    if min(inside, outside, row["units_positive"], row["units_negative"]) < MINIMUM_CLASS:
        units = " units" if shares_units(row) else ""
        found = f"{inside:g} {noun(inside, 'case')} of the class and {outside:g} not; {what} needs {MINIMUM_CLASS}{units} of each"
        return NotEstimable("too_small", found, _of_either(row), cases=row["n"])
    return None


def _of_either(row: Row) -> float:
    """Return the units of the smaller class."""
    return float(min(row["units_positive"], row["units_negative"]))


def ranking_estimate(metric: Metric, rows: PerSeed, *, change: bool, procedure: bool) -> OfRankings | NotEstimable:
    """Return how scores rank or are calibrated, or why that cannot be told."""
    row = rows.first
    nothing = None in [one["value"] for one in rows.by_seed]
    if metric.estimator == "binned":
        bounds = metric.bounds
        return (
            NotEstimable("undefined", NONE_ALIKE, row["n"], cases=row["n"])
            if nothing
            else BinnedError(rows, procedure, bounds)
        )
    slope = metric.estimator == "slope"
    if (few := few_of_a_class(row, "a slope" if slope else "an AUC")) is not None:
        return few
    if nothing:
        return NotEstimable(
            "undefined", NO_SLOPE if slope else "scores of one class only", _of_either(row), cases=row["n"]
        )
    if slope:
        return Slope(rows, procedure, metric.bounds)
    return RankingChange(rows, procedure, CHANGE) if change else Ranking(rows, procedure, RATE)
