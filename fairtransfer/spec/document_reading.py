"""Strict YAML with positions: a file in, plain values and the place of each of them out.

The parser's events are scanned before anything is built (`yaml_events`), so that tags, anchors, aliases, deep nesting and large
files are refused without being expanded.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from fairtransfer.encodings import HOW_TO_SAVE, LOOKED_AT, wide_encoding
from fairtransfer.errors import Problem, Problems, hides, relative, shown
from fairtransfer.spec.document import Document, kind_of
from fairtransfer.spec.yaml_events import Builder

MAX_BYTES = 256 * 1024


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
    if encoding := wide_encoding(raw[:LOOKED_AT]):
        problems.add(Problem("FT-Y009", f"the file is {encoding}, not UTF-8", "UTF-8 text", HOW_TO_SAVE, name))
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
            if hides(line, column - 1):
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
    builder = Builder(name, first_line)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
            if (
                builder.stopped
            ):  # what is too much is not even scanned to its end: nested brackets cost the scanner their square
                break
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
    builder: Builder, text: str, name: str, problems: Problems, expected: str, first_line: int
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
