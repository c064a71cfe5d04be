"""What of a plan is still to do. Needs no training library, so that a run with nothing to do ends at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtransfer.evidence.store import Store
from fairtransfer.runner.job import Job, Plan, Training

FINAL = ("diverged", "one_class")
"""Reasons that are results: running again would end the same way."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is told while a plan is carried out.

    Attributes
    ----------
    begin
        Called with what is to be done.
    step
        Called with a training and the share of it that is done.
    """

    begin: Callable[[list[tuple[Training, list[Job]]]], None]
    step: Callable[[Training, float], None]


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that may be worked on: the number of the attempt, and the folder its files are written into."""

    job: Job
    attempt: int
    folder: Path


NO_PROGRESS = Progress(lambda _todo: None, lambda _training, _share: None)


def pending(plan: Plan, store: Store) -> list[tuple[Training, list[Job]]]:
    """Return what has to run: trainings with the jobs that have no result yet."""
    todo = [(training, [job for job in jobs if not settled(job, store)]) for training, jobs in plan.by_training()]
    return [(training, jobs) for training, jobs in todo if jobs]


def settled(job: Job, store: Store) -> bool:
    """Say whether a job has a result, or ended in a way that is one."""
    status = store.status(job.id)
    if status.state == "failed":
        return is_final(status.reason)
    return store.result(job.id) is not None


def is_final(reason: str) -> bool:
    """Say whether a job that failed for this reason would fail again."""
    return reason.split(":")[0] in FINAL


def label(training: Training) -> str:
    """Return how a training is named to people."""
    parts = [training.strategy or f"before ({training.kind})"]
    parts += [f"{training.budget} labels"] if training.budget and training.stage != "source" else []
    parts += [f"seed {training.seed}"] if training.seed is not None else []
    return ", ".join(parts)


def fail_unfinished(store: Store, jobs: Sequence[Job], reason: str) -> None:
    """Record why jobs have no result, for those of them that have none."""
    for job in jobs:
        if store.status(job.id).state != "done":
            store.fail(job.id, reason)
