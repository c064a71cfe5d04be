"""`partial`: the top blocks move; below them nothing does. One block is among the baselines of Kumar et al. 2022."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Labelled, Setting, Strategy
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.transfer_options import Epochs, StepOptions

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone, Prepared
    from fairtransfer.models.blocks import Layout


class PartialOptions(StepOptions):
    """Train the top blocks and what is above them; the last block alone is a baseline of Kumar et al. (2022).

    All else is as in `full`, so that what is frozen is the only difference.
    """

    blocks: Annotated[int, Field(ge=0, le=1000)] = Field(
        1, description="how many blocks move, counted from the top; 0 trains the head alone"
    )
    epochs: Epochs = 3
    lr: LearningRates = 5e-5


@final
class Partial(Strategy[PartialOptions]):
    """Train the top blocks, what is above them, and the head; run the blocks below once."""

    kind = "partial"
    options = PartialOptions
    words = "only the upper layers learn; the lower ones stay as published"
    colour = "#3949ab"
    passes = 1.0

    def check(self, backbone: Backbone, prepared: Prepared, options: PartialOptions) -> None:
        """Refuse to move more blocks than there are."""
        _lowest(backbone, backbone.layout(prepared), options.blocks)

    def fit(self, setting: Setting, options: PartialOptions) -> Adapted:
        """Train from the hidden states that enter the lowest block that moves."""
        from fairtransfer.adapt.freezing import freeze, rest
        from fairtransfer.adapt.frozen_blocks import entered
        from fairtransfer.adapt.head_only import train_head
        from fairtransfer.adapt.loop import Recipe, new_head, train
        from fairtransfer.models.resume import resuming

        layout = setting.backbone.layout(setting.train.prepared)
        lower = layout.blocks[: _lowest(setting.backbone, layout, options.blocks)]
        share = {"blocks": {"moved": options.blocks, "of": len(layout.blocks)}}
        if not options.blocks:
            adapted = train_head(setting, options)
            return replace(adapted, record={**adapted.record, **share})
        network = resuming(setting.backbone.pretrained(), lower)
        still = freeze(network.module, layout, len(lower) + 1)

        def ready(prepared: Prepared) -> Prepared:
            return entered(setting.frozen, prepared, lower)

        def labelled(part: Labelled) -> Labelled:
            return replace(part, prepared=ready(part.prepared))

        resumed = replace(setting, train=labelled(setting.train), val=labelled(setting.val))
        adapted = train(resumed, network, new_head(setting), options, Recipe(before_step=lambda *_: rest(still)))
        return Adapted(lambda prepared: adapted.logits(ready(prepared)), {**adapted.record, **share})


def _lowest(backbone: Backbone, layout: Layout, moved: int) -> int:
    """Return how many blocks stay frozen."""
    from fairtransfer.models.checkpoint import refuse

    if moved > len(layout.blocks):
        raise refuse(
            "FT-M024",
            backbone.checkpoint,
            f"`partial` is to move {moved} blocks; the model has {len(layout.blocks)}",
            f"blocks: 0 to {len(layout.blocks)}",
            "`full` moves everything",
        )
    return len(layout.blocks) - moved
