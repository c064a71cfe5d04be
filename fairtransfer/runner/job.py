"""What a plan is made of: trainings, the jobs that judge them, and the folders an operator gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtransfer.data.prediction_file import PredictionFile
from fairtransfer.evidence.canonical import digest
from fairtransfer.models import Checkpoint
from fairtransfer.runner.machine import Machine
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.audit_files import AuditFiles


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders the operator gives on the command line; an audit can only look inside them."""

    data: Path | None = None
    model: Path | None = None


GIVEN = "predictions"
"""The kind of a model whose answers were made elsewhere: no strategy has it, and nothing is trained."""


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
class RowKeys:
    """What decides which rows there are and what they hold.

    Attributes
    ----------
    adapted_on
        Of the adaptation set.
    judged
        Of every benchmark, in the audit's order.
    source
        Of the rows that the source is trained on here, where it is.
    """

    adapted_on: dict[str, Any]
    judged: tuple[dict[str, Any], ...]
    source: dict[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """All jobs of an audit.

    Attributes
    ----------
    rows
        What decides the rows: read once, for the ids of jobs and for whatever else depends on them.
    run_id
        Digest of the audit, the cards and all job ids: the same inputs give the same run anywhere.
    checkpoint
        The model; the base of the source until the source is trained, where it is trained here (`source.py`).
    answers
        The file of predictions, where they were made elsewhere (`external_predictions.py`).
    pretraining
        How the source is trained first, where it is.
    judging
        Jobs on seeds that choose no model: of every model that may be chosen, and of what stands beside it. Those of the chosen
        one become part of `jobs` (`judging.py`).
    """

    files: AuditFiles
    checkpoint: Checkpoint
    machine: Machine
    roots: Roots
    rows: RowKeys
    jobs: tuple[Job, ...]
    run_id: str
    predictions: PredictionFile | None = None
    pretraining: Pretraining | None = None
    judging: tuple[Job, ...] = ()

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
