"""`lp_ft`: the probe's head first, then every weight moves from there (Kumar et al. 2022)."""

from __future__ import annotations

from typing import final

import torch

from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.strategies.probe import fit_head
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import LpFtOptions, Options


@final
class LpFt(Strategy):
    """Linear probe, then fine-tuning: a head that already fits does not pull the features about."""

    kind = "lp_ft"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fit the probe, put its head in place, train from there."""
        assert isinstance(options, LpFtOptions), "the registry pairs strategies with their options"
        probed, record = fit_head(setting, options.inverse_penalties)
        head = new_head(setting)
        with torch.no_grad():
            head.weight.copy_(probed.weight)
            head.bias.copy_(probed.bias)
        adapted = train(setting, setting.backbone.pretrained(), head, options)
        return Adapted(
            adapted.logits,
            {**adapted.record, "probe": record["selected"], "trials": adapted.record["trials"] + record["trials"]},
        )
