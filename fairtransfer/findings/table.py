"""A counted table of predictions, and what is asked of it, as a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairtransfer.errors import DefinitionError, Problem, Problems, did_you_mean
from fairtransfer.evidence.aggregate import Counted
from fairtransfer.evidence.counted import BENCHMARK, cells_of, moments_of
from fairtransfer.evidence.scored_table import bin_answers, mean_answers
from fairtransfer.evidence.scores import scores_table
from fairtransfer.evidence.table_checks import Columns
from fairtransfer.findings.counts import Counts, View
from fairtransfer.findings.scores import NO_SCORES, Scores
from fairtransfer.findings.study import Judged, Study
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.names import EVENTS, SCORE_METRICS
from fairtransfer.spec.scores import score_questions
from fairtransfer.stats.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table of predictions.

    Attributes
    ----------
    intersections
        Groups of several attributes at once.
    positive
        The class that metrics of one class are about; without it they are averaged over all classes.
    """

    columns: Columns
    intersections: tuple[View, ...]
    metrics: tuple[MetricSpec, ...]
    gates: tuple[GateSpec, ...]
    policy: Policy
    positive: str | None

    @property
    def views(self) -> tuple[View, ...]:
        """Every attribute, every intersection, and what the gates ask for."""
        asked = [(group,) for group in self.columns.groups]
        return tuple(dict.fromkeys([*asked, *self.intersections, *(gate.options.by for gate in self.gates)]))


def study_of_table(counted: Counted, question: Question) -> Study:
    """Return a counted table and the questions about it.

    Raises
    ------
    DefinitionError
        When a question cannot be asked of this table (``FT-P016`` to ``FT-P019``, ``FT-P023``, ``FT-P027``, ``FT-P028``).
    """
    _check(counted, question)
    model = question.columns.after
    names = ["error_rate", *(m.name for m in question.metrics), *(g.options.metric for g in question.gates)]
    events = list(dict.fromkeys(EVENTS[name] for name in names if name in EVENTS))
    moments = moments_of(counted, model, question.views, events)
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
            Judged(BENCHMARK, counted.name, bool(question.columns.unit), question.columns.groups, question.views),
        ),
        counts=Counts(cells_of(counted, model), moments, counted.classes),
        scores=_scores(counted, question),
        has_before=question.columns.before is not None,
        before_name=question.columns.before or "",
    )


def _scores(counted: Counted, question: Question) -> Scores:
    """Return what the scores come to, of both models and of the change between them."""
    asked = score_questions(question.metrics, counted.classes, question.positive, multilabel=counted.multilabel)
    if not asked or not counted.scores:
        return NO_SCORES
    about = (counted.attributes, question.views, asked)
    found: list[dict[str, Any]] = []
    model = question.columns.after
    of = {"after": model} if question.columns.score_before is None else {"after": model, "before": "", "change": model}
    for stage, strategy in of.items():
        key = {"benchmark": BENCHMARK, "stage": stage, "strategy": strategy, "budget": ""}
        found += mean_answers(counted.scores["sums"], *about, key)
        if stage in counted.scores:
            found += bin_answers(counted.scores[stage], *about, key)
    return Scores(scores_table(found), asked)


def _check(counted: Counted, question: Question) -> None:
    problems = Problems()
    if question.positive is not None and question.positive not in counted.classes:
        hint = did_you_mean(question.positive, counted.classes)
        problems.add(Problem("FT-P016", f"no row has the class `{question.positive}`", hint, "", counted.name))
    _check_scores(question, counted.name, problems)
    for metric in question.metrics:
        counts = METRICS.get(metric.name)
        one = counts is not None and counts.of_class and metric.name not in ("recall", "precision", "balanced_accuracy")
        if one and question.positive is None and not metric.per_class:
            found = f"`{metric.name}` is about one class"
            problems.add(
                Problem("FT-P017", found, "", "say which with --positive, or ask for it per class", counted.name)
            )
    known = set(question.columns.groups)
    for view in (*question.intersections, *(gate.options.by for gate in question.gates)):
        for name in view:
            if name not in known:
                hint = did_you_mean(name, known)
                problems.add(Problem("FT-P018", f"`{name}` is not among the groups", hint, "add it to --groups"))
    for gate in question.gates:
        if gate.kind == "no_harm" and question.columns.before is None:
            problems.add(Problem("FT-P019", "`no_harm` compares with a model before", "", "give --before", gate.id))
        if gate.kind == "no_negative_transfer":
            found = "`no_negative_transfer` needs a model trained from scratch, which a table of predictions lacks"
            problems.add(Problem("FT-P019", found, "", "use `fairtransfer run`", gate.id))
    if problems.errors:
        raise DefinitionError(problems.errors)


def _check_scores(question: Question, name: str, problems: Problems) -> None:
    """Look for metrics made of scores that this table has no scores for."""
    asked = [metric for metric in question.metrics if metric.name in SCORE_METRICS]
    if asked and question.columns.score is None:
        found = f"`{asked[0].name}` is made of scores, and no column with scores was given"
        problems.add(Problem("FT-P023", found, "", "give --score", name))
    for metric in asked:
        if metric.per_class:
            found = f"`{metric.name}` per class needs a score of every class; a table has that of one"
            problems.add(Problem("FT-P027", found, f"`{metric.name}`", "measure one class at a time", name))
    if question.columns.score is not None and question.positive is None:
        problems.add(Problem("FT-P028", "scores are of one class, and none was named", "", "give --positive", name))
