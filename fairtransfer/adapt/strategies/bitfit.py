"""`bitfit`: biases and norms move, and the head; no weight matrix does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.transfer_options import Epochs, StepOptions

if TYPE_CHECKING:
    from torch import nn


class BitfitOptions(StepOptions):
    """Train biases, norms and the head (Ben Zaken, Ravfogel and Goldberg 2022, who leave the norms' scales alone).

    So few numbers bear, and need, the head's learning rate; that and the norms are choices of ours.
    """

    epochs: Epochs = 3
    lr: LearningRates = 1e-3


@final
class Bitfit(Strategy[BitfitOptions]):
    """Train biases and norms. A norm that moves takes its batch statistics along; dropout is as in `full`."""

    kind = "bitfit"
    options = BitfitOptions
    words = "only biases and norms learn, a small part of the weights"
    colour = "#4b5d00"
    passes = 2.0

    def fit(self, setting: Setting, options: BitfitOptions) -> Adapted:
        """Train what `biases_and_norms` names."""
        from fairtransfer.adapt.loop import new_head, train

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
