"""Tables in, text out: CSV, Parquet and JSONL, every value as text or None, exactly as written.

Default readers guess: they turn the group `NA` into a missing value, `001` into 1, and shift columns silently. Here the
only conversion is the one the card declares (`convert.py`).
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairtransfer.errors import shown

MAX_ROWS = 50_000_000
MAX_COLUMNS = 2_000
MAX_CELL = 1024 * 1024
MAX_DECODED = 1024**3

_MAGIC = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_ARCHIVES = (".gz", ".zip", ".tar", ".7z", ".bz2", ".xz", ".zst")
_NAMES = {"csv": "CSV", "jsonl": "JSONL", "parquet": "parquet"}

Column = list[str | None]


class TableRefused(Exception):
    """A table cannot be read; the code, what was found and what to do are the arguments."""

    def __init__(self, code: str, found: str, do: str = "", line: int = 0) -> None:
        super().__init__(found)
        self.code, self.found, self.do, self.line = code, found, do, line


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text; `rows` maps a position to the row's number in the file, counted from 1 below the header."""

    columns: dict[str, Column]
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Columns of the file that the card does not declare; they are not read."""

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), []))


def suffix_format(path: Path) -> str:
    """Return the format a file's suffix stands for."""
    if path.suffix.lower() in _ARCHIVES:
        raise TableRefused("FT-D006", "compressed input is not supported", "extract it first")
    formats = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    if path.suffix.lower() not in formats:
        raise TableRefused("FT-D005", f"unknown kind of file `{shown(path.name)}`", "use .csv, .parquet or .jsonl")
    return formats[path.suffix.lower()]


def read_table(path: Path, wanted: Iterable[str], form: str | None = None) -> Table:
    """Read the wanted columns of a file as text.

    Raises
    ------
    TableRefused
        With a catalogue code (``FT-D001``, ``FT-D005`` to ``FT-D016``, ``FT-D039`` to ``FT-D042``).
    """
    kind = suffix_format(path)
    _sniff(_first_bytes(path), form or kind)
    return _READERS[form or kind](path, list(dict.fromkeys(wanted)))


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _sniff(head: bytes, kind: str) -> None:
    if not head:
        raise TableRefused("FT-D007", "file is empty")
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            raise TableRefused("FT-D006", f"compressed input is not supported ({name})", "extract it first")
    is_parquet = head.startswith((b"PAR1", b"PARE"))
    if is_parquet != (kind == "parquet"):
        looks = "parquet" if is_parquet else "CSV" if b"{" not in head[:2] else "JSONL"
        if kind == "parquet" and b"\0" in head:
            raise TableRefused("FT-D040", "not a parquet file")
        raise TableRefused("FT-D005", f"looks like {looks}, named {_NAMES[kind]}", "rename it")


def _need(wanted: list[str], present: Iterable[str]) -> None:
    columns = list(present)
    for name in columns:
        if columns.count(name) > 1:
            raise TableRefused("FT-D009", f"column `{shown(name)}` appears twice", "give each column its own name", 1)
    if len(columns) > MAX_COLUMNS:
        raise TableRefused("FT-D042", f"{len(columns):,} columns, limit {MAX_COLUMNS:,}")
    missing = [name for name in wanted if name not in columns]
    if missing and len(columns) == 1 and ";" in columns[0]:
        raise TableRefused("FT-D016", "one column found; is the separator `;`?", "save the file with commas", 1)
    if missing:
        names = ", ".join(f"`{shown(m)}`" for m in missing)
        raise TableRefused(
            "FT-D001", f"column {names} not found; columns are {', '.join(map(shown, columns[:20]))}", "", 1
        )


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    raw = path.read_bytes()
    if len(raw) > MAX_DECODED:
        raise TableRefused("FT-D041", f"stopped after {MAX_DECODED / 1024**3:.1f} GiB decoded")
    notes = ("byte order mark",) if raw.startswith(codecs.BOM_UTF8) else ()
    try:
        return raw.decode("utf-8-sig"), notes
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise TableRefused("FT-D013", f"not UTF-8 at row {row}", "save as UTF-8", row) from None


def _control(value: str) -> str | None:
    return next((c for c in value if ord(c) < 32 and c not in "\t\n\r"), None)


def _checked(value: str, name: str, row: int) -> str:
    if (bad := _control(value)) is not None:
        raise TableRefused(
            "FT-D015", f"control character `{shown(bad)}` in row {row}, column `{shown(name)}`", "delete it", row + 1
        )
    if len(value) > MAX_CELL:
        raise TableRefused("FT-D042", f"cell of {len(value) / 1024**2:.1f} MiB in row {row}, limit 1 MiB")
    return value


def _read_csv(path: Path, wanted: list[str]) -> Table:
    text, notes = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    began = 1
    try:
        for row in reader:
            rows.append(row)
            began = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise TableRefused(
                "FT-D012", f"quote opened at row {max(began - 1, 1)} never closed", "close it", began
            ) from None
        raise TableRefused(
            "FT-D012", f"row {reader.line_num} cannot be read: {shown(str(error))}", "", reader.line_num
        ) from None
    while rows and not any(rows[-1]):
        rows.pop()
    return _csv_table(rows, wanted, notes)


