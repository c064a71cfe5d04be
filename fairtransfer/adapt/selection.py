"""What is chosen on validation, and by which rule: the lowest error, or the lowest error of the worst cell. Never test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.cells import cells_of
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.strategy import Setting
from fairtransfer.adapt.task import Task
from fairtransfer.spec.fair_options import GroupOptions

Score = tuple[float, ...]
"""Lower is better, compared from the left; the last two are validation error and cross-entropy."""

_WORST = {"group": "the worst group", "group_and_class": "the worst cell (group x class)"}


@dataclass(frozen=True)
class Selection:
    """A rule for choosing among candidates.

    Attributes
    ----------
    worst
        `group` or `group_and_class` where the worst of these decides before the average does; None for the average alone.
    """

    worst: str | None = None

    def score(self, setting: Setting, logits: Tensor, answers: Sequence[str] | None = None) -> Score:
        """Return the score of a candidate with these logits (and answers, where not the likeliest) on validation rows."""
        labels = setting.val.labels
        if answers is None:
            off = setting.task.row_errors(logits, labels)
        else:
            off = np.array([a != b for a, b in zip(answers, labels, strict=True)], dtype=np.float64)
        average = (float(off.mean()), float(setting.task.loss(logits, setting.task.targets(labels))))
        return average if self.worst is None else (self._worst_error(setting, off), *average)

    def rule(self, over: str, ties: str, task: Task | NumberTask) -> str:
        """Return the rule in words."""
        error, then = task.error_name, f"then lowest validation {task.loss_name}; {ties} on ties"
        if self.worst is None:
            return f"lowest validation {error} over {over}, {then}"
        return f"lowest validation {error} of {_WORST[self.worst]} over {over}, then lowest validation {error}, {then}"

    def record(self, score: Score) -> dict[str, Any]:
        """Return what the evidence keeps of the chosen candidate's score."""
        told = {"validation_error": score[-2], "validation_loss": score[-1]}
        return told if self.worst is None else {**told, "validation_worst_error": score[0]}

    def _worst_error(self, setting: Setting, off: NDArray[np.float64]) -> float:
        """Return the highest error of a cell; the average error where no validation row has a recorded group."""
        assert self.worst is not None, "called for the worst cell only"
        cells = cells_of(setting.val, self.worst)
        errors = np.bincount(cells.of_row, weights=off, minlength=len(cells.names)) / cells.sizes
        return float(errors[cells.known].max()) if cells.known.any() else float(off.mean())


AVERAGE = Selection()


def selection_of(options: GroupOptions) -> Selection:
    """Return the rule an audit asks for."""
    return Selection(options.cells) if options.select == "worst_group" else AVERAGE
