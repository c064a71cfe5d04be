"""All findings of a study: every metric, for everyone, every group and every intersection, before, after, changed and gained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fairtransfer.findings.asking import Desk, Missing, Model, Pairing
from fairtransfer.findings.belonging import if_unknown_belonged
from fairtransfer.findings.counts import View
from fairtransfer.findings.detectable import detectable_of
from fairtransfer.findings.gaps import gap_finding, moved_gap
from fairtransfer.findings.rankings import generalised, mixed_up
from fairtransfer.findings.rows import Finding, interval_fields
from fairtransfer.findings.samples import Level, Mean, Paired, Sample
from fairtransfer.findings.scored import Asked, score_fields
from fairtransfer.findings.scores import Answers
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.scores import Question
from fairtransfer.stats.intervals import mcnemar_midp
from fairtransfer.stats.metrics import METRICS
from fairtransfer.stats.score_metrics import SCORE_METRICS

EVERYONE: View = ()


def measure(desk: Desk) -> tuple[Finding, ...]:
    """Return every finding of a study, in a fixed order."""
    teller = _Teller(desk)
    return tuple(row for benchmark in desk.study.benchmarks for row in teller.benchmark(benchmark.id))


class _Teller:
    def __init__(self, desk: Desk) -> None:
        self.study, self.desk = desk.study, desk

    def benchmark(self, name: str) -> Iterator[Finding]:
        """Yield the rows of one benchmark: the model as published first, then every adapted one."""
        changes = list(self.desk.pairings(name, "change"))
        if changes and self.study.has_before:
            yield from self.levels(changes[0], "before")
        for pairing in changes:
            yield from self.levels(pairing, "after")
            if pairing.strategy != self.study.scratch and self.study.has_before:
                yield from self.changes(pairing)
        for pairing in self.desk.pairings(name, "gain"):
            yield from self.changes(pairing)

    def questions(self, pairing: Pairing) -> Iterator[tuple[View, dict[str, str], str, str | None]]:
        """Yield every (view, group, metric, class) to be answered."""
        for metric in self.study.counted:
            for of in self._classes(metric):
                for view in self.views(pairing.benchmark):
                    for group in self.desk.groups(pairing, view):
                        yield view, group, metric.name, of

    def views(self, benchmark: str) -> list[View]:
        """Return the views of a benchmark, everyone first."""
        return [EVERYONE, *self.study.benchmark(benchmark).views]

    def _classes(self, metric: MetricSpec) -> list[str | None]:
        if not METRICS[metric.name].of_class:
            return [None]
        positive = self.study.positive_class
        if metric.per_class:
            return [None, *self.study.classes]
        return [positive]

    def levels(self, pairing: Pairing, model: Model) -> Iterator[Finding]:
        """Yield the rates of one model, then the gaps between its groups."""
        for _, group, metric, of in self.questions(pairing):
            row = self._row(pairing, model, group, metric, of, self.desk.level(pairing, model, group, metric, of))
            bounds = if_unknown_belonged(self.desk, pairing, model, group, metric, of) if group else None
            yield row if bounds is None else replace(row, details={"if_unknown_belonged": bounds})
        yield from self.scored(pairing, model)
        for spec in self.study.counted:
            for of in self._classes(spec):
                for view in self.views(pairing.benchmark)[1:]:
                    blank = self._blank(pairing, model, {}, spec.name, of)
                    yield gap_finding(
                        self.desk, pairing, model, view, replace(blank, level="gap", group=dict.fromkeys(view, "*"))
                    )

    def changes(self, pairing: Pairing) -> Iterator[Finding]:
        """Yield the paired changes from one model to another."""
        for _, group, metric, of in self.questions(pairing):
            if METRICS[metric].paired:
                yield self._row(pairing, None, group, metric, of, self.desk.change(pairing, group, metric, of))
        yield from self.scored(pairing, None)
        yield from self._moved_gaps(pairing) if pairing.stage == "change" else ()

    def scored(self, pairing: Pairing, model: Model | None) -> Iterator[Finding]:
        """Yield what scores tell of one model, or of the change from one to another (None)."""
        minimum = self.study.policy.min_group
        for question in self.study.scores.questions:
            asked = Asked(question, model is None, self.desk.procedure, minimum)
            for view in self.views(pairing.benchmark):
                for group in self.desk.groups(pairing, view):
                    answers = self._answers(pairing, model, group, question)
                    row = replace(self._blank(pairing, model, group, *question), **score_fields(answers, asked))
                    more = self._beside(pairing, model, group, question, answers)
                    yield replace(row, details={**(row.details or {}), **more}) if more else row

    def _answers(
        self, pairing: Pairing, model: Model | None, group: dict[str, str], question: Question
    ) -> Answers | None:
        stage, of = model or pairing.stage, (pairing.strategy, pairing.budget)
        found = ("", "") if model == "before" else of
        return self.study.scores.of(pairing.benchmark, stage, found, group, question)

    def _beside(
        self,
        pairing: Pairing,
        model: Model | None,
        group: dict[str, str],
        question: Question,
        answers: Answers | None,
    ) -> dict[str, Any]:
        """Return what only AUCs have."""
        if question[0] != "auc" or model is None or answers is None:
            return {}
        if group:
            return mixed_up(answers)
        means = []
        for view in self.views(pairing.benchmark)[1:]:
            parts = (self._answers(pairing, model, g, question) for g in self.desk.groups(pairing, view))
            means.append(generalised(view, [part for part in parts if part is not None]))
        return {"generalised_means": means} if means else {}

    def _moved_gaps(self, pairing: Pairing) -> Iterator[Finding]:
        for spec in self.study.counted:
            for of in self._classes(spec) if METRICS[spec.name].paired else ():
                for view in self.views(pairing.benchmark)[1:]:
                    blank = self._blank(pairing, None, {}, spec.name, of)
                    row = moved_gap(
                        self.desk, pairing, view, replace(blank, level="gap", group=dict.fromkeys(view, "*"))
                    )
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
        direction = (METRICS.get(metric) or SCORE_METRICS[metric]).harm_direction
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
        block = self.desk.block(pairing)
        return () if block is None else block.seeds

    def _row(
        self,
        pairing: Pairing,
        model: Model | None,
        group: dict[str, str],
        metric: str,
        of: str | None,
        sample: Sample | Missing,
    ) -> Finding:
        blank = self._blank(pairing, model, group, metric, of)
        if isinstance(sample, Missing):
            return replace(blank, n=sample.n, status=sample.status, status_reason=sample.reason)
        row = replace(blank, **count_fields(sample, higher_is_worse=METRICS[metric].higher_is_worse))
        minimum = self.study.policy.min_group
        smallest = min((part.n for part in sample.parts), default=0) if isinstance(sample, Mean) else row.n or 0
        if smallest < minimum:
            return replace(row, status="too_small", status_reason=f"{smallest:g} cases, fewer than {minimum}")
        details = change_details(sample) if pairing.stage == "change" and isinstance(sample, Paired) else None
        shown = detectable_of(sample, self._others(pairing, model, group, metric, of, row.n or 0))
        return replace(row, **interval_fields(sample), minimum_detectable=shown, details=details)

    def _others(
        self, pairing: Pairing, model: Model | None, group: dict[str, str], metric: str, of: str | None, n: float
    ) -> float:
        """Return how many a group's rate is compared with: everyone else; infinite where there is nobody else."""
        if not group or model is None:
            return math.inf
        everyone = self.desk.level(pairing, model, {}, metric, of)
        return everyone.n - n if isinstance(everyone, Level) and everyone.n > n else math.inf


