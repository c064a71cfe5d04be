"""The plan: every job an audit asks for, each named by the digest of everything that decides its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fairtransfer.models import Checkpoint
from fairtransfer.runner.external_predictions import plan_given
from fairtransfer.runner.job import Job, Plan, Pretraining, Roots, RowKeys, Training
from fairtransfer.runner.job_ids import common_key, job_id, row_keys, run_id, source_id
from fairtransfer.runner.label_budgets import budget_text, largest_budget
from fairtransfer.runner.machine import Machine, guess
from fairtransfer.runner.model_checks import inspected, model_warnings
from fairtransfer.runner.plan_checks import MAX_JOBS, check_files, check_size
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.audit_files import AuditFiles


def make_plan(
    files: AuditFiles, roots: Roots | None = None, machine: Machine | None = None, max_jobs: int = MAX_JOBS
) -> Plan:
    """Return the plan of an audit.

    Looks at the model's files and at the digests of the data files; opens neither and imports no training library.
    A file of predictions is read.

    Raises
    ------
    DefinitionError
        When the model or a data file is missing, changed or not acceptable, or the plan is too large (``FT-Y025``).
    """
    audit = files.loaded.audit
    roots, machine = roots or Roots(), (machine or guess()).computing_in(audit.model.precision)
    if audit.made_elsewhere:
        return plan_given(files, roots, max_jobs)
    check_size(files, sum(1 for _ in _trainings(audit)) * len(audit.benchmarks), max_jobs)
    check_files(files, roots)
    checkpoint = inspected(files, roots.model)
    files = replace(files, warnings=(*files.warnings, *model_warnings(files, checkpoint)))
    return _named(files, roots, checkpoint, machine, row_keys(files, roots))


def on_machine(plan: Plan, machine: Machine) -> Plan:
    """Return a plan as it is on another machine, on which jobs have other ids; reads nothing again."""
    assert plan.checkpoint.trained is None, "a source is trained after it is known where"
    there = machine.computing_in(plan.audit.model.precision)
    if there == plan.machine:
        return plan
    return _named(plan.files, plan.roots, plan.checkpoint, there, plan.rows)


def _named(files: AuditFiles, roots: Roots, checkpoint: Checkpoint, machine: Machine, rows: RowKeys) -> Plan:
    """Return the plan of an audit whose models are adapted here: its trainings, with the ids of their jobs."""
    common = common_key(files, checkpoint, machine)
    pretraining = _pretraining(files, common, rows)
    if pretraining is not None:
        # The weights are not there yet: what they are made of stands for them.
        common["model"]["pretraining"] = pretraining.id
    jobs = tuple(
        Job(job_id(files, training, index, common, rows), training, card.card.id)
        for training in _trainings(files.loaded.audit)
        for index, card in enumerate(files.benchmarks)
    )
    return Plan(files, checkpoint, machine, roots, rows, jobs, run_id(files, jobs), pretraining=pretraining)


def _trainings(audit: Audit) -> Iterator[Training]:
    before = audit.before_stage
    options = before.options.model_dump(mode="json")
    if before.way.uses_labels:
        yield from (Training("before", "", before.kind, options, largest_budget(audit), seed) for seed in audit.seeds)
    else:
        yield Training("before", "", before.kind, options)
    for strategy in audit.strategies:
        chosen = strategy.options.model_dump(mode="json", exclude={"name"})
        for budget in audit.label_budgets:
            yield from (
                Training("after", strategy.name, strategy.kind, chosen, budget_text(budget), seed)
                for seed in audit.seeds
            )


def _pretraining(files: AuditFiles, common: Mapping[str, Any], rows: RowKeys) -> Pretraining | None:
    """Return the training of the source, where it is trained here."""
    asked = files.loaded.audit.model.pretrain
    if asked is None or files.source is None:
        return None
    options = {"start": asked.start, **asked.training.model_dump(mode="json", exclude={"name"})}
    training = Training("source", f"source on {files.source.card.id}", "pretrain", options, "all", asked.seed)
    return Pretraining(source_id(files, training, common, rows), training)
