"""Which items of a table changed their answer: a few of each group by name, asked of the table's own database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairtransfer.evidence.table.casts import as_text
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.count import Counted, usable_counts
from fairtransfer.evidence.views import JOIN
from fairtransfer.spec.names import UNKNOWN_GROUP

if TYPE_CHECKING:
    import ibis

_PART = "\x1f"

Cell = tuple[str, str, str]  # label, answer before, answer after
Example = str | dict[str, str | None]


def direction(cell: Cell, *, multilabel: bool) -> str | None:
    """Return ``wrong`` or ``right`` for what the answer became, None where it stayed what it was."""
    label, before, after = (frozenset(part.split(JOIN)) if multilabel else part for part in cell)
    if (before == label) == (after == label):
        return None
    return "right" if after == label else "wrong"


def changed_items(
    table: ibis.Table, columns: Columns, counted: Counted, view: tuple[str, ...], most: int
) -> dict[tuple[tuple[str, ...], str], list[Example]]:
    """Return ``(group, direction) -> items``: the first of each group of a view, by their ids as text."""
    import ibis

    names = [f"i{number}" for number in range(len(columns.items))]
    ids = {name: as_text(table[column]) for name, column in zip(names, columns.items, strict=True)}
    keys = {f"g_{group}": as_text(table[group]).fill_null(UNKNOWN_GROUP) for group in view}
    sides = [as_text(table[name]) for name in (columns.label, columns.before, columns.after)]
    found = table.select(**ids, **keys, cell=sides[0] + _PART + sides[1] + _PART + sides[2], n_=_rows(table, columns))
    cells = _cells(counted)
    changed = found.filter(found.n_ > 0, found.cell.isin([*cells["wrong"], *cells["right"]]))
    changed = changed.mutate(to=ibis.ifelse(changed.cell.isin(cells["wrong"]), "wrong", "right"))
    place = ibis.row_number().over(group_by=["to", *keys], order_by=names)
    listed = changed.mutate(place=place).filter(lambda t: t.place < most).order_by(["place"]).to_pyarrow().to_pylist()
    examples: dict[tuple[tuple[str, ...], str], list[Example]] = defaultdict(list)
    for row in listed:
        examples[tuple(row[key] for key in keys), row["to"]].append(
            _named([row[name] for name in names], columns.items)
        )
    return dict(examples)


def _rows(table: ibis.Table, columns: Columns) -> Any:
    """Return how many rows each row stands for."""
    import ibis

    return usable_counts(table[columns.counts]).fill_null(0.0) if columns.counts else ibis.literal(1.0)


def _named(values: Sequence[str | None], columns: Sequence[str]) -> Example:
    if len(columns) == 1:
        return str(values[0])
    return dict(zip(columns, values, strict=True))


def _cells(counted: Counted) -> dict[str, list[str]]:
    """Return the combinations of label and answers that became wrong, and that became right."""
    found: dict[str, list[str]] = {"wrong": [], "right": []}
    sides = (counted.cells[name].to_pylist() for name in ("y", "before", "after"))
    for cell in sorted(set(zip(*sides, strict=True))):
        if to := direction(cell, multilabel=counted.multilabel):
            found[to].append(_PART.join(cell))
    return found
