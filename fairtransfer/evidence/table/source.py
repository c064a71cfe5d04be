"""Tables of predictions from anywhere: files, folders, DataFrames, or any table of any ibis backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fairtransfer.errors import DefinitionError, Problem, Problems, shown
from fairtransfer.evidence.table.casts import guarded
from fairtransfer.evidence.table.files import open_file, refuse_same_names

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class NamedRows:
    """Some rows of a table that was opened.

    Attributes
    ----------
    name
        What the table is called.
    rows
        What these rows of it are called.
    warnings
        What was noticed when it was opened.
    """

    table: ibis.Table
    name: str
    rows: str
    warnings: tuple[Problem, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.table.columns)


def open_table(source: Any, notes: Problems | None = None) -> tuple[ibis.Table, str]:
    """Return a table and the name it goes by in messages.

    Parameters
    ----------
    source
        A path to a file or folder (`fairtransfer.evidence.table.files`), a pandas DataFrame, a pyarrow Table, or an ibis table,
        which stays in its own database. Text is read as text: nothing is guessed, and ``NA`` is the text NA.
    notes
        Takes what was recognised and not asked for.

    Raises
    ------
    DefinitionError
        When there is no such file or it cannot be read (``FT-P001``, ``FT-P002``, ``FT-P096``).
    """
    import ibis

    if isinstance(source, NamedRows):
        if notes is not None:
            notes.extend(source.warnings)
        return source.table, source.name
    if isinstance(source, ibis.Table):
        return (source if rows_in_memory(source) is not None else guarded(source)), "table"
    if isinstance(source, str | Path):
        found = open_file(Path(source), Problems() if notes is None else notes)
        return (found if rows_in_memory(found) is not None else guarded(found)), shown(str(source))
    return ibis.memtable(source if isinstance(source, pa.Table) else _arrow(source)), "table"


def rows_in_memory(table: ibis.Table) -> int | None:
    """Return how many rows a table has where that is known without asking: those of this process's memory."""
    import ibis.expr.operations as ops

    made_of = table.op()
    held = made_of.data.obj if isinstance(made_of, ops.InMemoryTable) else None
    return held.num_rows if isinstance(held, pa.Table) else None


def _arrow(frame: Any) -> pa.Table:
    """Return a DataFrame as a pyarrow table: NaN and None become missing, intervals and periods their text."""
    if not hasattr(frame, "columns"):
        what = f"a value of type {type(frame).__name__} is no table"
        allowed = "a path, a DataFrame, a pyarrow Table or an ibis table"
        raise DefinitionError([Problem("FT-P002", what, allowed, "", "table")])
    names = list(map(str, frame.columns))
    refuse_same_names(names, "table")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        found = f"cannot be read: {shown('; '.join(map(str, reversed(error.args))))}"
        raise DefinitionError([Problem("FT-P002", found, "columns of one type each", "", "table")]) from error
    for place, name in enumerate(table.column_names):
        if _is_extension(table.schema.field(name).type):
            column = frame.iloc[:, place]
            texts = [None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]
            table = table.set_column(place, name, pa.array(texts, pa.string()))
    return table


def _is_extension(kind: pa.DataType) -> bool:
    held = kind.value_type if pa.types.is_dictionary(kind) else kind
    return isinstance(held, pa.BaseExtensionType)
