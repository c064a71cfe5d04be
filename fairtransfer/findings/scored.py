"""From what is known of scores in a group to an estimate with its limits, or to the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from fairtransfer.findings.details import ScoreDetails
from fairtransfer.findings.estimates.means import few_of_a_class, score_estimate, shares_units
from fairtransfer.findings.estimates.values import CI_LEVEL, ONE_SIDED, NotEstimable, suffix
from fairtransfer.findings.rows import interval_fields
from fairtransfer.findings.scores import Answers
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.scores import Question
from fairtransfer.stats.calibration import NO_SLOPE, slope_quantile
from fairtransfer.stats.estimate import IntervalEstimate, found, too_small, undefined
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.means import Sums
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.seeds import seed_part, seed_share, widen
from fairtransfer.stats.skewed import skewed_mean

SKEWED = "union of student and hall"
SLOPE = "hc3 sandwich"
REPORT_ONLY = "none: to be looked at, not compared"
NO_CHANGE = "no interval of this change is known to keep its promise in small groups: compare before and after"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is answered.

    Attributes
    ----------
    change
        It is about a change.
    procedure
        Claims are about the recipe, over seeds.
    minimum
        Fewer cases than this are not judged.
    """

    question: Question
    change: bool
    procedure: bool
    minimum: int

    @property
    def metric(self) -> Metric:
        """The metric's entry in the table."""
        return metric_named(self.question[0])


def score_fields(answers: Answers | None, asked: Asked) -> dict[str, Any]:
    """Return the fields of a finding."""
    if asked.change and asked.metric.estimator in ("slope", "binned"):
        return {"status": "not_measured", "status_reason": NO_CHANGE}
    if answers is None:
        return {"status": "not_measured", "status_reason": _unknown(asked)}
    counts: dict[str, Any] = {"n": answers.first["n"]}
    if answers.first["positives"] is not None:
        counts["details"] = ScoreDetails(answers.first["positives"])
    if answers.first["n"] < asked.minimum:
        reason = f"{answers.first['n']:g} cases, fewer than {asked.minimum}"
        return counts | {"status": "too_small", "status_reason": reason}
    return counts | (_in_closed_form if asked.metric.judged else _reported)(answers, asked)


def _unknown(asked: Asked) -> str:
    if asked.change and asked.metric.estimator == "ranking":
        return "scores of both models for the same cases were not counted"
    return "no scores of this model were given"


def _in_closed_form(answers: Answers, asked: Asked) -> dict[str, Any]:
    """Return the estimate and limits of what gates may judge, from the sample that they judge."""
    estimate = score_estimate(asked.question, answers, change=asked.change, procedure=asked.procedure)
    if isinstance(estimate, NotEstimable):
        return {"status": estimate.status, "status_reason": estimate.reason}
    return interval_fields(estimate) | {"minimum_detectable": estimate.detectable()}


def _reported(answers: Answers, asked: Asked) -> dict[str, Any]:
    """Return the estimate of what is reported only, with limits where it has any."""
    kinds = {"skewed_mean": _skewed, "slope": _slope, "binned": _error}
    estimate = kinds[asked.metric.estimator](answers, asked)
    if estimate.status != "ok":
        return {"status": estimate.status, "status_reason": estimate.reason}
    return _interval(answers, asked, estimate)


def _interval(answers: Answers, asked: Asked, estimate: IntervalEstimate) -> dict[str, Any]:
    """Return estimate and limits, with the seeds' part where the claim is about the procedure."""
    value, values = float(estimate.value or 0.0), answers.values or ()
    seeded = asked.procedure and len(values) > 1
    fields: dict[str, Any] = {"estimate": value}
    part = seed_part(values, ONE_SIDED)
    fields["seed_sd"] = part.sd if seeded else None
    if estimate.low is None or estimate.high is None:
        return fields | {"ci_method": REPORT_ONLY}
    low, high = estimate.low, estimate.high
    if seeded:
        low, high = widen(value, Interval(low, high), part.half)  # type: ignore[arg-type]  # numbers are arrays of none
        fields["seed_share"] = seed_share(value, (low, high), part.half)
    least, most = asked.metric.case_bounds(asked.question[1], change=asked.change)
    name = SLOPE if asked.metric.estimator == "slope" else SKEWED
    told = name + suffix(len(values), clustered=shares_units(answers.first), procedure=asked.procedure)
    fields["minimum_detectable"] = detectable_by_width((high - low) / 2, ONE_SIDED)
    return fields | {"ci": (max(low, least), min(high, most)), "ci_level": CI_LEVEL, "ci_method": told}


def _skewed(answers: Answers, asked: Asked) -> IntervalEstimate:
    """Return the mean of the cases' values, each averaged over seeds first."""
    row = answers.averaged or answers.first
    sums = Sums(row["n"], row["value"] * row["n"], *(row[name] for name in ("xx", "units", "mm", "xm", "unit_xx")))
    return skewed_mean(sums, row["cubes"], ONE_SIDED, asked.metric.case_bounds(asked.question[1], change=asked.change))


def _slope(answers: Answers, _: Asked) -> IntervalEstimate:
    row, values = answers.first, answers.values
    if (few := few_of_a_class(row, "a slope")) is not None:
        return too_small(few.reason) if few.status == "too_small" else undefined(few.reason)
    if values is None:
        return undefined(NO_SLOPE)
    error = math.sqrt(fmean(r["variance"] for r in answers.by_seed))
    half = slope_quantile(ONE_SIDED, row["units"] if shares_units(row) else None) * error
    return found(fmean(values), fmean(values) - half, fmean(values) + half)


def _error(answers: Answers, _: Asked) -> IntervalEstimate:
    if answers.values is None:
        return undefined("no two cases have scores that are alike")
    return IntervalEstimate("ok", fmean(answers.values))
