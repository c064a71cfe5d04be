"""A counted table of predictions, and what is asked of it, as a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fairtransfer.errors import DefinitionError, Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.aggregate import Counted
from fairtransfer.evidence.counted import BENCHMARK, cells_of, moments_of
from fairtransfer.evidence.moments import moments_table
from fairtransfer.evidence.number_rows import change_numbers, level_numbers
from fairtransfer.evidence.scored_table import score_rows
from fairtransfer.evidence.scores import scores_table
from fairtransfer.evidence.table_checks import Columns
from fairtransfer.findings.comparisons import is_named
from fairtransfer.findings.counts import Counts, View
from fairtransfer.findings.scores import NO_SCORES, Scores
from fairtransfer.findings.study import Judged, Study
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import BetweenGroups, GateSpec, Policy
from fairtransfer.spec.names import EVENTS, SCORE_METRICS
from fairtransfer.spec.scores import number_questions, score_questions
from fairtransfer.stats.metrics import METRICS
from fairtransfer.stats.number_errors import BEFORE


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
    numbers = counted.numbers is not None
    moments = moments_table([]) if numbers else moments_of(counted, model, question.views, events)
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
        scores=_numbers(counted, question) if numbers else _scores(counted, question),
        has_before=question.columns.before is not None,
        before_name=question.columns.before or "",
    )


def _scores(counted: Counted, question: Question) -> Scores:
    """Return what the scores come to, of both models and of the change between them."""
    asked = score_questions(question.metrics, counted.classes, question.positive, multilabel=counted.multilabel)
    after, before = counted.scores.get("after"), counted.scores.get("before")
    if not asked or after is None:
        return NO_SCORES

    def rows(cells: pa.Table, stage: str, of: str, *, change: bool = False) -> Iterator[dict[str, Any]]:
        key = {"benchmark": BENCHMARK, "stage": stage, "strategy": of, "budget": ""}
        return score_rows(cells, counted.attributes, question.views, asked, key, change=change)

    model = question.columns.after
    found = list(rows(after, "after", model))
    if before is not None:
        found += [*rows(before, "before", ""), *rows(after, "change", model, change=True)]
    return Scores(scores_table(found), asked)


def _numbers(counted: Counted, question: Question) -> Scores:
    """Return what the errors of numbers come to, of both models and of the change between them."""
    asked, source = number_questions(question.metrics), counted.numbers
    if source is None:
        return NO_SCORES
    names, views, model = [name for name, _ in asked], question.views, question.columns.after

    def key(stage: str, of: str) -> dict[str, Any]:
        return {"benchmark": BENCHMARK, "stage": stage, "strategy": of, "budget": ""}

    rows = list(level_numbers(source, views, names, key("after", model), {None: ""}))
    if question.columns.before is not None:
        rows += level_numbers(source, views, names, key("before", ""), {None: ""}, BEFORE)
        rows += change_numbers(source, views, names, key("change", model), {None: ""})
    return Scores(scores_table(rows), asked)


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
    check_views(question, problems)
    for gate in question.gates:
        _check_gate(gate, counted, question, problems)
        if gate.kind == "no_harm" and question.columns.before is None:
            problems.add(Problem("FT-P019", "`no_harm` compares with a model before", "", "give --before", gate.id))
        if gate.kind == "no_negative_transfer":
            found = "`no_negative_transfer` needs a model trained from scratch, which a table of predictions lacks"
            problems.add(Problem("FT-P019", found, "", "use `fairtransfer run`", gate.id))
    if problems.errors:
        raise DefinitionError(problems.errors)


def _check_gate(gate: GateSpec, counted: Counted, question: Question, problems: Problems) -> None:
    """Look for a class and a reference group that this table does not hold, and for a class that is not named."""
    options = gate.options
    if options.class_ is not None and options.class_ not in counted.classes:
        hint = did_you_mean(options.class_, counted.classes)
        problems.add(Problem("FT-P016", f"no row has the class `{shown(options.class_)}`", hint, "", gate.id))
    one = METRICS[options.metric].of_class and options.metric != "balanced_accuracy"
    if one and options.class_ is None and question.positive is None:
        found = f"`{options.metric}` is about one class"
        problems.add(Problem("FT-P041", found, "", "name it: class=..., or give --positive", gate.id))
    known = set(counted.cells.column_names)
    if isinstance(options, BetweenGroups) and options.reference and {f"g_{name}" for name in options.by} <= known:
        columns = [counted.cells[f"g_{name}"].to_pylist() for name in options.by]
        groups = [dict(zip(options.by, key, strict=True)) for key in sorted(set(zip(*columns, strict=True)))]
        if not any(is_named(group, options.reference) for group in groups):
            hint = did_you_mean(options.reference, [", ".join(group.values()) for group in groups])
            found = f"no row belongs to the group `{shown(options.reference)}`"
            problems.add(Problem("FT-P040", found, hint, "", gate.id))


def check_views(question: Question, problems: Problems) -> None:
    """Add intersections and gates about columns that are not among the groups (``FT-P018``)."""
    known = set(question.columns.groups)
    for view in (*question.intersections, *(gate.options.by for gate in question.gates)):
        for name in view:
            if name not in known:
                hint = did_you_mean(name, known)
                problems.add(Problem("FT-P018", f"`{name}` is not among the groups", hint, "add it to --groups"))


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
