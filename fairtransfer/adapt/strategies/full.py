"""`full`: every weight moves, from the pretrained values, under a new head."""

from __future__ import annotations

from typing import final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import FineTuningOptions


class FullOptions(FineTuningOptions):
    """Fine-tune everything, AdamW (Devlin et al. 2019 use 2-4 epochs, batch 16 or 32, 2e-5 to 5e-5)."""


@final
class Full(Strategy[FullOptions]):
    """Fine-tune everything; token embeddings stay as they are unless the audit asks for them."""

    kind = "full"
    options = FullOptions
    words = "every weight of the model goes on learning"
    colour = "#0b5cad"

    def fit(self, setting: Setting, options: FullOptions) -> Adapted:
        """Train from the pretrained weights."""
        from fairtransfer.adapt.loop import new_head, train

        return train(setting, setting.backbone.pretrained(), new_head(setting), options)
