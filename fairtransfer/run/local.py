"""The local executor: one training after another in this process, every result committed as soon as it is there.

Ctrl-C, a crash or a kill loses at most the training in progress; the same command goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fairtransfer.adapt.hardware import Hardware, detect
from fairtransfer.adapt.shelf import FolderShelf
from fairtransfer.adapt.strategy import Diverged
from fairtransfer.evidence.canonical import canonical, write_json
from fairtransfer.evidence.store import Attempt, Store
from fairtransfer.evidence.tables import write_table
from fairtransfer.run.cost import Meter
from fairtransfer.run.job_record import whose
from fairtransfer.run.machine import Machine, code_digest, libraries
from fairtransfer.run.pending import SILENT, Progress
from fairtransfer.run.plan import Job, Plan, Training
from fairtransfer.run.session import Session
from fairtransfer.run.sides import Sides


def true_machine() -> Machine:
    """Return the machine as torch sees it."""
    found = detect()
    return Machine(found.device, found.precision)


def execute(
    plan: Plan, store: Store, sides: Sides, todo: Sequence[tuple[Training, list[Job]]], progress: Progress = SILENT
) -> None:
    """Carry out what is pending. A training that fails ends with that status and the others go on."""
    shelf = FolderShelf(store.folder / "features", _decides_features(plan))
    session = Session(plan, sides, Hardware(plan.machine.device, plan.machine.precision), shelf)
    session.check()
    progress.begin(list(todo))
    for training, jobs in todo:
        _carry_out(session, store, training, jobs, progress)


def _decides_features(plan: Plan) -> str:
    """Return everything besides the rows that decides what the frozen network makes of them."""
    machine = [plan.machine.device, plan.machine.precision, torch.get_num_threads()]
    return canonical([plan.checkpoint.digest, code_digest(), libraries(plan.audit.model.family), machine]).decode()


def _carry_out(session: Session, store: Store, training: Training, jobs: list[Job], progress: Progress) -> None:
    attempts = [store.begin(job.id) for job in jobs]
    meter = Meter(session.plan.machine.device)
    try:
        progress.step(training, 0.0)
        adapted, labels = session.adapt(training, lambda share: progress.step(training, share))
        learned = meter.read()
        for job, attempt in zip(jobs, attempts, strict=True):
            predicting = Meter(session.plan.machine.device)
            asked = session.group_labels_at_prediction(adapted, job.benchmark)
            write_table(attempt.folder / "predictions.parquet", session.predict(adapted, job.benchmark))
            write_json(
                attempt.folder / "job.json",
                _record(session, job, attempt, adapted.record, _all(labels, asked), learned, predicting.read()),
            )
            attempt.commit()
    except (Diverged, FloatingPointError) as error:
        _fail(store, jobs, f"diverged: {error}")
    except (torch.OutOfMemoryError, MemoryError):
        _fail(
            store,
            jobs,
            "out_of_memory: the training did not fit into memory; the batch size is part of the experiment and was not changed",
        )
    progress.step(training, 1.0)


def _all(labels: dict[str, int], at_prediction: int) -> dict[str, int]:
    """Return the labels of a training with those of one benchmark, and how many group labels that are in all."""
    told = {**labels, "group_labels_prediction": at_prediction}
    return {**told, "group_labels": sum(n for name, n in told.items() if name.startswith("group_labels_"))}


def _fail(store: Store, jobs: list[Job], reason: str) -> None:
    for job in jobs:
        if store.status(job.id).state != "done":
            store.fail(job.id, reason)


def _record(
    session: Session,
    job: Job,
    attempt: Attempt,
    record: dict[str, Any],
    labels: dict[str, int],
    learned: dict[str, Any],
    predicting: dict[str, Any],
) -> dict[str, Any]:
    """Return what `job.json` keeps of a finished job."""
    plan = session.plan
    return {
        **whose(job, attempt.number),
        "labels": labels,
        "inputs_cut": session.prepared(session.sides.judged[job.benchmark].part).cut,
        "record": record,
        "cost": {"training": learned, "prediction": predicting},
        "digests": {"model": plan.checkpoint.digest},
        "machine": {
            "device": plan.machine.device,
            "precision": plan.machine.precision,
            "threads": torch.get_num_threads(),
        },
        "libraries": libraries(plan.audit.model.family, job.training.kind),
    }
