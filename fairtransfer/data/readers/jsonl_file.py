"""JSONL: one object a line, plain values, numbers as they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, final

from fairtransfer.data.reader import Reader
from fairtransfer.data.table import Column, TableRefused, TextTable, checked, need, text_of
from fairtransfer.errors import shown


@final
class JsonlReader(Reader):
    """One object a line."""

    form = "jsonl"
    words = "JSONL"
    suffixes = (".jsonl", ".ndjson")
    first = b"{"

    def read(self, path: Path, wanted: list[str]) -> TextTable:
        """Read the wanted columns."""
        return _read_jsonl(path, wanted)


def _read_jsonl(path: Path, wanted: list[str]) -> TextTable:
    text, notes = text_of(path)
    lines = text.split("\n")
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise TableRefused("FT-D008", "no rows")
    objects = [
        (n, _json_object(line, n, last=n == numbered[-1][0] and not text.endswith("\n"))) for n, line in numbered
    ]
    need(wanted, objects[0][1])
    columns: dict[str, Column] = {name: [] for name in wanted}
    for number, row in objects:
        for name in wanted:
            if name not in row:
                raise TableRefused(
                    "FT-D039", f"the line lacks key `{shown(name)}`", "write null where there is no value", number
                )
            columns[name].append(_json_text(row[name], name, number))
    return TextTable(columns, notes, tuple(name for name in objects[0][1] if name not in columns))


def _json_object(line: str, number: int, *, last: bool) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for key, value in pairs:
            if key in row:
                raise TableRefused("FT-D039", f"key `{shown(key)}` appears twice", "keep one of them", number)
            row[key] = value
        return row

    def constant(word: str) -> Any:
        raise TableRefused("FT-D039", f"{word} is not allowed", "write null where there is no value", number)

    try:
        row = json.loads(line, object_pairs_hook=once, parse_constant=constant, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError):
        found = "last line is cut off" if last else "the line is not JSON"
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
        raise TableRefused("FT-D039", f"nested value at key `{shown(name)}`", "write plain values", number)
    return checked(value, name, number, number)
