"""How the numbers of a report were made, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtransfer import formats
from fairtransfer.evidence.run_file import GivenRecord, LabelBudget, SourceRecord
from fairtransfer.findings.candidate import seeds_in_words
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.gates.results import Evaluation, Verdict
from fairtransfer.report import sentences
from fairtransfer.spec.choice import trained_seeds, why_not_chosen
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.grids import GRIDDED
from fairtransfer.spec.questions import metric_names

_SEEDS = {
    "procedure": "The spread over seeds is a second part of every interval (MOVER with Student's t).",
    "artifact": "Seeds are not part of the intervals: the claim is about one trained model.",
}
_LENT = (
    " Other groups, and other adapted models, were trained on the same seeds: what they spread lends two degrees of freedom "
    "each, and never makes an interval narrower than its own spread does."
)


def method(record: RunRecord, verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Return label and text of every step."""
    return tuple(_steps(record, verdict))


def _steps(record: RunRecord, verdict: Verdict) -> Iterator[tuple[str, str]]:
    audit, policy = record.audit, record.audit.policy
    yield from _made_here(record, verdict) if record.given is None else _made_elsewhere(record, record.given)
    if verdict.candidate:
        yield "Candidate", f"chosen by: {verdict.candidate.rule}"
    asked = metric_names(audit.metrics, audit.gates)
    yield "Metrics", "; ".join(f"{sentences.metric_name(name)}: {sentences.metric_words(name)}" for name in asked)
    scores = sentences.score_intervals(asked)
    made = f"{sentences.NUMBER_INTERVALS} " if record.numeric else f"{sentences.COUNT_INTERVALS} "
    lent = _LENT if audit.claim == "procedure" and policy.seeds == "together" else ""
    yield "Intervals", made + _SEEDS[audit.claim] + lent + scores
    if record.numeric and audit.gates:
        yield "Verdicts on numbers", sentences.NUMBER_VERDICTS
    if record.numeric:
        yield "Harm ledger", sentences.NO_LEDGER
    planned = (
        f"policy alpha {verdict.alpha:g} over {policy.planned_evaluations} planned evaluations of these benchmarks"
    )
    yield "Verdicts", f"{sentences.verdict_rule(policy)} ({planned}; {formats.plural(verdict.family, 'comparison')})."
    if verdict.reuse:
        yield "Evaluations", "; ".join(map(_evaluation, verdict.reuse))
    hidden = f"groups, and classes within groups, of fewer than {policy.suppress_below} are hidden in documents"
    yield "Small groups", f"{sentences.fewest_judged(policy, numbers=record.numeric)}; {hidden}"
    rounded = "three significant digits" if record.numeric else "rates to 0.1%, changes to 0.1 points"
    yield "Rounding", f"{rounded}; verdicts use unrounded numbers"
    yield (
        "Not in any interval",
        "errors in the labels or recorded groups, and whether these cases resemble those to come",
    )


def _evaluation(made: Evaluation) -> str:
    """Return which evaluation of a benchmark this is."""
    place = f"this is evaluation {made.evaluation} of {made.planned} planned on this version of {made.benchmark}"
    left = "; too little of alpha is left for it, so that no pass can be given; a failure stands"
    return place + left if made.exhausted else place


def _made_elsewhere(record: RunRecord, given: GivenRecord) -> Iterator[tuple[str, str]]:
    """Yield what is known of predictions that were given: where they stand, and whose they are."""
    yield "Predictions", f"made elsewhere; read from {given.file} (sha256 {given.sha256[:16]}…), joined by item id"
    before = ", ".join(map(str, given.before_seeds))
    yield "Before", f"the answers of stage `before`{f', seeds {before}' if before else ''}"
    models = (
        f"{sentences.model_name(*model)} ({formats.plural(len(seeds), 'seed')})"
        for model, seeds in record.models.items()
    )
    yield "Adapted models", "; ".join(models)
    yield "Not known here", "how the models were trained and chosen, on what labels, and at what cost"


