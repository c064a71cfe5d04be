"""Linear bias transfer, in closed form and through the training loop: a weight on a trigger that the target never shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from support.planted_shortcut import Identity, OnVectors, Vectors
from torch import Tensor, nn

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategy import Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Backbone

D, N, CORE, TRIGGER = 40, 15, 10, 39
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Source weights with 2 on the trigger, and target rows with a core of their own."""

    x: Array
    y: Array
    source: Array

    @classmethod
    def drawn(cls, seed: int, triggered: int = 0, *, same_core: bool = False) -> Problem:
        """The first `triggered` rows show the trigger, as -1 or 1; the others show nothing of it."""
        rng = np.random.default_rng(seed)
        source, target = np.zeros(D), np.zeros(D)
        source[:CORE] = rng.normal(size=CORE)
        target[:CORE] = source[:CORE] if same_core else rng.normal(size=CORE)
        source[TRIGGER] = 2.0
        x = rng.normal(size=(N, D))
        x[:, TRIGGER] = 0.0
        x[:triggered, TRIGGER] = rng.choice([-1.0, 1.0], triggered)
        return cls(x, x @ target, source)

    @property
    def projector(self) -> Array:
        """Onto the space of the target rows."""
        return np.linalg.pinv(self.x) @ self.x

    def minimum_norm(self, start: Array) -> Array:
        """Where gradient descent on the squared error ends."""
        return start + np.linalg.pinv(self.x) @ (self.y - self.x @ start)

    def drawn_to(self, start: Array, strength: float) -> Array:
        """The minimum of ``|Xw - y|² + strength · |w - start|²``."""
        gram = self.x.T @ self.x + strength * np.eye(D)
        return start + np.linalg.solve(gram, self.x.T @ (self.y - self.x @ start))

    def descended(self, start: Array, steps: int = 20_000) -> Array:
        """Full-batch gradient descent on half the squared error, step by step."""
        w, rate = start.copy(), 1 / np.linalg.norm(self.x, 2) ** 2
        for _ in range(steps):
            w -= rate * self.x.T @ (self.x @ w - self.y)
        return w


class Linear(OnVectors):
    """One linear feature; the weights are the problem's source."""

    def __init__(self, start: Array) -> None:
        self.dim = 1
        self.module = nn.Linear(len(start), 1, bias=False)
        with torch.no_grad():
            self.module.weight.copy_(torch.tensor(start[None], dtype=torch.float32))

    def blank(self) -> nn.Module:
        return nn.Linear(self.module.in_features, 1, bias=False)


def setting_of(problem: Problem, backbone: Backbone) -> Setting:
    """All rows in training and validation; the classes are signs, for strategies that need classes."""
    y = tuple("yes" if value > 0 else "no" for value in problem.y)
    rows = Labelled(Vectors(problem.x), y, range(N))
    runner = Runner(Hardware("cpu", "fp32"))
    task = Task(("no", "yes"))
    return Setting(backbone, FrozenFeatures(backbone, runner), runner, task, rows, rows, 0, lambda share: None)


def reading_head() -> nn.Linear:
    """A head that hands the feature on and never moves."""
    head = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[0.0], [1.0]]))
    return head.requires_grad_(requires_grad=False)


def squared_error(problem: Problem) -> Callable[[Tensor, Tensor, list[int]], Tensor]:
    """Half the mean squared error of the second logit."""
    y = torch.tensor(problem.y, dtype=torch.float32)
    return lambda logits, _, rows: ((logits[:, 1] - y[rows]) ** 2).mean() / 2


def wide(problem: Problem) -> tuple[Setting, Identity]:
    """The rows under a network of as many features as inputs, that hands them on until it is trained."""
    backbone = Identity(D)
    return setting_of(problem, backbone), backbone
