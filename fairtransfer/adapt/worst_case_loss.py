"""The loss of group DRO: the cell with the highest loss counts more and more (Sagawa et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from fairtransfer.adapt.cells import Cells
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.task import Task


class WorstCaseLoss:
    """The sum of the cells' mean losses, each by its weight q; before every step q grows by exp(step size x loss).

    A cell without rows in the batch has loss 0, so that its weight changes by the normalisation only. The people of unknown
    membership are a cell like the others here: left out, nothing would be learned from them.
    """

    def __init__(
        self, task: Task | NumberTask, cells: Cells, step_size: float, adjustment: float, device: torch.device
    ) -> None:
        self.task, self.step_size = task, step_size
        self.of_row = torch.tensor(cells.of_row, device=device)
        sizes = torch.tensor(cells.sizes, dtype=torch.float32, device=device)
        self.added = adjustment / sizes.sqrt()
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
