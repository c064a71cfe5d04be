"""One GROUP BY: from a table of predictions of any size to joint counts. What is wrong with the table is found on the way.

The expression is ibis, so that whichever database holds the table does the counting; only counts leave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems
from fairtransfer.evidence.column_codes import sorted_by
from fairtransfer.evidence.table.casts import as_text, is_whole, number
from fairtransfer.evidence.table.checks import (
    LEAST_WEIGHT,
    MOST,
    NO_WEIGHT,
    Checker,
    check_columns,
    check_groups,
    counted_at_once,
)
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.row_checks import check_items, check_numbers_as_classes
from fairtransfer.evidence.table.scored_table import Asked, ScoredTable
from fairtransfer.evidence.table.told_by_group import ByGroup
from fairtransfer.evidence.table.values import CountedValues, count_values
from fairtransfer.spec.names import UNKNOWN_GROUP

if TYPE_CHECKING:
    import ibis

    from fairtransfer.evidence.number_rows import Source
    from fairtransfer.evidence.table.powers import CentredSums


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
        Class, or empty text for all of them at once -> ``sums`` -> what losses add up to per group and class; ``after`` and,
        where there are two models, ``before`` -> how many scores each bin holds; ``change`` -> rows per pair of bins, where
        rankings are compared.
    values
        Where rows have numbers of their own: what these add up to.
    numbers
        Where labels and answers are numbers: the errors of every group.
    weighed
        The same where rows weigh unevenly, or stand for several.
    of_groups
        Note -> how many rows of each group it is of.
    idle
        Rows whose weight is 0. They say nothing and are not among `rows`.
    worth
        How many rows of equal weight they are worth, where they weigh unevenly.
    warnings
        What may be a mistake and was taken as it stands.
    """

    cells: pa.Table
    attributes: tuple[str, ...]
    multilabel: bool
    classes: tuple[str, ...]
    rows: int
    notes: dict[str, int]
    outside: dict[str, dict[str, int]]
    name: str
    scores: Mapping[str, Mapping[str, pa.Table]] = field(default_factory=dict)
    values: CountedValues | None = None
    numbers: Source | None = None
    weighed: CentredSums | None = None
    idle: int = 0
    worth: float | None = None
    of_groups: Mapping[str, ByGroup] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def excluded(self) -> dict[str, int]:
        """Rows that were read and do not count, by reason."""
        return {NO_WEIGHT: self.idle} if self.idle else {}


def count_table(
    table: ibis.Table,
    name: str,
    columns: Columns,
    classes: Sequence[str] = (),
    positive: str | None = None,
    asked: Asked = lambda _: (),
) -> Counted:
    """Return the joint counts of a table of predictions.

    Parameters
    ----------
    classes
        The labels there are; default: those that occur.
    positive
        The class that scores are the probability of.
    asked
        From the classes to the questions about scores: what is made of scores is counted for these only.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table (``FT-P003`` to ``FT-P015``, ``FT-P024`` to ``FT-P026``, ``FT-P097``,
        ``FT-P098``).
    """
    problems = Problems()
    cells, checker = _cells(table, name, columns, problems, named=bool(classes))
    known = checker.classes(classes) if columns.label else checker.unlabelled()
    notes = checker.notes(known)
    checker.weights()
    if columns.items:
        check_items(table, name, columns, problems)
    scores: dict[str, dict[str, pa.Table]] = {}
    if columns.scored and known:
        rows = ScoredTable(table, name, columns, known, _keys(table, columns), counting(table, columns))
        scores, told = rows.counted(positive, asked(known), problems)
        notes |= told
    values = None
    if columns.value:
        values = count_values(table, name, columns, _keys(table, columns), counting(table, columns), problems)
    problems.raise_if_any()
    return Counted(
        _named_unknown(cells, columns),
        columns.groups,
        columns.multilabel,
        known,
        total_of(cells, "n"),
        notes,
        checker.outside,
        name,
        {of: {side: _named_unknown(t, columns) for side, t in tables.items()} for of, tables in scores.items()},
        values=None if values is None else replace(values, sums=_named_sums(values.sums, columns)),
        idle=total_of(cells, "idle"),
        worth=worth_of(cells),
        of_groups=checker.of_groups,
        warnings=problems.warnings,
    )


def _cells(
    table: ibis.Table, name: str, columns: Columns, problems: Problems, *, named: bool
) -> tuple[pa.Table, Checker]:
    """Return the counted cells, and what looks at them; nothing is counted that cannot hold groups and classes.

    Numbers that are no classes are looked for before a large table is counted, and after a small one; never where the classes
    are `named`.
    """
    check_columns(table, name, columns, problems)
    check_groups(table, name, columns, problems)
    early, named = not counted_at_once(table), named or not columns.label
    if not named and early:
        check_numbers_as_classes(table, name, columns, problems)
    problems.raise_if_any()
    cells = _grouped(table, columns)
    checker = Checker(name, columns, cells, problems)
    checker.groups()
    if not named and not early and checker.may_be_numbers():
        check_numbers_as_classes(table, name, columns, problems)
    problems.raise_if_any()
    return cells, checker


