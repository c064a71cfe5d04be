"""What may be called by name, room by room: one table one can see, and whatever was registered beside it.

An entry is written ``module:Object`` and imported when it is first asked for. So naming one strategy loads no other, and a low
layer (`spec`) can ask for what an entry says of itself, its options for instance, although its file lies in a higher layer.
Built-in entries and those of plug-ins go the same way. What kind of object a room holds is checked by whoever asks, against a
class of its own (`strategy_named`, `gate_named`, ...): this module knows names only, and imports nothing but the error tree.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

from fairtransfer.errors import DefinitionError, Problem, did_you_mean, shown
from fairtransfer.version import VERSION

Room = Literal["strategies", "before", "gates", "metrics", "models", "readers", "documents"]

ROOMS: tuple[Room, ...] = get_args(Room)

T = TypeVar("T")

BUILT_IN: Mapping[Room, Mapping[str, str]] = {
    "strategies": {
        "probe": "fairtransfer.adapt.strategies.probe:Probe",
        "full": "fairtransfer.adapt.strategies.full:Full",
        "lp_ft": "fairtransfer.adapt.strategies.lp_ft:LpFt",
        "scratch": "fairtransfer.adapt.strategies.scratch:Scratch",
        "partial": "fairtransfer.adapt.strategies.partial:Partial",
        "bitfit": "fairtransfer.adapt.strategies.bitfit:Bitfit",
        "l2_sp": "fairtransfer.adapt.strategies.l2_sp:L2Sp",
        "gradual": "fairtransfer.adapt.strategies.gradual:Gradual",
        "lora": "fairtransfer.adapt.strategies.lora:Lora",
        "majority": "fairtransfer.adapt.strategies.majority:Majority",
        "reweight": "fairtransfer.adapt.strategies.reweight:Reweight",
        "balance": "fairtransfer.adapt.strategies.balance:Balance",
        "group_dro": "fairtransfer.adapt.strategies.group_dro:GroupDro",
        "jtt": "fairtransfer.adapt.strategies.jtt:Jtt",
        "dfr": "fairtransfer.adapt.strategies.dfr:Dfr",
        "adversarial": "fairtransfer.adapt.strategies.adversarial:Adversarial",
        "threshold": "fairtransfer.adapt.strategies.threshold:Threshold",
        "reductions": "fairtransfer.adapt.strategies.reductions:Reductions",
    },
    "before": {
        "zero_shot": "fairtransfer.adapt.before.zero_shot:ZeroShot",
        "native_head": "fairtransfer.adapt.before.native_head:NativeHead",
        "probe": "fairtransfer.adapt.before.probe:ProbeBefore",
    },
    "gates": {
        "no_harm": "fairtransfer.gates.no_harm:NoHarm",
        "worst_group": "fairtransfer.gates.worst_group:WorstGroup",
        "gap": "fairtransfer.gates.gap:Gap",
        "equalized_odds": "fairtransfer.gates.equalized_odds:EqualizedOdds",
        "ratio": "fairtransfer.gates.ratio:Ratio",
        "no_negative_transfer": "fairtransfer.gates.no_negative_transfer:NoNegativeTransfer",
    },
    "metrics": {},
    "models": {
        "text": "fairtransfer.models.families.text:TextFamily",
        "image": "fairtransfer.models.families.image:ImageFamily",
    },
    "readers": {
        "csv": "fairtransfer.data.readers.csv_file:CsvReader",
        "tsv": "fairtransfer.data.readers.tsv_file:TsvReader",
        "parquet": "fairtransfer.data.readers.parquet_file:ParquetReader",
        "jsonl": "fairtransfer.data.readers.jsonl_file:JsonlReader",
    },
    "documents": {
        "html": "fairtransfer.report.forms.html:Html",
        "md": "fairtransfer.report.forms.markdown:Markdown",
        "json": "fairtransfer.report.forms.json_numbers:JsonNumbers",
    },
}
"""Room -> name -> ``module:Object``, in the order in which names are listed for people."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose code an entry is.

    Attributes
    ----------
    name
        The distribution, or the module where there is none.
    version
        Its version; empty where it has none.
    digest
        SHA-256 of its files; empty for what is part of fairtransfer, whose version says it.
    """

    name: str
    version: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


OURS = Origin("fairtransfer", VERSION)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a name stands for: an object, or ``module:Object`` until it is asked for; and whose it is."""

    target: object
    origin: Origin


_registered: dict[tuple[Room, str], Entry] = {}
_resolved: dict[str, object] = {}
_whole: set[tuple[type, str]] = set()


def names(room: Room) -> tuple[str, ...]:
    """Return what a room holds: the built-in names, then those that were registered, in their order."""
    return (*BUILT_IN[room], *(name for among, name in _registered if among == room))


