"""What the jobs of a run record, as its folder keeps it: `job.json`, as far as counting, judging and documents read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.json_record import LEFT_OUT, Record, UnreadableRecord


@dataclass(frozen=True, slots=True)
class LabelCounts(Record):
    """Labels that a job used; None where that is not known.

    Attributes
    ----------
    group_labels_train, group_labels_validation, group_labels_prediction
        Rows whose group was asked for; runs of earlier versions do not say so, none of their strategies asked.
    """

    reads_all: ClassVar[bool] = False

    train: int | None
    validation: int | None
    group_labels_train: int | None = 0
    group_labels_validation: int | None = 0
    group_labels_prediction: int | None = 0


@dataclass(frozen=True, slots=True)
class Trial(Record):
    """One setting of a grid, and how it came out on validation; the error of the worst group may be that of a small one."""

    reads_all: ClassVar[bool] = False

    lr: float
    weight_decay: float
    status: str
    validation_error: Annotated[float | None, LEFT_OUT] = None

    @property
    def setting(self) -> tuple[float, float]:
        """Learning rate and weight decay."""
        return self.lr, self.weight_decay


@dataclass(frozen=True, slots=True)
class TrainingRecord(Record):
    """What a strategy says of itself.

    Attributes
    ----------
    selection
        The rule by which it chose on validation.
    selected
        What it chose.
    target
        Of a label that is a number: its mean and standard deviation, in which errors are then.
    """

    reads_all: ClassVar[bool] = False

    selection: str = ""
    selected: Mapping[str, Any] | None = None
    trials: int = 0
    trainable_parameters: int = 0
    validation_error: float | None = None
    validation_loss: float | None = None
    grid: tuple[Trial, ...] = ()
    target: Mapping[str, Any] | None = None

    @property
    def validation_score(self) -> tuple[float, float] | None:
        """Error and loss on validation, by which models are chosen; None where these are not known."""
        if self.validation_error is None or self.validation_loss is None:
            return None
        return self.validation_error, self.validation_loss


@dataclass(frozen=True, slots=True)
class Cost(Record):
    """What a piece of work cost; None where that was not measured."""

    reads_all: ClassVar[bool] = False

    wall_seconds: float
    peak_memory_bytes: float = 0.0
    flops: float | None = None
    energy_kwh: float | None = None


NO_COST = Cost(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class JobCost(Record):
    """What a job cost: its training, and its answers."""

    reads_all: ClassVar[bool] = False

    training: Cost
    prediction: Cost = NO_COST


@dataclass(frozen=True, slots=True)
class JobMachine(Record):
    """What a job was computed on; threads are None where it was made elsewhere."""

    reads_all: ClassVar[bool] = False

    threads: int | None = None


@dataclass(frozen=True, slots=True)
class JobRecord(Record):
    """One finished job.

    Attributes
    ----------
    strategy, label_budget
        Empty for the model before, and where no labels are used.
    seed
        None where nothing is random.
    inputs_cut
        Judged inputs that are longer than the model takes.
    """

    reads_all: ClassVar[bool] = False

    id: str
    benchmark: str
    stage: Literal["before", "after"]
    strategy: str
    kind: str
    options: Mapping[str, Any]
    label_budget: str
    seed: int | None
    attempts: int
    labels: LabelCounts
    record: TrainingRecord
    cost: JobCost
    machine: JobMachine
    inputs_cut: int = 0

    @property
    def model(self) -> tuple[str, str]:
        """Strategy and label budget."""
        return self.strategy, self.label_budget


def jobs_in(folder: Path) -> list[JobRecord]:
    """Return what every job in a run's folder records, in the order of their ids.

    Raises
    ------
    IntegrityError
        When one of them is not what this version reads.
    """
    return [read_job(path.parent) for path in sorted((folder / "jobs").glob("*/job.json"))]


def read_job(folder: Path) -> JobRecord:
    """Read what one job records, in the folder of its answers.

    Raises
    ------
    IntegrityError
        When it is not what this version reads.
    """
    path = folder / "job.json"
    try:
        return JobRecord.from_json(read_json(path))
    except UnreadableRecord as error:
        raise IntegrityError(f"{path} is not what this version reads: {error}") from error
