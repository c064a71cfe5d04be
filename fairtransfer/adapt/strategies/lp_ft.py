"""`lp_ft`: the probe's head first, then every weight moves from there (Kumar et al. 2022)."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRate, LearningRates
from fairtransfer.spec.transfer_options import PENALTIES, Epochs, Penalties, TrainingOptions


class LpFtOptions(TrainingOptions):
    """Fine-tune everything, starting from the probe's head (Kumar et al. 2022), at a lower learning rate."""

    epochs: Epochs = 3
    lr: LearningRates = 2e-5
    head_lr: LearningRate = 1e-4
    inverse_penalties: Penalties = PENALTIES


@final
class LpFt(Strategy[LpFtOptions]):
    """Linear probe, then fine-tuning: a head that already fits does not pull the features about."""

    kind = "lp_ft"
    options = LpFtOptions
    words = "first a new last layer is learned, then every weight from there (linear probe, then fine-tuning)"
    colour = "#00695c"

    def fit(self, setting: Setting, options: LpFtOptions) -> Adapted:
        """Fit the probe, put its head in place, train from there."""
        import torch

        from fairtransfer.adapt.linear_head import fit_head
        from fairtransfer.adapt.loop import new_head, train

        # The head is a small part of the work: progress is that of the training.
        probed, record = fit_head(replace(setting, progress=lambda _: None), options.inverse_penalties)
        head = new_head(setting)
        with torch.no_grad():
            head.weight.copy_(probed.weight)
            head.bias.copy_(probed.bias)
        adapted = train(setting, setting.backbone.pretrained(), head, options)
        return Adapted(
            adapted.logits,
            {**adapted.record, "probe": record["selected"], "trials": adapted.record["trials"] + record["trials"]},
        )
