"""What each model cost: time, memory, operations, energy, and labels of both kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from fairtransfer import formats
from fairtransfer.evidence.jobs.records import Cost, JobCost, JobRecord, LabelCounts, TrainingRecord
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.report import tables
from fairtransfer.report.tables import Table
from fairtransfer.report.trials import equal_trials


class CostedWork(NamedTuple):
    """A training with its answers: a job, or the training of a source."""

    model: str
    budget: str
    cost: JobCost
    labels: LabelCounts
    record: TrainingRecord
    attempts: int


def cost_table(record: RunRecord) -> Table:
    """Return what each model cost, averaged over seeds; no rows where the models were made elsewhere."""
    every = list(_works(record))
    is_estimated = any(_together(work.cost, _energy) is not None for work in every)
    grouped: dict[tuple[str, str], list[CostedWork]] = defaultdict(list)
    for work in every:
        grouped[work.model, work.budget].append(work)
    rows = [_row(works, with_energy=is_estimated) for works in grouped.values()] if record.given is None else []
    headings = (
        "Model",
        "Label budget",
        "Jobs",
        "Wall time, mean",
        "Peak memory",
        "Operations, mean",
        *(("Energy, mean (estimated)",) if is_estimated else ()),
        "Trainable parameters",
        "Settings tried",
        "Labels (train + validation)",
        "Group labels (train + validation + to answer)",
        "Attempts",
    )
    title = "What each model cost" if is_estimated else "What each model cost (energy: not measured)"
    return tables.table("costs", title, headings, rows, text_columns=2, note=equal_trials(record))


def _works(record: RunRecord) -> Iterator[CostedWork]:
    """Yield the training of a source that was trained here, which answers nothing itself, and then every job."""
    source = record.source
    if source is not None and source.cost is not None and source.record is not None:
        labels = LabelCounts(source.rows.train, source.rows.validation)
        yield CostedWork("source, trained here", "–", source.cost, labels, source.record, source.attempts or 0)
    for job in sorted(record.jobs, key=lambda job: _asked_at(record, job)):
        name = job.strategy or f"before ({job.kind})"
        yield CostedWork(name, job.label_budget or "–", job.cost, job.labels, job.record, job.attempts)


def _asked_at(record: RunRecord, job: JobRecord) -> tuple[int, int]:
    """Return where a job's model stands in the audit: the one before first, then by strategy and label budget."""
    strategies = [strategy.name for strategy in record.audit.strategies]
    budgets = [budget.written for budget in record.run.label_budgets]
    named = (job.strategy, strategies), (job.label_budget, budgets)
    strategy, budget = (listed.index(name) + 1 if name in listed else 0 for name, listed in named)
    return strategy, budget


def _row(works: Sequence[CostedWork], *, with_energy: bool) -> tuple[str, ...]:
    """Return what one model cost with one label budget."""
    first, labels = works[0], works[0].labels
    wall = sum(work.cost.training.wall_seconds + work.cost.prediction.wall_seconds for work in works) / len(works)
    by_group = (labels.group_labels_train, labels.group_labels_validation, labels.group_labels_prediction)
    return (
        first.model,
        first.budget,
        str(len(works)),
        formats.seconds(wall),
        formats.size(max(work.cost.training.peak_memory_bytes for work in works)),
        _mean(works, _operations, formats.operations),
        *((_mean(works, _energy, formats.energy),) if with_energy else ()),
        formats.count(first.record.trainable_parameters),
        str(first.record.trials),
        f"{labels.train:,} + {labels.validation:,}",
        " + ".join(f"{count:,}" for count in by_group),
        str(sum(work.attempts for work in works)),
    )


def _operations(cost: Cost) -> float | None:
    return cost.flops


def _energy(cost: Cost) -> float | None:
    return cost.energy_kwh


def _together(cost: JobCost, part: Callable[[Cost], float | None]) -> float | None:
    """Return what a training and its answers took together; None where either is not known."""
    training, prediction = part(cost.training), part(cost.prediction)
    return None if training is None or prediction is None else training + prediction


def _mean(works: Sequence[CostedWork], part: Callable[[Cost], float | None], shown: Callable[[float], str]) -> str:
    """Return a mean over the jobs of which it is known, and of how many it is where that is not all."""
    known = [value for work in works if (value := _together(work.cost, part)) is not None]
    if not known:
        return "not measured"
    of = "" if len(known) == len(works) else f" ({len(known)} of {len(works)} jobs)"
    return shown(sum(known) / len(known)) + of
