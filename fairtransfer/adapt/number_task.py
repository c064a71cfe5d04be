"""The task whose answer is a number: squared loss on a standardised target, errors told in the label's own unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NUMERIC = ("",)
"""Stands in the place of the classes: heads have one output."""

_LEAST = 1e-12


@final
@dataclass(frozen=True, slots=True)
class NumberTask:
    """What the adapted model answers where the label is a number; the surface is that of `Task`.

    Attributes
    ----------
    mean, sd
        Of the labels the model is adapted on, and of no others: heads predict ``(y - mean) / sd``.
    """

    mean: float
    sd: float

    classes: ClassVar[tuple[str, ...]] = NUMERIC
    multilabel: ClassVar[bool] = False
    numeric: ClassVar[bool] = True
    positive_class: ClassVar[None] = None
    loss_name: ClassVar[str] = "mean squared error"
    error_name: ClassVar[str] = "mean absolute error"

    def targets(self, y: Sequence[str]) -> Tensor:
        """Return standardised labels, one per row."""
        return torch.tensor((numbers(y) - self.mean) / self.sd, dtype=torch.float32)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean squared error, in squared standard deviations of the label."""
        return torch.nn.functional.mse_loss(logits[:, 0], targets)

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the squared error of each row."""
        return (logits[:, 0] - targets) ** 2

    def scores(self, logits: Tensor) -> NDArray[np.float32]:
        """Return the standardised answers, rows x 1."""
        return logits.float().cpu().numpy()

    def values(self, logits: Tensor) -> NDArray[np.float64]:
        """Return the answers in the label's own unit."""
        return logits[:, 0].double().cpu().numpy() * self.sd + self.mean

    def answers(self, scores: NDArray[np.float32]) -> list[str]:
        """Return the answers in the label's own unit, as text."""
        return [repr(float(value)) for value in scores[:, 0].astype(np.float64) * self.sd + self.mean]

    def row_errors(self, logits: Tensor, y: Sequence[str]) -> NDArray[np.float64]:
        """Return how far off each row's answer is, in the label's own unit."""
        return np.abs(self.values(logits) - numbers(y))

    def error(self, logits: Tensor, y: Sequence[str]) -> float:
        """Return the mean absolute error, in the label's own unit."""
        return float(self.row_errors(logits, y).mean())

    def to_json(self) -> dict[str, Any]:
        """Return what the evidence keeps of it."""
        return {"mean": self.mean, "sd": self.sd}


def numbers(y: Sequence[str]) -> NDArray[np.float64]:
    """Return labels as numbers; a card's labels were checked when it was opened."""
    return np.array([float(value) for value in y], dtype=np.float64)


def standardised(y: Sequence[str]) -> NumberTask:
    """Return the task of a model that is adapted on these labels; labels that do not vary have the standard deviation 1."""
    values = numbers(y)
    sd = float(values.std())
    return NumberTask(float(values.mean()), sd if sd > _LEAST * max(1.0, float(np.abs(values).max())) else 1.0)
