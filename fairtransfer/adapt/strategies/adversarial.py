"""`adversarial`: fine-tuning against somebody who reads the group off the features (Ganin et al. 2016).

The adversary learns to tell groups apart; its gradient is reversed on the way into the network, which learns to give it
nothing. In the source the adversary tells domains apart. As by Zhang, Lemoine and Mitchell (2018) for equality of odds, it
may be told the class, so that only what the group adds to the class is hidden; theirs reads the answer, not the features.
"""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.strategies import ONE_CLASS
from fairtransfer.spec.transfer_options import Epochs, TrainingOptions


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


@final
class Adversarial(Strategy[AdversarialOptions]):
    """Hide the group from whoever reads the features; in rows of unknown membership there is nothing to hide."""

    kind = "adversarial"
    options = AdversarialOptions
    words = "learned so that the group cannot be read off what the model makes of a case"
    colour = "#1f5f8b"
    tasks = ONE_CLASS

    def fit(self, setting: Setting, options: AdversarialOptions) -> Adapted:
        """Fine-tune from the pretrained weights, with the adversary beside the head."""
        from fairtransfer.adapt.adversary import Game, Watched, adversary
        from fairtransfer.adapt.cells import cells_of
        from fairtransfer.adapt.loop import Recipe, new_head, train
        from fairtransfer.adapt.selection import selection_of

        groups, told_class = cells_of(setting.train, "group"), options.cells == "group_and_class"
        head = Watched(new_head(setting), adversary(setting, groups, options.hidden, told_class=told_class))
        game = Game(setting, head, groups, options.strength, told_class=told_class)
        recipe = Recipe(objective=game, before_step=game.grow, selection=selection_of(options))
        adapted = train(setting, setting.backbone.pretrained(), head, options, recipe)
        told = {"groups": groups.told(), "adversary_parameters": sum(p.numel() for p in head.adversary.parameters())}
        return Adapted(adapted.logits, {**adapted.record, **told, **game.last})
