"""Carrying out the training of a source: all of its rows, one seed, one file of weights committed to the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from fairtransfer.adapt.flops import METHOD, FlopTally
from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware, is_out_of_memory
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.pretrain import pretrain
from fairtransfer.adapt.strategy import Diverged, Labelled, OneClass, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import write_json
from fairtransfer.evidence.store import Store
from fairtransfer.models import open_backbone
from fairtransfer.models.backbone import Backbone, PassFailed
from fairtransfer.models.checkpoint import placed
from fairtransfer.models.trained import write_weights
from fairtransfer.runner.cost import Costing, Meter, cost_record
from fairtransfer.runner.energy import EnergyMeter
from fairtransfer.runner.job import Job, Plan, Pretraining
from fairtransfer.runner.job_record import RECORD, WEIGHTS, job_header
from fairtransfer.runner.machine import libraries
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.todo import Progress
from fairtransfer.runner.work import model_error
from fairtransfer.spec.label_map import mapped_classes
from fairtransfer.spec.pretrain import Pretrain


def train_source(
    plan: Plan, made: Pretraining, store: Store, data: OpenedData, costing: Costing, progress: Progress
) -> Path | None:
    """Train a source and return the folder of its committed weights; None when it failed, with the reason in the store."""
    asked = plan.audit.model.pretrain
    assert asked is not None, "a plan has a pretraining where its audit asks for one"
    progress.begin([(made.training, [])])
    hardware = Hardware(plan.machine.device, plan.machine.precision)
    attempt, runner = store.begin(made.id), Runner(hardware, FlopTally(on=costing.flops))
    energy = EnergyMeter(costing.country)
    meter = Meter(plan.machine.device, runner.flops, energy)
    try:
        setting = _setting(plan, made, asked, data, runner, progress)
        weights, record = pretrain(setting, asked.training, asked.start)
    except (Diverged, FloatingPointError) as error:
        store.fail(made.id, f"diverged: {error}")
        return None
    except OneClass as error:
        store.fail(made.id, f"one_class: {error}")
        return None
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            reason = "out_of_memory: the training of the source did not fit into memory"
        elif isinstance(error, PassFailed):
            reason = model_error(plan, error)
        else:
            raise
        store.fail(made.id, reason)
        return None
    write_weights(attempt.folder / WEIGHTS, weights)
    job = Job(made.id, made.training, "")
    kept = {**job_header(job, attempt.number), "classes": list(setting.task.classes), "record": record}
    cost = {"training": meter.read(), **cost_record(METHOD if costing.flops else None, energy.record())}
    write_json(attempt.folder / RECORD, {**kept, **_circumstances(plan, setting, cost)})
    progress.step(made.training, 1.0)
    return attempt.commit()


def _setting(
    plan: Plan, made: Pretraining, asked: Pretrain, data: OpenedData, runner: Runner, progress: Progress
) -> Setting:
    assert data.source is not None, "opened where a source is trained"
    assert plan.files.source is not None, "as above"
    with placed(plan.files.loaded):
        backbone = open_backbone(plan.checkpoint, plan.audit.model.loaded_as, plan.audit.model.max_tokens)
    task = Task(mapped_classes(plan.files.source.card, asked.labels))
    train, val = (_labelled(backbone, part) for part in (data.source.rows.train, data.source.rows.val))
    told = lambda share: progress.step(made.training, share)  # noqa: E731  # as short as its use
    return Setting(backbone, FrozenFeatures(backbone, runner), runner, task, train, val, asked.seed, told)


def _labelled(backbone: Backbone, part: Part) -> Labelled:
    return Labelled(backbone.prepare(part.inputs), part.y, range(len(part)))


def _circumstances(plan: Plan, setting: Setting, cost: dict[str, Any]) -> dict[str, Any]:
    """Return the rest of `job.json`: with how many labels, at what cost, from which base, where."""
    labels = {"train": len(setting.train.rows), "validation": len(setting.val.rows), "group_labels": 0}
    machine = {"device": plan.machine.device, "precision": plan.machine.precision}
    return {
        "labels": labels,
        "inputs_cut": setting.train.prepared.cut + setting.val.prepared.cut,
        "cost": cost,
        "digests": {"base": plan.checkpoint.digest},
        "machine": {**machine, "threads": torch.get_num_threads()},
        "libraries": libraries(plan.audit.model.family),
    }
