"""A source model that is trained here, on a benchmark of its own, before anything is adapted: what it carries can be traced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from fairtransfer.spec.grids import LearningRate, WeightDecay
from fairtransfer.spec.source import Source, parse_source
from fairtransfer.spec.strategies import STRATEGY_OPTIONS
from fairtransfer.spec.strict import Name, Strict, refuse
from fairtransfer.spec.transfer_options import Epochs, TrainingOptions

MAX_SEED = 2**32 - 1
BASES = ("hub", "folder", "package")


class SourceTraining(TrainingOptions):
    """How the source is trained: from the base's weights as `full` is by default, from random ones as `scratch` is."""

    epochs: Epochs = 3
    lr: LearningRate = 5e-5
    weight_decay: WeightDecay = 0.01


_AS: Mapping[str, str] = {"base": "full", "random": "scratch"}
"""The strategy whose options a source is trained with, by where its weights begin."""


class Pretrain(Strict):
    """The source of a model: an architecture, where its weights begin, and the rows it is trained on first.

    Attributes
    ----------
    base
        The model folder whose architecture, tokenizer or transforms are used.
    start
        ``base``: training goes on from the base's weights. ``random``: only its architecture is used.
    card, split, labels
        The source's own rows and classes; they need not be those of the benchmarks.
    seed
        Drives weights, head, order and dropout. It is one of its own: all seeds of an audit adapt the same source.
    """

    base: str = Field(min_length=1, description="hub:owner/name@revision | folder:path | package:name")
    start: Literal["base", "random"] = Field("base", description="weights the training begins with")
    card: str = Field(min_length=1, description="the data card of the source's own rows")
    split: Name = "train"
    labels: dict[str, tuple[str, ...] | Literal["rest"]] | None = Field(
        None, description="class -> the card's labels that mean it; `rest` takes all others"
    )
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    training: SourceTraining = SourceTraining()

    @model_validator(mode="before")
    @classmethod
    def _training_has_defaults(cls, data: Any) -> Any:
        # Filled in here, so that the defaults stand in the evidence and decide the checkpoint's id.
        written = data.get("training", {}) if isinstance(data, dict) else None
        start = data.get("start", "base") if isinstance(data, dict) else ""
        if not isinstance(written, dict) or start not in ("base", "random"):
            return data
        defaults = STRATEGY_OPTIONS[_AS[start]]().model_dump(exclude={"name"})
        return {**data, "training": {**defaults, **written}}

    @field_validator("base")
    @classmethod
    def _holds_a_model(cls, value: str) -> str:
        if parse_source(value).kind not in BASES:
            found = "a file of predictions holds no model that could be trained"
            raise refuse("FT-M036", found, "hub:owner/name@revision | folder:path | package:name")
        return value

    @property
    def parsed(self) -> Source:
        """The base, taken apart."""
        return parse_source(self.base)

    def __str__(self) -> str:
        begun = "" if self.start == "base" else ", from random weights"
        return f"{self.base}{begun}, trained on {self.card} (seed {self.seed})"
