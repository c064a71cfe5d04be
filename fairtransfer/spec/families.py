"""The kinds of pretrained models, by the name an audit calls them; how each is opened is in `fairtransfer/models/families/`."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator
from typing import ClassVar, get_args

from fairtransfer import registry
from fairtransfer.spec.card_files import InputKind


class FamilyKind(abc.ABC):
    """A kind of pretrained model, as definitions and plans know it.

    Attributes
    ----------
    kind
        The name an audit calls it by.
    reads
        What the cards of its benchmarks have to hold.
    words
        What its models are, and what loads them: a clause, without a full stop.
    modules
        What has to be importable to adapt a model of it.
    libraries
        Distributions whose versions decide its answers.
    """

    kind: ClassVar[str]
    reads: ClassVar[InputKind]
    words: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    libraries: ClassVar[tuple[str, ...]]


def family_kind(name: str) -> FamilyKind:
    """Return a family by its name; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    return registry.subclass("models", name, FamilyKind, _lacks)()


def _lacks(found: type[FamilyKind], name: str) -> Iterator[str]:
    if inspect.isabstract(found):
        yield from (f"`{method}`" for method in sorted(found.__abstractmethods__))
    if getattr(found, "kind", None) != name:
        yield f"`kind = {name!r}`"
    if getattr(found, "reads", None) not in get_args(InputKind):
        yield f"`reads`: {' or '.join(get_args(InputKind))}"
    if not getattr(found, "words", ""):
        yield "`words`: what its models are"
    if not getattr(found, "modules", ()):
        yield "`modules`: what has to be importable"
    if not getattr(found, "libraries", ()):
        yield "`libraries`: the distributions that decide its answers"
