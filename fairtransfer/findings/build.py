"""All findings of a study: every metric, for everyone, every group and every intersection, before, after, changed and gained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import ChangeDetails, Details
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.gaps import TOGETHER, gap_finding, moved_gap
from fairtransfer.findings.group_differences import Compared, asked_by, compared_fields
from fairtransfer.findings.group_estimates import Model, Pairing
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.row_details import change_details, level_details
from fairtransfer.findings.rows import Finding, interval_fields
from fairtransfer.formats import noun
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.group_pairs import comparisons
from fairtransfer.spec.questions import Question

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
            yield from self.levels(self._beside(changes), "before")
        for pairing in changes:
            yield from self.levels(pairing, "after")
            if pairing.strategy != self.study.scratch and self.study.has_before:
                yield from self.changes(pairing)
            if pairing.strategy != self.study.scratch:
                yield from self.compared(pairing)
        for pairing in self.query.pairings(name, "gain"):
            yield from self.changes(pairing)

    def _beside(self, changes: Sequence[Pairing]) -> Pairing:
        """Return where the model before is told: beside the model that is judged, where its seeds are others'."""
        choice = self.study.choice
        judged = (p for p in changes if choice is not None and (p.strategy, p.budget) == choice.model)
        return next(judged, changes[0])

    def asked(self, pairing: Pairing) -> Iterator[tuple[Question, dict[str, str]]]:
        """Yield every question with every group it is asked about."""
        for question in self.study.questions:
            for view in self.views(pairing.benchmark):
                for group in self.query.groups(pairing, view):
                    yield question, group

    def views(self, benchmark: str) -> list[View]:
        """Return the views of a benchmark, everyone first."""
        return [EVERYONE, *self.study.benchmark(benchmark).views]

    def levels(self, pairing: Pairing, model: Model) -> Iterator[Finding]:
        """Yield every metric of one model, then the gaps between its groups."""
        for (metric, of), group in self.asked(pairing):
            yield self._row(pairing, model, group, metric, of, self.query.level(pairing, model, group, metric, of))
        for metric, of in self.study.questions:
            for view in self.views(pairing.benchmark)[1:]:
                blank = replace(
                    self._blank(pairing, model, {}, metric, of), level="gap", group=dict.fromkeys(view, "*")
                )
                yield gap_finding(self.query, pairing, model, view, blank)

    def changes(self, pairing: Pairing) -> Iterator[Finding]:
        """Yield the changes from one model to another, on the same cases."""
        for question in self.study.questions:
            for view in self.views(pairing.benchmark) if metric_named(question[0]).has_changes else ():
                yield from self._changed(pairing, question, self.query.groups(pairing, view))
        yield from self._moved_gaps(pairing) if pairing.stage == "change" else ()

    def _changed(self, pairing: Pairing, question: Question, groups: Sequence[dict[str, str]]) -> Iterator[Finding]:
        """Yield the changes of one metric in the groups of a view, each with limits that hold for all of them."""
        found = [self.query.change(pairing, group, *question) for group in groups]
        rows = [self._row(pairing, None, g, *question, one) for g, one in zip(groups, found, strict=True)]
        family = sum(row.ci is not None for row in rows)
        for row, one in zip(rows, found, strict=True):
            if row.group and row.ci is not None and not isinstance(one, NotEstimable):
                row = replace(row, ci_together=one.limits(1 - TOGETHER / 2 / family))  # the same row
            yield row

    def compared(self, pairing: Pairing) -> Iterator[Finding]:
        """Yield how groups differ after adaptation where a gate asks for it, and how differently they changed."""
        default = [
            Compared("difference_of_changes", metric, of, view, "rest")
            for metric, of in self.study.questions
            for view in self.views(pairing.benchmark)[1:]
            if metric_named(metric).of_shares
        ]
        asked = [one for gate in self.study.gates for one in asked_by(self.query, gate, pairing.benchmark)]
        for one in dict.fromkeys((*default, *asked)):
            if one.stage == "difference" or (self.study.has_before and metric_named(one.metric).paired):
                for group, other in comparisons(self.query.groups(pairing, one.view), one.contrast):
                    blank = self._blank(pairing, None, group, one.metric, one.of)
                    blank = replace(blank, stage=one.stage, against="rest" if other is None else other)
                    yield replace(blank, **compared_fields(self.query, pairing, blank))

    def _moved_gaps(self, pairing: Pairing) -> Iterator[Finding]:
        known = [(metric_named(metric), metric, of) for metric, of in self.study.questions]
        asked = [(m, of) for kind, m, of in known if kind.paired]
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
        study = self.study
        direction = metric_named(metric).harm_of(of, study.favourable_class, study.classes)
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
        row = replace(
            self._blank(pairing, model, group, metric, of),
            details=self._details(pairing, model, group, (metric, of), found),
        )
        minimum = self.study.policy.min_group
        if isinstance(found, NotEstimable):
            few = found.cases is not None and found.cases < minimum
            if few and found.status != "not_measured":
                return self._too_small(replace(row, n=found.cases), found.cases or 0.0)
            return replace(row, n=found.told_n, status=found.status, status_reason=found.reason)
        row = replace(row, **found.counts(higher_is_worse=metric_named(metric).higher_is_worse))
        if found.cases < minimum:
            small = self._too_small(row, found.cases, found.cases_of)
            return replace(small, estimate=found.estimate) if self.study.policy.show_small else small
        told = interval_fields(found, self._others(pairing, model, group, metric, of, row.n or 0))
        return replace(row, **told)

    def _too_small(self, row: Finding, cases: float, of: str = "") -> Finding:
        whose = f" {of}" if of else ""
        reason = f"{cases:g} {noun(cases, 'case')}{whose}, fewer than {self.study.policy.min_group}"
        kept = None if isinstance(row.details, ChangeDetails) else row.details
        return replace(row, status="too_small", status_reason=reason, details=kept)

    def _details(
        self,
        pairing: Pairing,
        model: Model | None,
        group: dict[str, str],
        question: Question,
        found: Estimate | NotEstimable,
    ) -> Details | None:
        if model is None:
            return change_details(self.query, pairing, group, question, found)
        return level_details(self.query, pairing, model, group, question, self.views(pairing.benchmark)[1:])

    def _others(
        self, pairing: Pairing, model: Model | None, group: dict[str, str], metric: str, of: str | None, n: float
    ) -> float:
        """Return how many a group's rate is compared with: everyone else; infinite where there is nobody else."""
        if not group or model is None:
            return math.inf
        everyone = self.query.level(pairing, model, {}, metric, of)
        total = 0.0 if isinstance(everyone, NotEstimable) else everyone.smallest
        return total - n if total > n else math.inf
