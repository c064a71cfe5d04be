"""All findings of a study: every metric, for everyone, every group and every intersection, before, after, changed and gained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import ChangeDetails, ScoreDetails
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import Churn, NotEstimable
from fairtransfer.findings.f1 import F1Scores, drawn_gap
from fairtransfer.findings.gaps import gap_finding, moved_gap
from fairtransfer.findings.group_differences import Compared, asked_by, compared_fields
from fairtransfer.findings.numbers import number_fields, number_gap
from fairtransfer.findings.query import EvidenceQuery, Model, Pairing
from fairtransfer.findings.rankings import generalised, mixed_up
from fairtransfer.findings.rows import Finding, interval_fields
from fairtransfer.findings.scored import Asked, score_fields
from fairtransfer.findings.scores import Answers
from fairtransfer.findings.unknown_membership import unknown_details
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.group_pairs import comparisons
from fairtransfer.spec.scores import Question

EVERYONE: View = ()


def measure(query: EvidenceQuery) -> tuple[Finding, ...]:
    """Return every finding of a study, in a fixed order."""
    teller = _Teller(query)
    return tuple(row for benchmark in query.study.benchmarks for row in teller.benchmark(benchmark.id))


class _Teller:
    def __init__(self, query: EvidenceQuery) -> None:
        self.study, self.query = query.study, query

    def benchmark(self, name: str) -> Iterator[Finding]:
        """Yield the rows of one benchmark: the model as published first, then every adapted one."""
        changes = list(self.query.pairings(name, "change"))
        if changes and self.study.has_before:
            yield from self.levels(changes[0], "before")
        for pairing in changes:
            yield from self.levels(pairing, "after")
            if pairing.strategy != self.study.scratch and self.study.has_before:
                yield from self.changes(pairing)
            if pairing.strategy != self.study.scratch:
                yield from self.compared(pairing)
        for pairing in self.query.pairings(name, "gain"):
            yield from self.changes(pairing)

    def questions(self, pairing: Pairing) -> Iterator[tuple[View, dict[str, str], str, str | None]]:
        """Yield every (view, group, metric, class) to be answered."""
        for metric in self.study.counted:
            for of in self._classes(metric):
                for view in self.views(pairing.benchmark):
                    for group in self.query.groups(pairing, view):
                        yield view, group, metric.name, of

    def views(self, benchmark: str) -> list[View]:
        """Return the views of a benchmark, everyone first."""
        return [EVERYONE, *self.study.benchmark(benchmark).views]

    def _classes(self, metric: MetricSpec) -> list[str | None]:
        if not metric_named(metric.name).of_class:
            return [None]
        if metric.per_class:
            return [None, *self.study.classes]
        return [self.query.meant(metric.name, None)]

    def levels(self, pairing: Pairing, model: Model) -> Iterator[Finding]:
        """Yield the rates of one model, then the gaps between its groups."""
        for _, group, metric, of in self.questions(pairing):
            row = self._row(pairing, model, group, metric, of, self.query.level(pairing, model, group, metric, of))
            yield replace(
                row, details=unknown_details(self.query, pairing, model, group, metric, of) if group else None
            )
        scores = F1Scores(self.query, pairing, model)
        yield from self.drawn(scores)
        yield from self.scored(pairing, model)
        for spec in self.study.counted:
            for of in self._classes(spec):
                for view in self.views(pairing.benchmark)[1:]:
                    blank = self._blank(pairing, model, {}, spec.name, of)
                    blank = replace(blank, level="gap", group=dict.fromkeys(view, "*"))
                    yield gap_finding(self.query, pairing, model, view, blank)
        for question in self.study.drawn:
            for view in self.views(pairing.benchmark)[1:]:
                blank = replace(self._blank(pairing, model, {}, *question), level="gap", group=dict.fromkeys(view, "*"))
                yield drawn_gap(scores, view, question, blank)

    def changes(self, pairing: Pairing) -> Iterator[Finding]:
        """Yield the paired changes from one model to another."""
        for _, group, metric, of in self.questions(pairing):
            if metric_named(metric).changes_pair:
                yield self._row(pairing, None, group, metric, of, self.query.change(pairing, group, metric, of))
        yield from self.drawn(F1Scores(self.query, pairing, None))
        yield from self.scored(pairing, None)
        yield from self._moved_gaps(pairing) if pairing.stage == "change" else ()

    def compared(self, pairing: Pairing) -> Iterator[Finding]:
        """Yield how groups differ after adaptation where a gate asks for it, and how differently they changed."""
        default = [
            Compared("difference_of_changes", spec.name, of, view, "rest")
            for spec in self.study.counted
            for of in self._classes(spec)
            for view in self.views(pairing.benchmark)[1:]
        ]
        asked = [one for gate in self.study.gates for one in asked_by(self.query, gate, pairing.benchmark)]
        for one in dict.fromkeys((*default, *asked)):
            if one.stage == "difference" or (self.study.has_before and metric_named(one.metric).paired):
                for group, other in comparisons(self.query.groups(pairing, one.view), one.contrast):
                    blank = self._blank(pairing, None, group, one.metric, one.of)
                    blank = replace(blank, stage=one.stage, against="rest" if other is None else other)
                    yield replace(blank, **compared_fields(self.query, pairing, blank))

    def drawn(self, scores: F1Scores) -> Iterator[Finding]:
        """Yield what has limits from draws only."""
        for view in self.views(scores.pairing.benchmark):
            for group in self.query.groups(scores.pairing, view):
                for question in self.study.drawn:
                    yield self._drawn(self._blank(scores.pairing, scores.model, group, *question), scores, question)

    def _drawn(self, blank: Finding, scores: F1Scores, question: Question) -> Finding:
        found = scores.of(blank.group, question)
        if isinstance(found, NotEstimable):
            return replace(blank, n=found.n, status=found.status, status_reason=found.reason)
        minimum = self.study.policy.min_group
        if found.least < minimum:
            of = "the rarest class" if question[1] is None else "the class"
            reason = f"{found.least:g} cases of {of}, fewer than {minimum}"
            return replace(blank, n=found.n, status="too_small", status_reason=reason)
        return replace(blank, **found.fields(-1.0 if scores.model is None else 0.0))

    def scored(self, pairing: Pairing, model: Model | None) -> Iterator[Finding]:
        """Yield what scores tell of one model, or of the change from one to another (None)."""
        minimum = self.study.policy.min_group
        for question in self.study.scores.questions:
            if metric_named(question[0]).of_numbers:
                yield from self._numbers(pairing, model, question)
                continue
            asked = Asked(question, model is None, self.query.procedure, minimum)
            for view in self.views(pairing.benchmark):
                for group in self.query.groups(pairing, view):
                    answers = self.query.answers(pairing, model, group, question)
                    row = replace(self._blank(pairing, model, group, *question), **score_fields(answers, asked))
                    yield self._with_mix_ups(row, pairing, model, question, answers)

    def _numbers(self, pairing: Pairing, model: Model | None, question: Question) -> Iterator[Finding]:
        """Yield what a metric of predicted numbers comes to in every group, then the gaps between them."""
        minimum, unit = self.study.policy.min_group, self.study.measured_in
        for view in self.views(pairing.benchmark):
            groups = self.query.groups(pairing, view)
            known = [(group, self.query.answers(pairing, model, group, question)) for group in groups]
            for group, answers in known:
                fields = number_fields(
                    answers,
                    question[0],
                    procedure=self.query.procedure,
                    minimum=minimum,
                    measured_in=unit,
                    change=model is None,
                )
                yield replace(self._blank(pairing, model, group, *question), **fields)
            if view and model is not None:
                blank = self._blank(pairing, model, {}, *question)
                yield number_gap(known, replace(blank, level="gap", group=dict.fromkeys(view, "*")), minimum, unit)

    def _with_mix_ups(
        self, row: Finding, pairing: Pairing, model: Model | None, question: Question, answers: Answers | None
    ) -> Finding:
        """Return a row with what only AUCs have."""
        if question[0] != "auc" or model is None or answers is None:
            return row
        details = row.details if isinstance(row.details, ScoreDetails) else ScoreDetails()
        if row.group:
            return replace(row, details=replace(details, mixed_up=mixed_up(answers)))
        means = []
        for view in self.views(pairing.benchmark)[1:]:
            parts = (self.query.answers(pairing, model, g, question) for g in self.query.groups(pairing, view))
            means.append(generalised(view, [part for part in parts if part is not None]))
        return replace(row, details=replace(details, generalised_means=tuple(means))) if means else row

    def _moved_gaps(self, pairing: Pairing) -> Iterator[Finding]:
        asked: list[tuple[str, str | None]] = [
            (s.name, of) for s in self.study.counted if metric_named(s.name).changes_pair for of in self._classes(s)
        ]
        asked += [
            question
            for question in self.study.scores.questions
            if (found := metric_named(question[0])).of_numbers and found.paired
        ]
        for metric, of in asked:
            for view in self.views(pairing.benchmark)[1:]:
                blank = replace(self._blank(pairing, None, {}, metric, of), level="gap", group=dict.fromkeys(view, "*"))
                row = moved_gap(self.query, pairing, view, blank)
                if row is not None:
                    yield row

    def _blank(
        self, pairing: Pairing, model: Model | None, group: dict[str, str], metric: str, of: str | None
    ) -> Finding:
        stage: Any = model or pairing.stage
        seeds = self._seeds(pairing)
        strategy: str | None = pairing.strategy
        budget: str | None = pairing.budget or None
        if model == "before":
            strategy = budget = None
            seeds = seeds if self.study.before_has_seeds else ()
        elif pairing.strategy == self.study.scratch:
            stage = "scratch"
        level: Any = "overall" if not group else "group" if len(group) == 1 else "intersection"
        benchmark = self.study.benchmark(pairing.benchmark).key
        direction = metric_named(metric).harm_direction
        study = self.study
        return Finding(
            study.audit_id,
            study.run_id,
            benchmark,
            stage,
            strategy,
            budget,
            seeds,
            metric,
            of,
            direction,
            group,
            level,
        )

    def _seeds(self, pairing: Pairing) -> tuple[int, ...]:
        block = self.query.block(pairing)
        return () if block is None else block.seeds

    def _row(
        self,
        pairing: Pairing,
        model: Model | None,
        group: dict[str, str],
        metric: str,
        of: str | None,
        found: Estimate | NotEstimable,
    ) -> Finding:
        blank = self._blank(pairing, model, group, metric, of)
        if isinstance(found, NotEstimable):
            return replace(blank, n=found.n, status=found.status, status_reason=found.reason)
        row = replace(blank, **found.counts(higher_is_worse=metric_named(metric).higher_is_worse))
        if found.smallest < (minimum := self.study.policy.min_group):
            return replace(row, status="too_small", status_reason=f"{found.smallest:g} cases, fewer than {minimum}")
        details = churn_details(found.churn) if pairing.stage == "change" and found.churn else None
        shown = found.detectable(self._others(pairing, model, group, metric, of, row.n or 0))
        return replace(row, **interval_fields(found), minimum_detectable=shown, details=details)

    def _others(
        self, pairing: Pairing, model: Model | None, group: dict[str, str], metric: str, of: str | None, n: float
    ) -> float:
        """Return how many a group's rate is compared with: everyone else; infinite where there is nobody else."""
        if not group or model is None:
            return math.inf
        everyone = self.query.level(pairing, model, {}, metric, of)
        total = 0.0 if isinstance(everyone, NotEstimable) else everyone.smallest
        return total - n if total > n else math.inf


def churn_details(churn: Churn) -> ChangeDetails:
    """Return what is reported of a change and never used by a verdict: its churn, and McNemar's mid-p where it applies."""
    return ChangeDetails(churn.share, churn.mcnemar_midp)
