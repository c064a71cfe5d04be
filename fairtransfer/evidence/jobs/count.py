"""From the answers in a run's folder to joint counts, sums and rankings. Nothing but the folder is needed, today or in a year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.errors import IntegrityError, Problems
from fairtransfer.evidence.jobs.cells import Pair, joint_counts
from fairtransfer.evidence.jobs.choice import choice_of
from fairtransfer.evidence.jobs.numbers import NumberJobs, blank
from fairtransfer.evidence.jobs.records import JobRecord, jobs_in
from fairtransfer.evidence.jobs.scores import (
    Said,
    averaged_rows,
    change_rankings,
    change_sums,
    level_rankings,
    level_sums,
    of_bins,
    said,
)
from fairtransfer.evidence.rankings import rankings_table
from fairtransfer.evidence.run_file import BenchmarkRecord, RunFile, read_run
from fairtransfer.evidence.sums import ClassAnswers, Row, change_rows, level_rows, sums_table
from fairtransfer.evidence.tables import read_table, value_column, write_table
from fairtransfer.evidence.views import People, membership, people
from fairtransfer.outcomes.row_value import column_of
from fairtransfer.outcomes.table import events_for, metric_named
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.given import control_of
from fairtransfer.spec.questions import (
    metric_names,
    number_metrics_of,
    rankings_compared,
    score_questions,
    told_questions,
    value_metrics_of,
)
from fairtransfer.spec.reading import read_audit

Model = tuple[str, str, str]  # stage, strategy, label budget
BEFORE: Model = ("before", "", "")

CHOOSING = ":choosing"
"""Stages of sums and rankings end with it where they are about the seeds that chose, of a model that has others too."""

SEED_RULE = "the seed with the lowest validation error, then the lowest validation loss"


class RunTables(NamedTuple):
    """What the answers of a run come to: the tables of its folder."""

    cells: pa.Table
    sums: pa.Table
    rankings: pa.Table


def write_counts(folder: Path) -> None:
    """Write `cells.parquet`, `sums.parquet` and `rankings.parquet` of a run's folder, from its audit, items and predictions."""
    for name, table in count(folder)._asdict().items():
        write_table(folder / f"{name}.parquet", table)


def count(folder: Path) -> RunTables:
    """Return what the answers in a run's folder come to."""
    run = read_run(folder)
    problems = Problems()
    loaded = read_audit(folder / "audit.yaml", problems)
    if loaded is None:
        raise IntegrityError("\n".join(map(str, problems)))
    jobs = jobs_in(folder)
    counters = [_Counter(folder, loaded.audit, run, benchmark, jobs) for benchmark in run.benchmarks]
    made = [[c.cells() for c in counters], [c.sums() for c in counters], [c.rankings() for c in counters]]
    return RunTables(*map(pa.concat_tables, made))


def preferred_seeds(jobs: Sequence[JobRecord]) -> dict[Model, int]:
    """Return, for each adapted model, the seed that validation prefers: the artifact, where a claim is about one."""
    found: dict[Model, list[tuple[float, float, int]]] = defaultdict(list)
    for job in jobs:
        score = job.record.validation_score
        if job.stage == "after" and score is not None and job.seed is not None:  # of given predictions nobody knows it
            found["after", *job.model].append((*score, job.seed))
    return {model: min(scores)[2] for model, scores in found.items()}


def events_of(audit: Audit) -> list[str]:
    """Return what has to be counted for the metrics of an audit and its gates."""
    return events_for(["error_rate", *metric_names(audit.metrics, audit.gates)])


