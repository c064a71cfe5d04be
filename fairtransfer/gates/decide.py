"""The three-way rule with asymmetric multiplicity.

PASS is a claim about all groups at once: every one-sided upper bound below its margin, each at the full alpha
(intersection-union test, Berger 1982). FAIL is a claim about some group: a lower bound above the margin after Holm's
correction within the gate; the gates of an audit share one error rate of failures, in their order. Anything between is
INCONCLUSIVE, with what would settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.formats import plural
from fairtransfer.gates import reasons
from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.gate import Gate, gate_of
from fairtransfer.gates.judged import JudgedContrast
from fairtransfer.gates.outside_answers import CODE as OUTSIDE
from fairtransfer.gates.results import GateResult, Needed, Outcome
from fairtransfer.gates.sample_size import leans_to_pass, to_settle
from fairtransfer.outcomes.classes import cases_counted
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.group_pairs import is_named


def outcome_of(gate: Gate, judged: Sequence[JudgedContrast]) -> Outcome:
    """Return the outcome of one gate, without the reasons."""
    active = [j for j in judged if not _is_monitored(gate, j.contrast)]
    if not active:
        return "not_applicable"
    if any(j.failed for j in active):
        return "fail"
    return "pass" if all(j.passed for j in active) else "inconclusive"


def decide(spec: GateSpec, judged: Sequence[JudgedContrast]) -> GateResult:
    """Return the outcome of one gate, why, and what would settle what is open."""
    gate = gate_of(spec)
    monitored = tuple(j.contrast.group for j in judged if _is_monitored(gate, j.contrast))
    active = [j for j in judged if not _is_monitored(gate, j.contrast)]
    failed = [j for j in active if j.failed]
    open_ = [j for j in active if not j.passed and not j.failed]
    outcome, settling = outcome_of(gate, judged), _settling(gate, open_)
    if outcome == "not_applicable":
        why = "there is no group to judge" if judged else gate.nobody
        return _result(spec, outcome, why, (), [], (), judged, monitored)
    if outcome == "fail":
        worst = sorted(failed, key=lambda j: (j.adjusted, -(j.contrast.harm or 0)))
        return _result(spec, outcome, reasons.failed(gate, worst), ("over_margin",), worst, settling, judged, monitored)
    if outcome == "inconclusive":
        coded = [(j, reasons.open_codes(j, entry)) for j, entry in zip(open_, settling, strict=True)]
        codes = tuple(dict.fromkeys(code for _, own in coded for code in own))
        return _result(
            spec, outcome, reasons.left_open(gate, coded, len(active)), codes, open_, settling, judged, monitored
        )
    closest = min(active, key=lambda j: gate.slack(j.contrast, j.alphas.passing))
    return _result(spec, "pass", reasons.passed(gate, closest, len(active)), (), [closest], (), judged, monitored)


def _is_monitored(gate: Gate, contrast: Contrast) -> bool:
    return any(is_named(contrast.group, name) for name in gate.monitored)


def _result(
    spec: GateSpec,
    outcome: Outcome,
    reason: str,
    codes: tuple[str, ...],
    decided_by: Sequence[JudgedContrast],
    settling: tuple[Needed, ...],
    judged: Sequence[JudgedContrast],
    monitored: tuple[dict[str, str], ...],
) -> GateResult:
    gate, active = gate_of(spec), [j for j in judged if j.contrast.group not in monitored]
    tail = f"; {plural(len(monitored), 'group')} monitored, not judged" if monitored else ""
    rows = tuple(j.result(gate) for j in judged)
    deciding = tuple(j.result(gate) for j in decided_by)
    return GateResult(
        gate.id,
        gate.kind,
        outcome,
        reason + tail,
        codes,
        deciding,
        settling,
        _smallest_margin(gate, active),
        rows,
        gate.limit,
        spec.line,
        monitored,
        next((j.contrast.measured_in for j in judged), None),
        gate.summary,
    )


def _settling(gate: Gate, open_: Sequence[JudgedContrast]) -> tuple[Needed, ...]:
    """Return what would settle each open comparison; those that lean to a pass have to pass together."""
    together = sum(leans_to_pass(j.contrast) for j in open_)
    found = [to_settle(j.contrast, j.alphas.passing, j.first_level, max(together, 1)) for j in open_]
    return tuple(_said(gate, j.contrast, entry) for entry, j in zip(found, open_, strict=True))


def _said(gate: Gate, contrast: Contrast, entry: Needed) -> Needed:
    """Return what settles a comparison with what its cases are, or that it takes no cases but the meaning of answers."""
    if OUTSIDE in contrast.barred and not contrast.blocked:
        return replace(entry, people=None, seeds=None, units=None, answers=True)
    return replace(entry, counted=_counted(gate, contrast))


def _counted(gate: Gate, contrast: Contrast) -> str | None:
    """Return which cases of a group count, where not all do."""
    sample = contrast.sample
    own = "" if isinstance(sample, NotEstimable) else sample.own.cases_of
    return own or cases_counted(metric_named(contrast.metric or gate.metric).adds) or None


def _smallest_margin(gate: Gate, active: Sequence[JudgedContrast]) -> float | None:
    if not active or any(j.contrast.blocked or j.contrast.barred for j in active):
        return None
    return gate.smallest_margin([j.contrast for j in active], active[0].alphas.passing)
