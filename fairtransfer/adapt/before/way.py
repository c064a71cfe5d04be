"""What every way to ask the model as published is."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.models.checkpoint import Checkpoint
from fairtransfer.spec.before import BeforeKind, before_kind
from fairtransfer.spec.strict import Strict

if TYPE_CHECKING:
    from fairtransfer.adapt.strategy import Adapted, Setting


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model is asked, for what.

    Attributes
    ----------
    labels
        Of the checkpoint's own head; empty where it has none, None where it is not asked or its files do not tell.
    reads
        What models of its family read: ``text`` or ``image``.
    multilabel
        Whether it is to answer with several classes.
    """

    checkpoint: Checkpoint
    labels: tuple[str, ...] | None
    classes: tuple[str, ...]
    reads: str = "text"
    multilabel: bool = False


OptionsT = TypeVar("OptionsT", bound=Strict)


class Before(BeforeKind, Generic[OptionsT]):
    """A way to ask; subclasses are final and live one to a file."""

    options: type[OptionsT]

    def refused(self, asked: Asked, options: Any) -> list[Problem]:  # noqa: ARG002  # the interface
        """Return why a model cannot be asked in this way, as far as its files tell."""
        return []

    @abc.abstractmethod
    def ask(self, setting: Setting, options: OptionsT) -> Adapted:
        """Return the model as published, as it answers."""


def before_named(name: str) -> Before[Any]:
    """Return a way that can be carried out; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    found = before_kind(name)
    if not isinstance(found, Before):
        what = f"`before: {name}` cannot be carried out: it is no subclass of `{__name__}.Before`"
        raise DefinitionError([Problem("FT-R025", what)])
    return found
