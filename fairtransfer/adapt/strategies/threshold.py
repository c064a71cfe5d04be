"""`threshold`: the probe's scores cut at another place in every group, by fairlearn's ThresholdOptimizer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Decision, Setting, Strategy
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import TWO_CLASSES
from fairtransfer.spec.transfer_options import PENALTIES, Penalties, Share

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Prepared


class ThresholdOptions(GroupOptions):
    """Other thresholds for the probe's scores in every group (Hardt, Price and Srebro 2016).

    Done by fairlearn's ThresholdOptimizer, with its defaults. Answers between two thresholds are drawn, and nobody can be
    answered without a group.
    """

    predicts_by_group: ClassVar[bool] = True

    constraints: Literal[
        "demographic_parity", "equalized_odds", "false_positive_rate_parity", "false_negative_rate_parity"
    ] = "demographic_parity"
    objective: Literal["accuracy_score", "balanced_accuracy_score"] = "accuracy_score"
    grid_size: Annotated[int, Field(ge=10, le=100_000)] = 1000
    share: Share = Field(0.5, description="share of the training rows kept for the thresholds alone")
    inverse_penalties: Penalties = PENALTIES


@final
class Threshold(Strategy[ThresholdOptions]):
    """Thresholds are learned from a third split; scores stay the probe's, and answers between two thresholds are drawn.

    A group gets thresholds of its own if the third split has rows of both its classes. The people of all other groups, and of
    unknown membership, are answered by the probe alone: fairlearn would answer all of them with the negative class.
    """

    kind = "threshold"
    options = ThresholdOptions
    words = "the scores of the last layer are cut at another place in every group; nobody is answered without a group"
    colour = "#795548"
    tasks = TWO_CLASSES

    def fit(self, setting: Setting, options: ThresholdOptions) -> Adapted:
        """Fit the probe on one part of the training rows and the thresholds on the other."""
        import torch

        from fairtransfer.adapt.group_thresholds import learned
        from fairtransfer.adapt.holdout import parted
        from fairtransfer.adapt.linear_head import Fit, features_of, fit_head, headed
        from fairtransfer.adapt.selection import selection_of

        selection = selection_of(options)
        first, third = parted(setting.train, options.cells, options.share, setting.seed)
        head, record = fit_head(replace(setting, train=first), options.inverse_penalties, Fit(selection=selection))
        rule = learned(setting, head, third, options.constraints, options.objective, options.grid_size)
        adapted = headed(setting, head, record)

        def answers(prepared: Prepared, groups: tuple[str, ...] | None) -> list[str]:
            assert groups is not None, "every row brings along its group"
            return rule.answers(setting, setting.frozen.of(prepared), groups)

        z = torch.tensor(features_of(setting, setting.val), dtype=torch.float32)
        score = selection.score(setting, head(z), rule.answers(setting, z, setting.val.group_labels))
        told = {"third_split": len(third.rows), "own_thresholds": sorted(rule.groups), **selection.record(score)}
        return Adapted(adapted.logits, {**record, **told}, Decision(answers, options.by))
