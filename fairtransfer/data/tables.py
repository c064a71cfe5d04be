"""Tables in, text out: every value as text or None, exactly as written; one file for each kind in `fairtransfer/data/readers/`.

Default readers guess: they turn the group `NA` into a missing value, `001` into 1, and shift columns silently. Here the
only conversion is the one the card declares (`convert.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fairtransfer.data.reader import Reader, reader_named, readers
from fairtransfer.data.table import Column, TableRefused, TextTable, first_bytes
from fairtransfer.errors import shown

__all__ = ["Column", "TableRefused", "TextTable", "read_table", "reader_of"]

_MAGIC = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
_ARCHIVES = (".gz", ".zip", ".tar", ".7z", ".bz2", ".xz", ".zst")


def reader_of(path: Path, form: str | None = None) -> Reader:
    """Return what reads a file: the kind a card says it is, else the one its suffix stands for.

    Raises
    ------
    TableRefused
        When it is compressed, or its suffix says nothing (``FT-D005``, ``FT-D006``), whatever the card says.
    """
    if path.suffix.lower() in _ARCHIVES:
        raise TableRefused("FT-D006", "compressed input is not supported", "extract it first")
    found = next((reader for reader in readers() if path.suffix.lower() in reader.suffixes), None)
    if found is None:
        *most, last = (reader.suffixes[0] for reader in readers())
        advice = f"use {', '.join(most)} or {last}"
        raise TableRefused("FT-D005", f"unknown kind of file `{shown(path.name)}`", advice)
    return found if form is None else reader_named(form)


def read_table(path: Path, wanted: Iterable[str], form: str | None = None, separator: str | None = None) -> TextTable:
    """Read the wanted columns of a file as text; `separator`: what parts its fields, where it is CSV and not the comma.

    Raises
    ------
    TableRefused
        With a catalogue code (``FT-D001``, ``FT-D005`` to ``FT-D016``, ``FT-D039`` to ``FT-D042``).
    """
    reader = reader_of(path, form)
    if separator is not None:
        reader = _parted(reader, separator)
    _sniff(first_bytes(path), reader)
    return reader.read(path, list(dict.fromkeys(wanted)))


def _parted(reader: Reader, separator: str) -> Reader:
    found = reader.parted_by(separator)
    if found is None:
        told = f"a separator is given, and no sign of one's choice parts fields in {reader.words}"
        raise TableRefused("FT-D016", told, "leave `separator` out")
    return found


def _sniff(head: bytes, reader: Reader) -> None:
    """Refuse a file whose first bytes say that it is of another kind."""
    if not head:
        raise TableRefused("FT-D007", "file is empty")
    if reader.signatures and head.startswith(reader.signatures):
        return
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            raise TableRefused("FT-D006", f"compressed input is not supported ({name})", "extract it first")
    looks = next((other.words for other in readers() if other.signatures and head.startswith(other.signatures)), "")
    if not looks and reader.signatures and b"\0" not in head:
        looks = next((other.words for other in readers() if other.first and other.first in head[:2]), "CSV")
    if looks:
        raise TableRefused("FT-D005", f"looks like {looks}, named {reader.words}", "rename it")