class _Counter:
    """Counts one benchmark."""

    def __init__(
        self,
        folder: Path,
        audit: Audit,
        run: RunFile,
        benchmark: BenchmarkRecord,
        jobs: Sequence[JobRecord],
    ) -> None:
        self.audit, self.run, self.benchmark = audit, run, benchmark
        self.items = read_table(folder / "benchmarks" / benchmark.id / "items.parquet")
        self.answers: dict[Model, dict[int | None, pa.Table]] = defaultdict(dict)
        positive = run.positive_class
        self.questions = told_questions(audit.metrics, audit.gates, run.classes, positive, multilabel=run.multilabel)
        self.asked = score_questions(self.questions)
        self.numbers = NumberJobs(self.items) if run.numeric else None
        self.means = tuple(metric_named(name) for name in value_metrics_of(self.questions))
        columns = ["item", "y", "pred", *(["scores"] if self.asked else [])]
        columns += dict.fromkeys(value_column(column_of(metric)) for metric in self.means)
        for job in jobs:
            if job.benchmark == benchmark.id:
                model = BEFORE if job.stage == "before" else ("after", *job.model)
                table = read_table(folder / "jobs" / job.id / "predictions.parquet", columns)
                if self.numbers is not None:
                    self.numbers.add(benchmark.id, (*model, job.seed), table)
                    table = blank(table)
                self.answers[model][job.seed] = table
        self.items = self.items if self.numbers is None else blank(self.items)
        self.scratch = control_of(audit)
        self.artifacts = preferred_seeds(jobs) if audit.claim == "artifact" else {}
        self.choice = choice_of(audit, jobs)

    def adapted(self) -> list[Model]:
        """Return the adapted models that have results to be told, in a fixed order."""
        return sorted(model for model in self.answers if model != BEFORE and self._rests_on(model))

    def levels(self) -> Iterator[tuple[dict[str, str], Model, Sequence[int | None]]]:
        """Yield every model with the key and the seeds of its results.

        What the chosen model is compared with has results on the seeds that judge, as that model has; and, for the others to be
        compared with, on those that chose, under the stage's name with `CHOOSING`.
        """
        for model in [BEFORE] * (BEFORE in self.answers) + self.adapted():
            yield self._key(model[0], model), model, self._seeds(model)
            if chose := self._choosing(model):
                yield self._key(f"{model[0]}{CHOOSING}", model), model, chose

    def compared(self, model: Model) -> list[tuple[str, Model]]:
        """Return what an adapted model is compared with: the model as published, and the one trained from scratch."""
        _, strategy, budget = model
        others = [("change", BEFORE)] + (
            [("gain", ("after", self.scratch, budget))] if self.scratch != strategy else []
        )
        return [(stage, other) for stage, other in others if other in self.answers]

    def cells(self) -> pa.Table:
        """Return joint counts of every pair of models, seed by seed."""
        number = {
            (model, seed): i
            for i, (model, seed) in enumerate((m, s) for m in sorted(self.answers) for s in self.answers[m])
        }
        pairs = []
        for model in self.adapted():
            for stage, other in self.compared(model):
                for seed in sorted(s for s in self._rests_on(model) if s is not None):
                    first = number.get((other, seed), number.get((other, None)))
                    if first is not None:
                        pairs.append(Pair(stage, model[1], model[2], seed, first, number[model, seed]))
        tables = [self.answers[model][seed] for model, seed in number]
        return joint_counts(self.benchmark.id, self.items, list(self.benchmark.attributes), tables, pairs)

    def sums(self) -> pa.Table:
        """Return what every case adds, summed up, for every model and pair."""
        if self.numbers is not None:
            return sums_table([*self._errors(self.numbers), *self._value_sums()])
        return sums_table([*self._class_sums(), *self._scored[0], *self._value_sums()])

    def _class_sums(self) -> Iterator[Row]:
        who, events = self._people, events_of(self.audit)
        for key, model, seeds in self.levels():
            yield from level_rows(who, self._stack(who, model, seeds), events, key)
        for model in self.adapted():
            seeds = self._seeds(model)
            for stage, other in self.compared(model):
                shared = self._shared(other, seeds)
                if shared:
                    first = self._stack(who, other, list(dict.fromkeys(self._theirs(other, shared))))
                    second = self._stack(who, model, shared)
                    yield from change_rows(who, first, second, events, self._key(stage, model))

    def _value_sums(self) -> Iterator[Row]:
        """Yield what numbers of one's own add up to, for every model and pair."""
        for metric in {metric.adds: metric for metric in self.means}.values():
            column = value_column(column_of(metric))
            for key, model, seeds in self.levels():
                mine = {seed: self._values(model, seed, column) for seed in seeds}
                yield from averaged_rows(self._people.cases, mine, metric, key)
                for stage, other in self._told_beside(key, model):
                    shared = self._shared(other, list(mine))
                    pairs = zip(shared, self._theirs(other, shared), strict=True)
                    moved = {s: mine[s] - self._values(other, t, column) for s, t in pairs}
                    if moved:
                        yield from averaged_rows(self._people.cases, moved, metric, self._key(stage, model))

    def _values(self, model: Model, seed: int | None, column: str) -> NDArray[np.float64]:
        table, found = self.answers[model][seed], np.empty(self.items.num_rows)
        found[self._places(table)] = table[column].to_numpy()
        return found

    def rankings(self) -> pa.Table:
        """Return how the scores of every model and pair rank, and whether they mean what they say."""
        return rankings_table(self._scored[1])

    @cached_property
    def _scored(self) -> tuple[list[Row], list[Row]]:
        """Sums of losses, and rankings: one model's scores at a time are held in memory."""
        losses, ranked = (of_bins(self.asked, binned=binned) for binned in (False, True))
        sums: list[Row] = []
        rankings: list[Row] = []
        for key, model, seeds in self.levels() if self.asked and not self.numbers else ():
            mine = {seed: self._said(model, seed) for seed in seeds}
            sums += level_sums(self._people, mine, losses, key)
            rankings += level_rankings(self._people, mine, ranked, key, rankings_compared(self.audit.gates))
            for stage, other in self._told_beside(key, model):
                shared = self._shared(other, seeds)
                theirs = {s: self._said(other, s) for s in dict.fromkeys(self._theirs(other, shared))}
                pairs = {s: (theirs[t], mine[s]) for s, t in zip(shared, self._theirs(other, shared), strict=True)}
                if pairs:
                    key = self._key(stage, model)
                    sums += change_sums(self._people, pairs, losses, key)
                    rankings += change_rankings(self._people, pairs, ranked, key)
        return sums, rankings

    def _errors(self, numbers: NumberJobs) -> Iterator[dict[str, Any]]:
        """Yield what metrics of predicted numbers come to, for every model and pair."""
        names = number_metrics_of(self.questions)
        views = list(self.benchmark.views)
        for key, model, seeds in self.levels():
            yield from numbers.levels(model, seeds, views, names, key)
            for stage, other in self._told_beside(key, model):
                if shared := self._shared(other, seeds):
                    pairs = list(zip(self._theirs(other, shared), shared, strict=True))
                    yield from numbers.changes(other, model, pairs, views, names, self._key(stage, model))

    def _told_beside(self, key: dict[str, str], model: Model) -> list[tuple[str, Model]]:
        """Return what a model is compared with where its own results stand; the model before is compared with nothing."""
        return self.compared(model) if model != BEFORE and not key["stage"].endswith(CHOOSING) else []

    def _shared(self, other: Model, seeds: Sequence[int | None]) -> list[int | None]:
        """Return the seeds that another model has an answer for: its own of that seed, or its only one."""
        return [s for s in seeds if s in self.answers[other] or None in self.answers[other]]

    def _theirs(self, other: Model, shared: Sequence[int | None]) -> list[int | None]:
        return [s if s in self.answers[other] else None for s in shared]

    @cached_property
    def _people(self) -> People:
        return people(self.items, self.run.classes, [(), *self.benchmark.views])

    def _said(self, model: Model, seed: int | None) -> Said:
        table = self.answers[model][seed]
        return said(table, self._places(table), self._people.classes)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.items["item"].to_pylist())}

    def _places(self, table: pa.Table) -> NDArray[np.int64]:
        return np.array([self._order[name] for name in table["item"].to_pylist()], dtype=np.int64)

    def _seeds(self, model: Model) -> list[int | None]:
        return [self.artifacts[model]] if model in self.artifacts else self._rests_on(model)

    def _rests_on(self, model: Model) -> list[int | None]:
        """Return the seeds of a model that counts are told of: of the chosen one those that judge, of others those that chose."""
        if self.choice is None:
            return self._all(model)
        judging = self.choice.roles.judging if model == BEFORE else self.choice.seeds(model[1:])
        return [seed for seed in self._all(model) if seed is None or seed in judging]

    def _choosing(self, model: Model) -> list[int | None]:
        """Return the seeds that chose, of what the chosen model is compared with; none of other models."""
        if self.choice is None or (model != BEFORE and model[1:] != self.choice.control):
            return []
        return [seed for seed in self._all(model) if seed in self.choice.roles.choosing]

    def _all(self, model: Model) -> list[int | None]:
        return sorted(self.answers[model], key=lambda seed: seed or 0)

    def _key(self, stage: str, model: Model) -> dict[str, str]:
        return {"benchmark": self.benchmark.id, "stage": stage, "strategy": model[1], "budget": model[2]}

    def _stack(self, who: People, model: Model, seeds: Sequence[int | None]) -> ClassAnswers:
        matrices = np.zeros((len(seeds), self.items.num_rows, len(who.classes)), dtype=bool)
        for number, seed in enumerate(seeds):
            table = self.answers[model][seed]
            matrices[number, self._places(table)] = membership(table["pred"].to_pylist(), who.classes)
        return ClassAnswers(matrices)
