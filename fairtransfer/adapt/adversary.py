"""Somebody who reads the group off the features, and a network that learns to give nothing away (Ganin et al. 2016)."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from fairtransfer.adapt.cells import Cells
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.random_streams import torch_stream
from fairtransfer.adapt.strategy import Setting
from fairtransfer.adapt.task import Task

STEEPNESS = 10.0
"""How fast the reversed gradient grows to its full strength: gamma of Ganin et al."""


@final
class Watched(nn.Linear):
    """A head that remembers the features it was last trained on, with the adversary beside it: both learn at the head's rate."""

    def __init__(self, head: nn.Linear, adversary: nn.Module) -> None:
        super().__init__(head.in_features, head.out_features)
        self.load_state_dict(head.state_dict())
        self.adversary = adversary
        self.seen: Tensor | None = None

    def forward(self, features: Tensor) -> Tensor:
        """Return logits of the classes."""
        if self.training:
            self.seen = features
        return super().forward(features)


def adversary(setting: Setting, groups: Cells, hidden: int, *, told_class: bool) -> nn.Module:
    """Return a network of one hidden layer from features (and class) to groups whose membership is recorded."""
    told = len(setting.task.classes) if told_class else 0
    with torch_stream(setting.seed, "adversary"):
        return nn.Sequential(
            nn.Linear(setting.backbone.dim + told, hidden),
            nn.ReLU(),
            nn.Linear(hidden, max(int(groups.known.sum()), 1)),
        )


class Game:
    """The loss of both sides, and how strongly the network minds the adversary at each step."""

    def __init__(self, setting: Setting, head: Watched, groups: Cells, strength: float, *, told_class: bool) -> None:
        device = setting.runner.hardware.torch_device
        self.task, self.head, self.full_strength, self.told_class = setting.task, head, strength, told_class
        rank = np.cumsum(groups.known) - 1
        self.group = torch.tensor(np.where(groups.known, rank, -1)[groups.of_row], device=device)
        sizes = torch.tensor(groups.sizes[groups.known], dtype=torch.float32, device=device)
        # Every group counts the same for the adversary: it may not give up on a small one.
        self.weights = sizes.sum() / (len(sizes) * sizes) if len(sizes) else None
        self.strength = 0.0
        self.last: dict[str, Any] = {}

    def grow(self, step: int, steps: int) -> None:
        """Set the strength: 0 at the start, nearly all of it after half of the steps."""
        self.strength = self.full_strength * (2 / (1 + math.exp(-STEEPNESS * step / steps)) - 1)

    def __call__(self, logits: Tensor, targets: Tensor, rows: list[int]) -> Tensor:
        """Return the head's loss and the adversary's, the second with its gradient reversed where it enters the features."""
        assert self.head.seen is not None, "the head has just been asked"
        loss = self.task.loss(logits, targets)
        group = self.group[rows]
        known = group >= 0
        if self.weights is None or not known.any():
            return loss
        features = _Reversed.apply(self.head.seen.float(), self.strength)[known]
        guess = self.head.adversary(_told(features, targets[known], self.task) if self.told_class else features)
        per_row = nn.functional.cross_entropy(guess, group[known], reduction="none") * self.weights[group[known]]
        self.last = {"adversary_loss": float(per_row.detach().mean())}
        return loss + per_row.mean()


def _told(features: Tensor, targets: Tensor, task: Task | NumberTask) -> Tensor:
    """Return features beside the class: what the adversary is shown where only the rest is to be hidden."""
    return torch.cat([features, nn.functional.one_hot(targets, len(task.classes)).float()], dim=1)


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is turned round and weighed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        """Return what came in."""
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the gradient turned round."""
        return -ctx.strength * grads[0], None
