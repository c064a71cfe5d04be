"""Every column of a table is read as text or as a number here and nowhere else: no value ends a query, none becomes another.

What makes this less plain than it looks: casting a number to a whole one ends the query where the number is infinite, no number,
or of twenty digits; and DuckDB believes the smallest and largest value that a Parquet file says its columns have, which leave
out NaN, so that asked for NaN it may say there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis

WHOLE_BELOW = 2.0**53
"""From here on a floating number no longer tells all whole numbers apart."""

MOST_HELD = 20_000_000
"""Values of a table that is held in memory."""

LARGEST = 1e50
"""No number is larger: the cube of a squared error, the highest power that is summed, stays finite."""


def guarded(table: ibis.Table) -> ibis.Table:
    """Return a table whose floating columns hold no NaN: it is missing. Only DuckDB needs it, of whatever it reads from files.

    `isfinite` is the one question about NaN that neither of its versions answers from what a file says about itself; a column
    behind a condition is no longer answered so either.
    """
    floating = [name for name in table.columns if table[name].type().is_floating()]
    if not floating or _backend(table) != "duckdb":
        return table
    return table.mutate(**{name: _without_nan(table[name]) for name in floating})


def _without_nan(column: Any) -> Any:
    import ibis

    @ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # of ibis
    def isfinite(value: float) -> bool:  # type: ignore[empty-body]  # a function of DuckDB's that ibis has no word for
        ...

    infinite = column.cast("string").nullif("nan").try_cast(column.type())
    return ibis.ifelse(isfinite(column), column, infinite)


def held(table: ibis.Table) -> ibis.Table:
    """Return a table that is asked many times; of what DuckDB reads, as far as memory goes, text is read once."""
    import ibis

    few = _backend(table) == "duckdb" and int(table.count().to_pyarrow().as_py()) * len(table.columns) <= MOST_HELD
    return ibis.memtable(table.to_pyarrow()) if few else table


def _backend(table: ibis.Table) -> str:
    backends, _ = table._find_backends()
    return str(backends[0].name) if len(backends) == 1 else ""


def number(column: Any) -> Any:
    """Return a column as finite numbers; what is none, or beyond `LARGEST`, is missing.

    Text is stripped first: DuckDB reads a column of CSV that is only cast as numbers at once, and then ends at text that is none.
    """
    import ibis

    kind = column.type()
    value = column.strip().try_cast("float64") if kind.is_string() else column.cast("float64")
    if kind.is_integer() or kind.is_boolean():
        return value
    usable = ~value.isnan() & (value >= -LARGEST) & (value <= LARGEST)
    return ibis.ifelse(usable, value, ibis.null("float64"))


def is_whole(value: Any) -> Any:
    """Tell whether numbers are whole, as all of twenty digits are; asked of any number, infinite or none."""
    told_apart = _told_apart(value, 0.0)
    return told_apart == told_apart.floor()


def _told_apart(value: Any, instead: float) -> Any:
    import ibis

    return ibis.ifelse(value.abs() < WHOLE_BELOW, value, instead)


def as_text(column: Any) -> Any:
    """Return a column as text; whole numbers in floating columns are written without a point, NaN is missing."""
    import ibis

    if not column.type().is_floating():
        return column.cast("string")
    whole = (column.abs() < WHOLE_BELOW) & is_whole(column)
    written = _told_apart(column, 0.0).cast("int64").cast("string")
    return ibis.cases((column.isnan(), ibis.null("string")), (whole, written), else_=column.cast("string"))