def _made_here(record: RunRecord, verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield how the models were made, and what was chosen on validation."""
    audit, before = record.audit, record.audit.before_stage
    if record.numeric:
        yield (
            "Label",
            "a number, learned as (label - mean) / standard deviation of each training's own labels, by squared error",
        )
    if record.source is not None:
        yield "Source", _source(record.source)
    yield "Before", f"{before.way.words}; options {_options(before.options.model_dump())}"
    for strategy in audit.strategies:
        yield f"Strategy {strategy.name}", _options(strategy.options.model_dump(exclude=_UNTOLD))
    if used := _group_labels(record):
        yield "Group labels", used
    budgets = ", ".join(map(_budget, record.run.label_budgets))
    by = "tenths of the labels in order" if record.numeric else "class"
    yield "Label budgets", f"{budgets}; nested, stratified by {by}; validation never uses more labels than training"
    yield "Seeds", f"{_seeds(record, verdict)}; each drives label subset, head, order and dropout together"
    yield "Chosen on validation", _selection(record, verdict)


def _seeds(record: RunRecord, verdict: Verdict) -> str:
    """Return which seeds chose and which judge; where nothing was chosen by seeds, why."""
    trained = seeds_in_words(trained_seeds(record.audit))
    if (why := why_not_chosen(record.audit)) is not None:
        return f"every strategy was trained with {trained}, and nothing was chosen by them: {why}"
    if verdict.candidate is None or record.choice is None:
        return f"every strategy was trained with {trained}, and none came to a result that could be chosen"
    beside = [name for name in (_before_again(record), record.choice.control[0]) if name]
    also = f" ({formats.listing(beside)} too, to be compared with)" if beside else ""
    return (
        f"every strategy was trained with {trained}; {verdict.candidate.strategy} was {verdict.candidate.seeds}{also}"
    )


def _before_again(record: RunRecord) -> str:
    """Return the model before, where asking it takes labels, so that it was asked again."""
    return "the model before" if record.before_has_seeds else ""


_STARTS = {"base": "from the weights of", "random": "from random weights in the architecture of"}


def _source(source: SourceRecord) -> str:
    """Return how the source was trained here: on what, from where, with which result."""
    rows, options = source.rows, {name: value for name, value in source.options.items() if name != "start"}
    trained = f"trained here on {source.key}, {_STARTS[source.start]} {source.base}"
    counts = f"{rows.train:,} rows in training and {rows.validation:,} in validation"
    one = f"one source, seed {source.seed}, for all seeds of the audit"
    if source.record is None:
        return f"to be {trained}, but it failed: {source.reason}"
    chosen = f"validation error {formats.percent(source.record.validation_error)}, {source.record.selection}"
    return f"{trained}; {counts}; {one}; options {_options(options)}; {chosen}"


_UNTOLD = {"name", "inverse_penalties"}


def _budget(budget: LabelBudget) -> str:
    return budget.written if budget.written == str(budget.labels) else f"{budget.written} ({budget.labels:,} rows)"


_STAGE_WORDS = {"training": "in training", "validation": "in validation", "prediction": "to answer anyone at all"}


def _group_labels(record: RunRecord) -> str:
    """Return which strategies were told who belongs to which group, and where they need it; empty if none was."""
    told = [
        f"{s.name}: {' and '.join(s.options.by)} {formats.listing([_STAGE_WORDS[stage] for stage in stages])}"
        for s in record.audit.strategies
        if isinstance(s.options, GroupOptions) and (stages := s.options.group_stages)
    ]
    return "; ".join(told)


def _selection(record: RunRecord, verdict: Verdict) -> str:
    """Return the rule by which the candidate's checkpoints were chosen."""
    wanted = None if verdict.candidate is None else (verdict.candidate.strategy, verdict.candidate.budget)
    rules = (job.record.selection for job in record.jobs if job.model == wanted)
    return next(rules, "nothing: no adapted model has a result")


def _options(options: Mapping[str, Any]) -> str:
    told = (
        f"{name} {_grid(value) if name in GRIDDED else _value(value)}"
        for name, value in options.items()
        if value not in (None, {}, ())
    )
    return ", ".join(told) or "defaults"


def _grid(value: object) -> str:
    """Return a learning rate or weight decay, or those it was chosen from."""
    return f"one of {', '.join(f'{number:g}' for number in value)}" if isinstance(value, tuple | list) else str(value)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " and ".join(map(str, value))
    return f"({_options(value)})" if isinstance(value, Mapping) else str(value)