def get(room: Room, name: str) -> object:
    """Return what a name of a room stands for; its module is imported when it is first asked for.

    Raises
    ------
    DefinitionError
        When there is no such name (``FT-R021``), or its module or object is not there (``FT-R023``).
    """
    target = _entry(room, name).target
    if not isinstance(target, str):
        return target
    if target not in _resolved:
        _resolved[target] = resolve(target, f"`{name}` of {room}")
    return _resolved[target]


def subclass(room: Room, name: str, base: type[T], lacks: Callable[[type[T], str], Iterable[str]]) -> type[T]:
    """Return the class a name of a room stands for, once it is seen to be whole: what is half filled would fail late.

    Parameters
    ----------
    base
        What every entry of the room derives from.
    lacks
        Given the class and its name, yields what is missing, in words.

    Raises
    ------
    DefinitionError
        As `get`, and when the entry is no subclass, or something is missing (``FT-R025``).
    """
    found = get(room, name)
    if not (isinstance(found, type) and issubclass(found, base)):
        what = f"`{name}` of {room} ({origin(room, name)}) is no subclass of `{base.__module__}.{base.__qualname__}`"
        raise _refused("FT-R025", what)
    if (found, name) not in _whole:
        if missing := [*lacks(found, name)]:
            what = f"`{name}` of {room} ({origin(room, name)}) is half filled: it lacks {'; '.join(missing)}"
            raise _refused("FT-R025", what)
        _whole.add((found, name))
    return found


class Asked(Mapping[str, T], Generic[T]):
    """A room as a mapping: what is asked of each entry, by name. An entry is imported when its name is looked up."""

    def __init__(self, room: Room, ask: Callable[[str], T]) -> None:
        self.room, self.ask = room, ask

    def __getitem__(self, name: str) -> T:
        if name not in names(self.room):
            raise KeyError(name)
        return self.ask(name)

    def __contains__(self, name: object) -> bool:
        return name in names(self.room)

    def __iter__(self) -> Iterator[str]:
        return iter(names(self.room))

    def __len__(self) -> int:
        return len(names(self.room))


def origin(room: Room, name: str) -> Origin:
    """Return whose code a name of a room stands for; raise ``FT-R021`` when there is no such name."""
    return _entry(room, name).origin


def register(room: Room, name: str, target: object, *, origin: Origin) -> None:
    """Add a name to a room.

    Parameters
    ----------
    target
        What the name stands for: an object, or ``module:Object``, which is imported when it is first asked for.
    origin
        Whose code it is. It goes into job ids, the evidence and the report.

    Raises
    ------
    DefinitionError
        When the room is not known or the name is none (``FT-R024``), or when it is taken (``FT-R022``). The same thing may be
        registered again by the same origin, as a cell of a notebook does that is run twice.
    """
    if room not in ROOMS:
        raise _refused("FT-R024", f"unknown kind `{shown(room)}`", f"known: {', '.join(ROOMS)}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        allowed = "small letters, digits, `-` and `_`, a letter or digit first, at most 64"
        raise _refused("FT-R024", f"`{shown(name)}` is no name", allowed)
    if name in names(room):
        taken = _entry(room, name)
        if taken.origin.name != origin.name or _place(taken.target) != _place(target):
            found = f"`{name}` of {room} is defined twice: by {taken.origin} and by {origin}"
            raise _refused("FT-R022", found, "", "give one of them another name")
    _registered[room, name] = Entry(target, origin)


def registered() -> dict[tuple[Room, str], Entry]:
    """Return what was registered beside the built-in table, in its order."""
    return dict(_registered)


def forget(room: Room, name: str) -> None:
    """Take a registered name away again, in tests for instance; a built-in name stays."""
    _registered.pop((room, name), None)


def resolve(target: str, what: str) -> object:
    """Import ``module:Object``.

    Parameters
    ----------
    what
        What is asked for, as an error calls it.

    Raises
    ------
    DefinitionError
        When the module or the object is not there (``FT-R023``). What the module itself raises is raised.
    """
    module, _, attribute = target.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there; something that it needs is not
        raise _refused("FT-R023", f"{what} should be `{target}`, and there is no module `{error.name}`") from None
    if not hasattr(found, attribute):
        raise _refused("FT-R023", f"{what} should be `{target}`, and the module has no `{attribute}`")
    return getattr(found, attribute)


def _entry(room: Room, name: str) -> Entry:
    if name in BUILT_IN[room]:
        return Entry(BUILT_IN[room][name], OURS)
    if (room, name) in _registered:
        return _registered[room, name]
    hint = did_you_mean(name, names(room))
    found, known = f"unknown name `{shown(name)}` of {room}", f"known: {', '.join(names(room)) or 'none'}"
    raise _refused("FT-R021", found, known, hint if hint.startswith("did") else "")


def _place(target: object) -> str:
    """Return where something is written: ``module:Object``."""
    if isinstance(target, str):
        return target
    return f"{getattr(target, '__module__', '')}:{getattr(target, '__qualname__', repr(target))}"


def _refused(code: str, found: str, allowed: str = "", do: str = "") -> DefinitionError:
    return DefinitionError([Problem(code, found, allowed, do)])
