"""`l2_sp`: every weight moves, drawn back to where it started.

Li et al. 2018, *Explicit Inductive Bias for Transfer Learning with Convolutional Networks*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates, WeightDecays, one
from fairtransfer.spec.transfer_options import Epochs, TrainingOptions

if TYPE_CHECKING:
    from torch import Tensor, nn


class L2SpOptions(TrainingOptions):
    """Fine-tune everything under an L2 penalty towards the starting point (Li et al. 2018).

    The source states 0.01 for the backbone's penalty and 0.01 for the head's, which draws it to zero.
    """

    penalty: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.01, description="weight of half the squared distance from the pretrained weights"
    )
    epochs: Epochs = 3
    lr: LearningRates = 5e-5
    weight_decay: WeightDecays = Field(0.01, description="weight of half the squared norm of the head")


@final
class L2Sp(Strategy[L2SpOptions]):
    """Fine-tune on ``loss + penalty/2 · |w - start|² + weight_decay/2 · |head|²``."""

    kind = "l2_sp"
    options = L2SpOptions
    words = "every weight goes on learning, drawn back to where the published model had it"
    colour = "#9c2c2c"

    def fit(self, setting: Setting, options: L2SpOptions) -> Adapted:
        """Train from the pretrained weights, with the penalties' gradients added in every step."""
        from fairtransfer.adapt.loop import Recipe, new_head, train

        network, head = setting.backbone.pretrained(), new_head(setting)
        # AdamW's own decay would draw the backbone to zero; the head's is part of the loss, as the backbone's is.
        undecayed = options.model_copy(update={"weight_decay": 0.0})
        pull = _Pull(network.module, head, options)
        return train(setting, network, head, undecayed, Recipe(before_update=pull))


@final
class _Pull:
    """Adds the penalties' gradients, exactly. After clipping: a strong pull must not drown the gradient of the head."""

    def __init__(self, network: nn.Module, head: nn.Linear, options: L2SpOptions) -> None:
        self.network, self.head, self.options = network, head, options
        self.start: dict[nn.Parameter, Tensor] = {}

    def __call__(self) -> None:
        for parameter in self.network.parameters():
            if parameter.grad is not None:
                # Met for the first time, a parameter has not been moved yet.
                if parameter not in self.start:
                    self.start[parameter] = parameter.detach().clone()
                parameter.grad.add_(parameter.detach() - self.start[parameter], alpha=self.options.penalty)
        for parameter in self.head.parameters():
            if parameter.grad is not None:
                parameter.grad.add_(parameter.detach(), alpha=one(self.options.weight_decay))
