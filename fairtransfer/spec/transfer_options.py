"""What options of strategies have in common, with defaults and where the defaults come from.

The options of each strategy are a class in its own file, under `fairtransfer/adapt/strategies/`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fairtransfer.spec.grids import LearningRate, LearningRates, WeightDecays, few_enough
from fairtransfer.spec.strict import Identifier, Strict

Epochs = Annotated[int, Field(ge=1, le=1000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Batch = Annotated[int, Field(ge=1, le=4096)]
Penalty = Annotated[float, Field(gt=0, le=1e9)]
Share = Annotated[float, Field(gt=0, lt=1)]
Repeats = Annotated[int, Field(ge=1, le=1000)]
Penalties = Annotated[tuple[Penalty, ...], Field(min_length=1, description="values of C to choose from")]

PENALTIES = tuple(round(10 ** (exponent / 2), 12) for exponent in range(-8, 5))
"""Inverse penalties of a linear head: Kumar et al. (2022) sweep 100 values in 1e-7..1e2; neighbouring values differ little,
so 13 half-decades are the default here."""


class Options(Strict):
    """What every strategy takes."""

    name: Identifier | None = Field(
        None, description="another name in the results, needed when a strategy is listed twice"
    )

    @property
    def trained(self) -> StepOptions | None:
        """The options of the training by gradient, these or the `training` inside them; None where there is none."""
        return None


class StepOptions(Options):
    """What every strategy that trains by gradient takes.

    Learning rate and weight decay may be lists: every setting is trained, and one is chosen on validation.
    """

    epochs: Epochs
    min_steps: Steps = Field(60, description="optimiser steps at the least, however small the label budget")
    lr: LearningRates = Field(description="one number, or a few to choose from on validation")
    head_lr: LearningRate = Field(1e-3, description="learning rate of the new head")
    weight_decay: WeightDecays = 0.01
    batch_size: Batch = 32
    warmup: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.1, description="share of the steps in which the learning rate rises"
    )
    checks: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="how often validation is consulted, spread evenly over the steps; the best checkpoint is kept"
    )

    @model_validator(mode="after")
    def _few_settings(self) -> Self:
        few_enough({"lr": self.lr, "weight_decay": self.weight_decay})
        return self

    @property
    def trained(self) -> StepOptions:
        """These options themselves."""
        return self

    @property
    def lengths(self) -> tuple[int, ...]:
        """The epochs of every training it takes, one after the other."""
        return (self.epochs,)


class TrainingOptions(StepOptions):
    """What a strategy takes that may move every weight."""

    embeddings: Literal["frozen", "trained"] = Field(
        "frozen", description="token embeddings; a few labels can move them only for the words they hold"
    )
    augmentation: Literal["none", "timm"] = Field(
        "none",
        description="pictures only: timm's training transforms (random crop, flip, colour), drawn anew in every step",
    )


class FineTuningOptions(TrainingOptions):
    """Fine-tune everything, AdamW (Devlin et al. 2019 use 2-4 epochs, batch 16 or 32, 2e-5 to 5e-5)."""

    epochs: Epochs = 3
    lr: LearningRates = 5e-5
