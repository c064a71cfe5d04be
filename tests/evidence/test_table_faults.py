"""Damaged and odd tables of predictions: every fault has its message, and no row is read otherwise than it was written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import Measurement, measure

COLUMNS = {"label": "y", "after": "new", "groups": ["g"]}
HEADER = "id,y,new,g\n"


def lines(count: int) -> str:
    """Rows of two groups, a third of the answers wrong."""
    return "".join(
        f"i{n},{('no', 'yes')[n % 2]},{('no', 'yes')[(n + (n % 3 == 0)) % 2]},{'ab'[n % 2]}\n" for n in range(count)
    )


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(source: Any, **asked: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        measure(source, **{**COLUMNS, **asked})
    return str(caught.value)


def cases(seen: Measurement) -> dict[str, float | None]:
    """``group -> cases``, of the level after."""
    return {f.group.get("g", ""): f.n for f in seen.findings if f.stage == "after" and f.group.get("g") != "*"}


# --- files -------------------------------------------------------------------------------------------------------------

FEW, MANY = 30, 30_000  # before and beyond what a reader that guesses looks at

DAMAGED = {
    "too few fields": ("x,yes\n", "the line has 2 fields, the header has 4"),
    "too many fields": ("x,yes,no,a,b\n", "the line has 5 fields, the header has 4"),
    "open quote": ('x,"yes,no,a\n', "a quote is opened on the line and never closed"),
    "Latin 1": (b"x,yes,no,caf\xe9\n", "the line is not UTF-8"),
    "a remark": ("# not a row\n", "the line has 1 fields, the header has 4"),
}


@pytest.mark.parametrize("before", [FEW, MANY])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_line_is_refused_by_its_number_wherever_it_stands(name: str, before: int, tmp_path: Path) -> None:
    line, said = DAMAGED[name]
    bad = line if isinstance(line, bytes) else line.encode()
    path = written(tmp_path, (HEADER + lines(before)).encode() + bad + lines(5).encode())
    assert f":{before + 2} FT-P002: {said}" in refused(path)


def test_every_line_is_a_row_whatever_it_begins_with(tmp_path: Path) -> None:
    """A reader that guesses takes lines that begin with # for remarks, and quotes in one column for quoting."""
    rows = "".join(("#" if n % 7 == 0 else "") + row + "\n" for n, row in enumerate(lines(70).splitlines()))
    rows += "# a, yes, no, a\n" + "x,'yes',\"no\",'b'\n"
    asked = {
        **COLUMNS,
        "classes": ["no", "yes", " yes", "'yes'"],
        "map": {" no": " no", "g": {" a": " a", "'b'": "'b'"}},
    }
    seen = measure(written(tmp_path, HEADER + rows), **asked)
    assert cases(seen) == {"": 72, "a": 35, "b": 35, " a": 1, "'b'": 1}


def test_a_title_above_the_header_is_not_skipped_in_silence(tmp_path: Path) -> None:
    assert "FT-P003" in refused(written(tmp_path, "My results\n" + HEADER + lines(30)))


def test_names_of_files_are_no_patterns(tmp_path: Path) -> None:
    written(tmp_path, HEADER + lines(10), "t1.csv")
    assert cases(measure(written(tmp_path, HEADER + lines(40), "t[1].csv"), **COLUMNS))[""] == 40


def test_line_ends_marks_and_nameless_columns_are_read(tmp_path: Path) -> None:
    text = "\ufeff," + HEADER + "".join(f"{n},{row}\n" for n, row in enumerate(lines(40).splitlines()))
    assert cases(measure(written(tmp_path, text.replace("\n", "\r\n")), **COLUMNS)) == {"": 40, "a": 20, "b": 20}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "FT-P007: no rows"),
        (HEADER, "FT-P007: no rows"),
        ("y,new,g,g\nyes,no,a,b\n", "FT-P096: two columns are called `g`"),
        ("y,new,g,G\nyes,no,a,b\n", "FT-P096: columns `g` and `G` differ only by case"),
        ("y,new,caf\xe9\n".encode("latin1"), ":1 FT-P002: the line is not UTF-8"),
    ],
)
def test_headers_that_cannot_be_used_are_refused(text: str | bytes, said: str, tmp_path: Path) -> None:
    assert said in refused(written(tmp_path, text))


