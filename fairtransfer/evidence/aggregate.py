"""One GROUP BY: from a table of predictions of any size to joint counts. What is wrong with the table is found on the way.

The expression is ibis, so that whichever database holds the table does the counting; only counts leave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problems
from fairtransfer.evidence.scored_table import group_pairs, group_scores, number
from fairtransfer.evidence.table_checks import (
    Checker,
    Columns,
    check_columns,
    check_groups,
    check_items,
    check_numbers_as_classes,
)
from fairtransfer.spec.names import UNKNOWN_GROUP

if TYPE_CHECKING:
    import ibis

    from fairtransfer.evidence.number_rows import Source


@dataclass(frozen=True, slots=True)
class Counted:
    """Joint counts of a table.

    Attributes
    ----------
    cells
        ``g_<attribute>..., y, before, after, [unit], n``, and with weights their sum ``w`` and the sum of their squares ``ww``.
    notes
        What was counted on the way: membership that is not recorded, answers outside the labels.
    outside
        ``column -> answer -> rows`` of the most frequent answers outside the labels.
    scores
        ``after`` and, where there are two, ``before`` -> sums of scores per group, class and bin; ``change`` -> rows per pair
        of bins, where rankings are compared.
    numbers
        Where labels and answers are numbers: the errors of every group.
    """

    cells: pa.Table
    attributes: tuple[str, ...]
    multilabel: bool
    classes: tuple[str, ...]
    rows: int
    notes: dict[str, int]
    outside: dict[str, dict[str, int]]
    name: str
    scores: Mapping[str, pa.Table] = field(default_factory=dict)
    numbers: Source | None = None


def count_table(
    table: ibis.Table,
    name: str,
    columns: Columns,
    classes: Sequence[str] = (),
    positive: str | None = None,
    *,
    rankings: bool = False,
) -> Counted:
    """Return the joint counts of a table of predictions.

    Parameters
    ----------
    classes
        The labels there are; default: those that occur.
    positive
        The class that scores are the probability of.
    rankings
        Count also what the change of a ranking needs.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table (``FT-P003`` to ``FT-P015``, ``FT-P024`` to ``FT-P026``).
    """
    problems = Problems()
    check_columns(table, name, columns, problems)
    check_groups(table, name, columns, problems)
    if not classes:
        check_numbers_as_classes(table, name, columns, problems)
    problems.raise_if_any()
    cells = _grouped(table, columns)
    rows = int(np.sum(cells["n"].to_numpy())) if cells.num_rows else 0
    checker = Checker(name, columns, cells, problems)
    known = checker.classes(classes)
    notes = checker.notes(known)
    checker.weights()
    if columns.items:
        check_items(table, name, columns, problems)
    scores = {} if positive is None else _scored(table, name, columns, positive, problems, rankings=rankings)
    problems.raise_if_any()
    return Counted(
        _named_unknown(cells, columns),
        columns.groups,
        columns.multilabel,
        known,
        rows,
        notes,
        checker.outside,
        name,
        {side: _named_unknown(found, columns) for side, found in scores.items()},
    )


def as_text(column: Any) -> Any:
    """Return a column as text; whole numbers in floating columns are written without a point, NaN is missing."""
    import ibis

    if column.type().is_floating():
        whole = column == column.floor()
        return ibis.cases(
            (column.isnan(), ibis.null("string")),
            (whole, column.cast("int64").cast("string")),
            else_=column.cast("string"),
        )
    return column.cast("string")


def _grouped(table: ibis.Table, columns: Columns) -> pa.Table:
    """Return the GROUP BY, sorted."""
    keys = {f"g_{group}": as_text(table[group]) for group in columns.groups}
    keys |= {"y": as_text(table[columns.label])}
    keys |= {"before": as_text(table[columns.before or columns.after]), "after": as_text(table[columns.after])}
    if columns.unit:
        keys |= {"unit": as_text(table[columns.unit])}
    values = {}
    if columns.counts:
        values["c"] = table[columns.counts].cast("float64")
    if columns.weights:
        values["v"] = table[columns.weights].cast("float64")
    plain = table.select(**keys, **values)
    sums = {"n": plain.count()}
    if columns.counts:
        sums = {
            "n": plain.c.sum().cast("int64"),
            "odd": (plain.c.isnull() | (plain.c < 0) | (plain.c != plain.c.floor())).sum(),
        }
    if columns.weights:
        odd = plain.v.isnull() | plain.v.isnan() | plain.v.isinf() | (plain.v < 0)
        sums |= {"w": plain.v.sum(), "ww": (plain.v * plain.v).sum(), "odd": odd.sum()}
    counted = plain.group_by(list(keys)).aggregate(**sums).to_pyarrow()
    return counted.sort_by([(key, "ascending") for key in keys])


def _scored(
    table: ibis.Table, name: str, columns: Columns, positive: str, problems: Problems, *, rankings: bool
) -> dict[str, pa.Table]:
    """Return the sums of every model's scores."""
    import ibis

    if columns.score is None:
        return {}
    keys = {f"g_{group}": as_text(table[group]) for group in columns.groups}
    if columns.unit:
        keys |= {"unit": as_text(table[columns.unit])}
    values = {"p": number(table[columns.score])}
    if columns.score_before:
        values["q"] = number(table[columns.score_before])
    values["c"] = table[columns.counts].cast("float64") if columns.counts else ibis.literal(1.0)
    truth = as_text(table[columns.label])
    values["positive"] = truth.notnull() & (truth == positive)
    plain = table.select(**keys, **values)
    other = "q" if columns.score_before else None
    found = {"after": group_scores(plain, list(keys), "p", other, columns.score, problems, name)}
    if columns.score_before:
        found["before"] = group_scores(plain, list(keys), "q", None, columns.score_before, problems, name)
        if rankings and not problems.errors:  # what is no probability has no bin
            found["change"] = group_pairs(plain, list(keys), "p", "q")
    return found


def _named_unknown(cells: pa.Table, columns: Columns) -> pa.Table:
    """Return the cells with missing membership as a group of its own."""
    import pyarrow.compute as pc

    for group in columns.groups:
        number = cells.column_names.index(f"g_{group}")
        cells = cells.set_column(number, f"g_{group}", pc.fill_null(cells[f"g_{group}"], UNKNOWN_GROUP))
    return cells
