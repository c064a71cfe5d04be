"""The ways to adapt a model and the options each of them takes, with their defaults and where the defaults come from.

What a strategy does is in the file of the same name under `fairtransfer/adapt/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from fairtransfer.spec.grids import Decays, Rate, Rates, few_enough
from fairtransfer.spec.strict import Identifier, Name, Strict, refuse

Epochs = Annotated[int, Field(ge=1, le=1000)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Batch = Annotated[int, Field(ge=1, le=4096)]
Penalty = Annotated[float, Field(gt=0, le=1e9)]
Share = Annotated[float, Field(gt=0, lt=1)]
Repeats = Annotated[int, Field(ge=1, le=1000)]
GroupStage = Literal["training", "validation", "prediction"]


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
    lr: Rates = Field(description="one number, or a few to choose from on validation")
    head_lr: Rate = Field(1e-3, description="learning rate of the new head")
    weight_decay: Decays = 0.01
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
    lr: Rates = 5e-5


class LpFtOptions(TrainingOptions):
    """Fine-tune everything, starting from the probe's head (Kumar et al. 2022), at a lower learning rate."""

    epochs: Epochs = 3
    lr: Rates = 2e-5
    head_lr: Rate = 1e-4
    inverse_penalties: tuple[Penalty, ...] = Field(ProbeOptions().inverse_penalties, min_length=1)


class ScratchOptions(TrainingOptions):
    """Train the same architecture from random weights: the control. It has its own learning rate, weight decay and length.

    He, Girshick and Dollar (2019) and Salman et al. (2022) find that a control trained with the settings of fine-tuning is
    undertrained, which inflates the gain of transfer.
    """

    epochs: Epochs = 9
    min_steps: Steps = 180
    lr: Rates = 5e-4
    weight_decay: Decays = 0.1
    embeddings: Literal["frozen", "trained"] = "trained"


class PartialOptions(StepOptions):
    """Train the top blocks and what is above them; the last block alone is a baseline of Kumar et al. (2022).

    All else is as in `full`, so that what is frozen is the only difference.
    """

    blocks: Annotated[int, Field(ge=0, le=1000)] = Field(
        1, description="how many blocks move, counted from the top; 0 trains the head alone"
    )
    epochs: Epochs = 3
    lr: Rates = 5e-5


class BitfitOptions(StepOptions):
    """Train biases, norms and the head (Ben Zaken, Ravfogel and Goldberg 2022, who leave the norms' scales alone).

    So few numbers bear, and need, the head's learning rate; that and the norms are choices of ours.
    """

    epochs: Epochs = 3
    lr: Rates = 1e-3


class L2SpOptions(TrainingOptions):
    """Fine-tune everything under an L2 penalty towards the starting point (Li et al. 2018).

    The source states 0.01 for the backbone's penalty and 0.01 for the head's, which draws it to zero.
    """

    penalty: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.01, description="weight of half the squared distance from the pretrained weights"
    )
    epochs: Epochs = 3
    lr: Rates = 5e-5
    weight_decay: Decays = Field(0.01, description="weight of half the squared norm of the head")


class GradualOptions(StepOptions):
    """Unfreeze one block per epoch, from the top (Howard and Ruder 2018): the head alone has the first epoch.

    Eight epochs reach the stem of a model of six blocks; of a deeper one the lowest blocks stay as they are.
    """

    epochs: Epochs = 8
    lr: Rates = 5e-5


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
    lr: Rates = 1e-4
    weight_decay: Decays = 0.001
    warmup: Annotated[float, Field(ge=0, le=0.5)] = 0.01


class MajorityOptions(Options):
    """Answer the most frequent class of the training labels, whatever is asked."""


CONTROLS = frozenset({"scratch", "majority"})
"""What is listed to be compared with: never the candidate unless the audit names it."""


