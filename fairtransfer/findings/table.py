"""A counted table of predictions, and what is asked of it, as a study."""

from __future__ import annotations

from typing import Any

from fairtransfer.evidence.moments import moments_table
from fairtransfer.evidence.number_rows import change_numbers, level_numbers
from fairtransfer.evidence.scores import scores_table
from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.table.counted import BENCHMARK, cells_of, moments_of
from fairtransfer.evidence.table.scores import Asked, bin_answers, mean_answers, ranking_changes
from fairtransfer.findings.counts import Counts
from fairtransfer.findings.question import Question, check_question
from fairtransfer.findings.scores import NO_SCORES, Scores
from fairtransfer.findings.study import JudgedBenchmark, Study
from fairtransfer.outcomes.table import events_for
from fairtransfer.spec.scores import judged_questions, number_questions, score_questions
from fairtransfer.stats.number_errors import BEFORE


def study_of_table(counted: Counted, question: Question) -> Study:
    """Return a counted table and the questions about it.

    Raises
    ------
    DefinitionError
        When a question cannot be asked of this table (`check_question`).
    """
    check_question(counted, question)
    model = question.columns.after
    names = ["error_rate", *(m.name for m in question.metrics), *(g.options.metric for g in question.gates)]
    numbers = counted.numbers is not None
    moments = moments_table([]) if numbers else moments_of(counted, model, question.views, events_for(names))
    return Study(
        audit_id="measure",
        run_id=counted.name,
        claim="artifact",
        before_has_seeds=False,
        classes=counted.classes,
        positive_class=question.positive,
        metrics=question.metrics,
        gates=question.gates,
        policy=question.policy,
        models=((model, ""),),
        scratch="",
        benchmarks=(
            JudgedBenchmark(
                BENCHMARK, counted.name, bool(question.columns.unit), question.columns.groups, question.views
            ),
        ),
        counts=Counts(cells_of(counted, model), moments, counted.classes),
        scores=_numbers(counted, question) if numbers else _scores(counted, question),
        has_before=question.columns.before is not None,
        before_name=question.columns.before or "",
        measured_in=question.measured_in,
    )


def _scores(counted: Counted, question: Question) -> Scores:
    """Return what the scores come to, of both models and of the change between them."""
    told = score_questions(question.metrics, counted.classes, question.positive, multilabel=counted.multilabel)
    asked = tuple(dict.fromkeys([*told, *judged_questions(question.gates, question.positive)]))
    if not asked or not counted.scores:
        return NO_SCORES
    found: list[dict[str, Any]] = []
    model = question.columns.after
    of = {"after": model} if question.columns.score_before is None else {"after": model, "before": "", "change": model}
    for stage, strategy in of.items():
        key = {"benchmark": BENCHMARK, "stage": stage, "strategy": strategy, "budget": ""}
        about = Asked(counted.attributes, question.views, asked, key)
        found += mean_answers(counted.scores["sums"], about)
        if stage in counted.scores:
            answers = ranking_changes if stage == "change" else bin_answers
            found += answers(counted.scores[stage], about)
    return Scores(scores_table(found), told)


def _numbers(counted: Counted, question: Question) -> Scores:
    """Return what the errors of numbers come to, of both models and of the change between them."""
    asked, source = number_questions(question.metrics), counted.numbers
    if source is None:
        return NO_SCORES
    names = [name for name, _ in number_questions(question.metrics, question.gates)]
    views, model = question.views, question.columns.after

    def key(stage: str, of: str) -> dict[str, Any]:
        return {"benchmark": BENCHMARK, "stage": stage, "strategy": of, "budget": ""}

    rows = list(level_numbers(source, views, names, key("after", model), {None: ""}))
    if question.columns.before is not None:
        rows += level_numbers(source, views, names, key("before", ""), {None: ""}, BEFORE)
        rows += change_numbers(source, views, names, key("change", model), {None: ""})
    return Scores(scores_table(rows), asked)
