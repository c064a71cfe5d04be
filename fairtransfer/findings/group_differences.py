"""Rows that compare a group with everyone else or with another: how their rates differ, and how differently they changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import ComparisonDetails
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.group_estimates import Pairing
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.rows import Finding, interval_fields
from fairtransfer.formats import noun
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import GateSpec


@dataclass(frozen=True, slots=True)
class Compared:
    """A question that compares groups.

    Attributes
    ----------
    of
        The class of the metric.
    contrast
        ``rest``, ``all_pairs`` or ``reference:<group>``.
    """

    stage: Literal["difference", "difference_of_changes"]
    metric: str
    of: str | None
    view: View
    contrast: str


def asked_by(query: EvidenceQuery, gate: GateSpec, benchmark: str) -> Iterator[Compared]:
    """Yield the comparisons that a gate wants shown."""
    options = gate.options
    if options.judges(benchmark, query.study.benchmark(benchmark).attributes):
        of = query.meant(options.metric, options.class_)
        for metric in options.judged:
            for stage, contrast in options.shown_rows:
                yield Compared(stage, metric, of, options.by, contrast)


def compared_fields(query: EvidenceQuery, pairing: Pairing, blank: Finding) -> dict[str, Any]:
    """Return the fields of a row from its group, metric and whom it is compared with.

    `n` and the counts of pairs are the group's own; those of the other side stand in `details`: from both any reader can
    compute the interval again.
    """
    other = blank.against if isinstance(blank.against, dict) else None
    ask = query.judged_difference if blank.stage == "difference" else query.judged_change_difference
    found = ask(pairing, blank.group, other, blank.metric, blank.class_)
    if isinstance(found, NotEstimable):
        return {"n": found.n, "status": found.status, "status_reason": found.reason}
    worse = metric_named(blank.metric).higher_is_worse
    one, two, minimum = found.first, found.second, query.study.policy.min_group
    counts, other_counts = (side.counts(higher_is_worse=worse) for side in (one, two))
    beside = {f"other_{name}": value for name, value in other_counts.items()}
    details = ComparisonDetails(**beside, measured_in=query.measured_in(blank.metric) or None)
    if found.smallest < minimum:
        reason = f"{found.smallest:g} {noun(found.smallest, 'case')}, fewer than {minimum}"
        return {**counts, "details": details, "status": "too_small", "status_reason": reason}
    details = replace(details, own=one.estimate, other=two.estimate)
    return {**counts, **interval_fields(found), "details": details}
