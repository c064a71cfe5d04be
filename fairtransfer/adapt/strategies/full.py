"""`full`: every weight moves, from the pretrained values, under a new head."""

from __future__ import annotations

from typing import final

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import FullOptions, Options


@final
class Full(Strategy):
    """Fine-tune everything; token embeddings stay as they are unless the audit asks for them."""

    kind = "full"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train from the pretrained weights."""
        assert isinstance(options, FullOptions), "the registry pairs strategies with their options"
        return train(setting, setting.backbone.pretrained(), new_head(setting), options)
