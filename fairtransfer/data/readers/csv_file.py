"""CSV: every row with as many fields as the header, quotes closed, nothing guessed; what parts fields is said, or the comma."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import final

from fairtransfer.data.reader import Reader
from fairtransfer.data.table import MAX_ROWS, TableRefused, TextTable, checked, need, text_of
from fairtransfer.errors import shown


@final
class CsvReader(Reader):
    """Fields between commas."""

    form = "csv"
    words = "CSV"
    suffixes = (".csv",)

    def __init__(self, sign: str = ",") -> None:
        self.sign = sign

    def read(self, path: Path, wanted: list[str]) -> TextTable:
        """Read the wanted columns."""
        return read_separated(path, wanted, self.sign)

    def parted_by(self, sign: str) -> CsvReader:
        """Return what reads fields between this sign."""
        return CsvReader(sign)


def read_separated(path: Path, wanted: list[str], sign: str) -> TextTable:
    """Return the wanted columns of a file whose fields stand between a sign."""
    text, notes = text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=sign)
    rows: list[list[str]] = []
    lines: list[int] = []
    began = 1
    # The library's own limit (131,072 characters) is not ours, which is told with row and size (`checked`).
    limit = csv.field_size_limit(max(len(text), 1))
    try:
        for row in reader:
            rows.append(row)
            lines.append(began)
            began = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise TableRefused("FT-D012", "a quote is opened and never closed", "close it", began) from None
        raise TableRefused("FT-D012", f"the line cannot be read: {shown(str(error))}", "", reader.line_num) from None
    finally:
        csv.field_size_limit(limit)
    while rows and not any(rows[-1]):
        rows.pop()
    return _csv_table(rows, lines, wanted, notes)


def _csv_table(rows: list[list[str]], lines: list[int], wanted: list[str], notes: tuple[str, ...]) -> TextTable:
    if not rows:
        raise TableRefused("FT-D007", "file is empty")
    header, body = rows[0], rows[1:]
    need(wanted, header)
    if not body:
        raise TableRefused("FT-D008", "no rows", "", 1)
    if len(body) > MAX_ROWS:
        raise TableRefused("FT-D042", f"row limit {MAX_ROWS:,} reached")
    uneven = [n for n, row in enumerate(body, 1) if len(row) != len(header)]
    if len(uneven) == len(body):
        raise TableRefused("FT-D010", f"{len(body[0])} fields, header has {len(header)}", "name every column", lines[1])
    if uneven:
        row = uneven[0]
        raise TableRefused(
            "FT-D011",
            f"{len(body[row - 1])} fields, expected {len(header)}",
            "quote values that hold commas",
            lines[row],
        )
    at = {name: header.index(name) for name in wanted}
    columns = {
        name: [checked(row[i], name, n, lines[n]) or None for n, row in enumerate(body, 1)] for name, i in at.items()
    }
    return TextTable(columns, notes, tuple(name for name in header if name not in at))