# --- values in memory --------------------------------------------------------------------------------------------------


def frame(**columns: Any) -> pd.DataFrame:
    rows = [line.split(",") for line in lines(60).splitlines()]
    return pd.DataFrame(rows, columns=["id", "y", "new", "g"]).assign(**columns)


def test_what_is_no_table_is_refused() -> None:
    assert "FT-P002: a value of type list is no table" in refused([1, 2])
    assert "FT-P002: cannot be read: Conversion failed for column g" in refused(frame(g=[3, "b"] * 30))
    twice = pd.concat([frame(), frame()[["g"]]], axis=1)
    assert "FT-P096: two columns are called `g`" in refused(twice)


# --- groups and items --------------------------------------------------------------------------------------------------


def test_a_name_that_looks_missing_is_a_group_and_is_warned_of() -> None:
    seen = measure(frame(g=["NA", "b"] * 30), **COLUMNS)
    assert cases(seen) == {"": 60, "NA": 30, "b": 30}
    assert [(w.code, w.severity) for w in seen.counted.warnings] == [("FT-G002", "warning")]
    assert seen.to_json()["table"]["warnings"] == [str(seen.counted.warnings[0])]
    assert "warnings" not in measure(frame(), **COLUMNS).to_json()["table"]


def test_missing_membership_and_the_word_unknown_are_one_group_told_whole() -> None:
    seen = measure(frame(g=["unknown", None, "b"] * 20), **COLUMNS)
    assert cases(seen)["unknown"] == 40
    assert seen.counted.notes["g unknown"] == 40


@pytest.mark.parametrize("empty", [None, "unknown"])
def test_a_column_without_a_single_group_is_refused(empty: str | None) -> None:
    assert "FT-P098" in refused(frame(g=empty), gates=["worst_group:by=g,metric=error_rate,at_most=0.9"])


def test_groups_that_cannot_be_told_apart_by_eye_are_refused() -> None:
    assert "FT-G005: group `aU+200B` in `g` holds the invisible character U+200B" in refused(
        frame(g=["a", "a\u200b"] * 30)
    )


def test_rows_without_a_name_are_refused_and_not_called_repeats() -> None:
    names: list[str | None] = [f"i{n}" for n in range(60)]
    for missing in (1, 3):
        text = refused(frame(id=[None] * missing + names[missing:]), item=["id"])
        assert f"FT-P097: {missing} rows have no name in `id`" in text
        assert "FT-P006" not in text


def test_one_group_leaves_nothing_to_compare() -> None:
    gates = ["gap:by=g,metric=error_rate,margin=0.2"]
    seen = measure(frame(g="a"), **COLUMNS, gates=gates)
    assert (seen.verdict.outcome, seen.exit_code) == ("not_applicable", 5)
    assert seen.verdict.gates[0].reason == "there are no two groups to compare"


@pytest.mark.parametrize(
    ("few", "metric"), [(1, "error_rate"), (0, "error_rate"), (40, "false_negative_rate"), (40, "precision")]
)
def test_a_group_of_nobody_one_row_or_one_class_is_never_passed(few: int, metric: str) -> None:
    """The others pass with room; of group `few` there is a row, none but in a counted table, or nobody of the class."""
    fine = [{"y": y, "new": y, "g": g, "c": 300} for y in ("yes", "no") for g in "ab"]
    odd = {"y": "no", "new": "no", "g": "few", "c": few}
    gate = f"worst_group:by=g,metric={metric},{'at_least=0.1' if metric == 'precision' else 'at_most=0.9'}"
    asked: dict[str, Any] = {**COLUMNS, "counts": "c", "positive": "yes", "gates": [gate]}

    assert measure(pd.DataFrame(fine), **asked).verdict.outcome == "pass"
    judged = measure(pd.DataFrame([*fine, odd]), **asked).verdict
    assert (judged.outcome, judged.exit_code) == ("inconclusive", 4)
    assert "few" in judged.gates[0].reason


