"""What was observed and what is asked of it, whoever observed it: a run, or a table of predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fairtransfer.evidence.jobs.choice import Choice
from fairtransfer.evidence.jobs.count import CHOOSING
from fairtransfer.findings.candidate import chosen_seeds
from fairtransfer.findings.counts import Counts, View
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.findings.sums import Rankings, UnitSums
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.questions import Question, told_questions

Model = tuple[str, str]  # strategy, label budget


@dataclass(frozen=True, slots=True)
class JudgedBenchmark:
    """A benchmark as findings see it.

    Attributes
    ----------
    key
        ``id@version``.
    clustered
        Rows share units.
    views
        The attributes and intersections that rows are split by.
    """

    id: str
    key: str
    clustered: bool
    attributes: tuple[str, ...]
    views: tuple[View, ...]


@dataclass(frozen=True)
class Study:
    """The evidence, and the questions about it.

    Attributes
    ----------
    audit_id, run_id
        Names under which the findings are told.
    claim
        ``procedure``: about the recipe, over seeds. ``artifact``: about one model.
    questions
        What is asked: metrics and classes, those that only gates are about after the others.
    before_has_seeds
        The model as published was measured once per seed (a probe on it).
    label_budgets
        Label budget as it is written -> how many labels it is; empty where that is not known.
    models
        Every adapted model asked for, in order.
    scratch
        The strategy that trains from scratch; empty when there is none.
    has_before
        There is a model to compare with; without it the counts hold one model twice.
    favourable_class
        The class that people want to be given; None where that is not said.
    before_name, after_name
        What that model is called, and the other where two are given; empty where this one was adapted or has no name.
    adapted
        The second model was made of the first; else two models' answers are given.
    choice
        The model that seeds chose, and which seeds judge it; None where nothing was chosen by seeds.
    group_order
        Attribute -> groups in the order in which they are told, before any others; those of an attribute left out go by name.
    measured_in
        The unit of the label, where it is a number and the unit is known.
    """

    audit_id: str
    run_id: str
    claim: Literal["procedure", "artifact"]
    before_has_seeds: bool
    classes: tuple[str, ...]
    positive_class: str | None
    metrics: tuple[MetricSpec, ...]
    gates: tuple[GateSpec, ...]
    policy: Policy
    models: tuple[Model, ...]
    scratch: str
    benchmarks: tuple[JudgedBenchmark, ...]
    counts: Counts
    questions: tuple[Question, ...]
    sums: UnitSums
    rankings: Rankings
    label_budgets: Mapping[str, int] = field(default_factory=dict)
    has_before: bool = True
    before_name: str = "as published"
    measured_in: str = ""
    favourable_class: str | None = None
    after_name: str = ""
    adapted: bool = True
    group_order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choice: Choice | None = None

    @property
    def counted(self) -> tuple[MetricSpec, ...]:
        """The metrics that count cases."""
        return tuple(metric for metric in self.metrics if metric_named(metric.name).of_shares)

    def compared_with(self, stage: str, model: Model) -> tuple[str, Model]:
        """Return stage and model under which that is told which a model is compared with: before, or trained from scratch.

        Beside models that were not chosen it stands on the seeds that chose, where its own results are on others.
        """
        other, at = ("before", ("", "")) if stage == "change" else ("after", (self.scratch, model[1]))
        if self.choice is None or self.choice.judges(model):
            return other, at
        has_others = self.before_has_seeds if stage == "change" else model[1] == self.choice.control[1]
        return (f"{other}{CHOOSING}" if has_others else other), at

    def benchmark(self, name: str) -> JudgedBenchmark:
        """Return a benchmark by its id."""
        return next(b for b in self.benchmarks if b.id == name)


def study_of(record: RunRecord) -> Study:
    """Return a run's counts and questions."""
    audit, run = record.audit, record.run
    favourable = record.favourable_class
    budgets = {budget.written: budget.labels for budget in run.label_budgets if budget.labels is not None}
    return Study(
        audit_id=audit.id,
        run_id=record.id,
        claim=audit.claim,
        before_has_seeds=record.before_has_seeds,
        classes=record.classes,
        positive_class=run.positive_class,
        metrics=audit.metrics,
        gates=audit.gates,
        policy=audit.policy,
        models=tuple(record.models),
        scratch=record.scratch,
        benchmarks=tuple(
            JudgedBenchmark(
                benchmark.id,
                record.cards[benchmark.id].card.key,
                bool(record.cards[benchmark.id].card.unit),
                benchmark.attributes,
                benchmark.views,
            )
            for benchmark in run.benchmarks
        ),
        label_budgets=budgets if len(budgets) == len(run.label_budgets) else {},
        counts=Counts(record.cells, record.classes, chosen_seeds(record), multilabel=run.multilabel),
        questions=told_questions(
            audit.metrics,
            audit.gates,
            record.classes,
            run.positive_class,
            multilabel=run.multilabel,
            favourable=favourable,
        ),
        sums=UnitSums(record.sums),
        rankings=Rankings(record.rankings),
        before_name="as published" if record.given is None else "before",
        measured_in=record.measured_in,
        favourable_class=favourable,
        adapted=record.given is None,
        choice=record.choice,
    )
