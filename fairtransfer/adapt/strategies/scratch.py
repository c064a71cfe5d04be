"""`scratch`: the same architecture from random weights. The control that shows what pretraining gave, and to whom."""

from __future__ import annotations

from typing import final

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.random_streams import torch_stream
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import Options, ScratchOptions


@final
class Scratch(Strategy):
    """Train from random weights, everything included, with a learning rate, weight decay and length of its own."""

    kind = "scratch"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train from random weights drawn from the seed."""
        assert isinstance(options, ScratchOptions), "the registry pairs strategies with their options"
        with torch_stream(setting.seed, "weights"):
            network = setting.backbone.random()
        return train(setting, network, new_head(setting), options)