class GroupOptions(Options):
    """What every strategy takes that looks at groups of people.

    Attributes
    ----------
    trains_on_groups
        Whether training rows need a recorded group.
    predicts_by_group
        Whether a row cannot be answered without its group.
    two_classes
        Whether the task has to have two classes. All of these strategies need tasks with one class a row.
    """

    trains_on_groups: ClassVar[bool] = True
    predicts_by_group: ClassVar[bool] = False
    two_classes: ClassVar[bool] = False

    by: tuple[Name, ...] = Field(
        min_length=1,
        description="the attribute of the adaptation card, or the list of attributes that form an intersection",
    )
    cells: Literal["group_and_class", "group"] = Field(
        "group_and_class",
        description="what is evened out, and whose worst error counts: groups x classes as in the sources, or groups",
    )
    select: Literal["average", "worst_group"] = Field(
        "worst_group",
        description="what is lowest on validation: the error, or that of the worst cell (minimax point of the Pareto front)",
    )

    @field_validator("by", mode="before", json_schema_input_type=str | tuple[Name, ...])
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def group_stages(self) -> tuple[GroupStage, ...]:
        """Where group labels are used."""
        used: dict[GroupStage, bool] = {
            "training": self.trains_on_groups,
            "validation": self.select == "worst_group" or self.predicts_by_group,
            "prediction": self.predicts_by_group,
        }
        return tuple(stage for stage, needed in used.items() if needed)


class HeadOptions(GroupOptions):
    """What strategies take that can work on frozen features (quick) or on fine-tuned ones."""

    on: Literal["frozen", "full"] = Field("frozen", description="a head on frozen features, or full fine-tuning")
    training: FullOptions | None = Field(None, description="the options of fine-tuning, for `on: full`")
    inverse_penalties: tuple[Penalty, ...] = Field(
        ProbeOptions().inverse_penalties, min_length=1, description="values of C to choose from"
    )

    @model_validator(mode="before")
    @classmethod
    def _fine_tuning_has_options(cls, data: Any) -> Any:
        # Filled in here, so that the defaults stand in the evidence and decide the job's id.
        if isinstance(data, dict) and data.get("on") == "full" and data.get("training") is None:
            return {**data, "training": {}}
        return data

    @model_validator(mode="after")
    def _frozen_is_not_trained(self) -> HeadOptions:
        if self.on == "frozen" and self.training is not None:
            raise refuse("FT-Y051", "`training` is for `on: full`", "", "write `on: full`, or leave `training` out")
        return self


class ReweightOptions(HeadOptions):
    """Weigh every row by P(group) P(class) / P(group, class) (Kamiran and Calders 2012): group and class become independent."""


class BalanceOptions(HeadOptions):
    """Even out the cells (Idrissi et al. 2022): subsample all to the smallest (SUBG), or weigh rows by 1/size (RWG).

    The sources have no options here. On frozen features several subsamples are averaged; fine-tuning takes one.
    """

    method: Literal["subsample", "reweight"] = "subsample"
    subsamples: Repeats = Field(10, description="subsamples whose heads are averaged, on frozen features")


class DfrOptions(HeadOptions):
    """Retrain the last layer on group-balanced subsets and average (Kirichenko et al. 2023).

    Penalties and the mean of 20 subsets are those of the authors' code (the paper has 10).
    """

    inverse_penalties: tuple[Penalty, ...] = Field(
        (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01),
        min_length=1,
        description="values of C to choose from, for an L1 penalty",
    )
    refits: Repeats = Field(20, description="balanced subsets whose heads are averaged")
    share: Share = Field(
        0.5, description="with `on: full`, the share of the training rows kept for the last layer alone"
    )


class GroupDroOptions(GroupOptions, TrainingOptions):
    """Fine-tune for the worst cell (Sagawa et al. 2020): step size 0.01 and balanced batches as in the authors' code.

    Length and rate are those of `full`. The effect needs strong weight decay or early stopping; here the checkpoint is
    the one with the lowest worst-group error on validation.
    """

    epochs: Epochs = 3
    lr: Rates = 5e-5
    step_size: Annotated[float, Field(ge=0, le=10)] = Field(0.01, description="eta of the exponentiated weights")
    adjustment: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0, description="C in the loss + C/sqrt(n) by which small cells count as worse"
    )
    balanced_batches: Annotated[bool, Field(description="draw every cell equally often")] = True


