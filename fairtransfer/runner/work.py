"""One training carried out: adapt once, answer every benchmark, write what `job.json` keeps. Any executor does this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from fairtransfer.adapt.flops import METHOD
from fairtransfer.adapt.hardware import is_out_of_memory
from fairtransfer.adapt.strategy import Diverged, OneClass
from fairtransfer.evidence.canonical import write_json
from fairtransfer.evidence.tables import write_table
from fairtransfer.models.backbone import PassFailed
from fairtransfer.runner.asked import packages_of
from fairtransfer.runner.cost import Meter, cost_record
from fairtransfer.runner.job import Plan, Training
from fairtransfer.runner.job_record import job_header
from fairtransfer.runner.machine import libraries
from fairtransfer.runner.network_checks import pass_failed
from fairtransfer.runner.session import Session
from fairtransfer.runner.todo import Lease

OUT_OF_MEMORY = (
    "out_of_memory: the training did not fit into memory; the batch size is part of the experiment and was not changed"
)


def carry_out(
    session: Session,
    training: Training,
    leases: Sequence[Lease],
    step: Callable[[float], None],
    ready: Callable[[Lease], None],
) -> str:
    """Adapt the model, write the answers on every benchmark, and return why some have none; empty if all went well.

    Parameters
    ----------
    step
        Called with the share of the training that is done.
    ready
        Called with every lease whose files are complete.
    """
    try:
        meter = _meter(session)
        adapted, labels = session.adapt(training, step)
        learned = meter.read()
        for lease in leases:
            predicting = _meter(session)
            asked = session.group_labels_at_prediction(adapted, lease.job.benchmark)
            write_table(lease.folder / "predictions.parquet", session.predict(adapted, lease.job.benchmark))
            cost = {"training": learned, "prediction": predicting.read(), **_cost_record(session)}
            if training.stage == "before":
                session.keep_reading(lease.job.benchmark, lease.folder)
            record = _record(session, lease, adapted.record, _all(labels, asked), cost)
            write_json(lease.folder / "job.json", record)
            ready(lease)
    except (Diverged, FloatingPointError) as error:
        return f"diverged: {error}"
    except OneClass as error:
        return f"one_class: {error}"
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            return OUT_OF_MEMORY
        if isinstance(error, PassFailed):
            return model_error(session.plan, error)
        raise
    return ""


def model_error(plan: Plan, error: PassFailed) -> str:
    """Return why a job has no result whose model broke off: with the code, at the audit's line, without folders."""
    told = pass_failed(plan, error).to_json()
    return f"model_error: {told['place']} {told['code']}: {told['text']}"


def _meter(session: Session) -> Meter:
    return Meter(session.plan.machine.device, session.runner.flops, session.energy)


def _cost_record(session: Session) -> dict[str, Any]:
    return cost_record(METHOD if session.costing.flops else None, session.energy.record())


def _all(labels: dict[str, int], at_prediction: int) -> dict[str, int]:
    """Return the labels of a training with those of one benchmark, and how many group labels that are in all."""
    told = {**labels, "group_labels_prediction": at_prediction}
    return {**told, "group_labels": sum(n for name, n in told.items() if name.startswith("group_labels_"))}


def _record(
    session: Session, lease: Lease, record: dict[str, Any], labels: dict[str, int], cost: dict[str, Any]
) -> dict[str, Any]:
    """Return what `job.json` keeps of a finished job."""
    plan, job = session.plan, lease.job
    return {
        **job_header(job, lease.attempt),
        "labels": labels,
        "inputs_cut": session.prepared(session.data.judged[job.benchmark].part).cut,
        "record": record,
        "cost": cost,
        "digests": {"model": plan.checkpoint.digest},
        "machine": {
            "device": plan.machine.device,
            "precision": plan.machine.precision,
            "threads": torch.get_num_threads(),
        },
        "libraries": libraries(plan.audit.model.family, packages_of(job.training)),
    }
