"""`jtt`: train, find the training rows that are still wrong, train again with these repeated (Liu et al. 2021)."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from fairtransfer.adapt.loop import Recipe, new_head, predict, subset, train
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import JttOptions
from fairtransfer.spec.transfer_options import Options


@final
class Jtt(Strategy):
    """Just train twice: no group label in training; those of validation choose the checkpoint."""

    kind = "jtt"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train for a short while, then anew from the pretrained weights."""
        assert isinstance(options, JttOptions), "the registry pairs strategies with their options"
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
    first = replace(setting, progress=lambda share: setting.progress(share / 2))
    network, head = setting.backbone.pretrained(), new_head(setting)
    short = options.model_copy(update={"epochs": options.first_epochs})
    train(first, network, head, short, Recipe(checks=1))
    answers = setting.task.answers(setting.task.scores(predict(setting, network, head, subset(setting.train))))
    return [i for i, (answer, y) in enumerate(zip(answers, setting.train.labels, strict=True)) if answer != y]
