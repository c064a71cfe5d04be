"""Tables of predictions from anywhere: files, folders, DataFrames, or any table of any ibis backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fairtransfer.errors import DefinitionError, Problem, shown

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
        When there is no such file or it cannot be read (``FT-P001``, ``FT-P002``).
    """
    import ibis

    if isinstance(source, ibis.Table):
        return source, "table"
    if isinstance(source, str | Path):
        return _file(Path(source)), shown(str(source))
    return ibis.memtable(source if isinstance(source, pa.Table) else _arrow(source)), "table"


def rows_in_memory(table: ibis.Table) -> int | None:
    """Return how many rows a table has where that is known without asking: those of this process's memory."""
    import ibis.expr.operations as ops

    made_of = table.op()
    held = made_of.data.obj if isinstance(made_of, ops.InMemoryTable) else None
    return held.num_rows if isinstance(held, pa.Table) else None


def _arrow(frame: Any) -> pa.Table:
    """Return a DataFrame as a pyarrow table: NaN and None become missing."""
    return pa.Table.from_pandas(frame, preserve_index=False)


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
    try:
        if kind == "parquet":
            return connection.read_parquet(str(path / "**" / "*.parquet") if path.is_dir() else str(path))
        return connection.read_csv(str(path), all_varchar=True, header=True, delim="\t" if kind == "tsv" else ",")
    except Exception as error:
        # Which exceptions a database raises for a damaged file is its own affair; only its words are kept.
        raise DefinitionError(
            [Problem("FT-P002", f"cannot be read: {shown(str(error).strip())}", "", "", str(path))]
        ) from error
