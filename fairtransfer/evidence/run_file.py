"""What a run's folder says of the run: `run.json` and `environment.json`, as far as judging and documents read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.records import JobCost, TrainingRecord
from fairtransfer.evidence.json_record import LEFT_OUT, Record, UnreadableRecord
from fairtransfer.evidence.schema import check_schema
from fairtransfer.evidence.text_reading import TextReading

RUN_FILE = "run.json"

Kind = TypeVar("Kind", bound=Record)


@dataclass(frozen=True, slots=True)
class LedgerRecord(Record):
    """Where every row went; `n_in` is `n_used` and all of `n_excluded` (reason to rows). Notes count rows that are used.

    Attributes
    ----------
    by_group
        Reason or note -> attribute -> group -> rows; None in evidence that does not have it.
    """

    n_in: int
    n_used: int
    n_excluded: dict[str, int]
    notes: dict[str, int]
    by_group: Annotated[dict[str, dict[str, dict[str, int]]] | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class TwinCounts(Record):
    """How many rows of one side stand again in a benchmark."""

    reads_all: ClassVar[bool] = False

    exact: int
    near: int


@dataclass(frozen=True, slots=True)
class LeaksRecord(Record):
    """What of a benchmark was found among the rows that were learned from.

    Attributes
    ----------
    pairs
        By side, before the card's rule was applied.
    residual
        Judged rows, of all `judged`, that still have a twin after it.
    tolerated
        The share of them that is tolerated; above it no gate passes (`blocks`).
    """

    reads_all: ClassVar[bool] = False

    pairs: dict[str, TwinCounts]
    residual: int
    judged: int
    tolerated: float
    blocks: bool


@dataclass(frozen=True, slots=True)
class BenchmarkRecord(Record):
    """A benchmark as it was judged; `key` is ``id@version``, `leaks` None where nothing was adapted here.

    Attributes
    ----------
    texts
        How its texts were read; None where they were not read here, or are pictures.
    """

    id: str
    key: str
    attributes: tuple[str, ...]
    views: tuple[tuple[str, ...], ...]
    rows: int
    ledger: LedgerRecord
    leaks: LeaksRecord | None
    texts: Annotated[TextReading | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class LabelBudget(Record):
    """A label budget as the audit writes it, and how many labels it came to; None where that is not known."""

    written: str
    labels: int | None


@dataclass(frozen=True, slots=True)
class ModelRecord(Record):
    """Where the model came from, and the digest of all its files."""

    reads_all: ClassVar[bool] = False

    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RowCounts(Record):
    """Rows of the two sides that are learned from."""

    train: int
    validation: int


@dataclass(frozen=True, slots=True)
class AdaptationRecord(Record):
    """What was adapted on."""

    card: str
    ledger: LedgerRecord
    rows: RowCounts


@dataclass(frozen=True, slots=True)
class SourceRecord(Record):
    """A source that was trained here first, in one training; `reason` says why there is no `record`."""

    reads_all: ClassVar[bool] = False

    id: str
    card: str
    key: str
    base: str
    start: Literal["base", "random"]
    seed: int
    options: Mapping[str, Any]
    rows: RowCounts
    ledger: LedgerRecord
    leaks: dict[str, LeaksRecord | None]
    reason: str | None
    record: TrainingRecord | None
    cost: JobCost | None
    attempts: int | None


@dataclass(frozen=True, slots=True)
class GivenModel(Record):
    """An adapted model whose predictions were given."""

    strategy: str
    label_budget: str
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GivenRecord(Record):
    """Predictions that were made elsewhere; `ledgers` tell of the answers, by benchmark."""

    reads_all: ClassVar[bool] = False

    file: str
    sha256: str
    before_seeds: tuple[int, ...]
    models: tuple[GivenModel, ...]
    ledgers: dict[str, LedgerRecord]


@dataclass(frozen=True, slots=True)
class SelectionRecord(Record):
    """The seeds that chose a model, with which every strategy was trained, and those that judge the chosen one."""

    choosing: tuple[int, ...]
    judging: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FailedJob(Record):
    """A job without a result, and why."""

    id: str
    benchmark: str
    stage: Literal["before", "after"]
    strategy: str
    label_budget: str
    seed: int | None
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class RunWarning(Record):
    """What a check of the definitions or the data warned of."""

    code: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place} {self.code}: {self.text}"


@dataclass(frozen=True, slots=True)
class PluginRecord(Record):
    """Code that is not part of fairtransfer, with which the run was made; `provides` lists ``room:name``."""

    name: str
    version: str
    sha256: str
    provides: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFile(Record):
    """What the plan of a run became.

    Attributes
    ----------
    positive_class
        The class meant by rates of one class; None unless the task is binary and the card names it.
    adaptation
        None where nothing was adapted.
    predictions
        What is known of predictions made elsewhere; None where models were adapted.
    selection
        Which seeds chose a model and which judge it; None where nothing was chosen by seeds.
    pretraining
        The source that was trained here first; None for a model that came from elsewhere.
    target, measured_in
        Of a label that is a number: that it is one, and its unit.
    """

    reads_all: ClassVar[bool] = False

    audit_id: str
    run_id: str
    classes: tuple[str, ...]
    positive_class: str | None
    multilabel: bool
    label_budgets: tuple[LabelBudget, ...]
    model: ModelRecord
    adaptation: AdaptationRecord | None
    predictions: GivenRecord | None
    benchmarks: tuple[BenchmarkRecord, ...]
    failed_jobs: tuple[FailedJob, ...]
    warnings: tuple[RunWarning, ...]
    selection: SelectionRecord | None = None
    pretraining: SourceRecord | None = None
    plugins: tuple[PluginRecord, ...] = ()
    target: str = "classes"
    measured_in: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the label is a number."""
        return self.target == "number"

    def benchmark(self, name: str) -> BenchmarkRecord:
        """Return what the run kept of a benchmark."""
        return next(benchmark for benchmark in self.benchmarks if benchmark.id == name)


@dataclass(frozen=True, slots=True)
class Environment(Record):
    """What a run was computed with and on."""

    reads_all: ClassVar[bool] = False

    fairtransfer: str
    code_sha256: str
    libraries: dict[str, str]
    python: str
    processor: str
    cores: int
    device: str
    precision: str
    timing: Mapping[str, Any] | None = None


def read_run(folder: Path) -> RunFile:
    """Read what a run's folder says of the run.

    Raises
    ------
    IntegrityError
        When the folder is not a run, or cannot be read by this version.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        raise IntegrityError(f"{folder} is not a run: it has no {RUN_FILE}")
    content = read_json(path)
    check_schema(folder, content.get("schema"))
    return _read(RunFile, content, path)


def read_environment(folder: Path) -> Environment:
    """Read what a run was computed with and on."""
    path = folder / "environment.json"
    return _read(Environment, read_json(path), path)


def _read(kind: type[Kind], content: Any, path: Path) -> Kind:
    try:
        return kind.from_json(content)
    except UnreadableRecord as error:
        raise IntegrityError(f"{path} is not what this version reads: {error}") from error