def _csv_table(rows: list[list[str]], wanted: list[str], notes: tuple[str, ...]) -> Table:
    if not rows:
        raise TableRefused("FT-D007", "file is empty")
    header, body = rows[0], rows[1:]
    _need(wanted, header)
    if not body:
        raise TableRefused("FT-D008", "no rows", "", 1)
    if len(body) > MAX_ROWS:
        raise TableRefused("FT-D042", f"row limit {MAX_ROWS:,} reached")
    uneven = [n for n, row in enumerate(body, 1) if len(row) != len(header)]
    if len(uneven) == len(body):
        raise TableRefused(
            "FT-D010", f"row 1 has {len(body[0])} fields, header has {len(header)}", "name every column", 2
        )
    if uneven:
        row = uneven[0]
        raise TableRefused(
            "FT-D011",
            f"row {row} has {len(body[row - 1])} fields, expected {len(header)}",
            "quote values that hold commas",
            row + 1,
        )
    at = {name: header.index(name) for name in wanted}
    columns = {name: [_checked(row[i], name, n) or None for n, row in enumerate(body, 1)] for name, i in at.items()}
    return Table(columns, notes, tuple(name for name in header if name not in at))


def _read_jsonl(path: Path, wanted: list[str]) -> Table:
    text, notes = _text(path)
    lines = text.split("\n")
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise TableRefused("FT-D008", "no rows")
    objects = [
        (n, _json_object(line, n, last=n == numbered[-1][0] and not text.endswith("\n"))) for n, line in numbered
    ]
    _need(wanted, objects[0][1])
    columns: dict[str, Column] = {name: [] for name in wanted}
    for number, row in objects:
        for name in wanted:
            if name not in row:
                raise TableRefused(
                    "FT-D039", f"line {number} lacks key `{shown(name)}`", "write null where there is no value", number
                )
            columns[name].append(_json_text(row[name], name, number))
    return Table(columns, notes, tuple(name for name in objects[0][1] if name not in columns))


def _json_object(line: str, number: int, *, last: bool) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise TableRefused(
                    "FT-D039", f"key `{shown(key)}` appears twice in line {number}", "keep one of them", number
                )
        return dict(pairs)

    def constant(word: str) -> Any:
        raise TableRefused("FT-D039", f"{word} is not allowed", "write null where there is no value", number)

    try:
        row = json.loads(line, object_pairs_hook=once, parse_constant=constant, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError):
        found = "last line is cut off" if last else f"line {number} is not JSON"
        raise TableRefused("FT-D039", found, "write one JSON object a line", number) from None
    if not isinstance(row, dict):
        raise TableRefused(
            "FT-D039",
            f"object expected, got {'a list' if isinstance(row, list) else 'a plain value'}",
            "write one JSON object a line",
            number,
        )
    return row


def _json_text(value: Any, name: str, number: int) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        raise TableRefused(
            "FT-D039", f"nested value in line {number}, key `{shown(name)}`", "write plain values", number
        )
    return _checked(value, name, number)


def _read_parquet(path: Path, wanted: list[str]) -> Table:
    with path.open("rb") as file:
        try:
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
        except (pa.ArrowInvalid, OSError) as error:
            raise TableRefused("FT-D040", _parquet_trouble(str(error), path)) from None
        schema = parquet.schema_arrow
        _need(wanted, schema.names)
        for name in wanted:
            _plain_type(schema.field(name).type, name)
        if parquet.num_row_groups == 0 or parquet.metadata.num_rows == 0:
            raise TableRefused(
                "FT-D040" if parquet.num_row_groups == 0 else "FT-D008",
                "file has no row groups" if parquet.num_row_groups == 0 else "no rows",
            )
        if parquet.metadata.num_rows > MAX_ROWS:
            raise TableRefused("FT-D042", f"row limit {MAX_ROWS:,} reached")
        try:
            return Table(_parquet_columns(parquet, wanted), (), tuple(n for n in schema.names if n not in wanted))
        except (pa.ArrowInvalid, OSError) as error:
            raise TableRefused("FT-D040", f"file is damaged: {shown(str(error))}") from None


def _parquet_trouble(message: str, path: Path) -> str:
    if "encrypted" in message.lower() or _first_bytes(path).startswith(b"PARE"):
        return "encrypted parquet is not supported"
    return "file is cut off" if _first_bytes(path).startswith(b"PAR1") else "not a parquet file"


def _plain_type(kind: pa.DataType, name: str) -> None:
    if isinstance(kind, pa.BaseExtensionType):
        raise TableRefused(
            "FT-D040", f"extension types are not accepted (column `{shown(name)}`)", "store plain columns"
        )
    if pa.types.is_nested(kind):
        raise TableRefused(
            "FT-D040", f"nested columns are not accepted (column `{shown(name)}`)", "store plain columns"
        )


def _parquet_columns(parquet: pq.ParquetFile, wanted: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {name: [] for name in wanted}
    decoded = 0
    for batch in parquet.iter_batches(batch_size=65_536, columns=wanted):
        decoded += batch.nbytes
        if decoded > MAX_DECODED:
            raise TableRefused("FT-D041", f"stopped after {MAX_DECODED / 1024**3:.1f} GiB decoded")
        for name in wanted:
            values = pc.cast(batch.column(name), pa.string()).to_pylist()
            begin = len(columns[name]) + 1
            columns[name] += [None if v is None else _checked(v, name, n) for n, v in enumerate(values, begin)]
    return columns


_READERS: dict[str, Callable[[Path, list[str]], Table]] = {
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}
