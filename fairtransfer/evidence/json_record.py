"""Frozen dataclasses as JSON objects and back: a record's fields are its keys, and what one writes it reads again.

What is special about a field is said beside its type, ``Annotated[float | None, LEFT_OUT]``: another name of its key (`Key`), a
way of its own to read it (`ReadBy`), or one of the marks below. A key nobody knows, or a value of another type, is an error:
what is read silently and wrongly would be judged, shown, or not hidden.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

Read = Callable[[Any], Any]
"""Returns a JSON value as its type; raises `UnreadableRecord` where it is not of it."""


class UnreadableRecord(ValueError):
    """JSON that is no record of the expected kind; says where and what was found."""


@dataclass(frozen=True, slots=True)
class Key:
    """The name of a field's key, where it is not the attribute's."""

    name: str


@dataclass(frozen=True, slots=True)
class ReadBy:
    """How a field is read whose type does not tell it: where the kind of record shows in its keys only."""

    read: Read


class _Mark(NamedTuple):
    """What is said of a field without more words."""

    name: str


LEFT_OUT = _Mark("left out")
"""The key stands only where there is a value."""

AMONG = _Mark("among")
"""The field is a record, or None, whose keys stand among those of the record it is in."""

OTHERS = _Mark("others")
"""The field is a mapping of all keys that are no other field's: of what is left to others to name."""

BLANK = _Mark("blank")
"""Empty text is null in JSON."""


class Record:
    """A frozen dataclass that is written as a JSON object."""

    __slots__ = ()

    reads_all: ClassVar[bool] = True
    """Whether a key without a field is an error; files that hold more than their readers need say no."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values; numbers unrounded."""
        found: dict[str, Any] = {}
        for known in _layout(type(self)).fields:
            value = _plain(getattr(self, known.name))
            if AMONG in known.marks or OTHERS in known.marks:
                found |= value or {}
            elif value is not None or LEFT_OUT not in known.marks:
                found[known.key] = value or None if BLANK in known.marks else value
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the record that was written as this object.

        Raises
        ------
        UnreadableRecord
            When a key is missing or not known, or a value has another type.
        """
        layout = _layout(cls)
        if not isinstance(content, Mapping):
            raise _fails(content, f"an object of {cls.__name__}")
        extra = content.keys() - layout.keys
        if extra and cls.reads_all and layout.others is None:
            raise UnreadableRecord(f"{cls.__name__}: nobody knows the key {', '.join(map(repr, sorted(extra)))}")
        values = dict(_values(cls.__name__, layout, content))
        if layout.others is not None:
            values[layout.others.name] = layout.others.read({name: content[name] for name in extra})
        return cls(**values)

    @classmethod
    def keys(cls) -> frozenset[str]:
        """Return the keys that an object of this kind can have."""
        return _layout(cls).keys


class _Known(NamedTuple):
    """A field: its attribute and key, how its value is read, and the record whose keys stand among the others."""

    name: str
    key: str
    read: Read
    required: bool
    marks: frozenset[_Mark]
    inner: type[Record] | None


class _Layout(NamedTuple):
    """The fields of a kind of record, their keys, and the one that takes all other keys."""

    fields: tuple[_Known, ...]
    keys: frozenset[str]
    others: _Known | None


def _values(owner: str, layout: _Layout, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield attribute and value of every field that stands in an object."""
    for known in layout.fields:
        if known is layout.others:
            continue
        if known.inner is not None:
            keys = known.inner.keys()
            if mine := {name: content[name] for name in content if name in keys}:
                yield known.name, known.inner.from_json(mine)
        elif known.key in content:
            try:
                yield known.name, known.read(content[known.key])
            except UnreadableRecord as error:
                raise UnreadableRecord(f"{owner}.{known.key}: {error}") from None
        elif known.required:
            raise UnreadableRecord(f"{owner}: the key {known.key!r} is missing")


_LAYOUTS: dict[Any, _Layout] = {}
"""By kind of record; worked out when the first one is written or read."""


def _layout(cls: type[Record]) -> _Layout:
    if (made := _LAYOUTS.get(cls)) is None:
        hints = get_type_hints(cls, include_extras=True)
        found = tuple(_known(f, hints[f.name]) for f in fields(cls))  # type: ignore[arg-type]  # records are dataclasses
        keys = (known.inner.keys() if known.inner else {known.key} for known in found if OTHERS not in known.marks)
        others = next((known for known in found if OTHERS in known.marks), None)
        made = _LAYOUTS[cls] = _Layout(found, frozenset().union(*keys), others)
    return made


def _known(of: Any, hint: Any) -> _Known:
    plain, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    marks = frozenset(mark for mark in said if isinstance(mark, _Mark))
    inner = next(part for part in get_args(plain) if part is not type(None)) if AMONG in marks else None
    named = next((mark.name for mark in said if isinstance(mark, Key)), of.name)
    special = next((_or_none(mark.read) for mark in said if isinstance(mark, ReadBy)), None)
    read = _anything if inner is not None else special or reader(plain)
    required = of.default is MISSING and of.default_factory is MISSING
    return _Known(of.name, named, _or_blank(read) if BLANK in marks else read, required, marks, inner)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value


def reader(hint: Any) -> Read:
    """Return how a value of a type is read: plain values, records, and tuples, mappings and alternatives of them."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _one_of(parts)
    if origin in (Union, types.UnionType):
        known = [reader(part) for part in parts if part is not type(None)]
        read = known[0] if len(known) == 1 else _alternatives(known, hint)
        return _or_none(read) if len(known) < len(parts) else read
    if origin is tuple:
        return _items(reader(parts[0])) if parts[-1] is Ellipsis else _places([reader(part) for part in parts])
    if origin in (dict, Mapping):
        return _entries(reader(parts[1]))
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json
    return _PLAIN[hint]


def _fails(value: Any, wanted: str) -> UnreadableRecord:
    return UnreadableRecord(f"{value!r:.60} is not {wanted}")


def _anything(value: Any) -> Any:
    return value


def _number(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise _fails(value, "a number")
    return float(value)


def _exactly(kind: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _fails(value, f"of type {kind.__name__}")
        return value

    return read


_PLAIN: dict[Any, Read] = {Any: _anything, float: _number, **{kind: _exactly(kind) for kind in (str, int, bool)}}


def _one_of(known: tuple[Any, ...]) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not str or value not in known:
            raise _fails(value, f"one of {', '.join(map(str, known))}")
        return value

    return read


def _or_none(known: Read) -> Read:
    return lambda value: None if value is None else known(value)


def _or_blank(known: Read) -> Read:
    return lambda value: "" if value is None else known(value)


def _alternatives(readers: list[Read], hint: Any) -> Read:
    def read(value: Any) -> Any:
        for known in readers:
            try:
                return known(value)
            except UnreadableRecord:
                continue
        raise _fails(value, f"one of {hint}")

    return read


def _items(known: Read) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _fails(value, "a list")
        return tuple(known(inner) for inner in value)

    return read


def _places(known: list[Read]) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(known):
            raise _fails(value, f"a list of {len(known)}")
        return tuple(each(inner) for each, inner in zip(known, value, strict=True))

    return read


def _entries(known: Read) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _fails(value, "an object")
        return {name: known(inner) for name, inner in value.items()}

    return read
