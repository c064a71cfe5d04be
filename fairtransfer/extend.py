"""Something of one's own beside what is built in: registered by a program, or brought by an installed plug-in.

A strategy, a gate, a family of models, a kind of file or a form of documents is a class that derives from the base of its kind; a
metric is a row of the table of metrics::

    import fairtransfer as ft

    @ft.register
    class Mean(Strategy[MeanOptions]):
        kind = "mean"
        ...

    ft.register(Metric("doubt", "probabilities", ...))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from fairtransfer import plugins, registry
from fairtransfer.data.reader import Reader, reader_named
from fairtransfer.errors import DefinitionError, Problem, shown
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.registry import Room
from fairtransfer.report.form import Form, form_named
from fairtransfer.spec.families import FamilyKind, family_kind
from fairtransfer.spec.gates import GateOptions, gate_named
from fairtransfer.spec.strategies import StrategyKind, strategy_kind

EntryT = TypeVar("EntryT", bound=type | Metric)


def register(entry: EntryT) -> EntryT:
    """Make a class or a metric known by its name, in this process; usable as a decorator.

    Parameters
    ----------
    entry
        A subclass of `fairtransfer.adapt.strategy.Strategy`, `fairtransfer.gates.gate.Gate`, `fairtransfer.models.family.Family`,
        `fairtransfer.data.reader.Reader` or `fairtransfer.report.form.Form`, whose name is its `kind` (of a kind of file its
        `form`); or a `fairtransfer.outcomes.metric.Metric`, with its `name`.

    Returns
    -------
    type or Metric
        The entry itself.

    Raises
    ------
    DefinitionError
        When it is none of these (``FT-R024``), its name is taken (``FT-R022``), or something that plans or documents ask of it
        is missing (``FT-R025``).

    Notes
    -----
    Its distribution, or its module, and the digest of their files go into job ids, the evidence and the report.
    """
    room, name, ask = _place(entry)
    registry.register(room, name, entry, origin=plugins.origin_of(entry))
    try:
        ask(name)
    except DefinitionError:
        registry.forget(room, name)
        raise
    return entry


def use_plugin(name: str) -> None:
    """Switch an installed plug-in on, in this process: what `--plugin NAME` does on the command line.

    Raises
    ------
    DefinitionError
        When it is not installed (``FT-R026``), provides nothing (``FT-R027``), or wants a name that is taken (``FT-R022``).
    """
    plugins.switch_on([name])


def _place(entry: object) -> tuple[Room, str, Callable[[str], object]]:
    if isinstance(entry, Metric):
        return "metrics", entry.name, metric_named
    for room, base, key, ask in _kinds():
        if isinstance(entry, type) and issubclass(entry, base):
            return room, str(getattr(entry, key, "")), ask
    found = f"`{shown(getattr(entry, '__name__', repr(entry)))}` is none of the kinds that can be registered"
    bases = ", ".join(f"`{base.__module__}.{base.__qualname__}`" for _, base, _, _ in _kinds())
    allowed = f"a class that derives from one of {bases}, or a `{Metric.__module__}.Metric`"
    raise DefinitionError([Problem("FT-R024", found, allowed)])


def _kinds() -> Iterator[tuple[Room, type, str, Callable[[str], object]]]:
    yield "strategies", StrategyKind, "kind", strategy_kind
    yield "gates", GateOptions, "kind", gate_named
    yield "models", FamilyKind, "kind", family_kind
    yield "readers", Reader, "form", reader_named
    yield "documents", Form, "kind", form_named
