"""The plan: every job an audit asks for, each named by the digest of everything that decides its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.prediction_file import Answers
from fairtransfer.data.rows import changed, file_digest, root_of
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.evidence.canonical import digest
from fairtransfer.models import Checkpoint, fetch, inspect_checkpoint
from fairtransfer.models.checkpoint import placed
from fairtransfer.runner.job_ids import SideKeys, common_key, job_id, run_id, sides_of, source_id
from fairtransfer.runner.label_budgets import budget_text, largest_budget
from fairtransfer.runner.machine import Machine, guess
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.audit_files import AuditFiles

MAX_JOBS = 10_000


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders the operator gives on the command line; an audit can only look inside them."""

    data: Path | None = None
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """One model: the pretrained one as published, or one adapted by a strategy on a label budget with a seed.

    Attributes
    ----------
    stage
        ``before`` or ``after`` (training from scratch is a strategy of stage ``after``).
    strategy
        The strategy's name in the results; empty for ``before``.
    kind
        Which strategy or before-stage.
    budget
        As the audit writes it; empty where no labels are used.
    seed
        None where nothing is random.
    """

    stage: str
    strategy: str
    kind: str
    options: dict[str, Any] = field(hash=False)
    budget: str = ""
    seed: int | None = None

    @property
    def uses_labels(self) -> bool:
        """Whether the adaptation side decides the result."""
        return self.budget != ""

    def to_json(self) -> dict[str, Any]:
        """Return what of it decides the result; the name under which it appears does not."""
        return {
            "stage": self.stage,
            "kind": self.kind,
            "options": self.options,
            "budget": self.budget,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One training, judged on one benchmark."""

    id: str
    training: Training
    benchmark: str


@dataclass(frozen=True, slots=True)
class Pretraining:
    """The training of a source model: a job of its own, whose result is a checkpoint.

    Attributes
    ----------
    id
        The digest of everything that decides the weights.
    """

    id: str
    training: Training


@dataclass(frozen=True)
class Plan:
    """All jobs of an audit.

    Attributes
    ----------
    run_id
        Digest of the audit, the cards and all job ids: the same inputs give the same run anywhere.
    checkpoint
        The model; the base of the source until the source is trained, where it is trained here (`source.py`).
    answers
        The file of predictions, where they were made elsewhere (`given.py`).
    pretraining
        How the source is trained first, where it is.
    """

    files: AuditFiles
    checkpoint: Checkpoint
    machine: Machine
    roots: Roots
    jobs: tuple[Job, ...]
    run_id: str
    answers: Answers | None = None
    pretraining: Pretraining | None = None

    @property
    def audit(self) -> Audit:
        """The audit."""
        return self.files.loaded.audit

    def by_training(self) -> list[tuple[Training, tuple[Job, ...]]]:
        """Return the jobs grouped by the model they need, in the order in which they are run."""
        grouped: dict[str, tuple[Training, list[Job]]] = {}
        for job in self.jobs:
            grouped.setdefault(digest({**job.training.to_json(), "name": job.training.strategy}), (job.training, []))[
                1
            ].append(job)
        return [(training, tuple(jobs)) for training, jobs in grouped.values()]


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
    roots, machine = roots or Roots(), machine or guess()
    audit = files.loaded.audit
    if audit.made_elsewhere:
        from fairtransfer.runner.external_predictions import plan_given  # it is made of the parts of this module

        return plan_given(files, roots, max_jobs)
    trainings = list(_trainings(audit))
    check_size(files, len(trainings) * len(audit.benchmarks), max_jobs)
    check_files(files, roots)
    with placed(files.loaded):
        checkpoint = inspect_checkpoint(fetch(files.loaded, roots.model), str(audit.model.source))
    sides = sides_of(files, roots)
    common = common_key(files, checkpoint, machine)
    pretraining = _pretraining(files, common, sides, roots)
    if pretraining is not None:
        # The weights are not there yet: what they are made of stands for them.
        common["model"]["pretraining"] = pretraining.id
    jobs = tuple(
        Job(job_id(files, training, index, common, sides), training, card.card.id)
        for training in trainings
        for index, card in enumerate(files.benchmarks)
    )
    return Plan(files, checkpoint, machine, roots, jobs, run_id(files, jobs), pretraining=pretraining)


def _trainings(audit: Audit) -> Iterator[Training]:
    before = audit.before_stage
    options = before.options.model_dump(mode="json")
    if before.kind == "probe":
        yield from (Training("before", "", "probe", options, largest_budget(audit), seed) for seed in audit.seeds)
    else:
        yield Training("before", "", before.kind, options)
    for strategy in audit.strategies:
        chosen = strategy.options.model_dump(mode="json", exclude={"name"})
        for budget in audit.label_budgets:
            yield from (
                Training("after", strategy.name, strategy.kind, chosen, budget_text(budget), seed)
                for seed in audit.seeds
            )


def check_size(files: AuditFiles, jobs: int, limit: int) -> None:
    """Refuse a plan with more jobs than allowed."""
    if jobs > limit:
        at = ("model", "source") if files.loaded.audit.made_elsewhere else ("strategies",)
        found = f"plan has {jobs:,} jobs; limit {limit:,} (`--max-jobs`)"
        do = "ask for fewer strategies, budgets or seeds"
        raise DefinitionError([files.loaded.document.problem("FT-Y025", at, found, "", do)])


def check_files(files: AuditFiles, roots: Roots) -> None:
    """Check that every data file is there and is the one its card describes."""
    problems = Problems()
    for card in files.cards:
        for index, ref in enumerate(card.card.files):
            try:
                found = file_digest(locate(root_of(card, ref.under, roots.data), ref.path))
            except PathRefused as refused:
                problems.add(
                    card.document.problem(
                        refused.code, ("fairtransfer", "files", index, "path"), refused.found, refused.allowed
                    )
                )
                continue
            problems.extend(changed(card, ("files", index), ref.sha256, found))
    problems.raise_if_any()


def _pretraining(files: AuditFiles, common: Mapping[str, Any], sides: SideKeys, roots: Roots) -> Pretraining | None:
    """Return the training of the source, where it is trained here."""
    asked = files.loaded.audit.model.pretrain
    if asked is None or files.source is None:
        return None
    options = {"start": asked.start, **asked.training.model_dump(mode="json", exclude={"name"})}
    training = Training("source", f"source on {files.source.card.id}", "pretrain", options, "all", asked.seed)
    return Pretraining(source_id(files, training, common, sides, roots), training)
