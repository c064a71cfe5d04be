"""One finding is one row: what was asked of whom, the counts, the estimate with its interval, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fairtransfer.evidence.json_record import Key, ReadBy, Record
from fairtransfer.findings.details import Details, read_details, unit_of
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import CI_LEVEL, ONE_SIDED, NotEstimable

Kind = TypeVar("Kind")

Stage = Literal["before", "after", "change", "scratch", "gain", "difference", "difference_of_changes"]
"""The last two compare a group with others: its rate after adaptation, and how its rate changed."""

Status = Literal["ok", "suppressed", "too_small", "undefined", "not_measured"]
Scope = Literal["overall", "group", "intersection", "gap"]

Against = dict[str, str] | Literal["rest"] | None

SUPPRESSED: Status = "suppressed"
"""Of rows in documents only: what was measured is hidden."""


@dataclass(frozen=True, slots=True)
class Finding(Record):
    """One row of results.

    Attributes
    ----------
    benchmark
        ``id@version``.
    strategy, label_budget
        Null for the model as published.
    seeds
        The seeds the row is about.
    metric, class_
        The metric and, for a metric of one class, the class.
    group, level
        ``{}`` is everyone.
    against
        What a group is compared with: another group, or ``"rest"``, everyone outside it. Null where a row compares no
        groups.
    n, k
        The metric's own denominator and numerator, averaged over seeds; `k_by_seed` are the counts themselves.
    n_before_errors, n_after_errors, n_new_errors, n_fixed_errors
        For a change (and, with the model trained from scratch in the place of "before", for a gain): numerators of both
        models and pairs that differ, in the direction of harm, averaged over seeds. From them any reader can recompute
        the interval.
    estimate, ci
        Unrounded; null unless `status` is ``ok``.
    seed_sd, seed_share
        Spread over seeds, and the seeds' share of the squared half-width of the interval.
    minimum_detectable
        The smallest difference this many people would have shown with 80 % power (one comparison): of a group's rate to
        everyone else's, of everyone's rate to a known one, of a change to none. What seeds add is in it.
    details
        What only some kinds of rows have (`fairtransfer.findings.details`); None where there is nothing.
    """

    audit_id: str
    run_id: str
    benchmark: str
    stage: Stage
    strategy: str | None
    label_budget: str | None
    seeds: tuple[int, ...]
    metric: str
    class_: Annotated[str | None, Key("class")]
    harm_direction: str
    group: dict[str, str]
    level: Scope
    n: float | None = None
    k: float | None = None
    k_by_seed: tuple[float, ...] | None = None
    n_before_errors: float | None = None
    n_after_errors: float | None = None
    n_new_errors: float | None = None
    n_fixed_errors: float | None = None
    estimate: float | None = None
    ci: tuple[float, float] | None = None
    ci_level: float | None = None
    ci_method: str | None = None
    seed_sd: float | None = None
    seed_share: float | None = None
    minimum_detectable: float | None = None
    status: Status = "ok"
    status_reason: str | None = None
    details: Annotated[Details | None, ReadBy(read_details)] = None
    against: Against = None

    def detail(self, kind: type[Kind]) -> Kind | None:
        """Return the row's details if they are of this kind."""
        return self.details if isinstance(self.details, kind) else None

    @property
    def measured_in(self) -> str:
        """The unit of a label that is a number, where the row tells it; else nothing."""
        return unit_of(self.details)

    def hidden(self, reason: str) -> Finding:
        """Return a row that tells what it is about, and nothing that was measured.

        It is made anew from what it may tell: a field that is added to rows is hidden unless it is named here.
        """
        return Finding(
            audit_id=self.audit_id,
            run_id=self.run_id,
            benchmark=self.benchmark,
            stage=self.stage,
            strategy=self.strategy,
            label_budget=self.label_budget,
            seeds=self.seeds,
            metric=self.metric,
            class_=self.class_,
            harm_direction=self.harm_direction,
            group=self.group,
            level=self.level,
            against=self.against,
            status=SUPPRESSED,
            status_reason=reason,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as findings.json keeps it: whole numbers without a decimal point."""
        found = Record.to_json(self)
        return {name: value if name == "details" else _whole(value) for name, value in found.items()}


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def interval_fields(estimate: Estimate, others: float = math.inf) -> dict[str, Any]:
    """Return the fields of a row that come from an estimate; `others` are whom a rate is compared with."""
    told = estimate.reported(others)
    if isinstance(told, NotEstimable):
        return {"status": told.status, "status_reason": told.reason}
    several = estimate.of_procedure and estimate.seeds_count > 1
    return {
        "estimate": estimate.estimate,
        "ci": told.ci,
        "ci_level": None if told.ci is None else CI_LEVEL,
        "ci_method": told.method,
        "seed_sd": estimate.seed_part(ONE_SIDED).sd if several else None,
        "seed_share": told.seed_share,
        "minimum_detectable": told.detectable,
    }
