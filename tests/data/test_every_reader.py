"""Every kind of file, through the laws of all. A new one needs a line in `WRITERS`; then everything here is asked of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairtransfer import registry
from fairtransfer.data.reader import reader_named, readers
from fairtransfer.data.table import TableRefused
from fairtransfer.data.tables import read_table, reader_of

pytestmark = pytest.mark.fast

Columns = dict[str, list[str]]

# What default readers turn into numbers, dates, truth values or nothing, and what quoting has to survive.
VALUES = [
    "007",
    "1.50",
    "NA",
    "null",
    "true",
    "1e3",
    "2026-01-02",
    "a,b",
    'say "so"',
    "Ærø ",
    "línea\ndos",
    "=1+1",
    "🙂",
]
TABLE: Columns = {"id": [f"r{n}" for n in range(len(VALUES))], "value": VALUES, "beside": VALUES[::-1]}


def as_csv(path: Path, columns: Columns) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])


def as_tsv(path: Path, columns: Columns) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows([list(columns), *zip(*columns.values(), strict=True)])


def as_jsonl(path: Path, columns: Columns) -> None:
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def as_parquet(path: Path, columns: Columns) -> None:
    pq.write_table(pa.table(columns), path, write_page_checksum=True)


WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    "csv": as_csv,
    "tsv": as_tsv,
    "jsonl": as_jsonl,
    "parquet": as_parquet,
}

EVERY = pytest.mark.parametrize("form", registry.BUILT_IN["readers"])


def written(form: str, folder: Path, columns: Columns = TABLE, name: str = "table") -> Path:
    path = folder / f"{name}{reader_named(form).suffixes[0]}"
    WRITERS[form](path, columns)
    return path


def refused_or_read(path: Path) -> dict[str, list[str | None]] | None:
    """What is read of a file; None where it is refused."""
    try:
        return read_table(path, list(TABLE)).columns
    except TableRefused:
        return None


@EVERY
def test_every_value_is_the_text_it_was(form: str, tmp_path: Path) -> None:
    table = read_table(written(form, tmp_path), list(TABLE))

    assert table.columns == TABLE
    assert (table.n, table.others) == (len(VALUES), ())


@EVERY
def test_only_what_is_wanted_is_read_and_the_rest_is_named(form: str, tmp_path: Path) -> None:
    table = read_table(written(form, tmp_path), ["beside", "id"])

    assert list(table.columns.items()) == [("beside", TABLE["beside"]), ("id", TABLE["id"])]
    assert table.others == ("value",)


@EVERY
def test_a_column_that_is_not_there_is_named(form: str, tmp_path: Path) -> None:
    with pytest.raises(TableRefused, match="absent") as refused:
        read_table(written(form, tmp_path), ["id", "absent"])
    assert refused.value.code.startswith("FT-D")


@EVERY
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\x00" * 64, b"PK\x03\x04" + b"\0" * 60], ids=str)
def test_what_is_no_such_file_is_refused_with_a_code(form: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"table{reader_named(form).suffixes[0]}"
    path.write_bytes(content)
    with pytest.raises(TableRefused) as refused:
        read_table(path, ["id"])
    assert refused.value.code.startswith("FT-D")


@EVERY
@pytest.mark.parametrize("other", registry.BUILT_IN["readers"])
def test_a_file_under_the_name_of_another_kind_never_reads_as_other_rows(form: str, other: str, tmp_path: Path) -> None:
    """Either it is refused, or what is read is what was written."""
    path = tmp_path / f"table{reader_named(form).suffixes[0]}"
    WRITERS[other](path, TABLE)
    assert refused_or_read(path) in (None, TABLE)


@EVERY
def test_the_end_of_a_name_tells_the_kind(form: str, tmp_path: Path) -> None:
    for suffix in reader_named(form).suffixes:
        for name in (f"a{suffix}", f"a{suffix.upper()}"):
            path = tmp_path / name
            WRITERS[form](path, TABLE)
            assert reader_of(path).form == form


def test_no_two_kinds_claim_the_same_names_or_first_bytes() -> None:
    for told in ("suffixes", "signatures"):
        claimed = [one for reader in readers() for one in getattr(reader, told)]
        assert len(claimed) == len(set(claimed))


def test_a_reader_that_guesses_is_caught(tmp_path: Path) -> None:
    """The twin: what pandas makes of the same file by default is not what was written."""
    import pandas as pd

    read = pd.read_csv(written("csv", tmp_path)).astype(str).to_dict(orient="list")

    assert read != TABLE
    assert [b for a, b in zip(read["value"], VALUES, strict=True) if a != b] == VALUES[2:4]
