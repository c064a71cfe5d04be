"""A table of text, its limits, and what is refused in any kind of file."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fairtransfer.encodings import HOW_TO_SAVE, LOOKED_AT, wide_encoding
from fairtransfer.errors import shown

MAX_ROWS = 50_000_000
MAX_COLUMNS = 2_000
MAX_CELL = 1024 * 1024
MAX_DECODED = 1024**3

SIGNS = ";\t|,"
"""What parts fields where the comma, or what was said, does not."""

Column = list[str | None]


class TableRefused(Exception):
    """A table cannot be read; the code, what was found and what to do are the arguments."""

    def __init__(self, code: str, found: str, do: str = "", line: int = 0) -> None:
        super().__init__(found)
        self.code, self.found, self.do, self.line = code, found, do, line


def plain_texts(values: pa.Array | pa.ChunkedArray) -> Column:
    """Return a column of a columnar file as text. In a column of floats NaN is where there is no value: pandas writes it so.

    Raises
    ------
    TableRefused
        When text of the file is no text (``FT-D013``).
    """
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    try:
        found: Column = pc.cast(values, pa.string()).to_pylist()
    except UnicodeDecodeError:
        raise TableRefused("FT-D013", "a text of the file is not UTF-8", "write it again from text") from None
    return found


@dataclass(frozen=True, slots=True)
class TextTable:
    """Columns of text; `rows` maps a position to the row's number in the file, counted from 1 below the header."""

    columns: dict[str, Column]
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Columns of the file that the card does not declare; they are not read."""

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), []))


def first_bytes(path: Path) -> bytes:
    """Return what tells kinds of files apart."""
    with path.open("rb") as file:
        return file.read(8)


def need(wanted: list[str], present: Iterable[str]) -> None:
    """Refuse columns that stand twice, are too many, or lack one that is wanted."""
    columns = list(present)
    if len(columns) > MAX_COLUMNS:
        raise TableRefused("FT-D042", f"{len(columns):,} columns, limit {MAX_COLUMNS:,}")
    for name in columns:
        if columns.count(name) > 1:
            raise TableRefused("FT-D009", f"column `{shown(name)}` appears twice", "give each column its own name", 1)
    missing = [name for name in wanted if name not in columns]
    sign = next((sign for sign in SIGNS if missing and len(columns) == 1 and sign in columns[0]), None)
    if sign is not None:
        written = "\\t" if sign == "\t" else sign
        do = f'write `separator: "{written}"`, or save the file with commas'
        raise TableRefused("FT-D016", f"one column found; is the separator `{written}`?", do, 1)
    if missing:
        names = ", ".join(f"`{shown(m)}`" for m in missing)
        raise TableRefused(
            "FT-D001", f"column {names} not found; columns are {', '.join(map(shown, columns[:20]))}", "", 1
        )


def limit_decoded(size: int) -> None:
    """Refuse what grows beyond the limit while it is decoded."""
    if size > MAX_DECODED:
        raise TableRefused("FT-D041", f"stopped after {MAX_DECODED / 1024**3:.1f} GiB decoded")


def text_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return a text file, and what was noticed of it."""
    raw = path.read_bytes()
    limit_decoded(len(raw))
    notes = ("byte order mark",) if raw.startswith(codecs.BOM_UTF8) else ()
    if name := wide_encoding(raw[:LOOKED_AT]):
        raise TableRefused("FT-D013", f"the file is {name}, not UTF-8", HOW_TO_SAVE)
    try:
        return raw.decode("utf-8-sig"), notes
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TableRefused("FT-D013", "the line is not UTF-8", HOW_TO_SAVE, line) from None


def _control(value: str) -> str | None:
    return next((c for c in value if ord(c) < 32 and c not in "\t\n\r"), None)


def _lone_surrogate(value: str) -> str | None:
    """Return a code unit of UTF-16 that stands alone: escapes of JSON can write one, and no encoding of text can hold it."""
    return None if value.isascii() else next((c for c in value if "\ud800" <= c <= "\udfff"), None)


def checked(value: str, name: str, row: int, line: int = 0) -> str:
    """Return a cell, or refuse it; a place has one number, the line where there are lines, else the row."""
    of = f"column `{shown(name)}`" if line else f"row {row}, column `{shown(name)}`"
    if (bad := _control(value)) is not None:
        raise TableRefused("FT-D015", f"control character `{shown(bad)}` in {of}", "delete it", line)
    if (odd := _lone_surrogate(value)) is not None:
        found = f"`{shown(odd)}` in {of}, is half of a character and no text"
        raise TableRefused("FT-D013", found, "write the whole character, or delete it", line)
    if len(value) > MAX_CELL:
        raise TableRefused("FT-D042", f"cell of {len(value) / 1024**2:.1f} MiB in {of}, limit 1 MiB", "", line)
    return value
