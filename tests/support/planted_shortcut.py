"""Rows with a planted shortcut: a loud feature that follows the group, which mostly follows the class, and a quiet true one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.inputs import Inputs
from fairtransfer.models.backbone import Backbone, Prepared

CLASSES = ("no", "yes")
NOISE = 6


class Vectors(Prepared):
    """Rows of numbers."""

    def __init__(self, x: NDArray[np.float64]) -> None:
        self.x = torch.tensor(x, dtype=torch.float32)

    @property
    def lengths(self) -> list[int]:
        return [1] * len(self.x)

    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        return {"x": self.x[list(positions)]}


class OnVectors(Backbone):
    """A network that reads rows of numbers and nothing else; what it is made of is told by its subclasses."""

    def prepare(self, inputs: Inputs) -> Prepared:
        raise NotImplementedError

    def forward(self, module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return module(batch["x"])  # type: ignore[no-any-return]  # torch does not type it

    def block_names(self) -> list[str]:
        return []

    def limit_embeddings(self, module: nn.Module, prepared: Prepared, rows: Sequence[int], *, trained: bool) -> None:
        return

    def native_logits(self, prepared: Prepared, runner: Any) -> tuple[Tensor, list[str]]:
        raise NotImplementedError


class Identity(OnVectors):
    """A network whose features are its inputs, until it is trained."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.module = nn.Linear(dim, dim)
        with torch.no_grad():
            self.module.weight.copy_(torch.eye(dim))
            self.module.bias.zero_()

    def blank(self) -> nn.Module:
        return nn.Linear(self.dim, self.dim)


class Planted:
    """Training and validation rows in which the group gives the class away `rho` of the time, and test rows where it does not."""

    def __init__(self, seed: int = 0, train: int = 400, val: int = 200, test: int = 2000, rho: float = 0.95) -> None:
        rng = np.random.default_rng(seed)
        parts = [self._rows(rng, train, rho), self._rows(rng, val, rho), self._rows(rng, test, 0.5)]
        x, y, a = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        self.y = tuple(CLASSES[i] for i in y)
        self.groups = tuple(("left", "right")[i] for i in a)
        self.prepared = Vectors(x)
        self.rows = (range(train), range(train, train + val), range(train + val, train + val + test))

    def _rows(self, rng: np.random.Generator, n: int, rho: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        y = rng.integers(0, 2, n)
        a = np.where(rng.random(n) < rho, y, 1 - y)
        core = 2.0 * y - 1 + rng.normal(0, 0.7, n)
        loud = 2 * (2.0 * a - 1) + rng.normal(0, 0.5, n)
        return np.column_stack([core, loud, rng.normal(0, 1, (n, NOISE))]), y, a

    def setting(self, seed: int = 0, groups: tuple[str, ...] | None = None, positive: str | None = None) -> Setting:
        told = groups or self.groups
        backbone, runner = Identity(self.prepared.x.shape[1]), Runner(Hardware("cpu", "fp32"))
        train, val = (Labelled(self.prepared, self.y, rows, told) for rows in self.rows[:2])
        task = Task(CLASSES, positive_class=positive)
        return Setting(backbone, FrozenFeatures(backbone, runner), runner, task, train, val, seed, lambda share: None)

    def worst(self, adapted: Adapted) -> float:
        """Accuracy of the worst cell on test rows."""
        answers = Task(CLASSES).answers(Task(CLASSES).scores(adapted.logits(self.prepared)))
        right: dict[tuple[str, str], list[bool]] = {}
        for i in self.rows[2]:
            right.setdefault((self.groups[i], self.y[i]), []).append(answers[i] == self.y[i])
        return min(float(np.mean(cell)) for cell in right.values())
