"""Predictions that were made elsewhere as a plan: their models are the jobs, and carrying them out is keeping the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.data.prediction_file import PredictionFile, find_prediction_file, read_prediction_file
from fairtransfer.data.predictor import Predictor
from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.canonical import digest, write_json
from fairtransfer.evidence.store import Attempt, Store
from fairtransfer.evidence.tables import numbers_table, predictions_table, with_values, write_table
from fairtransfer.models import Checkpoint
from fairtransfer.runner.energy import NOTHING
from fairtransfer.runner.job import GIVEN, Job, Plan, Roots, RowKeys, Training
from fairtransfer.runner.job_ids import row_keys, run_id
from fairtransfer.runner.job_record import LABELS, job_header
from fairtransfer.runner.machine import ELSEWHERE, code_digest
from fairtransfer.runner.opened_data import OpenedData, is_multilabel
from fairtransfer.runner.plan_checks import check_files, check_size
from fairtransfer.runner.todo import NO_PROGRESS, Progress
from fairtransfer.spec.audit import OF_READING
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.given import CONTROL, given_problems
from fairtransfer.spec.questions import means_asked
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
    columns = tuple(means_asked(files.loaded.audit))
    predictions = read_prediction_file(files.loaded, names, problems, columns, multilabel=is_multilabel(files))
    if predictions is not None:
        problems.extend(_unused_words(files, predictions))
        problems.extend(given_problems(files.loaded, predictions.models, PROCEDURE_MINIMUM))
    problems.raise_if_any()
    assert predictions is not None, "a file that cannot be read has been reported"
    check_size(files, len(predictions.predictors) * len(names), max_jobs)
    check_files(files, roots)
    told = replace(files, warnings=(*files.warnings, *problems.warnings))
    checkpoint = Checkpoint(
        str(files.loaded.audit.model.source),
        find_prediction_file(files.loaded).parent,
        {},
        {predictions.file: predictions.sha256},
        {},
    )
    rows = row_keys(files, roots)
    jobs = tuple(_jobs(files, predictions, rows))
    return Plan(told, checkpoint, ELSEWHERE, roots, rows, jobs, run_id(files, jobs), predictions)


def _unused_words(files: AuditFiles, predictions: PredictionFile) -> Iterator[Problem]:
    """Yield mapped words that no answer is: they may be written otherwise."""
    model = files.loaded.audit.model
    answers = {answer for of in predictions.answers.values() for answer in of.values()} if model.map else set[str]()
    sign = model.multilabel_separator or LABEL_JOIN
    held = answers | ({part for answer in answers for part in answer.split(sign)} if is_multilabel(files) else set())
    for word in (word for word in model.map if word not in held):
        found = f"no answer is `{shown(word)}`"
        yield files.loaded.document.problem("FT-P106", ("model", "map", word), found, warn=True)


def training_of(predictor: Predictor) -> Training:
    """Return a model of the file as a plan names it; one called `scratch` is the control, as anywhere else."""
    kind = CONTROL if predictor.strategy == CONTROL else GIVEN
    return Training(predictor.stage, predictor.strategy, kind, {}, predictor.budget, predictor.seed)


def _jobs(files: AuditFiles, predictions: PredictionFile, rows: RowKeys) -> Iterator[Job]:
    common: dict[str, Any] = {"code": code_digest(), "predictions": predictions.sha256, "classes": list(files.classes)}
    if means := means_asked(files.loaded.audit):
        common["values"] = sorted(means)
    if reading := {key: value for key in OF_READING if (value := getattr(files.loaded.audit.model, key))}:
        common["reading"] = reading
    for predictor in predictions.predictors:
        training = training_of(predictor)
        for judged, card in zip(rows.judged, files.benchmarks, strict=True):
            names = {"strategy": training.strategy, "benchmark": card.card.id}
            key = {**common, "training": training.to_json(), "benchmark": judged, "names": names}
            yield Job(digest(key)[:32], training, card.card.id)


def keep(
    plan: Plan,
    store: Store,
    data: OpenedData,
    todo: Sequence[tuple[Training, list[Job]]],
    progress: Progress = NO_PROGRESS,
) -> None:
    """Commit the answers of every pending job."""
    progress.begin(list(todo))
    for training, jobs in todo:
        for job in jobs:
            attempt = store.begin(job.id)
            write_table(attempt.folder / "predictions.parquet", _table(data, job))
            write_json(attempt.folder / "job.json", _record(plan, job, attempt))
            attempt.commit()
        progress.step(training, 1.0)


def _table(data: OpenedData, job: Job) -> pa.Table:
    training, part = job.training, data.judged[job.benchmark].part
    predictor = Predictor(training.stage, training.strategy, training.budget, training.seed)
    pred = data.given.pred[predictor, job.benchmark]
    values = data.given.values[predictor, job.benchmark]
    if data.judged[job.benchmark].benchmark.numeric:
        y, answered = (np.array(numbers, dtype=np.float64) for numbers in (part.y, pred))
        return with_values(numbers_table(list(part.ids), y, answered), values)
    scores = pa.nulls(len(pred), pa.list_(pa.float32()))
    return with_values(predictions_table(list(part.ids), list(part.y), list(pred), scores), values)


def _record(plan: Plan, job: Job, attempt: Attempt) -> dict[str, Any]:
    """Return `job.json`, with the keys of any other job; what is not known is null."""
    return {
        **job_header(job, attempt.number),
        "labels": dict.fromkeys(LABELS),
        "inputs_cut": 0,
        "record": {"selection": MADE},
        "cost": {"training": _NO_COST, "prediction": _NO_COST, "flops": _NOT_MEASURED, "energy": _NOT_MEASURED},
        "digests": {"predictions": "".join(plan.checkpoint.files.values())},
        "machine": {"device": ELSEWHERE.device, "precision": ELSEWHERE.precision, "threads": None},
        "libraries": {},
    }


def given_json(plan: Plan, data: OpenedData) -> dict[str, Any] | None:
    """Return what `run.json` keeps of the file of predictions; None where models are adapted."""
    if plan.predictions is None:
        return None
    predictions, given = plan.predictions, data.given
    models = [{"strategy": s, "label_budget": b, "seeds": list(seeds)} for (s, b), seeds in predictions.models.items()]
    return {
        "file": predictions.file,
        "sha256": predictions.sha256,
        "columns_not_read": list(predictions.unread),
        "before_seeds": [a.seed for a in predictions.predictors if a.stage == "before" and a.seed is not None],
        "models": models,
        "ledgers": {name: ledger.to_json(_attributes(plan, name)) for name, ledger in given.ledgers.items()},
        "outside": given.outside,
    }


def _attributes(plan: Plan, benchmark: str) -> tuple[str, ...]:
    """Return the attributes by which a benchmark is judged."""
    judged = zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
    return tuple(name for card, ref in judged if card.card.id == benchmark for name in ref.groups)
