"""One table in every form people have: read alike, each value as it is written; what is damaged has a code."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from fairtransfer.encodings import wide_encoding
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.evidence.table.files import reading
from fairtransfer.evidence.table.source import open_table
from fairtransfer.measurement import measure

pytestmark = pytest.mark.fast

ROWS = {"y": ["1.0", "0", "NA"], "new": ["1.0", "a,b", None], "g": ["007", " x", "caf\u00e9"]}
TABLE = pa.table(ROWS)


def rows(path: Any) -> dict[str, list[str | None]]:
    table, name = open_table(path)
    with reading(name):
        found: dict[str, list[str | None]] = table.to_pyarrow().to_pydict()
    return found


def text(sign: str, first: str = "", end: str = "\n") -> str:
    lines = [sign.join(ROWS)]
    for row in zip(*ROWS.values(), strict=True):
        lines.append(sign.join("" if cell is None else f'"{cell}"' if sign in cell else cell for cell in row))
    return first + end.join([*lines, ""])


def as_lines() -> str:
    return "".join(json.dumps(dict(zip(ROWS, row, strict=True))) + "\n" for row in zip(*ROWS.values(), strict=True))


def write_stream(path: Path) -> None:
    with pa.ipc.new_stream(str(path), TABLE.schema) as stream:
        stream.write(TABLE)


def write_saved(path: Path, table: pa.Table = TABLE, chosen: list[int] | None = None, **features: Any) -> None:
    """What `datasets` writes, without the library: a stream, its state, its features."""
    path.mkdir()
    for name, part in (
        ("data.arrow", table),
        *([] if chosen is None else [("rows.arrow", pa.table({"indices": chosen}))]),
    ):
        with pa.ipc.new_stream(str(path / name), part.schema) as stream:
            stream.write(part)
    state = {"_data_files": [{"filename": "data.arrow"}]}
    if chosen is not None:
        state["_indices_files"] = [{"filename": "rows.arrow"}]
    (path / "state.json").write_text(json.dumps(state))
    (path / "dataset_info.json").write_text(json.dumps({"features": features}))


FORMS: dict[str, Callable[[Path], object]] = {
    "t.csv": lambda path: path.write_text(text(",")),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(text(",").encode())),
    "bom.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf" + text(",").encode()),
    "crlf.csv": lambda path: path.write_bytes(text(",", end="\r\n").encode()),
    "t.tsv": lambda path: path.write_text(text("\t")),
    "t.tsv.gz": lambda path: path.write_bytes(gzip.compress(text("\t").encode())),
    "t.jsonl": lambda path: path.write_text(as_lines()),
    "t.ndjson": lambda path: path.write_text(as_lines() + "\n"),
    "t.jsonl.gz": lambda path: path.write_bytes(gzip.compress(as_lines().encode())),
    "t.parquet": lambda path: pq.write_table(TABLE, path),
    "t.feather": lambda path: feather.write_feather(TABLE, str(path)),
    "t.arrow": write_stream,
    "saved": write_saved,
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    FORMS[name](tmp_path / name)
    assert rows(tmp_path / name) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("semicolon.csv", text(";"), "`;`"),
        ("tab.csv", text("\t"), "a tab"),
        ("pipe.csv", text("|"), "`|`"),
        ("said.csv", text(";", "sep=;\n"), "`;`"),
        ("said-so.csv", text(",", "sep=,\r\n", "\r\n"), ""),
        ("comma.tsv", text(","), "`,`"),
        ("quoted.csv", '"a;b",y\n1,2\n', ""),
    ],
)
def test_another_separator_is_recognised_and_told(name: str, content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode())
    noticed = Problems()
    table, _ = open_table(tmp_path / name, noticed)
    assert table.to_pyarrow().to_pydict() == ({"a;b": ["1"], "y": ["2"]} if name == "quoted.csv" else ROWS)
    assert [problem.code for problem in noticed.warnings] == (["FT-P109"] if told else [])
    assert told in "".join(map(str, noticed.warnings))


def test_json_keeps_numbers_as_they_are_written_and_lists_as_lists(tmp_path: Path) -> None:
    lines = '{"n": 1.0, "l": ["x", "z"], "b": true, "i": 12345678901234567890}\n{"n": "01", "l": [], "o": {"k": 1}}\n'
    (tmp_path / "t.jsonl").write_text(lines)
    assert rows(tmp_path / "t.jsonl") == {
        "n": ["1.0", "01"],
        "l": [["x", "z"], []],
        "b": ["true", None],
        "i": ["12345678901234567890", None],
        "o": [None, '{"k": "1"}'],
    }


def test_a_saved_data_set_has_its_chosen_rows_and_the_names_of_its_classes(tmp_path: Path) -> None:
    label = {"_type": "ClassLabel", "names": ["ham", "spam"]}
    table = pa.table({"y": [0, 1, -1], "new": ["a", "b", "c"]})
    write_saved(tmp_path / "saved", table, [2, 1], y=label)
    assert rows(tmp_path / "saved") == {"y": [None, "spam"], "new": ["c", "b"]}
    write_saved(tmp_path / "odd", pa.table({"y": [0, 2]}), y=label)
    with pytest.raises(DefinitionError, match="class number 2"):
        open_table(tmp_path / "odd")


def damaged(folder: Path) -> dict[str, tuple[Path, str]]:
    """Broken files, and what is said of each."""
    for name, write in FORMS.items():
        write(folder / name)
    (folder / "cut.csv.gz").write_bytes((folder / "t.csv.gz").read_bytes()[:30])
    (folder / "cut.feather").write_bytes((folder / "t.feather").read_bytes()[:400])
    (folder / "cut.parquet").write_bytes((folder / "t.parquet").read_bytes()[:-20])
    (folder / "plain.gz").write_bytes(b"y\n1\n")
    (folder / "nan.jsonl").write_text('{"y": 1}\n{"y": NaN}\n')
    (folder / "half.jsonl").write_text('{"y": 1}\n{"y": \n')
    (folder / "list.jsonl").write_text("[1, 2]\n")
    (folder / "twice.jsonl").write_text('{"y": 1, "y": 2}\n')
    (folder / "blank.jsonl").write_text("\n")
    (folder / "splits" / "train").mkdir(parents=True)
    (folder / "splits" / "dataset_dict.json").write_text("{}")
    (folder / "splits" / "train" / "state.json").write_text("[]")
    (folder / "none").mkdir()
    (folder / "parts" / "g=a").mkdir(parents=True)
    pq.write_table(TABLE, folder / "parts" / "g=a" / "1.parquet")
    said = {
        "cut.csv.gz": "FT-P002",
        "cut.feather": "FT-P002",
        "cut.parquet": "FT-P002: the file is cut off",
        "plain.gz": "FT-P002: unknown kind of file",
        "nan.jsonl": ":2 FT-P002: NaN is no JSON",
        "half.jsonl": ":2 FT-P002: the line is no JSON",
        "list.jsonl": ":1 FT-P002: the line is no object",
        "twice.jsonl": ":1 FT-P002: a key stands twice",
        "blank.jsonl": "FT-P007",
        "splits": "the folder holds the splits train",
        "splits/train": "FT-P002: `state.json` is not what",
        "none": "FT-P002: the folder holds no .parquet",
        "parts": "FT-P096: column `g` stands in the files and in the names of folders",
    }
    return {name: (folder / name, words) for name, words in said.items()}


def test_what_is_damaged_has_a_code_and_its_line(tmp_path: Path) -> None:
    for name, (path, words) in damaged(tmp_path).items():
        with pytest.raises(DefinitionError) as caught:
            rows(path)
        assert words in str(caught.value), name


# --- columns of other kinds ----------------------------------------------------------------------------------------------

BASE = {"y": ["a", "b"] * 20, "new": ["a", "b", "b", "a"] * 10}


def groups(source: Any) -> set[str]:
    seen = measure(source, label="y", after="new", groups="g")
    return {f.group["g"] for f in seen.findings if f.group and f.group["g"] != "*"}


def test_ranges_and_months_are_written_as_people_write_them(tmp_path: Path) -> None:
    cut = pd.DataFrame({**BASE, "g": pd.cut([5, 25] * 20, [0, 18, 60], right=False)})
    assert groups(cut) == {"[0, 18)", "[18, 60)"}
    assert groups(cut.assign(g=pd.period_range("2020-01", periods=2, freq="M").take([0, 1] * 20))) == {
        "2020-01",
        "2020-02",
    }
    ranges = pa.array([{"left": 0, "right": 18}, {"left": 18, "right": 60}] * 20)
    pq.write_table(pa.table({**BASE, "g": ranges}), tmp_path / "t.parquet")
    assert groups(tmp_path / "t.parquet") == {"(0, 18]", "(18, 60]"}


@pytest.mark.parametrize(
    ("kind", "values"),
    [("lists", [["a"], ["b"]]), ("structures", [{"k": 1}, {"k": 2}]), ("bytes", [b"a", b"\xff"])],
)
def test_what_is_no_word_is_refused(kind: str, values: list[Any]) -> None:
    with pytest.raises(DefinitionError, match=f"FT-P108: group column `g` holds {kind}"):
        groups(pa.table({**BASE, "g": values * 20}))


def test_lists_of_classes_are_sets_and_an_empty_one_is_none() -> None:
    answers = {
        "y": [["x", "z"], ["x"], [], ["z"]] * 10,
        "new": [["z", "x", "z"], ["x"], [], ["x"]] * 10,
        "g": ["a"] * 40,
    }
    asked = {"label": "y", "after": "new", "groups": "g"}
    seen = measure(pa.table(answers), **asked, multilabel=True)
    assert {f.k for f in seen.findings if f.stage == "after" and not f.group} == {10}
    joined = {name: [";".join(v) if isinstance(v, list) else v for v in column] for name, column in answers.items()}
    same = measure(pa.table(joined), **asked, multilabel=True, multilabel_separator=";")
    assert [f.k for f in same.findings] == [f.k for f in seen.findings]
    with pytest.raises(DefinitionError, match="say multilabel="):
        measure(pa.table(answers), **asked)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz"])
def test_a_file_in_another_encoding_is_called_by_it(name: str, encoding: str, tmp_path: Path) -> None:
    sign, path = "\t" if ".tsv" in name else ",", tmp_path / name
    content = '{"y": "a", "new": "a", "g": "n"}\n' * 3 if "json" in name else text(sign)
    path.write_bytes((gzip.compress if name.endswith(".gz") else bytes)(content.encode(encoding)))
    with pytest.raises(DefinitionError) as caught:
        rows(path)
    assert f"FT-P002: the file is {encoding[:6].upper()}, not UTF-8; save it as UTF-8" in str(caught.value)


def test_text_with_a_few_zeros_is_not_taken_for_another_encoding() -> None:
    assert wide_encoding(b"y,new,g\na,\x00,n\n") is None
    assert wide_encoding("y,new,g\n\u043f\u0440\u0438\u0432\u0435\u0442,a,n\n".encode()) is None
    assert wide_encoding(b"") is None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-300] + b"x" * 300, "is cut off, or is no Parquet file"),
        (lambda content: content[: len(content) // 2], "is cut off, or is no Parquet file"),
        (lambda content: content[:4] + b"\xff" * 40 + content[44:], "cannot be read"),
        (lambda _: b"", "cannot be read"),
    ],
)
def test_the_file_of_a_folder_that_is_at_fault_is_named(
    damage: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    for name in ("a", "b", "c"):
        pq.write_table(
            pa.table({"y": ["1", "0"] * 40, "new": ["1", "0"] * 40, "g": ["n", "s"] * 40}), folder / f"{name}.parquet"
        )
    (folder / "b.parquet").write_bytes(damage((folder / "b.parquet").read_bytes()))
    with pytest.raises(DefinitionError) as caught:
        measure(folder, label="y", after="new", groups="g")
    (told,) = caught.value.problems
    assert (told.code, Path(told.file).name) == ("FT-P002", "b.parquet"), str(told)
    assert said in told.found


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json"])
def test_a_saved_data_set_whose_json_is_nested_too_deeply_is_refused(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    feather.write_feather(TABLE, folder / "data.arrow")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    assert rows(folder)["y"] == ROWS["y"]
    (folder / name).write_text('{"features": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(DefinitionError, match=rf"FT-P002: `{name}` is not what `datasets` writes"):
        rows(folder)