# --- counts and weights ------------------------------------------------------------------------------------------------

NO_COUNTS = ["-1", "1.5", "nan", "inf", "-inf", "many", "", "1e300", "1000000000001"]
NO_WEIGHTS = ["-1", "nan", "inf", "heavy", "", "1e300", "1e-300"]


@pytest.mark.parametrize("kind", ["file", "memory"])
@pytest.mark.parametrize(
    ("what", "value"), [*(("counts", value) for value in NO_COUNTS), *(("weights", value) for value in NO_WEIGHTS)]
)
def test_what_is_no_count_and_no_weight_is_counted_and_refused(
    what: str, value: str, kind: str, tmp_path: Path
) -> None:
    table = frame(c=[value, *["2"] * 59])
    source: Any = table
    if kind == "file":
        source = tmp_path / "t.csv"
        table.to_csv(source, index=False)
    text = refused(source, **{what: "c"})
    assert f"1 {what} in `c` are missing" in text
    assert ("FT-P013" if what == "counts" else "FT-P014") in text


@pytest.mark.parametrize("what", ["counts", "weights"])
def test_a_group_that_nobody_counts_in_is_told_and_never_passes(what: str) -> None:
    table = frame(c=[0 if n % 2 else 3 for n in range(60)])  # everybody of group b
    seen = measure(table, **COLUMNS, **{what: "c"}, gates=["worst_group:by=g,metric=error_rate,at_most=0.9"])
    found = {f.group["g"]: f for f in seen.findings if f.stage == "after" and f.group.get("g") in ("a", "b")}
    assert found["b"].status == "undefined"
    assert found["b"].estimate is None
    assert seen.verdict.outcome == "inconclusive"


def test_rows_of_no_weight_count_for_nothing_and_are_told() -> None:
    weighed = measure(frame(c=[0, 1, 2] * 20), **COLUMNS, weights="c")
    kept = measure(frame(c=[0, 1, 2] * 20).query("c > 0"), **COLUMNS, weights="c")
    assert [f.to_json() for f in weighed.findings] == [f.to_json() for f in kept.findings]
    told = weighed.to_json()["table"]
    assert (told["n_in"], told["n_used"], told["n_excluded"]) == (60, 40, {"weight 0": 20})


@pytest.mark.parametrize("what", ["counts", "weights"])
def test_a_table_in_which_nothing_counts_is_refused(what: str) -> None:
    assert "FT-P007: every row has 0 in `c`" in refused(frame(c=0), **{what: "c"})


def test_scores_that_are_words_are_refused_in_a_file(tmp_path: Path) -> None:
    frame(s=["high", *["0.5"] * 59]).to_csv(tmp_path / "t.csv", index=False)
    text = refused(tmp_path / "t.csv", score="s", positive="yes", metrics=["auc"])
    assert "FT-P025: 1 scores in `s` are missing, not numbers, or outside 0 to 1" in text


# --- the command -------------------------------------------------------------------------------------------------------


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "fairtransfer", "measure", *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_prints_json_alone_and_nothing_that_commands_a_terminal(tmp_path: Path) -> None:
    odd = written(tmp_path, HEADER + lines(40) + "x,yes,\x1b[31mred,a\n")
    asked = [str(odd), "--label", "y", "--after", "new", "--groups", "g"]

    piped = command(*asked, "--json", "-", "--out", str(tmp_path / "out"))
    assert json.loads(piped.stdout)["table"]["outside"] == {"new": {"\x1b[31mred": 1}}
    assert "report:" in piped.stderr

    shown = command(*asked)
    assert "\x1b[31mred" not in shown.stdout
    assert re.search(r"most frequent of them in new: `\\x1b\[31mred` 1", shown.stdout)
