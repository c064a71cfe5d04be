"""Tables in, text out: CSV, Parquet and JSONL, every value as text or None, exactly as written.

Default readers guess: they turn the group `NA` into a missing value, `001` into 1, and shift columns silently. Here the
only conversion is the one the card declares (`convert.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from fairtransfer.data.csv_table import read_csv
from fairtransfer.data.jsonl_table import read_jsonl
from fairtransfer.data.parquet_table import read_parquet
from fairtransfer.data.table import Column, TableRefused, TextTable, first_bytes
from fairtransfer.errors import shown

__all__ = ["Column", "TableRefused", "TextTable", "read_table", "suffix_format"]

_MAGIC = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_ARCHIVES = (".gz", ".zip", ".tar", ".7z", ".bz2", ".xz", ".zst")
_NAMES = {"csv": "CSV", "jsonl": "JSONL", "parquet": "parquet"}

_READERS: dict[str, Callable[[Path, list[str]], TextTable]] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}


def suffix_format(path: Path) -> str:
    """Return the format a file's suffix stands for."""
    if path.suffix.lower() in _ARCHIVES:
        raise TableRefused("FT-D006", "compressed input is not supported", "extract it first")
    formats = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    if path.suffix.lower() not in formats:
        raise TableRefused("FT-D005", f"unknown kind of file `{shown(path.name)}`", "use .csv, .parquet or .jsonl")
    return formats[path.suffix.lower()]


def read_table(path: Path, wanted: Iterable[str], form: str | None = None) -> TextTable:
    """Read the wanted columns of a file as text.

    Raises
    ------
    TableRefused
        With a catalogue code (``FT-D001``, ``FT-D005`` to ``FT-D016``, ``FT-D039`` to ``FT-D042``).
    """
    kind = suffix_format(path)
    _sniff(first_bytes(path), form or kind)
    return _READERS[form or kind](path, list(dict.fromkeys(wanted)))


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
