"""A counted table of predictions, and what is asked of it, as a study."""

from __future__ import annotations

from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.table.counted import BENCHMARK, TableQuery, cells_of, rankings_of, sums_of
from fairtransfer.findings.counts import Counts
from fairtransfer.findings.question import Question, check_question
from fairtransfer.findings.study import JudgedBenchmark, Study
from fairtransfer.findings.sums import Rankings, UnitSums
from fairtransfer.outcomes.table import events_for
from fairtransfer.spec.questions import (
    number_metrics_of,
    rankings_compared,
    score_questions,
    told_questions,
    value_metrics_of,
)


def study_of_table(counted: Counted, question: Question) -> Study:
    """Return a counted table and the questions about it.

    Raises
    ------
    DefinitionError
        When a question cannot be asked of this table (`check_question`).
    """
    check_question(counted, question)
    model, before, positive = question.columns.model, question.columns.compared, question.positive
    favourable, multilabel = question.favourable, counted.multilabel
    told = told_questions(
        question.metrics,
        question.gates,
        counted.classes,
        positive,
        multilabel=multilabel,
        favourable=favourable,
    )
    events = events_for(["error_rate", *(name for name, _ in told)])
    scores, numbers, values = score_questions(told), number_metrics_of(told), value_metrics_of(told)
    asked = TableQuery(
        model, before, question.views, events, scores, numbers, values, rankings_compared(question.gates)
    )
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
        counts=Counts(cells_of(counted, model), counted.classes, multilabel=counted.multilabel),
        questions=told,
        sums=UnitSums(sums_of(counted, asked)),
        rankings=Rankings(rankings_of(counted, asked)),
        has_before=before is not None,
        before_name=before or "",
        measured_in=question.measured_in,
        favourable_class=favourable,
        after_name=model,
        adapted=False,
        group_order=question.group_order,
    )
