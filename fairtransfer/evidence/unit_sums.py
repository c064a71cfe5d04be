"""Sums over units of products of what their rows add, in every group of a view and among everyone outside it.

A product of columns is written as a tuple of their names: ``("m", "x")`` is the sum over units of m times x. Where rows share
units, the rows of a unit are added up first. Where every row is a unit of its own, the products of single rows are given, and
a cell may hold many rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from fairtransfer.evidence.views import Counts, Numbers, View

Product = tuple[str, ...]
UNITS: Product = ()
"""The product of nothing: how many units there are that have a row in the denominator ``m``."""

SECOND: tuple[Product, ...] = (UNITS, ("m",), ("x",), ("m", "m"), ("m", "x"), ("x", "x"))
THIRD: tuple[Product, ...] = (*SECOND, ("m", "m", "m"), ("m", "m", "x"), ("m", "x", "x"), ("x", "x", "x"))


class Sides(NamedTuple):
    """Sums inside every group of a view, and outside it: product to one number per group."""

    group: dict[Product, Numbers]
    rest: dict[Product, Numbers]


def over_cases(view: View, rows: Mapping[Product, Numbers]) -> Sides:
    """Return the sums where every row is a unit of its own; `rows` holds the sums of every cell."""
    inside = {product: add(view.codes, values, len(view.groups)) for product, values in rows.items()}
    return Sides(inside, {product: sums.sum() - sums for product, sums in inside.items()})


def over_units(view: View, units: Counts, columns: Mapping[str, Numbers], wanted: Sequence[Product]) -> Sides:
    """Return the sums where rows share units; `columns` holds what the rows of every cell add.

    A unit may have rows in several groups; outside one of them its sums are its total minus its part inside.
    """
    groups, parts, everyone = len(view.groups), len(view.group_of), int(units.max()) + 1
    part = {name: add(view.part, values, parts) for name, values in columns.items()}
    total = {name: add(units, values, everyone) for name, values in columns.items()}
    whole = {name: values[view.unit_of] for name, values in total.items()}
    left = {name: whole[name] - values for name, values in part.items()}

    def by_group(values: Mapping[str, Numbers], product: Product) -> Numbers:
        return add(view.group_of, _product(values, product), groups)

    inside = {product: by_group(part, product) for product in wanted}
    # Units with a part inside: their whole contribution is replaced by what is left of it outside.
    outside = {
        product: _product(total, product).sum() - by_group(whole, product) + by_group(left, product)
        for product in wanted
    }
    return Sides(inside, outside)


def _product(columns: Mapping[str, Numbers], product: Product) -> Numbers:
    if product == UNITS:
        return (columns["m"] > 0).astype(np.int64)
    return reduce(np.multiply, (columns[name] for name in product))


def add(index: Counts, values: Numbers, size: int) -> Numbers:
    """Return sums by index. They are made in float64, which is exact for the counts that occur (below 2**53)."""
    sums = np.bincount(index, weights=values, minlength=size)
    return np.rint(sums).astype(np.int64) if np.issubdtype(np.asarray(values).dtype, np.integer) else sums
