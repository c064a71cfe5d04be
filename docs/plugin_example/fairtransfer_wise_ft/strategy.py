"""`wise_ft`: the weights half-way between where fine-tuning began and where it ended (Wortsman et al. 2022)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.transfer_options import PENALTIES, Epochs, Penalties, StepOptions


class WiseFtOptions(StepOptions):
    """Fine-tune from a probe's head, then mix the weights with those it began with (Wortsman et al. 2022).

    Half of each is what the source recommends where nothing else is known. Length and rate are those of `full`.
    """

    epochs: Epochs = 3
    lr: LearningRates = 5e-5
    mix: Annotated[float, Field(ge=0, le=1)] = Field(0.5, description="share of the fine-tuned weights")
    inverse_penalties: Penalties = PENALTIES


@final
class WiseFt(Strategy[WiseFtOptions]):
    """Give back some of what fine-tuning changed: often better for those the labels hardly hold."""

    kind = "wise_ft"
    options = WiseFtOptions
    words = "fine-tuned, then drawn half-way back to the published weights (weight-space ensemble)"
    colour = "#2e6b4f"

    def fit(self, setting: Setting, options: WiseFtOptions) -> Adapted:
        """Fine-tune, mix, and measure the mixture on validation."""
        import torch

        from fairtransfer.adapt.linear_head import fit_head
        from fairtransfer.adapt.loop import new_head, predict, subset, train
        from fairtransfer.adapt.selection import AVERAGE

        probed, _ = fit_head(replace(setting, progress=lambda _: None), options.inverse_penalties)
        network, head = setting.backbone.pretrained(), new_head(setting)
        with torch.no_grad():
            head.weight.copy_(probed.weight)
            head.bias.copy_(probed.bias)
        setting.backbone.limit_embeddings(network.module, setting.train.prepared, setting.train.rows, trained=False)
        began = [{k: v.clone() for k, v in part.state_dict().items()} for part in (network.module, head)]
        adapted = train(setting, network, head, options)
        for start, part in zip(began, (network.module, head), strict=True):
            for name, ended in part.state_dict().items():
                if ended.is_floating_point():  # in place: statistics of norms are mixed too, counters are not
                    ended.copy_(torch.lerp(start[name].to(ended.device), ended, options.mix))
        score = AVERAGE.score(setting, predict(setting, network, head, subset(setting.val)))
        return replace(adapted, record={**adapted.record, **AVERAGE.record(score), "mix": options.mix})
