"""Numbers that are none, infinite or of twenty digits: each read as what it is, from files and from memory, in every column.

Run with either major version of DuckDB (`.ci/run` does): what a Parquet file says about its own columns is believed otherwise
by each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.table.casts import as_text, is_whole, number
from fairtransfer.evidence.table.source import open_table
from fairtransfer.measurement import measure

pytestmark = pytest.mark.fast

NAN, INF = math.nan, math.inf

TEXTS = [(NAN, None), (None, None), (INF, "inf"), (-INF, "-inf"), (1.0, "1"), (-0.0, "0"), (0.5, "0.5"), (-3.0, "-3")]
"""Values of a floating column, and how they are written."""

Opened = Callable[[pa.Table, Path], Any]


def from_file(table: pa.Table, folder: Path) -> Any:
    pq.write_table(table, folder / "t.parquet")
    return open_table(folder / "t.parquet")[0]


def from_folder(table: pa.Table, folder: Path) -> Any:
    half = table.num_rows // 2
    for place, part in enumerate((table.slice(0, half), table.slice(half))):
        pq.write_table(part, folder / f"{place}.parquet")
    return open_table(folder)[0]


def from_memory(table: pa.Table, folder: Path) -> Any:
    return open_table(table)[0]


def from_a_database(table: pa.Table, folder: Path) -> Any:
    pq.write_table(table, folder / "t.parquet")
    return open_table(ibis.duckdb.connect().read_parquet(folder / "t.parquet"))[0]


EVERYWHERE = (from_file, from_folder, from_memory, from_a_database)


def values(table: Any, expression: Callable[[Any], Any]) -> list[Any]:
    found = table.select(i=table.i, v=expression(table.v)).order_by("i").to_pyarrow()
    return list(found["v"].to_pylist())


@pytest.mark.parametrize("opened", EVERYWHERE)
@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_a_floating_column_is_written_as_text_whatever_it_holds(
    opened: Opened, kind: pa.DataType, tmp_path: Path
) -> None:
    column = pa.array([value for value, _ in TEXTS], kind)
    table = opened(pa.table({"i": list(range(len(TEXTS))), "v": column}), tmp_path)
    assert values(table, as_text) == [text for _, text in TEXTS]


@pytest.mark.parametrize("opened", EVERYWHERE)
@pytest.mark.parametrize("few", [[0.0, NAN], [0.2, NAN, 0.7, NAN], [NAN, NAN], [1e300, NAN, 1.0], [INF, 2.5, NAN]])
def test_a_number_is_finite_or_missing(opened: Opened, few: list[float], tmp_path: Path) -> None:
    """Beside numbers of a narrow range: what a file says of its smallest and largest value must not answer for NaN."""
    held = few * 8
    table = opened(pa.table({"i": list(range(len(held))), "v": held}), tmp_path)
    right = [value if math.isfinite(value) and abs(value) < 1e50 else None for value in held]
    assert values(table, number) == right
    asked = table.aggregate(missing=number(table.v).isnull().sum(), unit=number(table.v).between(0, 1).sum())
    counted = asked.to_pyarrow().to_pylist()[0]
    unit = sum(value is not None and 0 <= value <= 1 for value in right)
    assert (counted["missing"], counted["unit"] or 0) == (right.count(None), unit)


def test_text_is_a_number_where_it_is_a_finite_one(tmp_path: Path) -> None:
    written = ["1", " 2.5 ", "nan", "inf", "-Infinity", "1e999", "x", "", None, "1e300", "12345678901234567890"]
    right = [1.0, 2.5, None, None, None, None, None, None, None, None, 12345678901234567890.0]
    for opened in (from_file, from_memory):
        table = opened(pa.table({"i": list(range(len(written))), "v": written}), tmp_path)
        assert values(table, number) == right
        assert values(table, as_text) == written


def test_numbers_of_twenty_digits_are_whole_and_halves_are_not() -> None:
    held = [12345678901234567890.0, 1e300, INF, 0.5, -0.5, 2.0**53 - 1, 7.0]
    table = from_memory(pa.table({"i": list(range(len(held))), "v": held}), Path())
    assert values(table, is_whole) == [True, True, True, False, False, True, True]


# --- through the door --------------------------------------------------------------------------------------------------

BASE = {"y": ["0", "1"] * 40, "p": ["0", "1", "1", "0"] * 20, "g": ["a", "b"] * 40}

REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "answer nan": ({"y": [0.0, 1.0] * 40, "p": [0.0, NAN] * 40}, {}, "FT-P009: 40 rows have no prediction"),
    "answer before nan": ({"o": [0.0, NAN] * 40}, {"before": "o"}, "FT-P009: 40 rows have no prediction in `o`"),
    "label nan": ({"y": [0.0, NAN] * 40}, {}, "FT-P008: 40 rows have no label"),
    "score nan": ({"s": [0.2, NAN] * 40}, {"score": "s", "positive": "1", "metrics": "auc"}, "FT-P025: 40 scores"),
    "score inf": ({"s": [0.2, INF] * 40}, {"score": "s", "positive": "1", "metrics": "auc"}, "FT-P025: 40 scores"),
    "weight nan": ({"w": [1.0, NAN] * 40}, {"weights": "w"}, "FT-P014: 40 weights"),
    "weight inf": ({"w": [1.0, -INF] * 40}, {"weights": "w"}, "FT-P014: 40 weights"),
    "count nan": ({"n": [1.0, NAN] * 40}, {"counts": "n"}, "FT-P013: 40 counts"),
    "count inf": ({"n": [1.0, INF] * 40}, {"counts": "n"}, "FT-P013: 40 counts"),
    "value nan": ({"v": [0.5, NAN] * 40}, {"value": "v", "metrics": "mean:v:higher"}, "FT-P045: 40 rows"),
    "value huge": ({"v": [0.5, 1e300] * 40}, {"value": "v", "metrics": "mean:v:higher"}, "FT-P045: 40 rows"),
    "item nan": ({"i": [*map(float, range(79)), NAN]}, {"item": "i"}, "FT-P097: 1 rows have no name"),
    "unit nan": ({"u": [*map(float, range(79)), NAN]}, {"unit": "u"}, "FT-P010: 1 rows have no unit"),
    "number nan": ({"y": [0.5, 1.5] * 40, "p": [0.5, NAN] * 40}, {"target": "number"}, "FT-P061: 40 rows"),
    "number inf": ({"y": [0.5, 1.5] * 40, "p": [0.5, -INF] * 40}, {"target": "number"}, "FT-P061: 40 rows"),
    "number huge": ({"y": [0.5, 1.5] * 40, "p": [0.5, 1e200] * 40}, {"target": "number"}, "FT-P061: 40 rows"),
}
"""What a table holds otherwise, what is asked of it, and what is said."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_number_is_refused_with_its_rows_counted(name: str, tmp_path: Path) -> None:
    columns, asked, said = REFUSED[name]
    table = from_file(pa.table({**BASE, **columns}), tmp_path)
    with pytest.raises(DefinitionError, match=said):
        measure(table, **{"label": "y", "after": "p", "groups": "g", **asked})


