"""The verdict of a run: every gate on the candidate, the same gates on every other adapted model, and what limits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fairtransfer.evidence.run_file import FailedJob
from fairtransfer.findings.candidate import Chosen, candidate
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.findings.study import study_of
from fairtransfer.formats import noun, plural
from fairtransfer.gates.alphas import Alphas
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.gates.decide import decide, outcome_of
from fairtransfer.gates.gate import gate_of
from fairtransfer.gates.judged import JudgedContrast, judge_gates
from fairtransfer.gates.outside_answers import without_help
from fairtransfer.gates.results import Evaluation, GateResult, OtherModel, Outcome, Verdict
from fairtransfer.gates.reuse_budget import apply_reuse_budget, reuse_notes
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.stats.seeds import PROCEDURE_RECOMMENDED

SEVERITY: tuple[Outcome, ...] = ("error", "fail", "inconclusive", "pass", "not_applicable")
"""The verdict is the worst of its gates, in this order."""


def judge(record: RunRecord, query: EvidenceQuery | None = None) -> Verdict:
    """Return the verdict of a run: a pure function of its evidence."""
    found = query or EvidenceQuery(study_of(record))
    chosen = candidate(record)
    if chosen is None or not _exists(found, chosen):
        notes = ("no result of the candidate: every training of it failed", *_notes(record, chosen))
        return replace(_nothing_judged(record.audit.policy), outcome="error", candidate=chosen, notes=notes)
    gates, family = judge_model(found, chosen)
    blocks = _incomplete(record, chosen) or _leaks(record)
    gates = tuple(_hold(gate, blocks) for gate in gates) if blocks else gates
    gates = tuple(apply_reuse_budget(gate, record.reuse) for gate in gates)
    others = tuple(
        _other(found, model)
        for model in _models(found)
        if (model.strategy, model.budget) != (chosen.strategy, chosen.budget)
    )
    exploratory = record.audit.claim == "procedure" and _seeds(record, chosen) < PROCEDURE_RECOMMENDED
    return replace(
        _nothing_judged(record.audit.policy),
        outcome=worst([g.outcome for g in gates]),
        candidate=chosen,
        gates=gates,
        others=others,
        notes=_notes(record, chosen),
        family=family,
        exploratory=exploratory,
        reuse=tuple(map(Evaluation.at, record.reuse)),
    )


def judge_table(query: EvidenceQuery) -> Verdict:
    """Return the verdict on a table of predictions: its only model is the candidate."""
    study = query.study
    chosen = Chosen(*study.models[0], "the predictions given")
    gates, family = judge_model(query, chosen)
    return replace(
        _nothing_judged(study.policy),
        outcome=worst([gate.outcome for gate in gates]),
        candidate=chosen,
        gates=gates,
        notes=tuple(_levelling(study.gates)),
        family=family,
    )


def _nothing_judged(policy: Policy) -> Verdict:
    """Return the verdict under a policy before anything was judged."""
    return Verdict(
        outcome="not_applicable",
        candidate=None,
        gates=(),
        others=(),
        notes=(),
        alpha=policy.alpha,
        alpha_run=policy.alpha_run,
        family=0,
        exploratory=False,
        on_inconclusive=policy.on_inconclusive,
    )


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the worst outcome; with none there is nothing that could have passed."""
    return min(outcomes, key=SEVERITY.index, default="not_applicable")


def judge_model(query: EvidenceQuery, model: Chosen) -> tuple[tuple[GateResult, ...], int]:
    """Judge one adapted model by every gate of a study; FAIL is corrected as the policy says."""
    asked = _judged(query, model)
    return tuple(decide(gate, judged) for gate, judged in asked), sum(len(judged) for _, judged in asked)


def _judged(query: EvidenceQuery, model: Chosen) -> list[tuple[GateSpec, list[JudgedContrast]]]:
    """Return every gate of a study with its comparisons, corrected as the policy shares its error rate."""
    policy, gates = query.study.policy, query.study.gates
    asked = [_contrasts(query, model, gate) for gate in gates]
    return list(zip(gates, judge_gates(asked, Alphas(policy.alpha_run, policy.alpha), policy.failures), strict=True))


