"""What a strategy is given and what it gives back. Nothing of torch is imported here: definitions are read with it too."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.spec.strategies import StrategyKind, strategy_kind
from fairtransfer.spec.transfer_options import Options

if TYPE_CHECKING:
    from torch import Tensor

    from fairtransfer.adapt.frozen_features import FrozenFeatures
    from fairtransfer.adapt.inference import Runner
    from fairtransfer.adapt.number_task import NumberTask
    from fairtransfer.adapt.task import Task
    from fairtransfer.models.backbone import Backbone, Prepared


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


OptionsT = TypeVar("OptionsT", bound=Options)


class Strategy(StrategyKind, Generic[OptionsT]):
    """A way to adapt; subclasses are final and live one to a file.

    What plans and documents ask of it are the attributes of `StrategyKind`. A file that holds a strategy is imported by
    `validate` too: it imports nothing of torch, but inside `check` and `fit`.
    """

    options: type[OptionsT]

    def check(self, backbone: Backbone, prepared: Prepared, options: OptionsT) -> None:  # most need nothing
        """Refuse, before anything is trained, what this model cannot do; some of the rows show how it is built.

        Raises
        ------
        DefinitionError
            When the options ask for parts the model does not have (``FT-M024``).
        """

    @abc.abstractmethod
    def fit(self, setting: Setting, options: OptionsT) -> Adapted:
        """Adapt the model.

        Raises
        ------
        Diverged
            When the loss is no longer finite.
        """


def strategy_named(name: str) -> Strategy[Any]:
    """Return a strategy that can be carried out; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    found = strategy_kind(name)
    if not isinstance(found, Strategy):
        what = f"the strategy `{name}` cannot be carried out: it is no subclass of `{__name__}.Strategy`"
        raise DefinitionError([Problem("FT-R025", what)])
    return found
