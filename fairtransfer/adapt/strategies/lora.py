"""`lora`: the model stays as it is; low-rank additions to some of its layers are learned, and the head.

Defaults, the layers added to (queries and values), and ranks that begin at 0 are those of Ding et al. 2024 (fairness of
LoRA), from their code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates, WeightDecays
from fairtransfer.spec.strategies import Extra
from fairtransfer.spec.transfer_options import Epochs, StepOptions

if TYPE_CHECKING:
    from fairtransfer.adapt.low_rank import Additions
    from fairtransfer.models.backbone import Backbone, Prepared


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
    lr: LearningRates = 1e-4
    weight_decay: WeightDecays = 0.001
    warmup: Annotated[float, Field(ge=0, le=0.5)] = 0.01


@final
class Lora(Strategy[LoraOptions]):
    """Learn additions of low rank. The frozen model under them is at rest: no dropout, no batch statistics."""

    kind = "lora"
    options = LoraOptions
    words = "the published weights stay; small additions to some layers are learned (low-rank adaptation)"
    colour = "#8a1f6f"
    passes = 2.0
    extra = Extra("peft", "lora")

    def check(self, backbone: Backbone, prepared: Prepared, options: LoraOptions) -> None:
        """Refuse a model without the layers that are to be added to."""
        from fairtransfer.adapt.low_rank import inject, layers_to_add_to

        if options.rank:
            network = backbone.pretrained().module
            names = layers_to_add_to(backbone, network, backbone.layout(prepared), options.targets)
            inject(backbone, network, names, _additions(options))

    def fit(self, setting: Setting, options: LoraOptions) -> Adapted:
        """Train additions and head; with rank 0 the head alone."""
        from fairtransfer.adapt.freezing import rest
        from fairtransfer.adapt.head_only import train_head
        from fairtransfer.adapt.loop import Recipe, new_head, train
        from fairtransfer.adapt.low_rank import inject, layers_to_add_to
        from fairtransfer.adapt.random_streams import torch_stream

        if not options.rank:
            adapted = train_head(setting, options)
            return replace(adapted, record={**adapted.record, "adapted_layers": 0})
        network = setting.backbone.pretrained()
        layout = setting.backbone.layout(setting.train.prepared)
        names = layers_to_add_to(setting.backbone, network.module, layout, options.targets)
        with torch_stream(setting.seed, "lora"):
            inject(setting.backbone, network.module, names, _additions(options))
        still = [module for name, module in network.module.named_modules() if "lora_" not in name]
        adapted = train(setting, network, new_head(setting), options, Recipe(before_step=lambda *_: rest(still)))
        return replace(adapted, record={**adapted.record, "adapted_layers": len(names)})


def _additions(options: LoraOptions) -> Additions:
    from fairtransfer.adapt.low_rank import Additions

    return Additions(options.rank, options.alpha, options.dropout, options.targets)
