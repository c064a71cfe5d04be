"""A source that is trained here first: found in the store, or trained and committed; then it is the plan's model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.evidence.store import Store
from fairtransfer.models.checkpoint import Checkpoint, Trained
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.job import Plan, Pretraining
from fairtransfer.runner.job_record import RECORD, WEIGHTS
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.todo import NO_PROGRESS, Progress, is_final


def ready(plan: Plan) -> bool:
    """Say whether the model the jobs start from is there."""
    return plan.pretraining is None or plan.checkpoint.trained is not None


def with_source(plan: Plan, store: Store, data: OpenedData, costing: Costing, progress: Progress = NO_PROGRESS) -> Plan:
    """Return the plan with its source trained.

    A source that cannot be trained leaves the plan as it is, and every job of it ends with the reason.
    """
    made = plan.pretraining
    if made is None:
        return plan
    found = store.result(made.id)
    if found is None and not _is_final_failure(store, made):
        from fairtransfer.runner.source_training import train_source  # imports torch: not for a source that is there

        found = train_source(plan, made, store, data, costing, progress)
    if found is None:
        _fail_jobs(plan, store, store.status(made.id).reason)
        return plan
    return replace(plan, checkpoint=_trained(plan, found))


def _is_final_failure(store: Store, made: Pretraining) -> bool:
    status = store.status(made.id)
    return status.state == "failed" and is_final(status.reason)


def _fail_jobs(plan: Plan, store: Store, reason: str) -> None:
    kind, _, text = reason.partition(":")
    for job in plan.jobs:
        if store.status(job.id).state != "done":
            store.fail(job.id, f"{kind}: while the source was trained:{text}")


def _trained(plan: Plan, folder: Path) -> Checkpoint:
    weights = folder / WEIGHTS
    classes = tuple(read_json(folder / RECORD)["classes"])
    return plan.checkpoint.with_weights(Trained(weights, classes), file_digest(weights))


def source_json(plan: Plan, store: Store, data: OpenedData) -> dict[str, Any] | None:
    """Return what `run.json` keeps of a source that was trained here; None for a model that came from elsewhere."""
    made, card, asked = plan.pretraining, plan.files.source, plan.audit.model.pretrain
    if made is None or card is None or asked is None or data.source is None:
        return None
    rows, found = data.source.rows, store.result(made.id)
    job = None if found is None else read_json(found / RECORD)
    kept = {key: None if job is None else job[key] for key in ("classes", "record", "cost", "attempts", "digests")}
    return {
        "id": made.id,
        "card": card.card.id,
        "key": card.card.key,
        "base": asked.base,
        "start": asked.start,
        "seed": asked.seed,
        "options": made.training.options,
        "rows": {"train": len(rows.train), "validation": len(rows.val)},
        "ledger": rows.ledger.to_json([name for ref in plan.audit.benchmarks for name in ref.groups]),
        "leaks": dict(data.source.leaks),
        "reason": None if found is not None else store.status(made.id).reason,
        **kept,
    }
