"""One GROUP BY: from a table of predicted numbers of any size to sums of errors per group. No more rows are held than are drawn.

Sums of powers are enough for groups of more than `MOST_DRAWN` cases. Of smaller ones the rows are fetched, to be resampled;
there are at most that many in each. Where rows share units, the units' sums take the place of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.number_rows import LOSS_NAMES, HeldCases, Source, columns_of
from fairtransfer.evidence.table.casts import as_text, number
from fairtransfer.evidence.table.checks import Checker, check_columns, check_groups
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.count import Counted, counting, counting_sums, total_of, worth_of
from fairtransfer.evidence.table.powers import CentredSums
from fairtransfer.evidence.table.row_checks import check_items
from fairtransfer.evidence.table.weighed_errors import weighed_errors
from fairtransfer.evidence.views import Names, View, view_of
from fairtransfer.outcomes.numbers import VALUES as ERRORS
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.stats.number_errors import BEFORE, CHANGE, MOST_DRAWN, GroupRows, Totals

if TYPE_CHECKING:
    import ibis

Power = tuple[str, ...]

_HEAVY = "heavy"
"""What rows weigh, or how many they stand for, as the table has it."""

_SQUARES = "squared_error"
"""The root of a mean square has no limits without draws."""

VALUES = {"y": "label", "p": "after", "q": "before"}
"""Short name of a column of numbers -> what it holds."""


@dataclass(frozen=True)
class Groups:
    """Sums of every cell of groups, and the rows of the small ones.

    Attributes
    ----------
    views, small_views
        How cells, and fetched rows, fall into groups.
    n
        HeldCases of every cell.
    powers
        Sums of products of columns, per cell.
    """

    views: dict[Names, View]
    n: Any
    powers: dict[Power, Any]
    small: HeldCases

    def groups(self, view: Names) -> list[dict[str, str]]:
        """Return the groups of a view, in order."""
        return self.views[view].groups

    def sample(self, view: Names, number: int) -> GroupRows:
        """Return the cases of a group: themselves where they are few, else their sums."""
        totals = self._totals(view, number)
        if totals.n > MOST_DRAWN:
            return totals
        return self.small.sample(view, self.small.groups(view).index(self.groups(view)[number]))

    def rest(self, view: Names, number: int) -> GroupRows:
        """Return everyone else's sums."""
        return self._everyone.without(self._totals(view, number))

    def _totals(self, view: Names, number: int) -> Totals:
        return self._sum(self.views[view].codes == number)

    def _sum(self, mask: Any) -> Totals:
        return Totals(float(self.n[mask].sum()), {name: float(v[mask].sum()) for name, v in self.powers.items()})

    @cached_property
    def _everyone(self) -> Totals:
        return self._sum(np.ones(len(self.n), dtype=bool))


def count_numbers(table: ibis.Table, name: str, columns: Columns, views: Sequence[Names]) -> Counted:
    """Return the sums of errors of a table of predicted numbers.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table (``FT-P003`` to ``FT-P010``, ``FT-P061``).
    """
    problems = Problems()
    check_columns(table, name, columns, problems)
    check_groups(table, name, columns, problems)
    problems.raise_if_any()
    plain = _plain(table, columns)
    cells = _cells(plain, columns)
    checker = Checker(name, columns, cells, problems)
    checker.groups()
    checker.weights()
    _check(table, cells, name, columns, problems)
    if columns.items:
        check_items(table, name, columns, problems)
    problems.raise_if_any()
    heavy: CentredSums | None = None
    source: Source | None = None
    if columns.heavy:
        errors = {name: value for name, value in _losses(plain, columns).items() if not name.startswith(_SQUARES)}
        heavy = weighed_errors(plain, _keys(columns), errors)
    elif columns.unit is None:
        source = _groups(plain, cells, columns, views)
    else:
        source = _units(cells, columns, views)
    return Counted(
        _only_groups(cells, columns),
        columns.groups,
        multilabel=False,
        classes=(),
        rows=total_of(cells, "n"),
        notes=_notes(cells, columns),
        outside={},
        name=name,
        numbers=source,
        weighed=heavy,
        idle=total_of(cells, "idle"),
        worth=worth_of(cells),
        warnings=problems.warnings,
    )


