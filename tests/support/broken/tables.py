"""Tables of predictions, broken: odd values, odd columns, odd bytes, in every kind of file that is read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from support.broken.outcome import Case

Row = dict[str, Any]

ODD_TEXT = (
    "", " ", "nan", "NaN", "NA", "null", "None", "inf", "-Infinity", "1e999", "-0", "1.0", "01", "TRUE", "yes ", "Yes", "１",  # noqa: RUF001  # as it is meant
    "e\u0301", "é", "x" * 5000, "🙂", "|", "a|b", "a|", ",", ";", "\t", "a\nb", '"', "'", "\\", "=1+1", "<script>", "{{7*7}}",
    "\u202eabc", "\u200b", "\x1b[31m", "12345678901234567890", "1234567890123456789012", "../x", "*", "everyone", "unknown",
    "\x00",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63 - 1, 10**20, 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), [],
    ["a"], {"a": 1}, b"\xff",
)  # fmt: skip
COLUMNS = ("id", "y", "old", "new", "g", "h", "u", "w", "c", "s", "t", "pa", "pb", "pc")
ODD_NAMES = (
    "",
    " ",
    "Y",
    "y ",
    "n",
    "unit",
    "g_g",
    "before",
    "after",
    "odd",
    "é" * 40,
    "a b",
    "a,b",
    "a*b",
    '"q"',
    "-x",
    "rowid",
)


def scores_of(rng: Random) -> Row:
    """Return the probabilities of the classes a, b and c."""
    raw = {f"p{of}": rng.random() + 0.01 for of in "abc"}
    return {name: value / sum(raw.values()) for name, value in raw.items()}


def row_of(rng: Random, number: int) -> Row:
    """Return one sound row."""
    truth = rng.choice("abc")
    return {
        "id": f"r{number}",
        "y": truth,
        "old": rng.choice("abc"),
        "new": truth if rng.random() < 0.8 else rng.choice("abc"),
        "g": rng.choice(["north", "south"]),
        "h": rng.choice(["young", "old", "unknown"]),
        "u": f"p{number // 2}",
        "w": rng.choice([0.5, 1.0, 2.0]),
        "c": rng.randrange(4),
        "s": rng.random(),
        "t": rng.randrange(100) / 7,
        **scores_of(rng),
    }


def odd(rng: Random, *, text: bool) -> Any:
    """Return a value that nobody expects."""
    return rng.choice(ODD_TEXT) if text or rng.random() < 0.6 else rng.choice(ODD_VALUES)


def _cell(rng: Random, rows: list[Row]) -> str:
    column = rng.choice(COLUMNS)
    value = odd(rng, text=False)
    for row in rng.sample(rows, min(len(rows), rng.choice([1, 3, len(rows)]))):
        row[column] = value
    return f"{value!r:.30} in {column}"


def _column_gone(rng: Random, rows: list[Row]) -> str:
    column = rng.choice(COLUMNS)
    for row in rows:
        row.pop(column, None)
    return f"no {column}"


def _column_named(rng: Random, rows: list[Row]) -> str:
    column, name = rng.choice(COLUMNS), rng.choice(ODD_NAMES)
    for row in rows:
        if column in row:
            row[name] = row.pop(column)
    return f"{column} is called {name!r:.20}"


def _twice(rng: Random, rows: list[Row]) -> str:
    rows += [dict(row) for row in rows[: rng.randrange(1, 4)]]
    return "rows twice"


def _every_value_its_own(rng: Random, rows: list[Row]) -> str:
    column = rng.choice(COLUMNS)
    for number, row in enumerate(rows):
        row[column] = f"v{number}" if rng.random() < 0.5 else number
    return f"{column} all different"


BREAKS: tuple[Callable[[Random, list[Row]], str], ...] = (
    _cell, _cell, _cell, _column_gone, _column_named, _twice, _every_value_its_own,
)  # fmt: skip


def _as_csv(rows: list[Row], separator: str = ",") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[row.get(name) for name in names] for row in rows])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _as_json_lines(rows: list[Row]) -> bytes:
    return "\n".join(json.dumps(row, default=repr) for row in rows).encode()


def _as_arrow(rows: list[Row]) -> Any:
    import pyarrow as pa

    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            columns[name] = pa.array([None if value is None else str(value) for value in values])
    return pa.table(columns)


def _as_parquet(rows: list[Row]) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(_as_arrow(rows), buffer)
    return buffer.getvalue()


def _as_feather(rows: list[Row]) -> bytes:
    import pyarrow.feather as feather

    buffer = io.BytesIO()
    feather.write_feather(_as_arrow(rows), buffer, compression="uncompressed")
    return buffer.getvalue()


FORMATS: Mapping[str, Callable[[list[Row]], bytes]] = {
    "t.csv": _as_csv,
    "t.tsv": lambda rows: _as_csv(rows, "\t"),
    "semicolons.csv": lambda rows: _as_csv(rows, ";"),
    "t.csv.gz": lambda rows: gzip.compress(_as_csv(rows), mtime=0),
    "t.jsonl": _as_json_lines,
    "t.parquet": _as_parquet,
    "t.feather": _as_feather,
    "t.arrow": _as_feather,
    "marked.csv": lambda rows: b"sep=;\n" + _as_csv(rows, ";"),
    "t.xlsx": _as_csv,
    "t": _as_csv,
}


def damaged(rng: Random, content: bytes) -> tuple[bytes, str]:
    """Return bytes with something wrong, and what."""
    kind = rng.choice(["cut", "flip", "empty", "utf-16", "latin-1", "mark", "zeros", "twice"])
    place = rng.randrange(max(len(content), 1))
    if kind == "cut":
        return content[:place], f"cut at {place}"
    if kind == "flip":
        return content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :], f"byte {place}"
    if kind in ("utf-16", "latin-1"):
        return content.decode("utf-8", "replace").encode(kind, "replace"), kind
    others = {
        "empty": b"",
        "mark": b"\xef\xbb\xbf" + content,
        "zeros": b"\0" * 64 + content,
        "twice": content + content,
    }
    return others[kind], kind


OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--item", "id"), ("--unit", "u"), ("--weights", "w"), ("--counts", "c"), ("--before", "old"), ("--intersections", "g*h"),
    ("--score", "s", "--positive", "a", "--metrics", "error_rate,auc,brier_score"), ("--multilabel",), ("--classes", "a,b,c"),
    ("--metrics", "error_rate,recall:per_class,macro_f1,precision:per_class"), ("--alpha", "0.01"), ("--bins", "t=0,5,10"),
    ("--gate", "worst_group:by=g,metric=error_rate,at_most=0.9"), ("--map", "A=a"), ("--suppress-below", "0"),
    ("--value", "t", "--metrics", "mean:t:higher"), ("--gate", "gap:by=g,metric=error_rate,margin=0.2"),
    ("--multilabel-separator", ";"), ("--gate", "no_harm:by=g*h,metric=macro_f1,margin=0.1"), ("--min-group", "30"),
    ("--scores", "a=pa,b=pb,c=pc", "--metrics", "brier_score,log_loss,auc:per_class"), ("--scores", "a=pa,b=pb"),
    ("--scores", "a=pa,b=pb,c=pc", "--positive", "b", "--metrics", "auc,calibration_slope,log_loss"), ("--order", "g=south"),
    ("--scores", "a=pa,b=pb,c=pc", "--before", "old", "--scores-before", "a=pc,b=pb,c=pa", "--metrics", "calibration_bias"),
    ("--scores", "a=pa,b=pb,c=pc", "--gate", "worst_group:by=g,metric=brier_score,at_most=1.9"), ("--title", "{{7*7}}"),
)  # fmt: skip
NUMBERS = ("--label", "t", "--after", "s", "--groups", "g", "--target", "number")
THRESHOLD = (
    "--label",
    "y",
    "--score",
    "s",
    "--positive",
    "a",
    "--threshold",
    "0.5",
    "--classes",
    "a,b",
    "--groups",
    "g",
)
CLASSES = ("--label", "y", "--after", "new", "--groups", "g,h")


def _written(rng: Random, folder: Path, name: str, rows: list[Row], told: list[str]) -> Path:
    content = FORMATS[name](rows)
    if rng.random() < 0.2:
        content, how = damaged(rng, content)
        told.append(how)
    (folder / name).write_bytes(content)
    return folder / name


def _apart(rng: Random, folder: Path, rows: list[Row], told: list[str]) -> list[str]:
    """Write labels or answers into a file of their own, in another order and not quite complete."""
    side, column = rng.choice([("labels", "y"), ("after", "new"), ("before", "old")])
    own = [{"id": row.get("id"), column: row.pop(column, None)} for row in rows]
    rng.shuffle(own)
    if rng.random() < 0.4:
        own = [*own[1:], *own[: rng.randrange(2)]]
    place = folder / "own"
    place.mkdir()
    told.append(f"{side} apart")
    more = ["--before", "old"] if side == "before" else []
    return ["--item", "id", f"--{side}-file", str(_written(rng, place, rng.choice(list(FORMATS)), own, told)), *more]


def table_case(rng: Random, folder: Path) -> Case:
    """Write a broken table, and return how it is measured."""
    rows = [row_of(rng, number) for number in range(rng.choice([0, 1, 2, 12, 60, 60]))]
    told = [rng.choice(BREAKS)(rng, rows) for _ in range(rng.choice([0, 0, 1, 1, 2, 3])) if rows]
    name = rng.choice(list(FORMATS))
    arguments = _apart(rng, folder, rows, told) if rng.random() < 0.2 else []
    path = _written(rng, folder, name, rows, told)
    chosen = rng.sample(OPTIONS, rng.randrange(4))
    asked = NUMBERS if rng.random() < 0.15 else THRESHOLD if rng.random() < 0.1 else CLASSES
    arguments = ["measure", str(path), *asked, *arguments, *(part for option in chosen for part in option)]
    return Case(tuple(arguments), folder, f"{name}, {len(rows)} rows: {'; '.join(told)}; {chosen}")