def total_of(cells: pa.Table, name: str) -> int:
    """Return the sum of a column of counted cells; 0 where there is none."""
    return int(np.sum(cells[name].to_numpy())) if cells.num_rows and name in cells.column_names else 0


def worth_of(cells: pa.Table) -> float | None:
    """Return how many rows of equal weight all rows are worth (Kish 1965): ``(Σw)² / Σw²``; None where all count alike."""
    if not {"w", "ww"} <= set(cells.column_names):
        return None
    weight, squares = (float(np.sum(cells[name].to_numpy())) for name in ("w", "ww"))
    return weight**2 / squares if squares else 0.0


def grouped_as_text(table: ibis.Table, keys: dict[str, Any], sums: dict[str, Any]) -> ibis.Table:
    """Return sums by groups whose keys are text.

    Groups are made of the values as they are, and only the groups' are written: text for every row is what takes the time.
    Floating columns alone are written first, as several of their values may be one text.
    """
    plain = {name: as_text(column) if column.type().is_floating() else column for name, column in keys.items()}
    counted = table.group_by(**plain).aggregate(**sums)
    return counted.select(**{name: as_text(counted[name]) for name in keys}, **{name: counted[name] for name in sums})


def _grouped(table: ibis.Table, columns: Columns) -> pa.Table:
    """Return the GROUP BY, sorted; the model before is the model after where there is one only.

    Without labels and answers, where values alone are measured, these are the empty text.
    """
    import ibis

    keys = {f"g_{group}": table[group] for group in columns.groups}
    if not columns.label:
        keys |= {"y": ibis.literal(""), "after": ibis.literal("")}
    else:
        keys |= {"y": table[columns.label], "after": table[columns.after]}
    if columns.before:
        keys["before"] = table[columns.before]
    if columns.unit:
        keys["unit"] = table[columns.unit]
    found = grouped_as_text(table, keys, counting_sums(table, columns)).to_pyarrow()
    if not columns.before:
        found = found.append_column("before", found["after"])
    order = [*(f"g_{group}" for group in columns.groups), "y", "before", "after", *(["unit"] if columns.unit else [])]
    found = found.select([*order, *(name for name in found.column_names if name not in order)])
    return sorted_by(found, order)


def counting_sums(table: ibis.Table, columns: Columns) -> dict[str, Any]:
    """Return what is counted in every cell."""
    import ibis

    if columns.counts:
        c = usable_counts(table[columns.counts])
        return {"n": c.fill_null(0.0).sum().cast("int64"), "odd": c.isnull().sum()}
    if columns.weights:
        v = _within(number(table[columns.weights]), LEAST_WEIGHT, MOST)
        weighing = ibis.ifelse(v > 0, 1, 0).sum()
        return {"n": weighing, "w": v.sum(), "ww": (v * v).sum(), "idle": (v == 0).sum(), "odd": v.isnull().sum()}
    return {"n": table.count()}


def usable_counts(column: Any) -> Any:
    """Return a column of counts as numbers, without what is none: missing, not whole, negative or beyond all counting."""
    import ibis

    within = _within(number(column), 1, MOST)
    return ibis.ifelse(is_whole(within), within, ibis.null("float64"))


def _within(column: Any, least: float, most: float) -> Any:
    """Return a column without what is neither nought nor between two limits."""
    import ibis

    usable = column.notnull() & ((column == 0) | ((column >= least) & (column <= most)))
    return ibis.ifelse(usable, column, ibis.null("float64"))


def _keys(table: ibis.Table, columns: Columns) -> dict[str, Any]:
    """Return group names and unit as text."""
    keys = {f"g_{group}": as_text(table[group]) for group in columns.groups}
    return keys | ({"unit": as_text(table[columns.unit])} if columns.unit else {})


def counting(table: ibis.Table, columns: Columns) -> dict[str, Any]:
    """Return what rows count, as sums of powers take it; what is no weight or no count has been told."""
    if columns.counts:
        return {"c": usable_counts(table[columns.counts]).fill_null(0.0)}
    if columns.weights:
        return {"w": _within(number(table[columns.weights]), LEAST_WEIGHT, MOST).fill_null(0.0)}
    return {}


def _named_sums(sums: CentredSums, columns: Columns) -> CentredSums:
    return replace(sums, cells=_named_unknown(sums.cells, columns))


def _named_unknown(cells: pa.Table, columns: Columns) -> pa.Table:
    """Return the cells with missing membership as a group of its own."""
    import pyarrow.compute as pc

    for group in columns.groups:
        number = cells.column_names.index(f"g_{group}")
        cells = cells.set_column(number, f"g_{group}", pc.fill_null(cells[f"g_{group}"], UNKNOWN_GROUP))
    return cells
