"""What options of strategies that look at groups have in common, with defaults and where the defaults come from."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fairtransfer.spec.strict import Name, refuse
from fairtransfer.spec.transfer_options import PENALTIES, FineTuningOptions, Options, Penalties, StepOptions

GroupStage = Literal["training", "validation", "prediction"]


class GroupOptions(Options):
    """What every strategy takes that looks at groups of people.

    Attributes
    ----------
    trains_on_groups
        Whether training rows need a recorded group.
    predicts_by_group
        Whether a row cannot be answered without its group.
    """

    trains_on_groups: ClassVar[bool] = True
    predicts_by_group: ClassVar[bool] = False

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
    training: FineTuningOptions | None = Field(None, description="the options of fine-tuning, for `on: full`")
    inverse_penalties: Penalties = PENALTIES

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

    @property
    def trained(self) -> StepOptions | None:
        """The options of fine-tuning, where it does any."""
        return self.training
