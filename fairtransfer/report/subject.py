"""Whom and what a report is about: the candidate, the metric that counts, and the rows that tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fairtransfer.findings.counts import View
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.findings.study import JudgedBenchmark, Study
from fairtransfer.formats import Wording
from fairtransfer.gates.gate import Gate, gate_of
from fairtransfer.gates.results import GateResult, Verdict
from fairtransfer.outcomes.table import metric_named
from fairtransfer.report import sentences
from fairtransfer.report.finding_index import FindingIndex, Metric
from fairtransfer.report.stage_words import StageWords, stage_words
from fairtransfer.report.suppress import Hidden
from fairtransfer.report.wording import wording
from fairtransfer.spec.gates import GateOptions, GateSpec
from fairtransfer.spec.questions import gate_questions


def is_directed(metric: str) -> bool:
    """Say whether more of a metric of numbers is worse."""
    return not metric_named(metric).two_sided


def _can_be_told(metric: Metric) -> bool:
    """Say whether sentences can tell of a metric: of classes, errors' sizes, numbers of one's own, and judged scores."""
    known = metric_named(metric[0])
    return not known.of_scores or known.judged


def _order(metric: str) -> int:
    known = metric_named(metric)
    return 0 if known.of_shares else 2 if known.of_scores else 1


@dataclass(frozen=True)
class Subject:
    """A study, its rows as they may be shown, and its verdict.

    Attributes
    ----------
    hidden
        Which groups are hidden in documents.
    """

    study: Study
    rows: FindingIndex
    verdict: Verdict
    hidden: Hidden

    @cached_property
    def deciding(self) -> GateResult | None:
        """The first gate that came out as the verdict did, of a metric that sentences can tell of; None where there is none."""
        gates = [gate for gate in self.verdict.gates if gate.outcome == self.verdict.outcome]
        return next((gate for gate in gates if self._question(gate) in self._tellable), None)

    @cached_property
    def metric(self) -> Metric:
        """The metric of the gate that decided, else the first one judged, else the first one told, else the first of all."""
        told = self._tellable
        if self.deciding is not None:
            return self._question(self.deciding)
        judged = [metric for metric in told if metric in self._outcomes]
        return (judged or told or self.rows.metrics() or [("error_rate", None)])[0]

    def view_of(self, benchmark: JudgedBenchmark) -> View:
        """Return the groups that sentences about a benchmark are of: those of the gate that decided, else the first."""
        by = self.gate(self.deciding.id).by if self.deciding is not None else ()
        views = [view for view in benchmark.views if set(view) == set(by)]
        return next(iter([*views, *benchmark.views]), ())

    @cached_property
    def stages(self) -> StageWords:
        """What its models are called."""
        return stage_words(self.study)

    @property
    def also_judged(self) -> list[Metric]:
        """Other metrics that gates judge and sentences can tell of, those that fail first."""
        others = [metric for metric in self._tellable if metric in self._outcomes and metric != self.metric]
        return sorted(others, key=lambda metric: not self.fails(metric))

    def fails(self, metric: Metric) -> bool:
        """Say whether a gate on this metric fails."""
        return "fail" in self._outcomes.get(metric, ())

    @cached_property
    def _tellable(self) -> list[Metric]:
        """The metrics of which one side is harm: rates, then an error's size, then scores."""
        directed = {(row.metric, row.class_) for row in self.rows.all if row.harm_direction != "none"}
        metrics = [metric for metric in self.rows.metrics() if metric in directed]
        return sorted(filter(_can_be_told, metrics), key=lambda metric: _order(metric[0]))

    @cached_property
    def _outcomes(self) -> dict[Metric, list[str]]:
        """How gates came out, by the metric and class they are about."""
        outcomes = {gate.id: gate.outcome for gate in self.verdict.gates}
        found: dict[Metric, list[str]] = {}
        for gate in self.study.gates:
            for question in gate_questions([gate], self.study.positive_class, self.study.favourable_class):
                found.setdefault(question, []).append(outcomes.get(gate.id, ""))
        return found

    def _question(self, gate: GateResult) -> Metric:
        """Return the metric and class that a gate of the verdict is about; of several metrics the one that decided."""
        metric, of = self.asks(self.gate(gate.id))
        return next((entry.metric for entry in gate.decided_by if entry.metric), metric), of

    def asks(self, gate: GateOptions) -> Metric:
        """Return the metric and class that a gate is about."""
        question, *_ = gate_questions([GateSpec(gate)], self.study.positive_class, self.study.favourable_class)
        return question

    @property
    def of_rates(self) -> bool:
        """Whether the report's metric is a rate, which can be told as people and drawn in percent."""
        return metric_named(self.metric[0]).of_shares

    @property
    def of_numbers(self) -> bool:
        """Whether the label is a number."""
        return metric_named(self.metric[0]).of_numbers

    @property
    def can_be_told(self) -> bool:
        """Whether sentences and figures tell of the report's metric: one side of it is harm."""
        return self.metric in self._tellable

    @property
    def words(self) -> Wording:
        """How the report's metric is put into words."""
        return wording(self.metric[0], self.study.measured_in)

    def gate(self, name: str) -> Gate:
        """Return the gate of this id."""
        return next(gate_of(gate) for gate in self.study.gates if gate.id == name)

    @property
    def strategy(self) -> str:
        """The candidate's strategy; empty when no adapted model has a result."""
        return self.verdict.candidate.strategy if self.verdict.candidate else ""

    @property
    def budget(self) -> str | None:
        """The candidate's label budget; None where none was adapted."""
        return self.verdict.candidate.budget or None if self.verdict.candidate else None

    @property
    def candidate(self) -> str:
        """The candidate in words."""
        return sentences.model_name(self.strategy, self.budget) if self.strategy else "none"

    def one(self, key: str, stage: Stage, group: Group, metric: Metric | None = None) -> Finding | None:
        """Return the candidate's row (or the model's as published) of a metric, by default the report's."""
        name, class_label = metric or self.metric
        if stage == "before":
            return self.rows.find(key, "before", name, group, class_label=class_label)
        return self.rows.find(key, stage, name, group, self.strategy, self.budget, class_label)

    def is_candidate(self, row: Finding) -> bool:
        """Say whether a row is about the candidate, or the model as published."""
        return row.stage == "before" or (row.strategy, row.label_budget) == (self.strategy, self.budget)
