"""Options of the strategies that look at no groups, with their defaults and where the defaults come from."""

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


class Options(Strict):
    """What every strategy takes."""

    name: Identifier | None = Field(
        None, description="another name in the results, needed when a strategy is listed twice"
    )


class ProbeOptions(Options):
    """L2-penalised logistic regression on frozen features.

    The inverse penalty `C` is chosen on validation (Kumar et al. 2022 sweep 100 values in 1e-7..1e2; 13 half-decades are
    the default here, as neighbouring values differ little).
    """

    inverse_penalties: tuple[Penalty, ...] = Field(
        tuple(round(10 ** (exponent / 2), 12) for exponent in range(-8, 5)),
        min_length=1,
        description="values of C to choose from",
    )


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

    @model_validator(mode="after")
    def _few_settings(self) -> Self:
        few_enough({"lr": self.lr, "weight_decay": self.weight_decay})
        return self


class TrainingOptions(StepOptions):
    """What a strategy takes that may move every weight."""

    embeddings: Literal["frozen", "trained"] = Field(
        "frozen", description="token embeddings; a few labels can move them only for the words they hold"
    )
    augmentation: Literal["none", "timm"] = Field(
        "none",
        description="pictures only: timm's training transforms (random crop, flip, colour), drawn anew in every step",
    )


class FullOptions(TrainingOptions):
    """Fine-tune everything, AdamW (Devlin et al. 2019 use 2-4 epochs, batch 16 or 32, 2e-5 to 5e-5)."""

    epochs: Epochs = 3
    lr: LearningRates = 5e-5


class LpFtOptions(TrainingOptions):
    """Fine-tune everything, starting from the probe's head (Kumar et al. 2022), at a lower learning rate."""

    epochs: Epochs = 3
    lr: LearningRates = 2e-5
    head_lr: LearningRate = 1e-4
    inverse_penalties: tuple[Penalty, ...] = Field(ProbeOptions().inverse_penalties, min_length=1)


class ScratchOptions(TrainingOptions):
    """Train the same architecture from random weights: the control. It has its own learning rate, weight decay and length.

    He, Girshick and Dollar (2019) and Salman et al. (2022) find that a control trained with the settings of fine-tuning is
    undertrained, which inflates the gain of transfer.
    """

    epochs: Epochs = 9
    min_steps: Steps = 180
    lr: LearningRates = 5e-4
    weight_decay: WeightDecays = 0.1
    embeddings: Literal["frozen", "trained"] = "trained"


class PartialOptions(StepOptions):
    """Train the top blocks and what is above them; the last block alone is a baseline of Kumar et al. (2022).

    All else is as in `full`, so that what is frozen is the only difference.
    """

    blocks: Annotated[int, Field(ge=0, le=1000)] = Field(
        1, description="how many blocks move, counted from the top; 0 trains the head alone"
    )
    epochs: Epochs = 3
    lr: LearningRates = 5e-5


class BitfitOptions(StepOptions):
    """Train biases, norms and the head (Ben Zaken, Ravfogel and Goldberg 2022, who leave the norms' scales alone).

    So few numbers bear, and need, the head's learning rate; that and the norms are choices of ours.
    """

    epochs: Epochs = 3
    lr: LearningRates = 1e-3


class L2SpOptions(TrainingOptions):
    """Fine-tune everything under an L2 penalty towards the starting point (Li et al. 2018).

    The source states 0.01 for the backbone's penalty and 0.01 for the head's, which draws it to zero.
    """

    penalty: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.01, description="weight of half the squared distance from the pretrained weights"
    )
    epochs: Epochs = 3
    lr: LearningRates = 5e-5
    weight_decay: WeightDecays = Field(0.01, description="weight of half the squared norm of the head")


class GradualOptions(StepOptions):
    """Unfreeze one block per epoch, from the top (Howard and Ruder 2018): the head alone has the first epoch.

    Eight epochs reach the stem of a model of six blocks; of a deeper one the lowest blocks stay as they are.
    """

    epochs: Epochs = 8
    lr: LearningRates = 5e-5


class LoraOptions(StepOptions):
    """Train low-rank additions to frozen layers (Hu et al. 2022).

    The defaults are those of Ding et al. (2024), whose ranks begin at 0, the head alone.
    """

    rank: Annotated[int, Field(ge=0, le=4096)] = 8
    alpha: Annotated[float, Field(gt=0, le=1e5)] = Field(16.0, description="the additions are scaled by alpha / rank")
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Literal["query_value", "linear"] = Field(
        "query_value", description="which layers of the blocks: queries and values of the attention, or all of them"
    )
    epochs: Epochs = 3
    lr: LearningRates = 1e-4
    weight_decay: WeightDecays = 0.001
    warmup: Annotated[float, Field(ge=0, le=0.5)] = 0.01


class MajorityOptions(Options):
    """Answer the most frequent class of the training labels, whatever is asked."""
