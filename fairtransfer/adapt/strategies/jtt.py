"""`jtt`: train, find the training rows that are still wrong, train again with these repeated (Liu et al. 2021)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, final

from pydantic import Field, model_validator

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.strategies import ONE_CLASS
from fairtransfer.spec.strict import Name, refuse
from fairtransfer.spec.transfer_options import Epochs, TrainingOptions


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

    @property
    def lengths(self) -> tuple[int, ...]:
        """The epochs of both trainings."""
        return (self.epochs, self.first_epochs)


@final
class Jtt(Strategy[JttOptions]):
    """Just train twice: no group label in training; those of validation choose the checkpoint."""

    kind = "jtt"
    options = JttOptions
    words = "trained twice, the second time with the cases the first got wrong repeated (just train twice)"
    colour = "#9c2c2c"
    tasks = ONE_CLASS

    def fit(self, setting: Setting, options: JttOptions) -> Adapted:
        """Train for a short while, then anew from the pretrained weights."""
        from fairtransfer.adapt.loop import Recipe, new_head, train
        from fairtransfer.adapt.selection import selection_of

        wrong = _wrong_rows(setting, options)
        repeated = [*range(len(setting.train.rows)), *(wrong * (options.upweight - 1))]
        second = replace(
            setting,
            train=setting.train.among(repeated),
            progress=lambda share: setting.progress(0.5 + share / 2),
        )
        recipe = Recipe(selection=selection_of(options))
        adapted = train(second, setting.backbone.pretrained(), new_head(setting), options, recipe)
        return Adapted(adapted.logits, {**adapted.record, "upweighted_rows": len(wrong)})


def _wrong_rows(setting: Setting, options: JttOptions) -> list[int]:
    """Return positions of the training rows that a short training leaves wrong: its last step counts, not its best."""
    from fairtransfer.adapt.loop import Recipe, new_head, predict, subset, train

    first = replace(setting, progress=lambda share: setting.progress(share / 2))
    network, head = setting.backbone.pretrained(), new_head(setting)
    short = options.model_copy(update={"epochs": options.first_epochs})
    train(first, network, head, short, Recipe(checks=1))
    answers = setting.task.answers(setting.task.scores(predict(setting, network, head, subset(setting.train))))
    return [i for i, (answer, y) in enumerate(zip(answers, setting.train.labels, strict=True)) if answer != y]