@pytest.mark.parametrize("word", ["nan", "inf", "Infinity", "-inf", "1e999", "12345678901234567890"])
def test_classes_and_groups_may_be_called_what_looks_like_a_number(word: str, tmp_path: Path) -> None:
    columns = {"y": [word, "x"] * 40, "p": [word, "x", "x", word] * 20, "g": [word, "b"] * 40}
    seen = measure(from_file(pa.table(columns), tmp_path), label="y", after="p", groups="g")
    errors = {
        f.group.get("g", ""): f.estimate for f in seen.findings if f.metric == "error_rate" and f.stage == "after"
    }
    assert (errors[""], errors[word], errors["b"]) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("value", "called"), [(INF, "inf"), (1e20, "1e+20"), (NAN, "unknown")])
def test_groups_of_odd_numbers_keep_their_rows(value: float, called: str, tmp_path: Path) -> None:
    for opened in (from_file, from_memory):
        seen = measure(opened(pa.table({**BASE, "g": [1.0, value] * 40}), tmp_path), label="y", after="p", groups="g")
        sizes = {f.group["g"]: f.n for f in seen.findings if f.stage == "after" and f.group and f.group["g"] != "*"}
        assert sizes == {"1": 40, called: 40}


def test_a_comparison_that_believes_the_file_would_not_see_it(tmp_path: Path) -> None:
    """The twin: without the guard some question about NaN is answered from what the file says of its own columns."""
    pq.write_table(pa.table({"v": [0.0, NAN] * 20}), tmp_path / "t.parquet")
    plain = ibis.duckdb.connect().read_parquet(tmp_path / "t.parquet")
    within = plain.aggregate(n=(plain.v <= 1.0).cast("int64").sum()).to_pyarrow()["n"][0].as_py()
    guarded, _ = open_table(plain)
    right = guarded.aggregate(n=(guarded.v <= 1.0).cast("int64").sum()).to_pyarrow()["n"][0].as_py()
    assert (within, right) == (40, 20)
