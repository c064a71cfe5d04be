"""Strict YAML with positions: a file in, plain values and the place of each of them out.

The parser's events are scanned before anything is built, so that tags, anchors, aliases, deep nesting and large files are
refused without being expanded. Plain words follow YAML 1.2: `no` is text, only `true` and `false` are booleans.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
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

from fairtransfer.errors import Problem, Problems, is_invisible, relative, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
_MAX_DIGITS = 18

Place = tuple[str | int, ...]  # the way to a value: keys and list positions

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+|0[0-9]+)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = {".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf"), "+.inf": float("inf")}
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False, "True": True, "False": False, "Null": None}
_VARIABLE = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its values, where each of them stands, and the raw text.

    Attributes
    ----------
    data
        Mappings as dict, sequences as tuple, scalars as text, int, float, bool or None.
    places
        ``path -> (line, column)`` of every value, counted from 1.
    keys
        ``path -> (line, column)`` of the key of every mapping entry.
    refused
        Paths, as text, of values that were refused while the file was read. What stands for them in `data` is a guess.
    """

    file: str
    text: str
    data: Any
    places: Mapping[Place, tuple[int, int]]
    keys: Mapping[Place, tuple[int, int]]
    refused: frozenset[str] = frozenset()

    def told_already(self, problem: Problem) -> bool:
        """Say whether a problem is of a value that was refused before it was looked at: then it says nothing new."""
        return any(re.match(rf"{re.escape(path)}($|[.\[])", problem.path) for path in self.refused)

    def problem(
        self,
        code: str,
        path: Place,
        found: str,
        allowed: str = "",
        do: str = "",
        *,
        at_key: bool = False,
        warn: bool = False,
    ) -> Problem:
        """Return a problem at the place of `path`, or of its nearest known parent."""
        line, column = self.place(path, at_key=at_key)
        return Problem(
            code, found, allowed, do, self.file, line, column, path_text(path), "warning" if warn else "error"
        )

    def place(self, path: Place, *, at_key: bool = False) -> tuple[int, int]:
        """Return line and column of a value (or of its key); of the nearest known parent where it is missing."""
        first, second = (self.keys, self.places) if at_key else (self.places, self.keys)
        for length in range(len(path), -1, -1):
            if place := first.get(path[:length]) or second.get(path[:length]):
                return place
        return (1, 1)


def path_text(path: Place) -> str:
    """Return a path inside a document as people write it: ``gates[1].gap.margin``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def read_document(path: Path, problems: Problems, *, expected: str) -> Document | None:
    """Read a YAML file strictly; add what is wrong to `problems` and return None if it cannot be read at all.

    A document that is returned can have errors all the same (`Document.refused`): it is for telling the others too.
    """
    name = relative(path)
    text = read_text(path, name, problems)
    return None if text is None else parse_document(text, name, problems, expected=expected)


def read_text(path: Path, name: str, problems: Problems, limit: int = MAX_BYTES) -> str | None:
    """Read a UTF-8 text file within the size limit, without invisible characters."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.add(Problem("FT-Y040", f"cannot be read: {error.strerror}", "a readable file", "check the path", name))
        return None
    if len(raw) > limit:
        found = f"file is {len(raw) // 1024} KiB, limit {limit // 1024} KiB"
        problems.add(Problem("FT-Y011", found, "", "split it, or move data into data files", name))
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"file is not UTF-8 (byte 0x{raw[error.start]:02x} at offset {error.start})"
        problems.add(Problem("FT-Y009", found, "UTF-8 text", "save the file as UTF-8", name))
        return None
    if "\0" in text:
        problems.add(
            Problem(
                "FT-Y009",
                f"file is not UTF-8 text (byte 0x00 at offset {raw.index(0)})",
                "UTF-8 text",
                "save the file as UTF-8",
                name,
            )
        )
        return None
    hidden = _invisible(text, name)
    problems.extend(hidden)
    return None if hidden else text.removeprefix("\ufeff")


