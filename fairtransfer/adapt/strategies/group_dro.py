"""`group_dro`: fine-tuning in which the cell with the highest loss counts more and more (Sagawa et al. 2020)."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.grids import LearningRates
from fairtransfer.spec.strategies import ONE_CLASS
from fairtransfer.spec.transfer_options import Epochs, TrainingOptions


class GroupDroOptions(GroupOptions, TrainingOptions):
    """Fine-tune for the worst cell (Sagawa et al. 2020): step size 0.01 and balanced batches as in the authors' code.

    Length and rate are those of `full`. The effect needs strong weight decay or early stopping; here the checkpoint is
    the one with the lowest worst-group error on validation.
    """

    epochs: Epochs = 3
    lr: LearningRates = 5e-5
    step_size: Annotated[float, Field(ge=0, le=10)] = Field(0.01, description="eta of the exponentiated weights")
    adjustment: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0, description="C in the loss + C/sqrt(n) by which small cells count as worse"
    )
    balanced_batches: Annotated[bool, Field(description="draw every cell equally often")] = True


@final
class GroupDro(Strategy[GroupDroOptions]):
    """Distributionally robust over cells: nobody's loss can be paid for with somebody else's."""

    kind = "group_dro"
    options = GroupDroOptions
    words = "learning minds the group with the highest loss more and more (distributionally robust optimisation)"
    colour = "#3949ab"
    tasks = ONE_CLASS | {"number"}

    def fit(self, setting: Setting, options: GroupDroOptions) -> Adapted:
        """Fine-tune from the pretrained weights."""
        from fairtransfer.adapt.cells import cells_of, even_weights
        from fairtransfer.adapt.loop import Recipe, drawn, new_head, train
        from fairtransfer.adapt.selection import selection_of
        from fairtransfer.adapt.worst_case_loss import WorstCaseLoss

        cells, device = cells_of(setting.train, options.cells), setting.runner.hardware.torch_device
        loss = WorstCaseLoss(setting.task, cells, options.step_size, options.adjustment, device)
        order = drawn(even_weights(cells)) if options.balanced_batches else None
        recipe = Recipe(objective=loss, order=order, selection=selection_of(options))
        adapted = train(setting, setting.backbone.pretrained(), new_head(setting), options, recipe)
        weights = {name: round(float(q), 6) for name, q in zip(cells.told(), loss.q.cpu(), strict=True)}
        return Adapted(adapted.logits, {**adapted.record, "cells": cells.told(), "final_weights": weights})
