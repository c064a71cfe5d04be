"""TSV: as CSV, with fields between tabs."""

from __future__ import annotations

from pathlib import Path
from typing import final

from fairtransfer.data.reader import Reader
from fairtransfer.data.readers.csv_file import read_separated
from fairtransfer.data.table import TextTable


@final
class TsvReader(Reader):
    """Fields between tabs."""

    form = "tsv"
    words = "TSV"
    suffixes = (".tsv",)

    def read(self, path: Path, wanted: list[str]) -> TextTable:
        """Read the wanted columns."""
        return read_separated(path, wanted, "\t")