def count_fields(sample: Sample, *, higher_is_worse: bool) -> dict[str, Any]:
    """Return the counts a row keeps, errors counted in the direction of harm."""
    if isinstance(sample, Level):
        counted = [n - k if sample.complement else k for k, n in zip(sample.hits, sample.sizes, strict=True)]
        return {"n": sample.n, "k": sum(counted) / len(counted), "k_by_seed": tuple(counted)}
    if isinstance(sample, Paired):
        rises = sample.sign > 0  # the metric rises when a pair is gained
        worse, better = (sample.gained, sample.lost) if rises == higher_is_worse else (sample.lost, sample.gained)
        seeds, n = sample.seeds_count, sample.n
        errors = [
            sum(hits) / seeds if rises == higher_is_worse else n - sum(hits) / seeds
            for hits in (sample.before, sample.after)
        ]
        names = ("n_before_errors", "n_after_errors", "n_new_errors", "n_fixed_errors")
        return {"n": n, **dict(zip(names, (*errors, sum(worse) / seeds, sum(better) / seeds), strict=True))}
    if isinstance(sample, Mean):
        return {"n": sum(part.n for part in sample.parts) if sample.independent else sample.parts[0].n}
    return {}


def change_details(sample: Paired) -> dict[str, Any]:
    """Return what is reported of a change and never used by a verdict: its churn, and McNemar's mid-p where it applies.

    The mid-p value is for counts of independent pairs: one seed, no units, no weights.
    """
    details: dict[str, Any] = {"churn": sample.discordant}
    if sample.seeds_count == 1 and not sample.clustered and not sample.weighted:
        details["mcnemar_midp"] = mcnemar_midp(int(sample.gained[0]), int(sample.lost[0]))
    return details
