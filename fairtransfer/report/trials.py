"""What each model was chosen from: the settings that were tried, the one chosen for each seed, and whether all tried as many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fairtransfer import formats
from fairtransfer.evidence.jobs.records import JobRecord
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.report import tables
from fairtransfer.report.tables import Table
from fairtransfer.spec.grids import GRIDDED

_PENALTIES = "inverse_penalties"
"""The option of strategies that solve heads for many penalties at once."""


def trainings(record: RunRecord) -> dict[tuple[str, str], list[JobRecord]]:
    """Return one job for each seed of every adapted model that has results, in the order of the audit."""
    found: dict[tuple[str, str], dict[int, JobRecord]] = {model: {} for model in record.models}
    for job in record.jobs:
        if job.stage == "after" and job.model in found and job.seed is not None:
            found[job.model].setdefault(job.seed, job)
    return {model: [jobs[seed] for seed in sorted(jobs)] for model, jobs in found.items() if jobs}


def tried(record: RunRecord) -> dict[str, int]:
    """Return from how many settings each strategy's models were chosen; those with nothing to choose are left out."""
    found = {strategy: jobs[0].record.trials for (strategy, _), jobs in trainings(record).items()}
    return {strategy: number for strategy, number in found.items() if number}


def equal_trials(record: RunRecord) -> str:
    """Return whether the models compared tried as many settings, in words; empty where there is nothing to compare."""
    numbers = tried(record)
    if record.given is not None or len(numbers) < 2:
        return ""
    if len(set(numbers.values())) == 1:
        return f"Every adapted model was chosen from {formats.plural(next(iter(numbers.values())), 'setting')}."
    told = ", ".join(f"{strategy} {number}" for strategy, number in numbers.items())
    return (
        f"Trial budgets are not equal: the models were chosen on validation from different numbers of settings ({told}). "
        f"{_why(record)}Part of a difference between them may come from how much was tried."
    )


def _why(record: RunRecord) -> str:
    """Return why heads try more, where there are any."""
    if not any(job.options.get(_PENALTIES) for jobs in trainings(record).values() for job in jobs):
        return ""
    return (
        "Heads on frozen features try many penalties, as one more costs next to nothing; one more setting of a trained model "
        "is one more training. "
    )


def settings_table(record: RunRecord) -> Table:
    """Return every setting of a grid, with the seeds it was chosen for; no rows where no strategy has a grid."""
    rows = [
        (*model, *row)
        for model, jobs in trainings(record).items()
        for row in _settings([job for job in jobs if job.record.grid])
    ]
    headings = (
        "Model",
        "Label budget",
        "Learning rate",
        "Weight decay",
        "Validation error, mean",
        "Chosen for seeds",
        "Diverged for seeds",
    )
    note = (
        "Every setting was trained with the same seeds, rows and order. Each seed's was chosen on validation, never on test, by "
        "the strategy's rule: first the error (of the worst group or cell where it asks for that), then the loss."
    )
    return tables.table("settings", "Settings tried", headings, rows, text_columns=2, note=note)


def _settings(jobs: Sequence[JobRecord]) -> Iterator[tuple[str, ...]]:
    """Yield what became of every setting of one model."""
    for place in range(len(jobs[0].record.grid) if jobs else 0):
        trials = {job.seed: job.record.grid[place] for job in jobs}
        setting = jobs[0].record.grid[place].setting
        errors = [trial.validation_error or 0.0 for trial in trials.values() if trial.status == "ok"]
        won = [job.seed for job in jobs if _chosen(job) == setting]
        lost = [seed for seed, trial in trials.items() if trial.status != "ok"]
        yield (
            *(f"{value:g}" for value in setting),
            _error(jobs[0], sum(errors) / len(errors)) if errors else "diverged",
            _seeds(won),
            _seeds(lost),
        )


def _chosen(job: JobRecord) -> tuple[float, ...]:
    """Return the setting of a grid that a job was chosen with."""
    return tuple((job.record.selected or {})[name] for name in GRIDDED)


def _error(job: JobRecord, error: float) -> str:
    """Return an error of validation as it is measured: a share of cases, or of a number in standard deviations."""
    return formats.percent(error) if job.record.target is None else formats.number(error)


def _seeds(seeds: Sequence[int | None]) -> str:
    return ", ".join(map(str, seeds)) or "–"


def trials_json(record: RunRecord) -> dict[str, Any]:
    """Return what was tried as plain values, seed by seed."""
    models = [
        {
            "strategy": strategy,
            "label_budget": budget,
            "seed": job.seed,
            "settings_tried": job.record.trials,
            "selected": job.record.selected,
            "grid": [trial.to_json() for trial in job.record.grid],
        }
        for (strategy, budget), jobs in trainings(record).items()
        for job in jobs
    ]
    numbers = set(tried(record).values())
    return {
        "equal": len(numbers) == 1 if numbers else None,
        "note": equal_trials(record),
        "models": [] if record.given is not None else models,
    }
