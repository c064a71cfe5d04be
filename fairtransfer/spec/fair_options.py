"""Options of the strategies that look at groups, with their defaults and where the defaults come from."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.strict import Name, refuse
from fairtransfer.spec.transfer_options import (
    Epochs,
    FullOptions,
    Options,
    Penalty,
    ProbeOptions,
    Repeats,
    Share,
    TrainingOptions,
)

GroupStage = Literal["training", "validation", "prediction"]


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
    lr: LearningRates = 5e-5
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
    lr: LearningRates = 5e-5
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
    lr: LearningRates = 5e-5
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
