"""`group_dro`: fine-tuning in which the cell with the highest loss counts more and more (Sagawa et al. 2020)."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from fairtransfer.adapt.cells import Cells, cells_of, even_weights
from fairtransfer.adapt.loop import Recipe, drawn, new_head, train
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.adapt.task import Task
from fairtransfer.spec.fair_options import GroupDroOptions
from fairtransfer.spec.transfer_options import Options


class WorstCaseLoss:
    """The sum of the cells' mean losses, each by its weight q; before every step q grows by exp(step size x loss).

    A cell without rows in the batch has loss 0, so that its weight changes by the normalisation only. The people of unknown
    membership are a cell like the others here: left out, nothing would be learned from them.
    """

    def __init__(self, task: Task | NumberTask, cells: Cells, options: GroupDroOptions, device: torch.device) -> None:
        self.task, self.step_size = task, options.step_size
        self.of_row = torch.tensor(cells.of_row, device=device)
        sizes = torch.tensor(cells.sizes, dtype=torch.float32, device=device)
        self.added = options.adjustment / sizes.sqrt()
        self.q = torch.full_like(sizes, 1 / len(sizes))

    def __call__(self, logits: Tensor, targets: Tensor, rows: list[int]) -> Tensor:
        """Return the loss of a batch, and move the weights."""
        cell = self.of_row[rows]
        count = torch.bincount(cell, minlength=len(self.q))
        sums = torch.zeros_like(self.q).index_add(0, cell, self.task.row_losses(logits, targets))
        means = sums / count.clamp(min=1)
        grown = self.q * torch.exp(self.step_size * (means.detach() + self.added))
        self.q = grown / grown.sum()
        return (self.q * means).sum()


@final
class GroupDro(Strategy):
    """Distributionally robust over cells: nobody's loss can be paid for with somebody else's."""

    kind = "group_dro"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fine-tune from the pretrained weights."""
        assert isinstance(options, GroupDroOptions), "the registry pairs strategies with their options"
        cells = cells_of(setting.train, options.cells)
        loss = WorstCaseLoss(setting.task, cells, options, setting.runner.hardware.torch_device)
        order = drawn(even_weights(cells)) if options.balanced_batches else None
        recipe = Recipe(objective=loss, order=order, selection=selection_of(options))
        adapted = train(setting, setting.backbone.pretrained(), new_head(setting), options, recipe)
        weights = {name: round(float(q), 6) for name, q in zip(cells.told(), loss.q.cpu(), strict=True)}
        return Adapted(adapted.logits, {**adapted.record, "cells": cells.told(), "final_weights": weights})
