"""Files that are not what they seem: every fault of a reader's library is told with a code, and what has no value has none."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fairtransfer.data.hub import _named
from fairtransfer.data.picture_files import read_array, read_images
from fairtransfer.data.table import MAX_CELL
from fairtransfer.data.tables import TableRefused, read_table
from fairtransfer.errors import DefinitionError
from fairtransfer.libraries import refusing

pytestmark = pytest.mark.fast


def csv_of(folder: Path, text: str) -> Path:
    (folder / "t.csv").write_text(f"id,text\n1,{text}\n", encoding="utf-8")
    return folder / "t.csv"


@pytest.mark.parametrize("size", [131_073, MAX_CELL])
def test_a_long_text_is_read_up_to_the_limit_that_is_told(size: int, tmp_path: Path) -> None:
    assert read_table(csv_of(tmp_path, "x" * size), ["text"]).columns["text"] == ["x" * size]


def test_a_longer_one_is_refused_with_its_size_and_row(tmp_path: Path) -> None:
    with pytest.raises(TableRefused, match=r"cell of 1\.0 MiB in column `text`, limit 1 MiB") as refused:
        read_table(csv_of(tmp_path, "x" * (MAX_CELL + 1)), ["text"])
    assert refused.value.line == 2


@pytest.mark.parametrize("odd", ["\ud83d", "a\udc00b", "\ude00\ud83d"])
def test_half_a_character_is_told_with_its_row(odd: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in ("fine 😀", odd)), encoding="utf-8")
    with pytest.raises(TableRefused, match="in column `text`") as refused:
        read_table(path, ["text"])
    assert (refused.value.code, refused.value.line) == ("FT-D013", 2), "one number for one place"


def test_lines_are_those_of_the_file_whatever_stands_in_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,"two\nlines"\n2,od\x01d\n', encoding="utf-8")
    with pytest.raises(TableRefused, match="control character") as refused:
        read_table(path, ["text"])
    assert refused.value.line == 4
    pq.write_table(pa.table({"id": ["1", "2"], "text": ["fine", "od\x01d"]}), tmp_path / "t.parquet")
    with pytest.raises(TableRefused, match="in row 2, column `text`") as refused:
        read_table(tmp_path / "t.parquet", ["text"])
    assert refused.value.line == 0, "where there are no lines the row is told"


def test_a_whole_character_beyond_the_first_plane_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "\\ud83d\\ude00"}\n', encoding="utf-8")
    assert read_table(path, ["text"]).columns["text"] == ["😀"]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_nan_in_a_column_of_floats_is_no_value(kind: pa.DataType, tmp_path: Path) -> None:
    values = pa.array(np.array([1.0, np.nan, 2.5]), pa.float64()).cast(kind)
    pq.write_table(pa.table({"g": values, "t": ["nan", "NaN", None]}), tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet", ["g", "t"]).columns
    assert found["g"][1] is None
    assert [float(v) for v in found["g"] if v] == [1.0, 2.5]
    assert found["t"] == ["nan", "NaN", None], "what is written as text stays text"


def test_text_of_a_parquet_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 2)), pa.py_buffer(b"\xff\xfe")]
    )
    pq.write_table(pa.table({"t": bad}), tmp_path / "t.parquet")
    with pytest.raises(TableRefused, match="not UTF-8"):
        read_table(tmp_path / "t.parquet", ["t"])


def test_class_numbers_without_a_name() -> None:
    assert _named([0, -1, None, 1], ["no", "yes"], "label") == ["no", None, None, "yes"]
    for odd in (2, -2):
        with pytest.raises(TableRefused, match=f"class number {odd}, and there are names for 2"):
            _named([0, odd], ["no", "yes"], "label")


def _grey16(folder: Path, name: str, most: int) -> None:
    Image.fromarray(np.linspace(0, most, 64).reshape(8, 8).astype(np.uint16)).save(folder / name)


def _colour16(folder: Path, name: str, most: int) -> None:
    """A PNG of 16 bits a colour, which Pillow reads and does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\0" + struct.pack(">12H", *([most] * 12))
    head = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize(("most", "told"), [(1023, True), (4095, True), (16383, True), (16384, False), (65535, False)])
def test_pictures_that_leave_their_depth_unused_are_told(most: int, told: bool, tmp_path: Path) -> None:
    _grey16(tmp_path, "grey.png", most)
    _colour16(tmp_path, "colour.png", most)
    _, problems = read_images(tmp_path, ["grey.png", "colour.png"])
    assert [(p.code, p.severity) for p in problems] == ([("FT-D065", "warning")] if told else [])
    assert not told or problems[0].found.startswith("2 pictures are stored with 16 bits")


def test_a_dark_picture_of_8_bits_is_dark(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 9, dtype=np.uint8)).save(tmp_path / "dark.png")
    assert read_images(tmp_path, ["dark.png"])[1] == []


def test_the_first_picture_of_a_phones_file_is_the_one_that_is_read(tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((s, s, 3), v, dtype=np.uint8)) for s, v in ((16, 200), (8, 10)))
    first.save(tmp_path / "two.jpg", format="MPO", save_all=True, append_images=[second])
    images, problems = read_images(tmp_path, ["two.jpg"])
    assert images.values[0].read().shape == (16, 16, 3)
    assert images.values[0].read().min() > 150
    assert [p.code for p in problems] == ["FT-D064"]


def _unnamed_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros((2, 4, 4)))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 60),
        lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff{"),
        _unnamed_array,
    ],
    ids=["empty", "cut zip", "cut header", "npy"],
)
def test_arrays_that_are_none_are_told(write: object, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write(path)  # type: ignore[operator]
    with pytest.raises(TableRefused) as refused:
        read_array(path, "x", [0], (0, 1))
    assert refused.value.code == "FT-D058"


def _whole() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(buffer, "PNG")
    return buffer.getvalue()


WHOLE = _whole()


@settings(max_examples=60, deadline=None)
@given(place=st.integers(8, len(WHOLE) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_picture_is_told_or_read_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("p")
    damaged = WHOLE[:place] if cut else WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :]
    (folder / "p.png").write_bytes(damaged)
    images, problems = read_images(folder, ["p.png"])
    assert len(images) + len([p for p in problems if p.code == "FT-D044"]) == 1


def test_whatever_a_library_raises_becomes_the_error_that_was_asked_for() -> None:
    class Odd(Exception):
        pass

    with (
        pytest.raises(TableRefused, match=r"why: Odd: one two") as refused,
        refusing(lambda w: TableRefused("X", f"why: {w}")),
    ):
        raise Odd("one\n\n  two\x1b")
    assert "\x1b" not in str(refused.value)
    assert isinstance(refused.value.__cause__, Odd)


@pytest.mark.parametrize("ours", [DefinitionError([]), MemoryError(), KeyboardInterrupt(), TableRefused("A", "b")])
def test_our_own_errors_pass_as_they_are(ours: BaseException) -> None:
    with pytest.raises(type(ours)) as found, refusing(lambda why: ValueError(why), TableRefused):
        raise ours
    assert found.value is ours
