"""A finished run without a model: predictions are made by a function, everything after them is the real thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from support.plans import jobs_of

from fairtransfer import api
from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import write_json
from fairtransfer.evidence.tables import predictions_table, write_table
from fairtransfer.runner.job import Job, Plan
from fairtransfer.runner.job_record import LABELS, job_header
from fairtransfer.runner.opened_data import open_data
from fairtransfer.workspace import store_of

Answer = Callable[[Job, Part], list[str]]
Scores = Callable[[int, list[str]], NDArray[np.float32]]
GROUP_LABELS = ("group_labels_train", "group_labels_validation", "group_labels_prediction", "group_labels")


def fake_run(
    audit: Path, workspace: Path, answer: Answer, *, report_only: bool = False, scores: Scores | None = None
) -> Path:
    """Commit made-up answers (and scores, from a number per job and the answers) for every job; return the run's folder."""
    files = api.load_audit(audit, report_only=report_only)
    made = jobs_of(files)
    commit_answers(made, workspace, answer, scores=scores)
    return api.run(files, workspace=workspace).folder


def commit_answers(
    made: Plan,
    workspace: Path,
    answer: Answer,
    *,
    skip: Callable[[Job], bool] = lambda job: False,
    scores: Scores | None = None,
) -> None:
    sides = open_data(made.files, made.roots)
    classes = made.files.classes
    with store_of(workspace) as store:
        for job in (*made.jobs, *made.judging):
            part = sides.judged[job.benchmark].part
            if skip(job):
                store.fail(job.id, "diverged: the loss became NaN or infinite at step 3")
                continue
            pred = answer(job, part)
            said = np.full((len(part), len(classes)), 0.1, dtype=np.float32)
            said = said if scores is None else scores(hash_of(job.id), pred)
            column = pa.FixedSizeListArray.from_arrays(pa.array(said.ravel()), len(classes))
            attempt = store.begin(job.id)
            write_table(
                attempt.folder / "predictions.parquet", predictions_table(list(part.ids), list(part.y), pred, column)
            )
            write_json(attempt.folder / "job.json", record(job, attempt.number))
            attempt.commit()


def record(job: Job, attempt: int) -> dict[str, object]:
    training = job.training
    cost = {"wall_seconds": 1.0, "peak_memory_bytes": 10**6}
    error = 0.1 if training.kind == "full" else 0.2
    return {
        **job_header(job, attempt),
        "labels": {**dict.fromkeys(LABELS, 0), "train": 8, "validation": 8},
        "record": {
            "validation_error": error,
            "validation_loss": 1.0,
            "selection": "made up",
            "trainable_parameters": 7,
        },
        "cost": {"training": cost, "prediction": cost},
        "digests": {},
        "machine": {},
        "libraries": {},
    }


def wrong_answers(rate: Callable[[Job, dict[str, str]], float], classes: tuple[str, ...], key: str = "") -> Answer:
    """Answers that are wrong at a rate per job and group, decided by a digest of job and item."""

    def answer(job: Job, part: Part) -> list[str]:
        found = []
        for row, (item, truth) in enumerate(zip(part.ids, part.y, strict=True)):
            group = {name: part.groups[name][row] for name in part.groups}
            rng = np.random.default_rng(
                [abs(hash_of(f"{key}{job.training.strategy}{job.training.budget}{job.training.seed}{item}"))]
            )
            wrong = rng.random() < rate(job, group)
            others = [c for c in classes if c != truth]
            found.append(others[int(rng.integers(len(others)))] if wrong else truth)
        return found

    return answer


def hash_of(text: str) -> int:
    """A hash that is the same in every process."""
    import hashlib

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
