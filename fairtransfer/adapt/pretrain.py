"""Training a source: the same loop as `full` or `scratch`, on the source's own rows; what is kept are weights and head."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.random_streams import torch_stream
from fairtransfer.adapt.strategy import Setting
from fairtransfer.models.trained import weights_of
from fairtransfer.spec.transfer_options import TrainingOptions


def pretrain(
    setting: Setting, options: TrainingOptions, start: Literal["base", "random"]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Train every weight on the source's rows and return the weights of the checkpoint validation prefers, with its record.

    Raises
    ------
    Diverged
        When the loss is no longer finite.
    """
    with torch_stream(setting.seed, "weights"):
        network = setting.backbone.pretrained() if start == "base" else setting.backbone.random()
    head = new_head(setting)
    adapted = train(setting, network, head, options)
    return weights_of(network.module, head), adapted.record