def _invisible(text: str, name: str) -> list[Problem]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if is_invisible(character):
                found.append(
                    Problem(
                        "FT-Y010",
                        f"invisible character U+{ord(character):04X}",
                        "visible text",
                        "delete it",
                        name,
                        number,
                        column,
                    )
                )
    return found[:20]


def parse_document(text: str, name: str, problems: Problems, *, expected: str, first_line: int = 1) -> Document | None:
    """Parse YAML text strictly; `first_line` is the line of the file on which the text begins.

    What is refused and leaves the rest readable (a tag, an anchor, a key twice) is added to `problems`, and the document is
    returned all the same, so that the rest can be checked too.
    """
    builder = _Builder(name, first_line)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        builder.readable = False
        builder.problems.add(_syntax(error, text, name, first_line))
    except YAMLError as error:
        builder.readable = False
        builder.problems.add(Problem("FT-Y036", f"not valid YAML: {shown(str(error))}", "", "", name, first_line))
    problems.extend(builder.problems)
    if builder.problems.errors and not builder.readable:
        return None
    return _top_level(builder, text, name, problems, expected, first_line)


def _top_level(
    builder: _Builder, text: str, name: str, problems: Problems, expected: str, first_line: int
) -> Document | None:
    data = builder.root
    what, _, keys_wanted = expected.partition(";")
    if data is None:
        allowed = f"expected a mapping with {keys_wanted}"
        problems.add(Problem("FT-Y001", f"{what} is empty", allowed, "", name, first_line))
        return None
    if not isinstance(data, dict):
        found, allowed = f"expected a mapping, got {kind_of(data)}", f"a mapping with {keys_wanted}"
        problems.add(Problem("FT-Y002", found, allowed, "", name, first_line))
        return None
    places, keys = MappingProxyType(builder.places), MappingProxyType(builder.keys)
    return Document(name, text, data, places, keys, frozenset(builder.refused))


def _syntax(error: MarkedYAMLError, text: str, name: str, first_line: int) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: column + 1]:
        where = here.index("\t")
        return Problem(
            "FT-Y008",
            f"tab at {line + first_line}:{where + 1}",
            "spaces",
            "use spaces",
            name,
            line + first_line,
            where + 1,
        )
    found = shown(" ".join(str(part) for part in (error.context, error.problem) if part))
    return Problem(
        "FT-Y036",
        f"not valid YAML: {found}",
        "",
        "check quotes, brackets and indentation",
        name,
        line + first_line,
        column + 1,
    )


@dataclass(slots=True)
class _Builder:
    """Takes the parser's events one by one; refuses what is not allowed and builds values without recursion."""

    name: str
    first_line: int
    problems: Problems = field(default_factory=Problems)
    root: Any = None
    places: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)
    stack: list[_Frame] = field(default_factory=list)
    nodes: int = 0
    documents: int = 0
    stopped: bool = False
    readable: bool = True
    refused: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
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
        if match := _VARIABLE.search(text):
            found = f"interpolation is not supported; `{shown(match.group())}` is used as written"
            self.problems.add(Problem("FT-Y027", found, "", "", self.name, *self._place(event), severity="warning"))
        if not event.implicit[0]:
            return text
        if _INT.match(text) and len(text) > _MAX_DIGITS:
            self._refuse("FT-Y012", event, f"integer out of range: {len(text)} digits", "at most 18 digits")
            return 0
        return plain(text)

    def _refuse(self, code: str, event: Any, found: str, do: str, path: Place | None = None) -> None:
        line, column = self._place(event)
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


def kind_of(value: object) -> str:
    """Return what a person calls a value: ``text``, ``a list``, ``a boolean`` ..."""
    kinds: dict[type, str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a decimal number",
        str: "text",
        tuple: "a list",
        list: "a list",
        dict: "a mapping",
        type(None): "nothing",
    }
    return kinds.get(type(value), type(value).__name__)