def _plain(table: ibis.Table, columns: Columns) -> ibis.Table:
    """Return group names, unit and numbers, unknown membership named."""
    keys = {f"g_{group}": as_text(table[group]).fill_null(UNKNOWN_GROUP) for group in columns.groups}
    if columns.unit:
        keys |= {"unit": as_text(table[columns.unit])}
    values = {"y": number(table[columns.label]), "p": number(table[columns.after])}
    if columns.before:
        values["q"] = number(table[columns.before])
    own = {_HEAVY: table[columns.heavy]} if columns.heavy else {}
    return table.select(**keys, **values, **counting(table, columns), **own)


def _keys(columns: Columns) -> list[str]:
    return [*(f"g_{group}" for group in columns.groups), *(["unit"] if columns.unit else [])]


def _cells(plain: ibis.Table, columns: Columns) -> pa.Table:
    """Return the GROUP BY, sorted: cases, numbers that are none, and sums of powers (or, of units, sums alone)."""
    wide = plain.mutate(**_losses(plain, columns))
    own = replace(columns, weights=columns.weights and _HEAVY, counts=columns.counts and _HEAVY)
    sums = {
        **counting_sums(wide, own),
        **{f"odd_{name}": plain[name].isnull().cast("int64").sum() for name in _values(columns)},
    }
    for power in [] if columns.heavy else _powers(columns):
        value = wide[power[0]]
        for factor in power[1:]:
            value = value * wide[factor]
        sums["*".join(power)] = value.sum()
    keys = _keys(columns)
    found = (wide.group_by(keys) if keys else wide).aggregate(rows=wide.count(), **sums).to_pyarrow()
    found = found.filter(pa.compute.greater(found["rows"], 0))
    return found.sort_by([(key, "ascending") for key in keys]) if keys else found


def _values(columns: Columns) -> tuple[str, ...]:
    return ("y", "p", "q") if columns.before else ("y", "p")


def _losses(plain: ibis.Table, columns: Columns) -> dict[str, Any]:
    """Return the same as `columns_of`, as expressions."""

    def of(predicted: Any) -> dict[str, Any]:
        return {name: value.columns(predicted, plain.y) for name, value in ERRORS.items()}

    new = of(plain.p)
    if not columns.before:
        return new
    old = of(plain.q)
    before = {f"{name}{BEFORE}": value for name, value in old.items()}
    return new | before | {f"{name}{CHANGE}": new[name] - old[name] for name in LOSS_NAMES}


def _powers(columns: Columns) -> list[Power]:
    """Return which products of columns are summed: of units none but the columns, else up to the third power of each.

    The change of a root needs its column before and its column of changes together.
    """
    ends = ("", BEFORE, CHANGE) if columns.before else ("",)
    names = [f"{name}{end}" for name in LOSS_NAMES for end in ends]
    if columns.unit:
        return [(name,) for name in names]
    found = [(name,) * degree for name in names for degree in (1, 2, 3)]
    if columns.before:
        pair = (f"squared_error{BEFORE}", f"squared_error{CHANGE}")
        found += [p for degree in (2, 3) for p in combinations_with_replacement(pair, degree) if len(set(p)) == 2]
    return [tuple(sorted(power)) for power in found]


def _check(table: ibis.Table, cells: pa.Table, name: str, columns: Columns, problems: Problems) -> None:
    """Look for rows without numbers, and without a unit."""
    if not cells.num_rows:
        problems.add(Problem("FT-P007", "no rows", "", "", name))
        return
    written = {"y": columns.label, "p": columns.after, "q": columns.before or ""}
    for value in _values(columns):
        odd = int(np.sum(cells[f"odd_{value}"].to_numpy()))
        if odd:
            example = (
                table.filter(number(table[written[value]]).isnull()).limit(1)[written[value]].to_pyarrow()[0].as_py()
            )
            kept = "nothing" if example is None else f"`{shown(str(example))}`"
            text = f"{odd:,} rows hold no finite number in `{written[value]}` ({VALUES[value]}), for example {kept}"
            do = "leave these rows out for both models, and say so; numbers are written with a point, without units"
            problems.add(Problem("FT-P061", text, "numbers such as 12 or 3.5", do, name))
    if columns.unit and (empty := int(cells["n"].to_numpy()[_null(cells["unit"])].sum())):
        problems.add(
            Problem("FT-P010", f"{empty:,} rows have no unit in `{columns.unit}`", "", "give each its own", name)
        )