class JttOptions(GroupOptions, TrainingOptions):
    """Train twice (Liu et al. 2021): the second time with the rows the first got wrong repeated.

    Two first epochs and a weight of 6 are the authors' for CivilComments; rate and length are those of `full`. Groups are
    used in validation only.
    """

    trains_on_groups: ClassVar[bool] = False

    by: tuple[Name, ...] = Field((), description="attributes for the selection; may be left out with `select: average`")
    epochs: Epochs = 3
    lr: Rates = 5e-5
    first_epochs: Epochs = Field(2, description="length of the first training, T")
    upweight: Annotated[int, Field(ge=1, le=1000)] = Field(6, description="how often a row it got wrong stands, lambda")

    @model_validator(mode="after")
    def _selection_needs_groups(self) -> JttOptions:
        if self.select == "worst_group" and not self.by:
            found, do = "`select: worst_group` needs `by`", "name the attribute, or write `select: average`"
            raise refuse("FT-Y035", found, "", do)
        return self


class AdversarialOptions(GroupOptions, TrainingOptions):
    """Fine-tune while an adversary that reads the group off the features is given nothing (Ganin et al. 2016).

    The strength grows as in the source, to 1. Length and rate are those of `full`; the adversary's size is a choice of ours.
    `cells` says what is hidden: the group within every class, or the group altogether, which costs accuracy where groups
    differ in their classes. With `select: average` groups are used in training only.
    """

    epochs: Epochs = 3
    lr: Rates = 5e-5
    strength: Annotated[float, Field(ge=0, le=1000)] = Field(
        1.0, description="lambda: how strongly the network minds the adversary at the end"
    )
    hidden: Annotated[int, Field(ge=1, le=4096)] = Field(64, description="width of the adversary's one hidden layer")


class ThresholdOptions(GroupOptions):
    """Other thresholds for the probe's scores in every group (Hardt, Price and Srebro 2016).

    Done by fairlearn's ThresholdOptimizer, with its defaults. Answers between two thresholds are drawn, and nobody can be
    answered without a group.
    """

    predicts_by_group: ClassVar[bool] = True
    two_classes: ClassVar[bool] = True

    constraints: Literal[
        "demographic_parity", "equalized_odds", "false_positive_rate_parity", "false_negative_rate_parity"
    ] = "demographic_parity"
    objective: Literal["accuracy_score", "balanced_accuracy_score"] = "accuracy_score"
    grid_size: Annotated[int, Field(ge=10, le=100_000)] = 1000
    share: Share = Field(0.5, description="share of the training rows kept for the thresholds alone")
    inverse_penalties: tuple[Penalty, ...] = Field(ProbeOptions().inverse_penalties, min_length=1)


class ReductionsOptions(GroupOptions):
    """A drawn mixture of reweighted heads that meets a constraint (Agarwal et al. 2018).

    Done by fairlearn's ExponentiatedGradient, with its defaults.
    """

    two_classes: ClassVar[bool] = True

    constraints: Literal[
        "demographic_parity",
        "equalized_odds",
        "true_positive_rate_parity",
        "false_positive_rate_parity",
        "error_rate_parity",
    ] = "demographic_parity"
    eps: Annotated[float, Field(gt=0, le=1)] = Field(0.01, description="how far the constraint may be missed")
    max_iter: Repeats = 50
    inverse_penalties: tuple[Penalty, ...] = Field(ProbeOptions().inverse_penalties, min_length=1)


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
    "reweight": ReweightOptions,
    "balance": BalanceOptions,
    "group_dro": GroupDroOptions,
    "jtt": JttOptions,
    "dfr": DfrOptions,
    "adversarial": AdversarialOptions,
    "threshold": ThresholdOptions,
    "reductions": ReductionsOptions,
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
