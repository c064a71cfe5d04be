"""The ways to adapt a model and the options each of them takes, with their defaults and where the defaults come from.

What a strategy does is in the file of the same name under `fairtransfer/adapt/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from fairtransfer.spec.strict import Identifier, Strict

Epochs = Annotated[int, Field(ge=1, le=1000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Rate = Annotated[float, Field(gt=0, le=10)]
Decay = Annotated[float, Field(ge=0, le=10)]
Batch = Annotated[int, Field(ge=1, le=4096)]
Penalty = Annotated[float, Field(gt=0, le=1e9)]


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
    """What every strategy that trains by gradient takes."""

    epochs: Epochs
    min_steps: Steps = Field(60, description="optimiser steps at the least, however small the label budget")
    lr: Rate
    head_lr: Rate = Field(1e-3, description="learning rate of the new head")
    weight_decay: Decay = 0.01
    batch_size: Batch = 32
    warmup: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.1, description="share of the steps in which the learning rate rises"
    )


class TrainingOptions(StepOptions):
    """What a strategy takes that may move every weight."""

    embeddings: Literal["frozen", "trained"] = Field(
        "frozen", description="token embeddings; a few labels can move them only for the words they hold"
    )


class FullOptions(TrainingOptions):
    """Fine-tune everything, AdamW (Devlin et al. 2019 use 2-4 epochs, batch 16 or 32, 2e-5 to 5e-5)."""

    epochs: Epochs = 3
    lr: Rate = 5e-5


class LpFtOptions(TrainingOptions):
    """Fine-tune everything, starting from the probe's head (Kumar et al. 2022), at a lower learning rate."""

    epochs: Epochs = 3
    lr: Rate = 2e-5
    head_lr: Rate = 1e-4
    inverse_penalties: tuple[Penalty, ...] = Field(ProbeOptions().inverse_penalties, min_length=1)


class ScratchOptions(TrainingOptions):
    """Train the same architecture from random weights: the control. It has its own learning rate, weight decay and length.

    He, Girshick and Dollar (2019) and Salman et al. (2022) find that a control trained with the settings of fine-tuning is
    undertrained, which inflates the gain of transfer.
    """

    epochs: Epochs = 9
    min_steps: Steps = 180
    lr: Rate = 5e-4
    weight_decay: Decay = 0.1
    embeddings: Literal["frozen", "trained"] = "trained"


class PartialOptions(StepOptions):
    """Train the top blocks and what is above them; the last block alone is a baseline of Kumar et al. (2022).

    All else is as in `full`, so that what is frozen is the only difference.
    """

    blocks: Annotated[int, Field(ge=0, le=1000)] = Field(
        1, description="how many blocks move, counted from the top; 0 trains the head alone"
    )
    epochs: Epochs = 3
    lr: Rate = 5e-5


class BitfitOptions(StepOptions):
    """Train biases, norms and the head. So few numbers bear, and need, the head's learning rate (a choice of ours)."""

    epochs: Epochs = 3
    lr: Rate = 1e-3


class L2SpOptions(TrainingOptions):
    """Fine-tune everything under an L2 penalty towards the starting point (Li et al. 2018).

    The source states 0.01 for the backbone's penalty and 0.01 for the head's, which draws it to zero.
    """

    penalty: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.01, description="weight of half the squared distance from the pretrained weights"
    )
    epochs: Epochs = 3
    lr: Rate = 5e-5
    weight_decay: Decay = Field(0.01, description="weight of half the squared norm of the head")


class GradualOptions(StepOptions):
    """Unfreeze one block per epoch, from the top (Howard and Ruder 2018): the head alone has the first epoch.

    Eight epochs reach the stem of a model of six blocks; of a deeper one the lowest blocks stay as they are.
    """

    epochs: Epochs = 8
    lr: Rate = 5e-5


class LoraOptions(StepOptions):
    """Train low-rank additions to frozen layers; defaults of Ding et al. (2024), whose ranks begin at 0, the head alone."""

    rank: Annotated[int, Field(ge=0, le=4096)] = 8
    alpha: Annotated[float, Field(gt=0, le=1e5)] = Field(16.0, description="the additions are scaled by alpha / rank")
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: Literal["query_value", "linear"] = Field(
        "query_value", description="which layers of the blocks: queries and values of the attention, or all of them"
    )
    epochs: Epochs = 3
    lr: Rate = 1e-4
    weight_decay: Decay = 0.001
    warmup: Annotated[float, Field(ge=0, le=0.5)] = 0.01


class MajorityOptions(Options):
    """Answer the most frequent class of the training labels, whatever is asked."""


CONTROLS = frozenset({"scratch", "majority"})
"""What is listed to be compared with: never the candidate unless the audit names it."""

STRATEGY_OPTIONS: dict[str, type[Options]] = {
    "probe": ProbeOptions,
    "full": FullOptions,
    "lp_ft": LpFtOptions,
    "scratch": ScratchOptions,
    "partial": PartialOptions,
    "bitfit": BitfitOptions,
    "l2_sp": L2SpOptions,
    "gradual": GradualOptions,
    "lora": LoraOptions,
    "majority": MajorityOptions,
}


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy as an audit asks for it: which one, under which name, with which options."""

    kind: str
    options: Options

    @property
    def name(self) -> str:
        """The name under which its results appear."""
        return self.options.name or self.kind


class ZeroShotOptions(Strict):
    """Compare each input with one sentence per class: by entailment (Yin et al. 2019), or by similarity."""

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="a sentence with {label} where the class goes")
    ]
    words: dict[str, str] = Field({}, description="the words that stand for a class in the prompt; default: its name")


class NativeHeadOptions(Strict):
    """Use the head the checkpoint was published with, and map its labels to the benchmark's classes."""

    labels: dict[str, str] = Field({}, description="checkpoint label -> class; default: equal names")


class BeforeProbeOptions(ProbeOptions):
    """A frozen probe stands for the model as published; it needs labels, so it exists for every seed."""


BEFORE_OPTIONS: dict[str, type[Strict]] = {
    "zero_shot": ZeroShotOptions,
    "native_head": NativeHeadOptions,
    "probe": BeforeProbeOptions,
}


@dataclass(frozen=True, slots=True)
class BeforeSpec:
    """How the model as published is asked for its answers."""

    kind: str
    options: Strict
