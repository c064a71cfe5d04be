"""The ways to ask the model as published, by the name an audit calls them; what each does is in `fairtransfer/adapt/before/`."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from fairtransfer import registry
from fairtransfer.spec.strict import Strict


class BeforeKind(abc.ABC):
    """A way to ask the model before it is adapted, as definitions, plans and documents know it.

    Attributes
    ----------
    kind
        The name an audit calls it by.
    options
        What an audit may say of it.
    words
        How the model is asked: a clause, without a full stop.
    uses_labels
        Whether it learns from labels; then it exists for every seed, at the largest budget.
    answers_numbers
        Whether it can be asked for a number.
    reads_head
        Whether it asks the checkpoint's own head, so that the head's labels have to mean the classes.
    """

    kind: ClassVar[str]
    options: type[Strict]
    words: ClassVar[str]
    uses_labels: ClassVar[bool] = False
    answers_numbers: ClassVar[bool] = False
    reads_head: ClassVar[bool] = False

    def classes_named(self, options: Strict) -> Mapping[str, tuple[str, ...]]:  # noqa: ARG002  # most name none
        """Return the classes its options speak of, each with its place among them."""
        return {}


def before_kind(name: str) -> BeforeKind:
    """Return a way to ask by its name; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    return registry.subclass("before", name, BeforeKind, _lacks)()


def _lacks(found: type[BeforeKind], name: str) -> Iterator[str]:
    if inspect.isabstract(found):
        yield from (f"`{method}`" for method in sorted(found.__abstractmethods__))
    if getattr(found, "kind", None) != name:
        yield f"`kind = {name!r}`"
    if not (isinstance(getattr(found, "options", None), type) and issubclass(found.options, Strict)):
        yield "`options`: a class of options"
    if not getattr(found, "words", ""):
        yield "`words`: how the model is asked"


BEFORE_OPTIONS = registry.Asked("before", lambda name: before_kind(name).options)
"""Name -> options, of every way there is; each is imported when it is asked for."""


@dataclass(frozen=True, slots=True)
class BeforeSpec:
    """How the model as published is asked for its answers."""

    kind: str
    options: Strict

    @property
    def way(self) -> BeforeKind:
        """What is known of it."""
        return before_kind(self.kind)
