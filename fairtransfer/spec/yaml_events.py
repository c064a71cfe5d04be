"""From the events of a YAML parser to plain values: what is not allowed is refused before it is expanded.

Plain words follow YAML 1.2: `no` is text, only `true` and `false` are booleans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.spec.document import Place, path_text

MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_FAULTS = 100
_MAX_DIGITS = 18

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+|0[0-9]+)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = {".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf"), "+.inf": float("inf")}
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False, "True": True, "False": False, "Null": None}
_VARIABLES = (("${", "}"), ("{{", "}}"))
"""What begins and ends a place that templates would fill in."""


@dataclass(slots=True)
class Builder:
    """Takes the parser's events one by one; refuses what is not allowed and builds values without recursion."""

    name: str
    first_line: int
    problems: Problems = field(default_factory=Problems)
    root: Any = None
    places: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)
    stack: list[_Frame] = field(default_factory=list)
    nodes: int = 0
    faults: int = 0
    documents: int = 0
    stopped: bool = False
    readable: bool = True
    refused: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Take the next event."""
        if self.stopped:
            return
        if isinstance(event, DocumentStartEvent):
            self._document(event)
        elif isinstance(event, AliasEvent):
            self._refuse("FT-Y004", event, "anchors/aliases are not supported", "repeat the value")
            self._value(None, event)
        elif isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            self._node(event)
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            self._close()

    def _stop(self) -> None:
        """Read no further: what comes is too much, or another document."""
        self.stopped, self.readable = True, False

    def _document(self, event: Event) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(
                "FT-Y007",
                event,
                f"one document per file; second starts at line {self._place(event)[0]}",
                "use one file for each",
            )
            self._stop()

    def _node(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse("FT-Y011", event, f"more than {MAX_NODES:,} nodes, limit {MAX_NODES:,}", "split the file")
            self._stop()
            return
        if event.tag is not None and not str(event.tag).startswith("tag:yaml.org,2002:seq"):
            line, column = self._place(event)
            self._refuse(
                "FT-Y003",
                event,
                f"tags are not allowed: `{shown(str(event.tag))}` at {line}:{column}",
                "write the plain value",
            )
        if event.anchor is not None:
            self._refuse("FT-Y004", event, "anchors/aliases are not supported", "repeat the value")
        if isinstance(event, ScalarEvent):
            self._value(self._scalar(event), event)
        else:
            self._open(event)

    def _open(self, event: Any) -> None:
        is_map = isinstance(event, MappingStartEvent)
        path = self._path_of_next()
        if self.stack and self.stack[-1].awaits_key:
            self._refuse("FT-Y036", event, "a key must be one word", "write a plain key")
            self.readable = False
        self.places[path] = self._place(event)
        self.stack.append(_Frame(path, {} if is_map else None, None if is_map else []))
        if len(self.stack) > MAX_DEPTH:
            self._refuse("FT-Y011", event, f"nesting depth {len(self.stack)}, limit {MAX_DEPTH}", "flatten the file")
            self._stop()

    def _close(self) -> None:
        frame = self.stack.pop()
        value: Any = frame.mapping if frame.mapping is not None else tuple(frame.items or ())
        self._store(value)

    def _value(self, value: Any, event: Any) -> None:
        if self.stack and self.stack[-1].awaits_key:
            self._key(value, event)
            return
        self.places[self._path_of_next()] = self._place(event)
        self._store(value)

    def _key(self, value: Any, event: Any) -> None:
        frame = self.stack[-1]
        key = value if isinstance(value, str) else str(getattr(event, "value", value))
        path = (*frame.path, key)
        if key == "<<":
            self._refuse("FT-Y004", event, "anchors/aliases are not supported (merge key `<<`)", "repeat the values")
            self.readable = False  # which keys are missing is not known
        if path in self.keys and path_text(frame.path) not in self.refused:
            lines = f"{self.keys[path][0]}, {self._place(event)[0]}"
            self._refuse("FT-Y005", event, f"`{shown(key)}` appears twice (lines {lines})", "keep one of them", path)
        self.keys[path] = self._place(event)
        frame.key = key

    def _store(self, value: Any) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        if frame.mapping is not None and frame.key is not None:
            frame.mapping[frame.key] = value
            frame.key = None
        elif frame.items is not None:
            frame.items.append(value)

    def _path_of_next(self) -> Place:
        if not self.stack:
            return ()
        frame = self.stack[-1]
        return (*frame.path, frame.key or "") if frame.mapping is not None else (*frame.path, len(frame.items or ()))

    def _scalar(self, event: ScalarEvent) -> Any:
        text = str(event.value)
        if (variable := _variable(text)) is not None:
            found = f"interpolation is not supported; `{shown(variable)}` is used as written"
            self.problems.add(Problem("FT-Y027", found, "", "", self.name, *self._place(event), severity="warning"))
        if not event.implicit[0]:
            return text
        if _INT.match(text) and len(text) > _MAX_DIGITS:
            self._refuse("FT-Y012", event, f"integer out of range: {len(text)} digits", "at most 18 digits")
            return 0
        return plain(text)

    def _refuse(self, code: str, event: Any, found: str, do: str, path: Place | None = None) -> None:
        line, column = self._place(event)
        self.faults += 1
        if self.faults > MAX_FAULTS:
            text = f"more than {MAX_FAULTS} faults; the first are told"
            self.problems.add(Problem("FT-Y011", text, "", "mend these first", self.name, line, column))
            self._stop()
            return
        where = path if path is not None else self._path_of_next()
        self.problems.add(Problem(code, found, "", do, self.name, line, column, path_text(where)))
        self.readable = self.readable and bool(where)  # what is wrong with the whole leaves nothing to check
        self.refused.add(path_text(where))

    def _place(self, event: Any) -> tuple[int, int]:
        mark = event.start_mark
        return (mark.line + self.first_line, mark.column + 1)


@dataclass(slots=True)
class _Frame:
    """An open mapping or sequence."""

    path: Place
    mapping: dict[str, Any] | None
    items: list[Any] | None
    key: str | None = None

    @property
    def awaits_key(self) -> bool:
        return self.mapping is not None and self.key is None


def _variable(text: str) -> str | None:
    """Return the first place that templates would fill in; no letter is looked at more than a few times, whatever the text."""
    found = []
    for begin, end in _VARIABLES:
        start = text.find(begin)
        stop = text.find(end, start + len(begin)) if start >= 0 else -1
        if stop >= 0:
            found.append((start, text[start : stop + len(end)]))
    return min(found)[1] if found else None


def plain(text: str) -> Any:
    """Return the value of an unquoted YAML 1.2 scalar: None, bool, int, float or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    if _INT.match(text):
        digits = text.replace("_", "")
        return int(digits, 0 if "x" in digits or "o" in digits else 10)
    return float(text) if _FLOAT.match(text) else text
