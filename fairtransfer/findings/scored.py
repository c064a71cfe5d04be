"""From what is known of scores in a group to an estimate with its limits, or to the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from fairtransfer.findings.rows import CI_LEVEL, TWO_SIDED
from fairtransfer.findings.samples import suffix
from fairtransfer.findings.scores import Answers, Row
from fairtransfer.spec.scores import Question
from fairtransfer.stats.auc import MINIMUM_CLASS, auc_interval
from fairtransfer.stats.calibration import NO_SLOPE, slope_quantile
from fairtransfer.stats.effective import t_correction
from fairtransfer.stats.estimate import Estimate, found, too_small, undefined
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.means import Sums, bounded_mean
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.score_metrics import SCORE_METRICS, ScoreMetric, case_bounds
from fairtransfer.stats.seeds import seed_part, seed_share, widen
from fairtransfer.stats.skewed import skewed_mean

METHODS = {"mean": "student with one case at each bound", "ranking": "wilson at delong's size", "slope": "hc3 sandwich"}
SKEWED = "union of student and hall"
REPORT_ONLY = "none: to be looked at, not compared"
NO_CHANGE = "no interval of this change is known to keep its promise in small groups: compare before and after"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is answered.

    Attributes
    ----------
    change
        It is about the change of a mean.
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
    def metric(self) -> ScoreMetric:
        """The metric's entry in the table."""
        return SCORE_METRICS[self.question[0]]


def score_fields(answers: Answers | None, asked: Asked) -> dict[str, Any]:
    """Return the fields of a finding."""
    if asked.change and asked.metric.kind != "mean":
        return {"status": "not_measured", "status_reason": NO_CHANGE}
    if answers is None:
        return {"status": "not_measured", "status_reason": "no scores of this model were given"}
    counts: dict[str, Any] = {"n": answers.first["n"]}
    if answers.first["positives"] is not None:
        counts["details"] = {"positives": answers.first["positives"]}
    if answers.first["n"] < asked.minimum:
        reason = f"{answers.first['n']:g} cases, fewer than {asked.minimum}"
        return counts | {"status": "too_small", "status_reason": reason}
    estimate = _ESTIMATES[asked.metric.kind](answers, asked)
    if estimate.status != "ok":
        return counts | {"status": estimate.status, "status_reason": estimate.reason}
    assert estimate.value is not None, "an estimate that is ok has a value"
    return counts | _interval(answers, asked, estimate)


def _interval(answers: Answers, asked: Asked, estimate: Estimate) -> dict[str, Any]:
    """Return estimate and limits, with the seeds' part where the claim is about the procedure."""
    value, values = float(estimate.value or 0.0), answers.values or ()
    seeded = asked.procedure and len(values) > 1
    fields: dict[str, Any] = {"estimate": value}
    part = seed_part(values, TWO_SIDED)
    fields["seed_sd"] = part.sd if seeded else None
    if estimate.low is None or estimate.high is None:
        return fields | {"ci_method": REPORT_ONLY}
    low, high = estimate.low, estimate.high
    if seeded:
        low, high = widen(value, Interval(low, high), part.half)  # type: ignore[arg-type]  # numbers are arrays of none
        fields["seed_share"] = seed_share(value, (low, high), part.half)
    least, most = case_bounds(asked.metric, asked.question[1], change=asked.change)
    name = METHODS[asked.metric.kind] if asked.metric.kind != "mean" or asked.metric.bounded else SKEWED
    told = name + suffix(len(values), clustered=_clustered(answers.first), procedure=asked.procedure)
    fields["minimum_detectable"] = detectable_by_width((high - low) / 2, TWO_SIDED)
    return fields | {"ci": (max(low, least), min(high, most)), "ci_level": CI_LEVEL, "ci_method": told}


def _clustered(row: Row) -> bool:
    return bool(row["units"] < row["n"])


def _mean(answers: Answers, asked: Asked) -> Estimate:
    """Return the mean of the cases' values, each averaged over seeds first."""
    row = answers.averaged or answers.first
    sums = Sums(row["n"], row["value"] * row["n"], *(row[name] for name in ("xx", "units", "mm", "xm", "unit_xx")))
    bounds = case_bounds(asked.metric, asked.question[1], change=asked.change)
    if asked.metric.bounded:
        return bounded_mean(sums, TWO_SIDED, bounds)
    return skewed_mean(sums, row["cubes"], TWO_SIDED, bounds)


def _few(row: Row, what: str) -> Estimate | None:
    """Return why there are too few of either class; None when there are enough."""
    inside, outside = row["positives"], row["n"] - row["positives"]
    if inside == 0 or outside == 0:
        return undefined(f"0 cases {'of' if inside == 0 else 'outside'} the class")
    if min(inside, outside, row["units_positive"], row["units_negative"]) < MINIMUM_CLASS:
        units = " units" if _clustered(row) else ""
        return too_small(
            f"{inside:g} cases of the class and {outside:g} not; {what} needs {MINIMUM_CLASS}{units} of each"
        )
    return None


def _ranking(answers: Answers, _: Asked) -> Estimate:
    """Return the AUC; over seeds the variances are averaged, which is at least the variance of the mean."""
    row, values = answers.first, answers.values
    if (few := _few(row, "an AUC")) is not None or values is None:
        return few or undefined("scores of one class only")
    variance = fmean(r["variance"] for r in answers.by_seed)
    worth = t_correction(row["units"], TWO_SIDED) if _clustered(row) else 1.0
    sizes, z = (row["units_positive"], row["units_negative"]), normal_quantile(TWO_SIDED)
    limits = auc_interval(fmean(values), *sizes, variance, z, worth=worth)
    return found(fmean(values), float(limits.low), float(limits.high))


def _slope(answers: Answers, _: Asked) -> Estimate:
    row, values = answers.first, answers.values
    if (few := _few(row, "a slope")) is not None or values is None:
        return few or undefined(NO_SLOPE)
    error = math.sqrt(fmean(r["variance"] for r in answers.by_seed))
    half = slope_quantile(TWO_SIDED, row["units"] if _clustered(row) else None) * error
    return found(fmean(values), fmean(values) - half, fmean(values) + half)


def _error(answers: Answers, _: Asked) -> Estimate:
    if answers.values is None:
        return undefined("no two cases have scores that are alike")
    return Estimate("ok", fmean(answers.values))


_ESTIMATES: dict[Literal["mean", "ranking", "slope", "error"], Callable[[Answers, Asked], Estimate]] = {
    "mean": _mean,
    "ranking": _ranking,
    "slope": _slope,
    "error": _error,
}