def _null(column: Any) -> Any:
    return column.is_null().to_numpy(zero_copy_only=False)


def _notes(cells: pa.Table, columns: Columns) -> dict[str, int]:
    """Return how many rows have no recorded membership."""
    n = cells["n"].to_numpy()
    found = {}
    for group in columns.groups:
        unknown = np.array([value == UNKNOWN_GROUP for value in cells[f"g_{group}"].to_pylist()], dtype=bool)
        if unknown.any():
            found[f"{group} {UNKNOWN_GROUP}"] = int(n[unknown].sum())
    return found


def _only_groups(cells: pa.Table, columns: Columns) -> pa.Table:
    """Return joint counts that tell of groups only: no answer of a number is right or wrong."""
    empty = pa.array([""] * cells.num_rows, pa.string())
    named = {f"g_{group}": cells[f"g_{group}"] for group in columns.groups}
    return pa.table({**named, "y": empty, "before": empty, "after": empty, "n": cells["n"]})


def _views(cells: pa.Table, columns: Columns, views: Sequence[Names], units: Any) -> dict[Names, View]:
    named = pa.table({"": pa.nulls(cells.num_rows), **{group: cells[f"g_{group}"] for group in columns.groups}})
    return {view: view_of(named, view, units) for view in ((), *views)}


def _units(cells: pa.Table, columns: Columns, views: Sequence[Names]) -> HeldCases:
    """Return the sums of every unit in every cell of groups."""
    _, units = np.unique(np.asarray(cells["unit"].to_pylist(), dtype=object).astype(str), return_inverse=True)
    sums = {name: cells[name].to_numpy() for (name,) in _powers(columns)}
    numbers = units.astype(np.int64)
    return HeldCases(_views(cells, columns, views, numbers), cells["n"].to_numpy().astype(np.float64), sums, numbers)


def _groups(plain: ibis.Table, cells: pa.Table, columns: Columns, views: Sequence[Names]) -> Groups:
    n = cells["n"].to_numpy().astype(np.float64)
    over = _views(cells, columns, views, np.arange(cells.num_rows, dtype=np.int64))
    powers = {power: cells["*".join(power)].to_numpy() for power in _powers(columns)}
    rows = _fetched(plain, n, over, columns)
    truth, after = rows["y"].to_numpy(), rows["p"].to_numpy()
    values = columns_of(truth, after, rows["q"].to_numpy() if columns.before else None)
    numbers = np.arange(rows.num_rows, dtype=np.int64)
    small = HeldCases(_views(rows, columns, views, numbers) if rows.num_rows else {}, np.ones(rows.num_rows), values)
    return Groups(over, n, powers, small)


def _fetched(plain: ibis.Table, n: Any, views: dict[Names, View], columns: Columns) -> pa.Table:
    """Return the rows of all groups that are small enough to be drawn from."""
    import ibis

    wanted = plain
    if n.sum() > MOST_DRAWN:
        chosen = [ibis.and_(*(plain[f"g_{k}"] == v for k, v in group.items())) for group in _small(n, views)]
        wanted = plain.filter(ibis.or_(*chosen)) if chosen else plain.limit(0)
    return wanted.select([*(f"g_{group}" for group in columns.groups), *_values(columns)]).to_pyarrow()


def _small(n: Any, views: dict[Names, View]) -> Iterator[dict[str, str]]:
    for view in views.values():
        sizes = np.bincount(view.codes, n, minlength=len(view.groups))
        yield from (group for group, size in zip(view.groups, sizes.tolist(), strict=True) if size <= MOST_DRAWN)
