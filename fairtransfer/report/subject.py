"""Whom and what a report is about: the candidate, the metric that counts, and the rows that tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.findings.study import Study
from fairtransfer.formats import Wording
from fairtransfer.gates.gate import Gate, gate_of
from fairtransfer.gates.results import Verdict
from fairtransfer.outcomes.table import metric_named
from fairtransfer.report import sentences
from fairtransfer.report.finding_index import FindingIndex, Metric
from fairtransfer.report.suppress import Hidden
from fairtransfer.report.wording import wording
from fairtransfer.spec.questions import gate_questions


def is_directed(metric: str) -> bool:
    """Say whether more of a metric of numbers is worse."""
    return not metric_named(metric).two_sided


def _has_a_size(metric: str) -> bool:
    """Say whether a metric is the size of an error, or a number of one's own: more of it is worse, or less."""
    known = metric_named(metric)
    return (known.of_numbers or known.of_values) and is_directed(metric)


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
    def metric(self) -> Metric:
        """The first metric a gate judges that is a rate or an error's size, else the first such one, else the first of all."""
        told = self._tellable
        judged = [metric for metric in told if metric in self._outcomes]
        return (judged or told or self.rows.metrics() or [("error_rate", None)])[0]

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
        """The metrics that are rates, then those that are an error's size."""
        metrics = self.rows.metrics()
        rates = [metric for metric in metrics if metric_named(metric[0]).of_shares]
        return [*rates, *(metric for metric in metrics if _has_a_size(metric[0]) and metric not in rates)]

    @cached_property
    def _outcomes(self) -> dict[Metric, list[str]]:
        """How gates came out, by the metric and class they are about."""
        outcomes = {gate.id: gate.outcome for gate in self.verdict.gates}
        found: dict[Metric, list[str]] = {}
        for gate in self.study.gates:
            (question,) = gate_questions([gate], self.study.positive_class)
            found.setdefault(question, []).append(outcomes.get(gate.id, ""))
        return found

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
        """Whether sentences and figures tell of the report's metric: a rate, or the size of an error."""
        return self.of_rates or _has_a_size(self.metric[0])

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
