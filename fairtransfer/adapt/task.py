"""The task: classes, targets, loss, and how scores become an answer. Binary, multiclass and multilabel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.data.benchmark import LABEL_JOIN


@dataclass(frozen=True, slots=True)
class Task:
    """What the adapted model answers.

    Attributes
    ----------
    classes
        In the audit's order; column j of every score is class j.
    multilabel
        Whether an answer is a set of classes (each with its own threshold of 0.5) or the most likely one.
    positive_class
        The class rates of one class are about, where the card of a binary task names it.
    """

    classes: tuple[str, ...]
    multilabel: bool = False
    positive_class: str | None = None

    numeric: ClassVar[bool] = False
    loss_name: ClassVar[str] = "cross-entropy"
    error_name: ClassVar[str] = "error"

    def targets(self, y: Sequence[str]) -> Tensor:
        """Return class indices (rows), or a 0/1 matrix (rows x classes) for multilabel."""
        rank = {name: i for i, name in enumerate(self.classes)}
        if not self.multilabel:
            return torch.tensor([rank[label] for label in y], dtype=torch.long)
        matrix = torch.zeros((len(y), len(self.classes)))
        for row, label in enumerate(y):
            for part in filter(None, label.split(LABEL_JOIN)):
                matrix[row, rank[part]] = 1.0
        return matrix

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy (mean over classes for multilabel)."""
        if self.multilabel:
            return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
        return torch.nn.functional.cross_entropy(logits, targets)

    def row_losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each row; one class a row only."""
        return torch.nn.functional.cross_entropy(logits, targets, reduction="none")

    def scores(self, logits: Tensor) -> NDArray[np.float32]:
        """Return probabilities, rows x classes."""
        probabilities = torch.sigmoid(logits) if self.multilabel else torch.softmax(logits, dim=1)
        return probabilities.float().cpu().numpy()

    def answers(self, scores: NDArray[np.float32]) -> list[str]:
        """Return the answer of each row: the most likely class, or every class scored at least 0.5 joined by `|`."""
        if not self.multilabel:
            return [self.classes[i] for i in scores.argmax(axis=1)]
        return [LABEL_JOIN.join(self.classes[j] for j in np.flatnonzero(row >= 0.5)) for row in scores]

    def row_errors(self, logits: Tensor, y: Sequence[str]) -> NDArray[np.float64]:
        """Return 1 for each row answered wrongly, 0 for the others."""
        return np.array([a != b for a, b in zip(self.answers(self.scores(logits)), y, strict=True)], dtype=np.float64)

    def error(self, logits: Tensor, y: Sequence[str]) -> float:
        """Return the share of rows answered wrongly (any class wrong, for multilabel)."""
        answers = self.answers(self.scores(logits))
        return sum(a != b for a, b in zip(answers, y, strict=True)) / len(y)
