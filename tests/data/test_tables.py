"""Tables are read as text: nothing is guessed, nothing shifts, nothing vanishes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.data import table as limits
from fairtransfer.data.tables import TableRefused, read_table

pytestmark = pytest.mark.fast


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_csv_keeps_what_default_readers_turn_into_something_else(tmp_path: Path) -> None:
    """`NA` is a word, `001` keeps its zeros, a large id keeps its last digit, an empty cell is missing."""
    path = write(tmp_path, "t.csv", "id,g\n001,NA\n9007199254740993,None\n3,\n4,null\n")

    table = read_table(path, ["id", "g"])

    assert table.columns["id"] == ["001", "9007199254740993", "3", "4"]
    assert table.columns["g"] == ["NA", "None", None, "null"]


def test_csv_takes_quotes_newlines_and_either_line_end(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", 'id,t\r\n1,"a, ""b""\nc"\r\n2,d\r\n\r\n')

    assert read_table(path, ["id", "t"]).columns["t"] == ['a, "b"\nc', "d"]


def test_a_byte_order_mark_is_accepted_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfid,g\n1,a\n")

    table = read_table(path, ["id"])

    assert table.columns["id"] == ["1"]
    assert table.notes == ("byte order mark",)


def test_jsonl_keeps_numbers_as_written(tmp_path: Path) -> None:
    path = write(
        tmp_path, "t.jsonl", '{"id": 001.50, "g": true}\n'.replace("001", "1") + '{"id": 9007199254740993, "g": null}\n'
    )

    table = read_table(path, ["id", "g"])

    assert table.columns == {"id": ["1.50", "9007199254740993"], "g": ["true", None]}


def test_parquet_of_every_plain_type_becomes_text(tmp_path: Path) -> None:
    table = pa.table(
        {"a": [1, None], "b": [1.5, 2.0], "c": [True, False], "d": pa.array(["x", "y"]).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "t.parquet")

    read = read_table(tmp_path / "t.parquet", ["a", "b", "c", "d"])

    assert read.columns == {"a": ["1", None], "b": ["1.5", "2"], "c": ["true", "false"], "d": ["x", "y"]}


def test_a_small_file_that_grows_beyond_the_limit_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The footer's own size claims are not believed: what is decoded is counted while it is decoded."""
    pq.write_table(pa.table({"a": ["A" * 1000] * 20_000}), tmp_path / "t.parquet", compression="zstd")
    monkeypatch.setattr(limits, "MAX_DECODED", 10 * 1024**2)

    with pytest.raises(TableRefused) as refused:
        read_table(tmp_path / "t.parquet", ["a"])

    assert refused.value.code == "FT-D041"
    assert (tmp_path / "t.parquet").stat().st_size < 100_000


@given(st.data())
def test_a_damaged_parquet_file_never_reads_as_other_rows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One flipped bit: the file is refused or reads as it was, as page checksums are verified."""
    folder = tmp_path_factory.mktemp("flip")
    table = pa.table({"id": [str(i) for i in range(500)], "g": ["a", "b"] * 250})
    pq.write_table(table, folder / "t.parquet", write_page_checksum=True)
    raw = bytearray((folder / "t.parquet").read_bytes())
    at = data.draw(st.integers(4, len(raw) - 9))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    (folder / "f.parquet").write_bytes(raw)

    try:
        read = read_table(folder / "f.parquet", ["id", "g"])
    except TableRefused:
        return

    assert read.columns == {name: table[name].to_pylist() for name in ("id", "g")}
