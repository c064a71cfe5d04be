"""The three-way rule with asymmetric multiplicity.

PASS is a claim about all groups at once: every one-sided upper bound below its margin, each at the full alpha
(intersection-union test, Berger 1982). FAIL is a claim about some group: a lower bound above the margin after Holm's
correction over every contrast of the audit. Anything between is INCONCLUSIVE, with what would settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.formats import group_label, listing, plural
from fairtransfer.gates.contrast import MINIMUM_UNITS, Contrast
from fairtransfer.gates.gate import Gate, gate_of
from fairtransfer.gates.results import ContrastResult, GateResult, Needed, Outcome
from fairtransfer.gates.sample_size import leans_to_pass, to_settle
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.group_pairs import is_named
from fairtransfer.stats.holm import holm
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM


@dataclass(frozen=True, slots=True)
class JudgedContrast:
    """A contrast with its p-value after Holm's correction."""

    contrast: Contrast
    adjusted: float
    alpha: float
    family: int
    several: bool = False
    """The audit judges on several benchmarks."""

    @property
    def failed(self) -> bool:
        """Whether the harm exceeds the margin, corrected for every contrast of the audit."""
        return not self.contrast.blocked and self.adjusted <= self.alpha

    @property
    def passed(self) -> bool:
        """Whether the harm stays below the margin."""
        return self.inside and not self.contrast.barred

    @property
    def inside(self) -> bool:
        """Whether the upper bound stays below the margin, whatever it rests on."""
        return not self.contrast.blocked and self.contrast.upper(self.alpha) < self.contrast.margin

    def result(self, gate: Gate) -> ContrastResult:
        """Return what verdict.json keeps of the contrast; `gate` is the one that makes it."""
        contrast = self.contrast
        known = not contrast.blocked
        return ContrastResult(
            benchmark=contrast.benchmark,
            group=contrast.group,
            against=contrast.against,
            against_group=contrast.other,
            n=contrast.smallest,
            harm=contrast.harm,
            upper=contrast.upper(self.alpha) if known else None,
            lower=contrast.lower(self.alpha) if known else None,
            margin=contrast.margin,
            p_adjusted=self.adjusted if known else None,
            blocked=contrast.blocked,
            outcome="fail" if self.failed else "pass" if self.passed else "inconclusive",
            recorded=gate.recorded(contrast, self.alpha) if known else {},
        )


def judge_contrasts(contrasts: Sequence[Contrast], alpha: float) -> list[JudgedContrast]:
    """Return every contrast of an audit with its adjusted p-value."""
    adjusted = holm([contrast.p_value(alpha) for contrast in contrasts])
    several = len({contrast.benchmark for contrast in contrasts}) > 1
    family = len(contrasts)
    return [
        JudgedContrast(contrast, p, alpha, family, several) for contrast, p in zip(contrasts, adjusted, strict=True)
    ]


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
    outcome, settling = outcome_of(gate, judged), _settling(open_)
    if outcome == "not_applicable":
        why = "there is no group to judge" if judged else gate.nobody
        return _result(spec, outcome, why, (), [], (), judged, monitored)
    if outcome == "fail":
        worst = sorted(failed, key=lambda j: (j.adjusted, -(j.contrast.harm or 0)))
        return _result(spec, outcome, _fail_reason(gate, worst), ("over_margin",), worst, settling, judged, monitored)
    if outcome == "inconclusive":
        coded = [(j, _codes(j, entry)) for j, entry in zip(open_, settling, strict=True)]
        codes = tuple(dict.fromkeys(code for _, own in coded for code in own))
        return _result(spec, outcome, _open_reason(gate, coded, len(active)), codes, open_, settling, judged, monitored)
    closest = min(active, key=lambda j: gate.slack(j.contrast, j.alpha))
    return _result(spec, "pass", _pass_reason(gate, closest, len(active)), (), [closest], (), judged, monitored)


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


