"""`bitfit`: biases and norms move, and the head; no weight matrix does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from torch import nn

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import BitfitOptions, Options


@final
class Bitfit(Strategy):
    """Train biases and norms. A norm that moves takes its batch statistics along; dropout is as in `full`."""

    kind = "bitfit"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train what `biases_and_norms` names."""
        assert isinstance(options, BitfitOptions), "the registry pairs strategies with their options"
        network = setting.backbone.pretrained()
        moving = set(biases_and_norms(network.module))
        for name, parameter in network.module.named_parameters():
            parameter.requires_grad = name in moving
        return train(setting, network, new_head(setting), options)


def biases_and_norms(network: nn.Module) -> Iterator[str]:
    """Yield the names of all biases and of all parameters of normalising layers, whatever a library calls its class."""
    for place, module in network.named_modules():
        normalising = "norm" in type(module).__name__.lower()
        for name, _ in module.named_parameters(prefix=place, recurse=False):
            if normalising or name.endswith("bias"):
                yield name
