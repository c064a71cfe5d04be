"""Columns of other kinds than text and numbers: ranges are written out, lists of classes joined, whatever else is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, shown
from fairtransfer.evidence.table.casts import as_text
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.views import JOIN

if TYPE_CHECKING:
    import ibis

ENDS = ("left", "right")
"""Parts of a range, as pandas stores what it cut."""


def plain_columns(table: ibis.Table, columns: Columns, separator: str = JOIN) -> ibis.Table:
    """Return the table with ranges as text, and with the classes of a row joined by one sign, each once."""
    changed = {}
    for name in columns.named():
        if name in table.columns and _is_range(table[name].type()):
            changed[name] = _range_text(table[name])
    if columns.multilabel:
        for name in filter(None, (columns.label, columns.after, columns.before)):
            if name in table.columns:
                changed[name] = _joined(table[name], separator)
    return table.mutate(**changed) if changed else table


def type_problems(table: ibis.Table, name: str, columns: Columns) -> Iterator[Problem]:
    """Yield columns that hold lists, structures or bytes where a word or a number is asked for."""
    for column, what in columns.named().items():
        kind = table[column].type() if column in table.columns else None
        if kind is None or _is_range(kind) or not (kind.is_nested() or kind.is_binary()):
            continue
        several = kind.is_array() and what in ("label", "before", "after")
        if several and columns.multilabel:
            continue
        found = f"{what} column `{shown(column)}` holds {_kind(kind)}, not one word or number a row"
        yield Problem("FT-P108", found, "", "say --multilabel" if several else "write plain values", name)


def _kind(kind: Any) -> str:
    return "lists" if kind.is_array() else "bytes" if kind.is_binary() else "structures"


def _is_range(kind: Any) -> bool:
    return bool(kind.is_struct() and tuple(kind.names) == ENDS)


def _range_text(column: Any) -> Any:
    """Return a range as pandas writes the usual one, whose upper end belongs to it."""
    import ibis

    low, high = (as_text(column[end]) for end in ENDS)
    return ibis.ifelse(column.isnull(), ibis.null("string"), "(" + low + ", " + high + "]")


def _joined(column: Any, separator: str) -> Any:
    """Return the classes of a row as one text: lists are joined, and another separator than ours takes its place."""
    import ibis

    kind = column.type()
    if kind.is_array():
        texts = column if kind.value_type.is_string() else column.cast("array<string>")
        return ibis.ifelse(column.length() == 0, "", texts.join(JOIN))  # older databases join nothing to nothing at all
    if not kind.is_string():
        return column
    text = column.fill_null("")  # a file of text cannot tell nothing from no class
    return text.replace(separator, JOIN) if separator != JOIN else text
