"""Predictions that were made elsewhere as a plan: their models are the jobs, and carrying them out is keeping the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from fairtransfer.data.prediction_file import Answers, find_answers, read_answers
from fairtransfer.data.predictor import Answerer
from fairtransfer.errors import Problems
from fairtransfer.evidence.canonical import digest, write_json
from fairtransfer.evidence.store import Attempt, Store
from fairtransfer.evidence.tables import numbers_table, predictions_table, write_table
from fairtransfer.models import Checkpoint
from fairtransfer.runner.energy import NOTHING
from fairtransfer.runner.job import Job, Plan, Roots, RowKeys, Training
from fairtransfer.runner.job_ids import row_keys, run_id
from fairtransfer.runner.job_record import LABELS, whose
from fairtransfer.runner.machine import ELSEWHERE, code_digest
from fairtransfer.runner.opened_data import Sides, is_multilabel
from fairtransfer.runner.plan_checks import check_files, check_size
from fairtransfer.runner.todo import NO_PROGRESS, Progress
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.given import CONTROL, given_problems
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MADE = "made elsewhere"
_NO_COST = {"wall_seconds": 0, "peak_memory_bytes": 0, "flops": None, **NOTHING}
_NOT_MEASURED = {"status": "not_measured", "reason": MADE}


def plan_given(files: AuditFiles, roots: Roots, max_jobs: int) -> Plan:
    """Return the plan of an audit of predictions; opens their file, and no data.

    Raises
    ------
    DefinitionError
        With everything wrong with the file, or with what the audit asks of it.
    """
    problems, names = Problems(), [card.card.id for card in files.benchmarks]
    answers = read_answers(files.loaded, names, problems, multilabel=is_multilabel(files))
    if answers is not None:
        problems.extend(given_problems(files.loaded, answers.models, PROCEDURE_MINIMUM))
    problems.raise_if_any()
    assert answers is not None, "a file that cannot be read has been reported"
    check_size(files, len(answers.answerers) * len(names), max_jobs)
    check_files(files, roots)
    told = replace(files, warnings=(*files.warnings, *problems.warnings))
    checkpoint = Checkpoint(
        str(files.loaded.audit.model.source),
        find_answers(files.loaded).parent,
        {},
        {answers.file: answers.sha256},
        frozenset(),
    )
    rows = row_keys(files, roots)
    jobs = tuple(_jobs(files, answers, rows))
    return Plan(told, checkpoint, ELSEWHERE, roots, rows, jobs, run_id(files, jobs), answers)


def training_of(answerer: Answerer) -> Training:
    """Return a model of the file as a plan names it; one called `scratch` is the control, as anywhere else."""
    kind = CONTROL if answerer.strategy == CONTROL else "predictions"
    return Training(answerer.stage, answerer.strategy, kind, {}, answerer.budget, answerer.seed)


def _jobs(files: AuditFiles, answers: Answers, rows: RowKeys) -> Iterator[Job]:
    common = {"code": code_digest(), "predictions": answers.sha256, "classes": list(files.classes)}
    for answerer in answers.answerers:
        training = training_of(answerer)
        for judged, card in zip(rows.judged, files.benchmarks, strict=True):
            names = {"strategy": training.strategy, "benchmark": card.card.id}
            key = {**common, "training": training.to_json(), "benchmark": judged, "names": names}
            yield Job(digest(key)[:32], training, card.card.id)


def keep(
    plan: Plan, store: Store, sides: Sides, todo: Sequence[tuple[Training, list[Job]]], progress: Progress = NO_PROGRESS
) -> None:
    """Commit the answers of every pending job."""
    progress.begin(list(todo))
    for training, jobs in todo:
        for job in jobs:
            attempt = store.begin(job.id)
            write_table(attempt.folder / "predictions.parquet", _table(sides, job))
            write_json(attempt.folder / "job.json", _record(plan, job, attempt))
            attempt.commit()
        progress.step(training, 1.0)


def _table(sides: Sides, job: Job) -> pa.Table:
    training, part = job.training, sides.judged[job.benchmark].part
    answerer = Answerer(training.stage, training.strategy, training.budget, training.seed)
    pred = sides.given.pred[answerer, job.benchmark]
    if sides.judged[job.benchmark].benchmark.numeric:
        y, answered = (np.array(values, dtype=np.float64) for values in (part.y, pred))
        return numbers_table(list(part.ids), y, answered)
    scores = pa.nulls(len(pred), pa.list_(pa.float32()))
    return predictions_table(list(part.ids), list(part.y), list(pred), scores)


def _record(plan: Plan, job: Job, attempt: Attempt) -> dict[str, Any]:
    """Return `job.json`, with the keys of any other job; what is not known is null."""
    return {
        **whose(job, attempt.number),
        "labels": dict.fromkeys(LABELS),
        "inputs_cut": 0,
        "record": {"selection": MADE},
        "cost": {"training": _NO_COST, "prediction": _NO_COST, "flops": _NOT_MEASURED, "energy": _NOT_MEASURED},
        "digests": {"predictions": "".join(plan.checkpoint.files.values())},
        "machine": {"device": ELSEWHERE.device, "precision": ELSEWHERE.precision, "threads": None},
        "libraries": {},
    }


def given_json(plan: Plan, sides: Sides) -> dict[str, Any] | None:
    """Return what `run.json` keeps of the file of predictions; None where models are adapted."""
    if plan.answers is None:
        return None
    answers, given = plan.answers, sides.given
    models = [{"strategy": s, "label_budget": b, "seeds": list(seeds)} for (s, b), seeds in answers.models.items()]
    return {
        "file": answers.file,
        "sha256": answers.sha256,
        "columns_not_read": list(answers.unread),
        "before_seeds": [a.seed for a in answers.answerers if a.stage == "before" and a.seed is not None],
        "models": models,
        "ledgers": {name: ledger.to_json() for name, ledger in given.ledgers.items()},
        "outside": given.outside,
    }