def _settling(open_: Sequence[JudgedContrast]) -> tuple[Needed, ...]:
    """Return what would settle each open comparison; those that lean to a pass have to pass together."""
    together = sum(leans_to_pass(j.contrast) for j in open_)
    return tuple(to_settle(j.contrast, j.alpha, j.family, max(together, 1)) for j in open_)


def _smallest_margin(gate: Gate, active: Sequence[JudgedContrast]) -> float | None:
    if not active or any(j.contrast.blocked or j.contrast.barred for j in active):
        return None
    return gate.smallest_margin([j.contrast for j in active], active[0].alpha)


def _codes(judged: JudgedContrast, settling: Needed) -> tuple[str, ...]:
    contrast = judged.contrast
    if contrast.blocked:
        return contrast.blocked
    if judged.inside:
        return contrast.barred
    assert not isinstance(contrast.sample, NotEstimable), "a contrast that is not blocked has a sample"
    if settling.lies_on_limit:
        return ("on_limit",)
    return ("seed_limited",) if contrast.sample.seed_share(1 - judged.alpha) > 0.5 else ("wide_ci",)


def _who(judged: JudgedContrast) -> str:
    """Return the group, and the benchmark where the audit has several."""
    of = f" of {judged.contrast.benchmark}" if judged.several else ""
    return group_label(judged.contrast.group) + of


def _described(gate: Gate, judged: JudgedContrast, *, failed: bool) -> str:
    return f"{_who(judged)} {gate.described(judged.contrast, judged.alpha, failed=failed)}"


def _fail_reason(gate: Gate, failed: Sequence[JudgedContrast]) -> str:
    """Return the surest failure, how many more there are, and the largest one where it is another."""
    first, worst = failed[0], max(failed, key=lambda j: j.contrast.harm or 0.0)
    more = f", and {plural(len(failed) - 1, 'more group')}" if len(failed) > 1 else ""
    if worst is not first:
        more += f", of which the farthest off is {_described(gate, worst, failed=True)}"
    limit = gate.stated(first.contrast.measured_in)
    return f"{gate.beyond} the limit of {limit}: {_described(gate, first, failed=True)}{more}"


def _pass_reason(gate: Gate, closest: JudgedContrast, count: int) -> str:
    groups = f"all {count} comparisons" if count > 1 else "the one comparison"
    nearest = _described(gate, closest, failed=False)
    return f"{groups} inside the limit of {gate.stated(closest.contrast.measured_in)}; closest is {nearest}"


_WORDS = {
    "undefined_metric": "the metric cannot be computed",
    "no_spread": "every case has the same error, or changed alike, which leaves the spread unknown",
    "below_min_n": "fewer cases than the policy's minimum",
    "few_for_a_mean": f"fewer than {MINIMUM_UNBOUNDED} cases, or units, too few to know how errors spread",
    "few_clusters": f"fewer than {MINIMUM_UNITS} units",
    "few_seeds": f"fewer than {PROCEDURE_MINIMUM} seeds",
    "few_events": "fewer than 5 cases put into the class",
    "outside_answers": "answers that are none of the classes count as errors, and could have made it pass; map or name them",
    "wide_ci": "the interval holds the limit; more cases would narrow it",
    "on_limit": "the measured value lies too close to the limit, so that no realistic number of cases would settle it",
    "seed_limited": "the interval holds the limit; more seeds would narrow it, more cases would not",
}


def _open_reason(gate: Gate, open_: Sequence[tuple[JudgedContrast, tuple[str, ...]]], count: int) -> str:
    by_code: dict[str, list[str]] = {}
    for judged, codes in open_:
        for code in codes:
            pair = f" against {judged.contrast.against}" if judged.contrast.other else ""
            named = by_code.setdefault(code, [])
            named.extend({_who(judged) + pair} - set(named))  # a limit on both sides names a group twice
    parts = [
        f"{_WORDS[code]} ({listing(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''})"
        for code, names in by_code.items()
    ]
    limit = gate.stated(open_[0][0].contrast.measured_in)
    return f"{len(open_)} of {count} comparisons cannot be settled against the limit of {limit}: {'; '.join(parts)}"
