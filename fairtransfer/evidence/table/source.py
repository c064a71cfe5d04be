"""Tables of predictions from anywhere: files, folders, DataFrames, or any table of any ibis backend."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fairtransfer.errors import DefinitionError, Problem, shown
from fairtransfer.evidence.table.casts import guarded

if TYPE_CHECKING:
    import ibis

KINDS = ("csv", "tsv", "parquet")


def open_table(source: Any) -> tuple[ibis.Table, str]:
    """Return a table and the name it goes by in messages.

    Parameters
    ----------
    source
        A path to a CSV or Parquet file or to a folder of Parquet files, a pandas DataFrame, a pyarrow Table, or an ibis table,
        which stays in its own database. CSV is read as text: nothing is guessed, and ``NA`` is the text NA.

    Raises
    ------
    DefinitionError
        When there is no such file or it cannot be read (``FT-P001``, ``FT-P002``, ``FT-P096``).
    """
    import ibis

    if isinstance(source, ibis.Table):
        return (source if rows_in_memory(source) is not None else guarded(source)), "table"
    if isinstance(source, str | Path):
        return guarded(_file(Path(source))), shown(str(source))
    return ibis.memtable(source if isinstance(source, pa.Table) else _arrow(source)), "table"


def rows_in_memory(table: ibis.Table) -> int | None:
    """Return how many rows a table has where that is known without asking: those of this process's memory."""
    import ibis.expr.operations as ops

    made_of = table.op()
    held = made_of.data.obj if isinstance(made_of, ops.InMemoryTable) else None
    return held.num_rows if isinstance(held, pa.Table) else None


def _arrow(frame: Any) -> pa.Table:
    """Return a DataFrame as a pyarrow table: NaN and None become missing."""
    if not hasattr(frame, "columns"):
        what = f"a value of type {type(frame).__name__} is no table"
        allowed = "a path, a DataFrame, a pyarrow Table or an ibis table"
        raise DefinitionError([Problem("FT-P002", what, allowed, "", "table")])
    names = list(map(str, frame.columns))
    _refuse_same_names(names, "table")
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        found = f"cannot be read: {shown('; '.join(map(str, reversed(error.args))))}"
        raise DefinitionError([Problem("FT-P002", found, "columns of one type each", "", "table")]) from error


def _refuse_same_names(names: Sequence[str], where: str) -> None:
    """Refuse columns of the same name, and those a database would not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.casefold())
        seen[name.casefold()] = name
        if first is not None:
            twice = f"two columns are called `{shown(name)}`"
            found = twice if first == name else f"columns `{shown(first)}` and `{shown(name)}` differ only by case"
            raise DefinitionError([Problem("FT-P096", found, "", "rename one, or leave it out", where)])


def _file(path: Path) -> ibis.Table:
    import ibis

    if not path.exists():
        raise DefinitionError([Problem("FT-P001", "file not found", "", "check the path", str(path))])
    kind = "parquet" if path.is_dir() else path.suffix.lower().lstrip(".")
    if kind not in KINDS:
        found = f"unknown kind of file `{shown(path.suffix)}`"
        raise DefinitionError(
            [Problem("FT-P002", found, "a .csv, .tsv or .parquet file, or a folder of .parquet", "", str(path))]
        )
    connection = ibis.duckdb.connect()
    with reading(str(path)):
        if kind != "parquet":
            return _csv(connection, path, "\t" if kind == "tsv" else ",")
        return connection.read_parquet(f"{_literal(path)}/**/*.parquet" if path.is_dir() else _literal(path))


def _csv(connection: Any, path: Path, delimiter: str) -> ibis.Table:
    """Return a CSV file as text. Nothing is guessed: what a reader that guesses cannot fit in, it skips."""
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as stream:
        header = next(csv.reader(stream, delimiter=delimiter), [])
    if not header:
        raise DefinitionError([Problem("FT-P007", "no rows", "", "", str(path))])
    if any("\udc80" <= character <= "\udcff" for character in "".join(header)):  # a byte that is no character
        raise DefinitionError([Problem("FT-P002", "the line is not UTF-8", "", "save it as UTF-8", str(path), 1)])
    names = [name or f"column{number}" for number, name in enumerate(header)]
    _refuse_same_names(names, str(path))
    read: ibis.Table = connection.read_csv(
        _literal(path),
        columns=dict.fromkeys(names, "VARCHAR"),
        auto_detect=False,
        header=True,
        delim=delimiter,
        quote='"',
        escape='"',
        comment="",
        skip=0,
    )
    return read


def _literal(path: Path) -> str:
    """Return a path that a database takes for one file, whatever signs its name holds."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Tell what is wrong with a file as any other problem: some of it shows only while its rows are counted."""
    import duckdb

    try:
        yield
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise DefinitionError([_unreadable(str(error), name)]) from error


def _unreadable(said: str, name: str) -> Problem:
    """Return a database's words about a damaged file as a problem."""
    line = re.search(r"CSV Error on Line: (\d+)", said)
    if line is None:
        return Problem("FT-P002", f"cannot be read: {shown(said.strip())}", "", "", name)
    at = int(line[1])
    if fields := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said):
        found = f"the line has {fields[2]} fields, the header has {fields[1]}"
        return Problem("FT-P002", found, "", "quote values that hold commas; drop lines that are no rows", name, at)
    if "unicode" in said.lower():
        return Problem("FT-P002", "the line is not UTF-8", "", "save it as UTF-8", name, at)
    if "unterminated quote" in said.lower():
        return Problem("FT-P002", "a quote is opened on the line and never closed", "", "close it", name, at)
    return Problem("FT-P002", f"the line cannot be read: {shown(said.strip())}", "", "", name, at)
