"""`gradual`: the head first, then one block more per epoch, from the top (Howard and Ruder 2018)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.transfer_options import Epochs, StepOptions

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone, Prepared
    from fairtransfer.models.blocks import Layout


class GradualOptions(StepOptions):
    """Unfreeze one block per epoch, from the top (Howard and Ruder 2018): the head alone has the first epoch.

    Eight epochs reach the stem of a model of six blocks; of a deeper one the lowest blocks stay as they are.
    """

    epochs: Epochs = 8
    lr: LearningRates = 5e-5


@final
class Gradual(Strategy[GradualOptions]):
    """Unfreeze from the top. What is not reached in the epochs there are stays frozen; token embeddings always do."""

    kind = "gradual"
    options = GradualOptions
    words = "the last layer learns first, then one layer more at a time, from the top"
    colour = "#795548"
    passes = 2.0
    even_steps = False

    def check(self, backbone: Backbone, prepared: Prepared, options: GradualOptions) -> None:  # noqa: ARG002  # the interface
        """Refuse a model that is no stack of blocks."""
        backbone.layout(prepared)

    def fit(self, setting: Setting, options: GradualOptions) -> Adapted:
        """Train; where few rows need more epochs than asked for, each stands for an equal share of the steps."""
        from fairtransfer.adapt.freezing import rest
        from fairtransfer.adapt.loop import Recipe, new_head, train

        network = setting.backbone.pretrained()
        layout = setting.backbone.layout(setting.train.prepared)
        setting.backbone.limit_embeddings(network.module, setting.train.prepared, setting.train.rows, trained=False)
        lowest = lowest_depth(layout, options.epochs - 1)
        moving = [(depth, p) for depth, _, p in layout.parameters(network.module) if p.requires_grad]
        for depth, parameter in moving:
            parameter.requires_grad = depth >= lowest

        def unfreeze(step: int, steps: int) -> None:
            reached = lowest_depth(layout, step * options.epochs // steps)
            for depth, parameter in moving:
                parameter.requires_grad = depth >= reached
            rest(module for depth, module in layout.modules(network.module) if depth < reached)

        adapted = train(setting, network, new_head(setting), options, Recipe(before_step=unfreeze))
        moved = {"moved": max(0, min(len(layout.blocks), layout.top - lowest)), "of": len(layout.blocks)}
        return replace(adapted, record={**adapted.record, "blocks": {**moved, "stem": lowest == 0}})


def lowest_depth(layout: Layout, epoch: int) -> int:
    """Return the depth of the lowest part that moves in an epoch; in the first one, nothing of the backbone does."""
    return max(0, layout.top - epoch) if epoch else layout.top + 1
