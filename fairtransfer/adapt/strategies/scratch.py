"""`scratch`: the same architecture from random weights. The control that shows what pretraining gave, and to whom."""

from __future__ import annotations

from typing import Literal, final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.grids import LearningRates, WeightDecays
from fairtransfer.spec.transfer_options import Epochs, Steps, TrainingOptions


class ScratchOptions(TrainingOptions):
    """Train the same architecture from random weights: the control. It has its own learning rate, weight decay and length.

    He, Girshick and Dollar (2019) and Salman et al. (2022) find that a control trained with the settings of fine-tuning is
    undertrained, which inflates the gain of transfer.
    """

    epochs: Epochs = 9
    min_steps: Steps = 180
    lr: LearningRates = 5e-4
    weight_decay: WeightDecays = 0.1
    embeddings: Literal["frozen", "trained"] = "trained"


@final
class Scratch(Strategy[ScratchOptions]):
    """Train from random weights, everything included, with a learning rate, weight decay and length of its own."""

    kind = "scratch"
    options = ScratchOptions
    words = "the same architecture trained on the same labels from random weights: adaptation without pretraining"
    colour = "#a34700"
    control = True
    from_scratch = True

    def fit(self, setting: Setting, options: ScratchOptions) -> Adapted:
        """Train from random weights drawn from the seed."""
        from fairtransfer.adapt.loop import new_head, train
        from fairtransfer.adapt.random_streams import torch_stream

        with torch_stream(setting.seed, "weights"):
            network = setting.backbone.random()
        return train(setting, network, new_head(setting), options)
