"""One finding is one row: what was asked of whom, the counts, the estimate with its interval, or why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, TypeVar

from fairtransfer.display import Display, Displayed, Grid
from fairtransfer.evidence.json_record import LEFT_OUT, Key, ReadBy, Record
from fairtransfer.findings.details import Details, read_details, unit_of
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import CI_LEVEL, ONE_SIDED, NotEstimable
from fairtransfer.findings.words import wording
from fairtransfer.formats import STATUS_WORDS, count, group_name

Kind = TypeVar("Kind")

Stage = Literal["before", "after", "change", "scratch", "gain", "difference", "difference_of_changes"]
"""The last two compare a group with others: its rate after adaptation, and how its rate changed."""

Status = Literal["ok", "suppressed", "too_small", "undefined", "not_measured"]
Scope = Literal["overall", "group", "intersection", "gap"]

Against = dict[str, str] | Literal["rest"] | None

SUPPRESSED: Status = "suppressed"
"""Of rows in documents only: what was measured is hidden."""


@dataclass(frozen=True, slots=True, repr=False)
class Finding(Record, Displayed):
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
        Unrounded; null unless `status` is ``ok``. Of rows that are ``too_small`` there is an estimate, and no interval, where
        the policy says ``show_small``.
    ci_together
        For a change or gain of a group: limits that hold for all groups of its view at once (each at 1 - 0.05 divided by how
        many have some). What leaves out 0 is clear; what only `ci` leaves out is so on its own.
    seed_sd, seed_share
        Spread over seeds, and the seeds' share of the squared half-width of the interval.
    minimum_detectable
        The smallest difference this many people would have shown with 80 % power (one comparison): of a group's rate to
        everyone else's, of everyone's rate to a known one, of a change to none. What seeds add is in it.
    details
        What only some kinds of rows have (`fairtransfer.findings.details`); None where there is nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [1, 0] * 40, "new": [1, 0, 0, 0] * 20, "region": ["north", "north", "south", "south"] * 20})
    >>> ft.measure(answers, label="y", after="new", groups="region").findings.one(stage="after", group="region=south")
    <Finding error_rate after new, region=south: 50.0% (33.8 to 66.2), n 40>
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
    ci_together: Annotated[tuple[float, float] | None, LEFT_OUT] = None
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

    def __repr__(self) -> str:
        return f"<Finding {self.about}: {self.result}>"

    @property
    def about(self) -> str:
        """What it is about, in a line: ``error_rate after, region=south``."""
        metric = self.metric if self.class_ is None else f"{self.metric}[{self.class_}]"
        model = (
            f" {self.strategy}" + (f" on {self.label_budget} labels" if self.label_budget else "")
            if self.strategy
            else ""
        )
        other = "everyone else" if self.against == "rest" else group_name(self.against) if self.against else ""
        whom = f"groups by {' and '.join(self.group)}" if self.level == "gap" else group_name(self.group)
        return f"{metric} {self.stage}{model}, {whom}" + (f" against {other}" if other else "")

    @property
    def result(self) -> str:
        """What came out, in a line: the estimate with its interval and how many cases it rests on, or why there is none."""
        if self.estimate is None:
            reason = f" ({self.status_reason})" if self.status_reason else ""
            return STATUS_WORDS.get(self.status, self.status) + reason
        words = wording(self.metric, self.measured_in)
        level = self.stage in ("before", "after", "scratch") and self.level != "gap"
        value, ends = (words.value, words.interval) if level else (words.change, words.change_interval)
        unit = f" {words.unit}" if words.unit and (not level or words.scale == 1) else ""
        cases = f", n {count(self.n)}" if self.n is not None else ""
        return value(self.estimate) + unit + (f" ({ends(self.ci)})" if self.ci else "") + cases

    def display(self) -> Display:
        """Return what it is about, and its fields that hold something."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        held = tuple((name, str(value)) for name, value in named if value not in (None, {}, ()) and name != "details")
        return Display(f"{self.about}: {self.result}", grids=(Grid("", ("Field", "Value"), held, words=2),))

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
