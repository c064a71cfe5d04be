"""What a strategy is given and what it gives back."""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from fairtransfer.adapt.feature_cache import Kept, NoShelf, Shelf, shelved
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Backbone, Network, Prepared
from fairtransfer.spec.transfer_options import Options


class Diverged(Exception):
    """The loss is no longer a number: a result of the strategy, not a fault of the machine."""

    @classmethod
    def at(cls, step: int) -> Diverged:
        """Return what to raise when the loss of this step, counted from 1, is no number."""
        return cls(f"the loss became NaN or infinite at step {step}")


class OneClass(Exception):
    """There is nothing to tell apart in the rows a strategy learns from: a result of the budget and the strategy."""


def check_classes(labels: Sequence[str], task: Task | NumberTask, what: str) -> None:
    """Raise `OneClass` where there are no rows, or all are of one class; a row of several labels is told by each alone."""
    if not labels:
        raise OneClass(f"{what} are none: the label budget is too small for this strategy")
    if not task.numeric and not task.multilabel and len(set(labels)) == 1:
        raise OneClass(f"{what} are all of class `{labels[0]}`")


@dataclass(frozen=True)
class Labelled:
    """Rows with their answers: what is trained on, or validated on.

    Attributes
    ----------
    groups
        The group of each row, `unknown` where it is not recorded; None for strategies that have no business with it.
    units
        The unit of each row, a person or a document; None where every row is one of its own.
    """

    prepared: Prepared
    y: tuple[str, ...]
    rows: Sequence[int]
    groups: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers of these rows."""
        return tuple(self.y[i] for i in self.rows)

    @property
    def group_labels(self) -> tuple[str, ...]:
        """The groups of these rows."""
        assert self.groups is not None, "the options say which strategies are given groups"
        return tuple(self.groups[i] for i in self.rows)

    @property
    def unit_labels(self) -> tuple[str, ...]:
        """The units of these rows."""
        return tuple(str(i) if self.units is None else self.units[i] for i in self.rows)

    def among(self, positions: Sequence[int]) -> Labelled:
        """Return some of these rows, by their position among them."""
        return replace(self, rows=[self.rows[i] for i in positions])


@dataclass
class FrozenFeatures:
    """Features of the pretrained network, computed once for each set of rows and shared by everything that is frozen.

    `heads` keeps what was fitted on them, by the rows and options it was fitted with: a probe and the fine-tuning that
    starts from it use the same head. `entered` keeps rows with their hidden states below a block, by rows and block.
    `spent` keeps how many operations either took: they count for every job that uses them. With a `network`, features are that
    one's instead of the pretrained network's; only the pretrained network's are put on the shelf.
    """

    backbone: Backbone
    runner: Runner
    network: Network | None = None
    shelf: Shelf = field(default_factory=NoShelf)
    heads: dict[Hashable, Any] = field(default_factory=dict)
    entered: dict[tuple[int, str], tuple[Prepared, Prepared]] = field(default_factory=dict)
    spent: dict[Hashable, int] = field(default_factory=dict)
    _charged_as: object = field(default_factory=object)
    _kept: dict[int, tuple[Prepared, Tensor]] = field(default_factory=dict)

    def of(self, prepared: Prepared) -> Tensor:
        """Return features of all rows, rows x dim."""
        if id(prepared) not in self._kept:
            kept = self._of(prepared)
            self._kept[id(prepared)], self.spent[id(prepared)] = (prepared, kept["features"]), int(kept["operations"])
        self.charge(id(prepared))
        return self._kept[id(prepared)][1]

    def charge(self, work: Hashable) -> None:
        """Count what something shared took as work of the job that now uses it."""
        # Not by its id, which another may have once this one is gone: a strategy may train several networks in one job.
        self.runner.flops.charge((self._charged_as, work), self.spent[work])

    def _of(self, prepared: Prepared) -> Kept:
        def computed() -> Kept:
            network = self.network or self.backbone.pretrained()
            return counted(self.runner, lambda: {"features": self.runner.features(network, prepared)})

        rows = prepared.fingerprint if self.network is None else None
        return shelved(self.shelf, rows, "features", computed)


def counted(runner: Runner, work: Callable[[], Kept]) -> Kept:
    """Return what some work gives together with its operations, which are not counted for the job that happens to run."""
    with runner.flops.apart() as spent:
        found = work()
    return {**found, "operations": torch.tensor(spent.total or 0)}


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
    task: Task | NumberTask
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

    def check(self, backbone: Backbone, prepared: Prepared, options: Options) -> None:  # noqa: B027  # most need nothing
        """Refuse, before anything is trained, what this model cannot do; some of the rows show how it is built.

        Raises
        ------
        DefinitionError
            When the options ask for parts the model does not have (``FT-M024``).
        """

    @abc.abstractmethod
    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Adapt the model.

        Raises
        ------
        Diverged
            When the loss is no longer finite.
        """
