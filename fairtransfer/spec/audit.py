"""The audit definition: what is asked of a model, on whom, and what would be acceptable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from fairtransfer.errors import shown
from fairtransfer.outcomes.row_value import MEAN
from fairtransfer.spec.before import BeforeSpec
from fairtransfer.spec.card_files import Separator
from fairtransfer.spec.document import Document
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.label_map import LabelMap
from fairtransfer.spec.names import MetricName
from fairtransfer.spec.pretrain import Pretrain
from fairtransfer.spec.source import ALLOWED, Source, parse_source
from fairtransfer.spec.strategies import StrategySpec
from fairtransfer.spec.strict import Identifier, Name, Sentence, Strict, one_of, refuse

SCHEMA = "1"
MAX_SEED = 2**32 - 1
MAX_SELECTION_SEEDS = 1000


class Purpose(Strict):
    """What the adapted model is for, and whom it touches."""

    use: Sentence
    affected: Sentence
    out_of_scope: Sentence | None = None


class ModelRef(Strict):
    """The pretrained model, or predictions that were made elsewhere: then nothing is loaded, and no family is needed."""

    source: Annotated[str, Field(min_length=1)] | Pretrain = Field(description=ALLOWED)
    family: str | None = None
    max_tokens: Annotated[int, Field(ge=8, le=4096)] = Field(
        128, description="longer texts are cut; the ledger counts them"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="numbers in which networks compute; auto: bf16 where the machine is made for it, else fp32"
    )

    separator: Separator | None = Field(
        None, description="of given predictions: one sign between the fields of a CSV file; default: the comma"
    )
    map: dict[str, Name] = Field({}, description="of given predictions: word -> the class it means")
    multilabel_separator: Annotated[str, Field(min_length=1, max_length=4)] | None = Field(
        None, description="of given predictions: between the classes of one answer; default: `|`"
    )

    @field_validator("source")
    @classmethod
    def _is_a_source(cls, value: str | Pretrain) -> str | Pretrain:
        if isinstance(value, str):
            parse_source(value)
        return value

    @field_validator("family")
    @classmethod
    def _is_a_family(cls, value: str | None) -> str | None:
        return None if value is None else one_of("models", value)

    @property
    def parsed(self) -> Source:
        """The source, taken apart; the base, where the source is trained here."""
        return parse_source(self.source) if isinstance(self.source, str) else self.source.parsed

    @property
    def pretrain(self) -> Pretrain | None:
        """How the source is trained here first, if it is."""
        return None if isinstance(self.source, str) else self.source

    @property
    def loaded_as(self) -> str:
        """The family; only where a model is loaded."""
        assert self.family is not None, "required where models are adapted"
        return self.family


class AdaptOn(Strict):
    """The data the model is adapted on."""

    card: str = Field(min_length=1)
    split: Name = "train"
    labels: LabelMap | None = Field(
        None, description="class -> the card's labels that mean it; `rest` takes all others"
    )


class BenchmarkRef(Strict):
    """A benchmark the model is judged on, and the groups it is judged by."""

    card: str = Field(min_length=1)
    groups: tuple[Name, ...] = Field(min_length=1)
    intersections: tuple[tuple[Name, ...], ...] = ()
    labels: LabelMap | None = Field(
        None, description="class -> the card's labels that mean it; `rest` takes all others"
    )


class MetricSpec(Strict):
    """A metric to report."""

    name: MetricName
    per_class: bool = False

    @model_validator(mode="before")
    @classmethod
    def _mean_of_a_column(cls, value: Any) -> Any:
        """Bring `{mean: column, better: higher, range: [0, 1]}` to the form that every metric has."""
        return {"name": value} if isinstance(value, Mapping) and MEAN in value else value


class Candidate(Strict):
    """The adapted model the verdict is about; without it, validation chooses (never the test split)."""

    strategy: Name
    label_budget: int | float | Literal["all"] = "all"


Budget = int | float | Literal["all"]

OF_LOADING = ("max_tokens", "precision")
"""What `model` says of how a model is loaded and run: refused where predictions are given, as `TRAINING_KEYS` are."""

OF_READING = ("separator", "map", "multilabel_separator")
"""What `model` says of how a file of predictions is read: refused where models are adapted."""

TRAINING_KEYS = ("before", "strategies", "label_budgets", "seeds")
"""What says how models are made: required where models are adapted, refused where predictions are given."""

OPTIONAL_TRAINING_KEYS = ("adapt_on", "selection_seeds")
"""What may say more of it: refused where predictions are given too."""


class Audit(Strict):
    """A whole audit definition.

    Attributes
    ----------
    before, strategies, label_budgets, seeds
        How models are made; absent where the source is a file of predictions (`made_elsewhere`).
    selection_seeds
        The seeds that choose the candidate, or how many: with these every strategy is trained. The one that is chosen is then
        trained again with as many others as `seeds` states, and judged on those alone (`choice.py`).
    claim
        ``procedure``: the recipe, over seeds. ``artifact``: one trained model, the seed that validation prefers.
    candidate
        The strategy and label budget the verdict is about.
    """

    schema_: str = Field(alias="schema", description='"1"')
    id: Identifier
    title: Sentence
    purpose: Purpose
    model: ModelRef
    adapt_on: AdaptOn | None = None
    benchmarks: tuple[BenchmarkRef, ...] = Field(min_length=1)
    before: BeforeSpec | None = Field(None, description="native_head | zero_shot | probe")
    strategies: tuple[StrategySpec, ...] = Field((), min_length=1)
    label_budgets: tuple[Budget, ...] = Field((), min_length=1, description="counts or fractions, or `all`")
    seeds: tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...] = Field((), min_length=1)
    selection_seeds: (
        Annotated[int, Field(ge=1, le=MAX_SELECTION_SEEDS)]
        | Annotated[tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...], Field(min_length=1)]
        | None
    ) = Field(
        None, description="how many seeds choose the candidate, or which; default: as many as stated, these very ones"
    )
    claim: Literal["procedure", "artifact"] = "procedure"
    candidate: Candidate | None = None
    metrics: tuple[MetricSpec, ...] = (MetricSpec(name="error_rate"),)
    gates: tuple[GateSpec, ...]
    policy: Policy = Policy()

    @field_validator("schema_")
    @classmethod
    def _known_schema(cls, value: str) -> str:
        if value != SCHEMA:
            raise refuse("FT-Y029", f'this tool reads schema "{SCHEMA}"; file says "{shown(value)}"', "", "upgrade")
        return value

    @property
    def made_elsewhere(self) -> bool:
        """Whether the predictions are given, so that nothing is adapted here."""
        return self.model.parsed.kind == "predictions"

    @property
    def before_stage(self) -> BeforeSpec:
        """How the model as published is asked; only where models are adapted."""
        assert self.before is not None, "required where models are adapted"
        return self.before

    @property
    def training_set(self) -> AdaptOn:
        """What is adapted on: the stated set, or the first benchmark's train split."""
        first = self.benchmarks[0]
        return self.adapt_on or AdaptOn(card=first.card, labels=first.labels)


def project_folder(audit: Path) -> Path:
    """Return the folder that an audit file's cards and models lie in: its own, or the one above `audits/`."""
    folder = audit.resolve().parent
    return folder.parent if folder.name == "audits" else folder


@dataclass(frozen=True, slots=True)
class LoadedAudit:
    """An audit together with the file it came from."""

    audit: Audit
    document: Document
    path: Path

    @property
    def root(self) -> Path:
        """The project folder: cards and model folders named by the audit lie inside it."""
        return project_folder(self.path)

    def locate(self, relative_path: str) -> Path:
        """Return the place of a path written in the audit, which is relative to the audit file."""
        return self.path.resolve().parent / relative_path
