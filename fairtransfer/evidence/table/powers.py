"""Sums of powers of columns, made by the database: per group (and unit) in one GROUP BY, whatever rows weigh.

A row counts once; or as often as its column ``c`` says, where the table is counted; or it weighs what its column ``w`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.evidence.column_codes import sorted_by
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.value_sums import CellValues, value_rows
from fairtransfer.evidence.views import Cases, Names, view_of

if TYPE_CHECKING:
    import ibis

Degrees = dict[str, int]
"""Column -> up to which power it is summed."""

_WEIGHTS = ("w1", "w2", "w3")


def total(plain: ibis.Table, column: Any) -> Any:
    """Return the sum of a column over all rows that the table stands for; of None their number."""
    if "c" not in plain.columns:
        return plain.count() if column is None else column.sum()
    return plain.c.sum() if column is None else (column * plain.c).sum()


def power_sums(
    plain: ibis.Table, by: Sequence[str], columns: Mapping[str, Any], degrees: Degrees, more: Mapping[str, Any]
) -> pa.Table:
    """Return sums of powers of columns, and whatever else is asked for, per key, sorted; ``n`` is how many rows there are.

    Parameters
    ----------
    columns
        Name -> expression; its sums are called ``name|ab``: of the weight's power a times the value's power b.
    """
    valued = plain.mutate(**columns)
    sums: dict[str, Any] = {"n": total(valued, None).cast("int64")}
    if "w" in plain.columns:
        sums["n"] = (valued.w > 0).cast("int64").sum()
        sums |= {name: _power(valued.w, place + 1).sum() for place, name in enumerate(_WEIGHTS)}
    for name, degree in degrees.items():
        for weight, power in _wanted(degree, weighted="w" in plain.columns):
            value = _power(valued[name], power)
            sums[f"{name}|{weight}{power}"] = total(valued, _power(valued.w, weight) * value if weight else value)
    found = (valued.group_by(by) if by else valued).aggregate(**sums, **more).to_pyarrow()
    return sorted_by(found, by) if by else found


def _wanted(degree: int, *, weighted: bool) -> Iterator[tuple[int, int]]:
    """Yield powers of weight and value: for products of so many rows' sums, and for the squares of single values."""
    if not weighted:
        yield from ((0, power) for power in range(1, degree + 1))
        return
    products = [(size, power) for size in range(1, degree + 1) for power in range(1, size + 1)]
    yield from dict.fromkeys([*products, (1, 2)])


def _power(column: Any, power: int) -> Any:
    found = column
    for _ in range(power - 1):
        found = found * column
    return found


def powers_of(sums: pa.Table, name: str, about: float = 0.0) -> CellValues:
    """Return the sums of a column's powers; `about`: what was taken off its values before."""
    start, powers = f"{name}|", {}
    for column in sums.column_names:
        if column.startswith(start):
            weight, power = map(int, column.removeprefix(start))
            powers[weight, power] = sums[column].to_numpy()
    weighted = _WEIGHTS[0] in sums.column_names
    counted = {place + 1: sums[name].to_numpy() for place, name in enumerate(_WEIGHTS)} if weighted else {}
    powers |= {(size, 0): column for size, column in counted.items()} or {(0, 0): sums["n"].to_numpy()}
    return CellValues(powers, weighted, about)


def cases_of(cells: pa.Table, attributes: Sequence[str], views: Sequence[Names]) -> Cases:
    """Return the cells of a GROUP BY as cases."""
    alone = "unit" not in cells.column_names
    units = np.arange(cells.num_rows) if alone else np.unique(cells["unit"].to_numpy(), return_inverse=True)[1]
    named = pa.table({"": cells["n"], **{name: cells[f"g_{name}"] for name in attributes}})
    found = {view: view_of(named, view, units.astype(np.int64)) for view in [(), *views]}
    n = cells["n"].to_numpy().astype(np.int64)
    weighted = _WEIGHTS[0] in cells.column_names
    weights = tuple(cells[name].to_numpy() for name in _WEIGHTS) if weighted else None
    return Cases(found, n, units.astype(np.int64), alone, weights)


CUBES = 3
"""The highest power of values about their mean: of values without two ends, single ones may lie far off."""


@dataclass(frozen=True, slots=True)
class CentredSums:
    """Sums of powers of columns about their means.

    Attributes
    ----------
    cells
        Per group (and unit): cases, and the sums.
    means
        Column -> the mean that was taken off.
    """

    cells: pa.Table
    means: Mapping[str, float]

    def rows(
        self, attributes: Sequence[str], views: Sequence[Names], about: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[Row]:
        """Yield the sums of columns in every group, and among everyone outside it; `about`: column -> what rows begin with."""
        cases = cases_of(self.cells, attributes, views)
        for name, key in about.items():
            values = powers_of(self.cells, f"{name}_value", self.means[name])
            yield from value_rows(cases, values, key, skewed=True)


def centred_sums(plain: ibis.Table, by: Sequence[str], means: Mapping[str, float]) -> CentredSums:
    """Return the sums of columns about their means: squares of numbers nearly alike, such as years, would lose their digits."""
    less = {f"{name}_value": plain[name] - mean for name, mean in means.items()}
    return CentredSums(power_sums(plain, by, less, dict.fromkeys(less, CUBES), {}), means)
