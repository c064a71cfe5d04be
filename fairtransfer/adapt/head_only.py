"""Training the head alone, by gradient, on features that are computed once: where `partial` and `lora` begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting
from fairtransfer.models.backbone import Network, Prepared
from fairtransfer.spec.transfer_options import StepOptions


@final
class PreparedFeatures(Prepared):
    """Rows that went through the frozen network already."""

    def __init__(self, prepared: Prepared, features: Tensor) -> None:
        self.prepared, self.features = prepared, features

    @property
    def lengths(self) -> Sequence[int]:
        """The lengths of the inputs: the order of the rows is that of every other strategy."""
        return self.prepared.lengths

    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """Return the features of these rows."""
        return {"features": self.features[list(positions)].to(device)}


def train_head(setting: Setting, options: StepOptions) -> Adapted:
    """Train a new head on frozen features, with the steps, rates and selection of the training loop."""

    def ready(prepared: Prepared) -> Prepared:
        return PreparedFeatures(prepared, setting.frozen.of(prepared))

    def labelled(part: Labelled) -> Labelled:
        return replace(part, prepared=ready(part.prepared))

    network = Network(nn.Identity(), lambda _, batch: batch["features"])
    on_features = replace(setting, train=labelled(setting.train), val=labelled(setting.val))
    adapted = train(on_features, network, new_head(setting), options)
    return replace(adapted, logits=lambda prepared: adapted.logits(ready(prepared)))
