"""Which changes deserve a second look, among all groups and models at once: exploratory, and in no verdict.

One family: the changes of one metric from before to after, in every group and intersection of every benchmark, for every adapted
model at the candidate's label budget. Everyone together is not in it: that is the sum of the groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from fairtransfer.findings.details import ChangeDetails, Screening
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.study import Study
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.holm import p_value_of_bound
from fairtransfer.stats.screening import LABEL, benjamini_hochberg

FAMILY = "changes of one metric, every group and intersection, every adapted model at the candidate's label budget"
MIDP = "mcnemar mid-p"
IMPLIED = "implied by the interval"
"""Where seeds, units or weights count, mid-p does not hold: the p-value at which the row's own interval begins to exclude 0."""

_NEARLY_HALF = 0.49
"""One-sided; two-sided p-values above twice this are 1."""


class Screened(NamedTuple):
    """Findings, and what was screened; None where there is nothing to screen.

    Attributes
    ----------
    rows
        Those of the family have a p-value in their details.
    """

    rows: tuple[Finding, ...]
    about: dict[str, Any] | None


def screened(query: EvidenceQuery, findings: Sequence[Finding], budget: str | None) -> Screened:
    """Return the findings with adjusted p-values of the family; `budget` is the candidate's, None where there is no candidate."""
    metric = screened_metric(query.study)
    if metric is None or budget is None:
        return Screened(tuple(findings), None)
    made = dict(_p_values(query, findings, metric, budget))
    adjusted = benjamini_hochberg([p for p, _ in made.values()]).tolist()
    told = {
        place: Screening(LABEL, p, method, q) for (place, (p, method)), q in zip(made.items(), adjusted, strict=True)
    }
    rows = tuple(with_screening(row, told[place]) if place in told else row for place, row in enumerate(findings))
    about = {"label": LABEL, "family": FAMILY, "metric": metric[0], "class": metric[1], "label_budget": budget or None}
    return Screened(rows, {**about, "comparisons": len(told), "adjusted_by": "benjamini-hochberg"} if told else None)


def screened_metric(study: Study) -> tuple[str, str | None] | None:
    """Return the first metric asked for that counts cases and has a paired change, and its class; None without one."""
    for asked in study.counted:
        metric = metric_named(asked.name)
        named = metric.about == "all" or (metric.one_class and study.positive_class)
        if metric.changes_pair and named:
            return asked.name, study.positive_class if metric.of_class else None
    return None


def with_screening(row: Finding, screening: Screening) -> Finding:
    """Return the row of a change with its p-value."""
    assert isinstance(row.details, ChangeDetails), "the family's rows are paired changes"
    return replace(row, details=replace(row.details, screening=screening))


def screened_again(rows: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return rows screened among themselves: what is hidden must not show through what is shown."""
    found = list(rows)
    kept = {place: made for place, row in enumerate(found) if (made := screening_of(row)) is not None}
    adjusted = benjamini_hochberg([made.p for made in kept.values()]).tolist()
    for (place, made), q in zip(kept.items(), adjusted, strict=True):
        found[place] = with_screening(found[place], replace(made, adjusted=q))
    return tuple(found)


def screening_of(row: Finding) -> Screening | None:
    """Return the p-value of a row; None where it was not screened."""
    details = row.detail(ChangeDetails)
    return None if details is None else details.screening


def _p_values(
    query: EvidenceQuery, findings: Sequence[Finding], metric: tuple[str, str | None], budget: str
) -> Iterator[tuple[int, tuple[float, str]]]:
    """Yield place, p-value and method of every finding of the family."""
    places = {_about(row): i for i, row in enumerate(findings) if _is_member(row, metric)}
    for benchmark in query.study.benchmarks:
        for pairing in query.pairings(benchmark.id, "change"):
            views = benchmark.views if pairing.budget == budget else ()
            for group in (group for view in views for group in query.groups(pairing, view)):
                place = places.get((benchmark.key, pairing.strategy, budget or None, frozenset(group.items())))
                if place is not None:
                    yield place, _p_value(findings[place].detail(ChangeDetails), query.change(pairing, group, *metric))


def _is_member(row: Finding, metric: tuple[str, str | None]) -> bool:
    inside = row.level in ("group", "intersection") and row.status == "ok"
    return inside and (row.stage, row.metric, row.class_) == ("change", *metric)


def _about(row: Finding) -> tuple[Any, ...]:
    return row.benchmark, row.strategy, row.label_budget, frozenset(row.group.items())


def _p_value(details: ChangeDetails | None, change: Estimate | NotEstimable) -> tuple[float, str]:
    assert not isinstance(change, NotEstimable), "rows of the family have an estimate"
    exact = None if details is None else details.mcnemar_midp
    return (two_sided(change), IMPLIED) if exact is None else (exact, MIDP)


def two_sided(change: Estimate) -> float:
    """Return the two-sided p-value of "no change" that the interval implies; 1 where even the middle of it holds 0."""
    sign = 1 if change.estimate > 0 else -1

    def lower(alpha: float) -> float:
        low, high = change.limits(1 - alpha)
        return low if sign > 0 else -high

    one_sided = p_value_of_bound(lower, 0.0, _NEARLY_HALF)
    return min(1.0, 2 * one_sided) if change.estimate != 0 else 1.0
