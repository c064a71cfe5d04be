"""The plan: every job an audit asks for, each named by the digest of everything that decides its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairtransfer.models import Checkpoint
from fairtransfer.runner.external_predictions import plan_given
from fairtransfer.runner.job import Job, Plan, Pretraining, Roots, RowKeys, Training
from fairtransfer.runner.job_ids import common_key, job_id, row_keys, run_id, source_id
from fairtransfer.runner.machine import Machine, guess
from fairtransfer.runner.model_checks import inspected, model_warnings
from fairtransfer.runner.plan_checks import MAX_JOBS, check_files, check_size
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.choice import budget_text, eligible, largest_budget, seed_roles, trained_seeds
from fairtransfer.spec.strategies import StrategySpec


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
    check_size(files, _most_trainings(audit) * len(audit.benchmarks), max_jobs)
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

    def jobs(trainings: Iterable[Training]) -> tuple[Job, ...]:
        return tuple(
            Job(job_id(files, training, index, common, rows), training, card.card.id)
            for training in trainings
            for index, card in enumerate(files.benchmarks)
        )

    asked, judging = jobs(_trainings(files.loaded.audit)), jobs(_judging(files.loaded.audit))
    name = run_id(files, (*asked, *judging))
    return Plan(files, checkpoint, machine, roots, rows, asked, name, pretraining=pretraining, judging=judging)


def _trainings(audit: Audit) -> Iterator[Training]:
    """Yield what is trained whatever is chosen: every strategy on every label budget."""
    seeds = trained_seeds(audit)
    yield from _before(audit, seeds)
    for strategy in audit.strategies:
        for budget in audit.label_budgets:
            yield from _adapted(strategy, budget_text(budget), seeds)


def _judging(audit: Audit) -> Iterator[Training]:
    """Yield what may be trained again on seeds that choose nothing: what may be chosen, and what it is compared with."""
    roles = seed_roles(audit)
    if roles is None:
        return
    if audit.before_stage.way.uses_labels:
        yield from _before(audit, roles.judging)
    for strategy in (*eligible(audit), *(s for s in audit.strategies if s.way.from_scratch)):
        yield from _adapted(strategy, largest_budget(audit), roles.judging)


def _most_trainings(audit: Audit) -> int:
    """Return how many trainings there can be: of those that may be chosen, one is."""
    others = (len(eligible(audit)) - 1) * len(audit.seeds) if seed_roles(audit) else 0
    return sum(1 for _ in (*_trainings(audit), *_judging(audit))) - others


def _before(audit: Audit, seeds: Sequence[int]) -> Iterator[Training]:
    """Yield the model as published: once, or once per seed where asking it takes labels."""
    before = audit.before_stage
    options = before.options.model_dump(mode="json")
    if before.way.uses_labels:
        yield from (Training("before", "", before.kind, options, largest_budget(audit), seed) for seed in seeds)
    else:
        yield Training("before", "", before.kind, options)


def _adapted(strategy: StrategySpec, budget: str, seeds: Sequence[int]) -> Iterator[Training]:
    options = strategy.options.model_dump(mode="json", exclude={"name"})
    yield from (Training("after", strategy.name, strategy.kind, options, budget, seed) for seed in seeds)


def _pretraining(files: AuditFiles, common: Mapping[str, Any], rows: RowKeys) -> Pretraining | None:
    """Return the training of the source, where it is trained here."""
    asked = files.loaded.audit.model.pretrain
    if asked is None or files.source is None:
        return None
    options = {"start": asked.start, **asked.training.model_dump(mode="json", exclude={"name"})}
    training = Training("source", f"source on {files.source.card.id}", "pretrain", options, "all", asked.seed)
    return Pretraining(source_id(files, training, common, rows), training)
