"""What was observed of scores in one group: means of bounded values, AUCs and their changes.

Only what has limits in closed form that hold in small groups is here; a gate may judge these, and no other metric made of scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from fairtransfer.findings.estimates.base import Estimate, Observed
from fairtransfer.findings.estimates.values import CHANGE, RATE, Limits, NotEstimable, suffix
from fairtransfer.findings.scores import Answers, Row
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.scores import Question
from fairtransfer.stats.auc import MINIMUM_CLASS, auc_interval
from fairtransfer.stats.auc_change import Area, Sizes, auc_change_interval
from fairtransfer.stats.effective import t_correction
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.means import Sums, bounded_mean


@dataclass(frozen=True)
class OfScores(Observed):
    """A quantity made of scores.

    Attributes
    ----------
    answers
        What the evidence holds of one metric, model (or change) and group.
    bounds
        What a case's value (of a mean) or the quantity itself can be.
    """

    answers: Answers
    procedure: bool
    bounds: Limits

    @property
    def range(self) -> Limits:
        """What the quantity can be."""
        return self.bounds

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return len(self.answers.by_seed)

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.procedure

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The value of every seed."""
        return self.answers.values or ()

    @property
    def n(self) -> float:
        """Cases; of a ranking those of the smaller class, or units with such."""
        return float(self.answers.first["n"])

    @property
    def clustered(self) -> bool:
        """Whether cases share units."""
        return shares_units(self.answers.first)

    @property
    def units(self) -> float | None:
        """How many units the cases share."""
        return float(self.answers.first["units"]) if self.clustered else None

    def _named(self, how: str) -> str:
        return how + suffix(self.seeds_count, clustered=self.clustered, procedure=self.procedure)


class MeanOfCases(OfScores):
    """The mean of a value per case, or of how it changed; subclasses know its limits."""

    @property
    def row(self) -> Row:
        """The cases' values averaged over seeds, summed."""
        return self.answers.averaged or self.answers.first

    @property
    def estimate(self) -> float:
        """The mean."""
        return float(self.row["value"])


@dataclass(frozen=True)
class BoundedMean(MeanOfCases):
    """The mean of a value per case, both ends of which are known; or of how it changed."""

    def examples(self, level: float) -> Interval:
        """Return Student's interval with one case added at each bound."""
        row = self.row
        sums = Sums(row["n"], row["value"] * row["n"], *(row[name] for name in ("xx", "units", "mm", "xm", "unit_xx")))
        found = bounded_mean(sums, level, self.bounds)
        assert found.low is not None, "groups of too few cases or units are told before"
        return Interval(found.low, found.high)  # type: ignore[arg-type]  # numbers are arrays of none

    @property
    def method(self) -> str:
        """How the interval is made."""
        return self._named("student with one case at each bound")


@dataclass(frozen=True)
class Ranking(OfScores):
    """An AUC. Over seeds variances are averaged, which is at least the variance of the mean."""

    @property
    def n(self) -> float:
        """Cases of the smaller class, or units with such cases."""
        return min(self._sizes())

    def _sizes(self) -> tuple[float, float]:
        row = self.answers.first
        return float(row["units_positive"]), float(row["units_negative"])

    def _mean(self, name: str) -> float:
        return fmean(row[name] for row in self.answers.by_seed)

    def _effective_share(self, level: float) -> float:
        return t_correction(self.answers.first["units"], level) if self.clustered else 1.0

    def examples(self, level: float) -> Interval:
        """Return Wilson's interval at the size that DeLong's variance gives."""
        z = normal_quantile(level)
        return auc_interval(
            self.estimate, *self._sizes(), self._mean("variance"), z, effective_share=self._effective_share(level)
        )

    @property
    def method(self) -> str:
        """How the interval is made."""
        return self._named("wilson at delong's size")


@dataclass(frozen=True)
class RankingChange(Ranking):
    """The change of an AUC where both models scored the same cases."""

    def examples(self, level: float) -> Interval:
        """Return the union of MOVER of both AUCs' intervals and of DeLong's interval of the change."""
        before = Area(self._mean("auc_before"), self._mean("variance_before"))
        after = Area(self._mean("auc_after"), self._mean("variance"))
        sizes = Sizes(*self._sizes(), self._effective_share(level))
        return auc_change_interval(before, after, self._mean("covariance"), sizes, level)

    @property
    def method(self) -> str:
        """How the interval is made."""
        return self._named("mover/delong envelope")


def shares_units(row: Row) -> bool:
    """Say whether the cases of a group share units."""
    return bool(row["units"] < row["n"])


def few_of_a_class(row: Row, what: str) -> NotEstimable | None:
    """Return why there are too few cases of either class; None when there are enough."""
    inside, outside = row["positives"], row["n"] - row["positives"]
    if inside == 0 or outside == 0:
        return NotEstimable("undefined", f"0 cases {'of' if inside == 0 else 'outside'} the class", _of_either(row))
    if min(inside, outside, row["units_positive"], row["units_negative"]) < MINIMUM_CLASS:
        units = " units" if shares_units(row) else ""
        found = f"{inside:g} cases of the class and {outside:g} not; {what} needs {MINIMUM_CLASS}{units} of each"
        return NotEstimable("too_small", found, _of_either(row))
    return None


def _of_either(row: Row) -> float:
    """Return the units of the smaller class."""
    return float(min(row["units_positive"], row["units_negative"]))


def score_estimate(question: Question, answers: Answers, *, change: bool, procedure: bool) -> Estimate | NotEstimable:
    """Return a metric that has limits in closed form, or why there is none."""
    metric, row = metric_named(question[0]), answers.first
    if metric.estimator == "bounded_mean":
        if row["units"] < 2:
            return NotEstimable("undefined", "all cases belong to one unit", float(row["n"]))
        return BoundedMean(answers, procedure, metric.case_bounds(question[1], change=change))
    if (few := few_of_a_class(row, "an AUC")) is not None or answers.values is None:
        return few or NotEstimable("undefined", "scores of one class only", _of_either(row))
    return RankingChange(answers, procedure, CHANGE) if change else Ranking(answers, procedure, RATE)
