"""Rows that compare a group with everyone else or with another: how their rates differ, and how differently they changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import ComparisonDetails
from fairtransfer.findings.estimates.combined import MacroAverage
from fairtransfer.findings.estimates.detectable import detectable_of
from fairtransfer.findings.estimates.number_means import MeanErrorDifference
from fairtransfer.findings.estimates.rates import PairedDifference, Rate
from fairtransfer.findings.query import EvidenceQuery, NotEstimable, Pairing
from fairtransfer.findings.rows import Finding, count_fields, interval_fields
from fairtransfer.spec.gates import BetweenGroups, GateSpec
from fairtransfer.stats.metrics import METRICS


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
    """Yield the comparisons of a gate that compares groups with one of them, or all of them."""
    options = gate.options
    if (
        not isinstance(options, BetweenGroups)
        or options.contrast == "rest"
        or options.benchmark not in (None, benchmark)
    ):
        return
    if set(options.by) <= set(query.study.benchmark(benchmark).attributes):
        of = query.meant(options.metric, options.class_)
        yield Compared("difference", options.metric, of, options.by, options.contrast)
        yield Compared("difference_of_changes", options.metric, of, options.by, options.contrast)


def compared_fields(query: EvidenceQuery, pairing: Pairing, blank: Finding) -> dict[str, Any]:
    """Return the fields of a row from its group, metric and whom it is compared with.

    `n` and the counts of pairs are the group's own; those of the other side stand in `details`: from both any reader can
    compute the interval again.
    """
    other = blank.against if isinstance(blank.against, dict) else None
    ask = query.judged_difference if blank.stage == "difference" else query.judged_change_difference
    sample = ask(pairing, blank.group, other, blank.metric, blank.class_)
    if isinstance(sample, NotEstimable):
        return {"n": sample.n, "status": sample.status, "status_reason": sample.reason}
    if isinstance(sample, MeanErrorDifference):
        return _apart_fields(sample, query.study.measured_in, query.study.policy.min_group)
    minimum, (one, two) = query.study.policy.min_group, (sample.first, sample.second)
    counts = [count_fields(side, higher_is_worse=METRICS[blank.metric].higher_is_worse) for side in (one, two)]
    details = ComparisonDetails(**{f"other_{name}": value for name, value in counts[1].items()})
    smallest = min(_smallest(one), _smallest(two))
    if smallest < minimum:
        reason = f"{smallest:g} cases, fewer than {minimum}"
        return counts[0] | {"details": details, "status": "too_small", "status_reason": reason}
    details = replace(details, own=one.estimate, other=two.estimate)
    return counts[0] | interval_fields(sample) | {"minimum_detectable": detectable_of(sample), "details": details}


def _apart_fields(sample: MeanErrorDifference, measured_in: str, minimum: int) -> dict[str, Any]:
    """Return the fields of a row about mean errors of two groups."""
    one, two = sample.first, sample.second
    details = ComparisonDetails(other_n=two.n, measured_in=measured_in or None)
    if min(one.n, two.n) < minimum:
        reason = f"{min(one.n, two.n):g} cases, fewer than {minimum}"
        return {"n": one.n, "details": details, "status": "too_small", "status_reason": reason}
    details = replace(details, own=one.estimate, other=two.estimate)
    fields = {"n": one.n, "minimum_detectable": detectable_of(sample), "details": details}
    return fields | interval_fields(sample)


def _smallest(side: Rate | PairedDifference | MacroAverage) -> float:
    return min(part.n for part in side.parts) if isinstance(side, MacroAverage) else side.n