def _contrasts(query: EvidenceQuery, model: Chosen, gate: GateSpec) -> list[Contrast]:
    unit, minimum = query.measured_in(gate.options.metric), query.study.policy.min_group
    targets = (
        Target(benchmark.id, model.strategy, model.budget, minimum, unit)
        for benchmark in query.study.benchmarks
        if gate.options.judges(benchmark.id, benchmark.attributes)
    )
    judge = gate_of(gate)
    return [
        without_help(query, judge, target, contrast)
        for target in targets
        for contrast in judge.contrasts(query, target)
    ]


def _exists(query: EvidenceQuery, model: Chosen) -> bool:
    return any(
        (strategy, budget) == (model.strategy, model.budget)
        for _, stage, strategy, budget in query.study.counts.names
        if stage == "change"
    )


def _models(query: EvidenceQuery) -> list[Chosen]:
    """Return every adapted model there are counts for, in the study's order."""
    found = {(strategy, budget) for _, stage, strategy, budget in query.study.counts.names if stage == "change"}
    scratch = query.study.scratch
    return [Chosen(*pair, "listed") for pair in query.study.models if pair in found and pair[0] != scratch]


def _other(query: EvidenceQuery, model: Chosen) -> OtherModel:
    outcomes = {gate.id: outcome_of(gate_of(gate), judged) for gate, judged in _judged(query, model)}
    return OtherModel(model.strategy, model.budget or None, worst(list(outcomes.values())), outcomes)


def _incomplete(record: RunRecord, chosen: Chosen) -> str | None:
    """Return why a pass cannot be given: a job that the candidate's claims rest on has no result.

    A training that diverged tells of the recipe on whichever seed it did, so those of the seeds that chose count too.
    """
    scratch = {s.name for s in record.audit.strategies if s.way.from_scratch}
    used = [
        job
        for job in record.run.failed_jobs
        if job.stage == "before" or (job.strategy in {chosen.strategy, *scratch} and job.label_budget == chosen.budget)
    ]
    return f"{len(used)} of the jobs behind it have no result" if used else None


def _leaks(record: RunRecord) -> str | None:
    leaking = [b.id for b in record.run.benchmarks if b.leaks is not None and b.leaks.blocks]
    if leaking:
        return f"rows of {', '.join(leaking)} stand again in the adaptation set"
    source = record.source.leaks if record.source is not None else {}
    seen = [name for name, leaks in source.items() if leaks is not None and leaks.blocks]
    return f"rows of {', '.join(seen)} stand again in what the source was trained on" if seen else None


def _hold(gate: GateResult, why: str) -> GateResult:
    """Return the gate without a pass it has not earned; a failure stays."""
    if gate.outcome != "pass":
        return gate
    code = "leakage" if "stand again" in why else "incomplete"
    return replace(gate, outcome="inconclusive", reason=f"{why}; otherwise: {gate.reason}", reason_codes=(code,))


def _levelling(gates: Sequence[GateSpec]) -> Iterator[str]:
    """Yield the warning that groups may be made alike by making the better served one worse."""
    asked = [gate_of(gate) for gate in gates]
    if any(gate.levels_down for gate in asked) and not any(gate.sees_everyone for gate in asked):
        yield (
            "a gap can close because the better served group gets worse; no gate asked for would notice "
            "(add `no_harm` or `worst_group`)"
        )


def _failed(jobs: Sequence[FailedJob]) -> str:
    """Return which jobs have no result, and why, in a line."""
    counts = Counter((job.strategy or "before", job.reason.split(":")[0]) for job in jobs)
    told = ", ".join(f"{n} of `{name}` ({reason})" for (name, reason), n in counts.items())
    return f"{plural(len(jobs), 'job')} {noun(len(jobs), 'has', 'have')} no result: {told}"


def _seeds(record: RunRecord, chosen: Chosen | None) -> int:
    """Return how many seeds there are of the candidate."""
    return len(record.models.get((chosen.strategy, chosen.budget), ())) if chosen else len(record.audit.seeds)


def _notes(record: RunRecord, chosen: Chosen | None) -> tuple[str, ...]:
    notes = list(_levelling(record.audit.gates))
    seeds = _seeds(record, chosen)
    if record.audit.claim == "procedure" and seeds < PROCEDURE_RECOMMENDED:
        notes.append(
            f"exploratory: {plural(seeds, 'seed')}; how much trainings differ is known well from {PROCEDURE_RECOMMENDED} on"
        )
    notes += reuse_notes(record.reuse, record.audit.policy)
    if record.run.failed_jobs:
        notes.append(_failed(record.run.failed_jobs))
    return tuple(notes)
