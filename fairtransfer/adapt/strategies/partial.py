"""`partial`: the top blocks move; below them nothing does. One block is among the baselines of Kumar et al. 2022."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from fairtransfer.adapt.freezing import freeze, rest
from fairtransfer.adapt.frozen_blocks import entered
from fairtransfer.adapt.head_only import train_head
from fairtransfer.adapt.loop import Recipe, new_head, train
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting, Strategy
from fairtransfer.models.backbone import Backbone, Prepared
from fairtransfer.models.blocks import Layout
from fairtransfer.models.checkpoint import refuse
from fairtransfer.models.resume import resuming
from fairtransfer.spec.transfer_options import Options, PartialOptions


@final
class Partial(Strategy):
    """Train the top blocks, what is above them, and the head; run the blocks below once."""

    kind = "partial"

    def check(self, backbone: Backbone, prepared: Prepared, options: Options) -> None:
        """Refuse to move more blocks than there are."""
        assert isinstance(options, PartialOptions), "the registry pairs strategies with their options"
        _lowest(backbone, backbone.layout(prepared), options.blocks)

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train from the hidden states that enter the lowest block that moves."""
        assert isinstance(options, PartialOptions), "the registry pairs strategies with their options"
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
    if moved > len(layout.blocks):
        raise refuse(
            "FT-M024",
            backbone.checkpoint,
            f"`partial` is to move {moved} blocks; the model has {len(layout.blocks)}",
            f"blocks: 0 to {len(layout.blocks)}",
            "`full` moves everything",
        )
    return len(layout.blocks) - moved
