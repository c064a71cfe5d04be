"""The ways to adapt a model, by the name an audit calls them, and what is known of each without running it.

What a strategy is, and does, stands in its own file under `fairtransfer/adapt/strategies/`, or in that of a plug-in; the table
of names is in `fairtransfer/registry.py`.
"""

from __future__ import annotations

import abc
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

from fairtransfer import registry
from fairtransfer.spec.transfer_options import Options

TaskKind = Literal["two_classes", "classes", "several_labels", "number"]
EVERY_TASK: frozenset[TaskKind] = frozenset(get_args(TaskKind))
ONE_CLASS: frozenset[TaskKind] = frozenset({"two_classes", "classes"})
TWO_CLASSES: frozenset[TaskKind] = frozenset({"two_classes"})


class Extra(NamedTuple):
    """A package that one strategy needs, and the extra of fairtransfer that installs it."""

    package: str
    name: str


class StrategyKind(abc.ABC):
    """A way to adapt, as definitions, plans and documents know it.

    Attributes
    ----------
    kind
        The name an audit calls it by.
    options
        What an audit may say of it: defaults, limits, and where the defaults come from.
    words
        What it does, for a reader who has never trained a model: a clause, without a full stop.
    colour
        Of its marks in charts: ``#rrggbb``, with a contrast of at least 3 to white.
    tasks
        What it can answer. Strategies that look at groups are given numbers only where they even out groups alone.
    control
        Whether it is listed to be compared with: then it is never the candidate unless the audit names it.
    from_scratch
        Whether it leaves out pretraining: what the others gain is measured against it.
    passes
        What learning from a row costs, in passes forward: 3 where everything moves, as backward is two, one of them for
        weights; 0 where the network is never asked. For progress bars; times come from a rehearsal.
    even_steps
        Whether all its steps cost the same. Where not, a rehearsal runs the whole schedule, made short.
    extra
        A package it needs besides those of every strategy; its version is part of what decides a result.
    """

    kind: ClassVar[str]
    options: type[Options]
    words: ClassVar[str]
    colour: ClassVar[str]
    tasks: ClassVar[frozenset[TaskKind]] = EVERY_TASK
    control: ClassVar[bool] = False
    from_scratch: ClassVar[bool] = False
    passes: ClassVar[float] = 3.0
    even_steps: ClassVar[bool] = True
    extra: ClassVar[Extra | None] = None


def strategy_kind(name: str) -> StrategyKind:
    """Return a strategy by its name.

    Raises
    ------
    DefinitionError
        When there is none of this name (``FT-R021``), or it lacks something that plans or documents ask of it (``FT-R025``).
    """
    found = registry.subclass("strategies", name, StrategyKind, _lacks)
    return found()


def _lacks(found: type[StrategyKind], name: str) -> Iterator[str]:
    if inspect.isabstract(found):
        yield from (f"`{method}`" for method in sorted(found.__abstractmethods__))
    if getattr(found, "kind", None) != name:
        yield f"`kind = {name!r}`"
    options = getattr(found, "options", None)
    if not (isinstance(options, type) and issubclass(options, Options)):
        yield "`options`: a class of options"
    elif "__doc__" not in vars(options) or not options.__doc__:
        yield "words on its options: what it does and where the defaults come from"
    words = getattr(found, "words", "")
    if not words or words.endswith("."):
        yield "`words`: what it does, a clause without a full stop"
    if not re.fullmatch(r"#[0-9a-f]{6}", getattr(found, "colour", "")):
        yield "`colour`: such as `#0b5cad`"


STRATEGY_OPTIONS = registry.Asked("strategies", lambda name: strategy_kind(name).options)
"""Name -> options, of every strategy there is; each is imported when it is asked for."""


def controls() -> tuple[str, ...]:
    """Return the strategies that are listed to be compared with."""
    return tuple(name for name in registry.names("strategies") if strategy_kind(name).control)


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy as an audit asks for it: which one, under which name, with which options."""

    kind: str
    options: Options

    @property
    def name(self) -> str:
        """The name under which its results appear."""
        return self.options.name or self.kind

    @property
    def way(self) -> StrategyKind:
        """What is known of it."""
        return strategy_kind(self.kind)
