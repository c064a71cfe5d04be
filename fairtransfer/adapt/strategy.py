"""What a strategy is given and what it gives back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from fairtransfer.adapt.flops import FlopTally
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Backbone, Network, Prepared
from fairtransfer.spec.strategies import Options


class Diverged(Exception):
    """The loss is no longer a number: a result of the strategy, not a fault of the machine."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss became NaN or infinite at step {step}")
        self.step = step


class OneClass(Exception):
    """There is nothing to tell apart in the rows a strategy learns from: a result of the budget and the strategy."""


def check_classes(labels: Sequence[str], task: Task, what: str) -> None:
    """Raise `OneClass` where all rows to learn from are of one class; a row of several labels is told by each alone."""
    if not task.multilabel and len(set(labels)) == 1:
        raise OneClass(f"{what} are all of class `{labels[0]}`")


@dataclass(frozen=True)
class Labelled:
    """Rows with their answers: what is trained on, or validated on.

    Attributes
    ----------
    groups
        The group of each row, `unknown` where it is not recorded; None for strategies that have no business with it.
    """

    prepared: Prepared
    y: tuple[str, ...]
    rows: Sequence[int]
    groups: tuple[str, ...] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers of these rows."""
        return tuple(self.y[i] for i in self.rows)

    @property
    def group_labels(self) -> tuple[str, ...]:
        """The groups of these rows."""
        assert self.groups is not None, "the options say which strategies are given groups"
        return tuple(self.groups[i] for i in self.rows)

    def among(self, positions: Sequence[int]) -> Labelled:
        """Return some of these rows, by their position among them."""
        return replace(self, rows=[self.rows[i] for i in positions])


@dataclass
class FrozenFeatures:
    """Features of the pretrained network, computed once for each set of rows and shared by everything that is frozen.

    `heads` keeps what was fitted on them, by the rows and options it was fitted with: a probe and the fine-tuning that
    starts from it use the same head. `entered` keeps rows with their hidden states below a block, by rows and block.
    `spent` keeps what either took: it counts for every job that uses them. With a `network`, features are that one's instead
    of the pretrained network's.
    """

    backbone: Backbone
    runner: Runner
    network: Network | None = None
    heads: dict[Hashable, Any] = field(default_factory=dict)
    entered: dict[tuple[int, str], tuple[Prepared, Prepared]] = field(default_factory=dict)
    spent: dict[Hashable, FlopTally] = field(default_factory=dict)
    _kept: dict[int, tuple[Prepared, Tensor]] = field(default_factory=dict)

    def of(self, prepared: Prepared) -> Tensor:
        """Return features of all rows, rows x dim."""
        if id(prepared) not in self._kept:
            network = self.network or self.backbone.pretrained()
            with self.runner.flops.apart() as self.spent[id(prepared)]:
                self._kept[id(prepared)] = (prepared, self.runner.features(network, prepared))
        self.runner.flops.charge(self.spent[id(prepared)])
        return self._kept[id(prepared)][1]


@dataclass(frozen=True)
class Setting:
    """Everything one training is given.

    Attributes
    ----------
    seed
        Drives head initialisation, order of rows and dropout (the label subset is chosen before).
    progress
        Called with the share of the work done, between 0 and 1.
    """

    backbone: Backbone
    frozen: FrozenFeatures
    runner: Runner
    task: Task
    train: Labelled
    val: Labelled
    seed: int
    progress: Callable[[float], None]


@dataclass(frozen=True)
class Decision:
    """How rows are answered where the answer is not simply the likeliest class.

    Attributes
    ----------
    answers
        Maps prepared rows, and the group of each if `by` names attributes, to answers.
    by
        The attributes every row has to bring along; none when answers do not depend on groups.
    """

    answers: Callable[[Prepared, tuple[str, ...] | None], list[str]]
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adapted:
    """An adapted model.

    Attributes
    ----------
    logits
        Maps prepared rows to logits, rows x classes.
    record
        What the evidence keeps: trainable parameters, steps, what was selected on validation and by which rule.
    decision
        How it answers; None for the likeliest class.
    """

    logits: Callable[[Prepared], Tensor]
    record: dict[str, Any]
    decision: Decision | None = None


class Strategy(abc.ABC):
    """A way to adapt; subclasses are final and live one to a file."""

    kind: str

    @abc.abstractmethod
    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Adapt the model.

        Raises
        ------
        Diverged
            When the loss is no longer finite.
        """
