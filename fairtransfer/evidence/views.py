"""Who is judged, and how they fall into groups and units: what every sum in the evidence is taken over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.column_codes import combined

Counts = NDArray[np.int64]
Numbers = NDArray[Any]
Flags = NDArray[np.bool_]
Names = tuple[str, ...]
"""Attributes that rows are split by; of everyone none."""

JOIN = "|"


@dataclass(frozen=True, slots=True)
class View:
    """One way to group the rows, with what summing by unit and group needs.

    Attributes
    ----------
    part
        For each row the number of its (group, unit) pair.
    group_of, unit_of
        For each pair its group and its unit.
    """

    groups: list[dict[str, str]]
    codes: Counts
    part: Counts
    group_of: Counts
    unit_of: Counts


@dataclass(frozen=True, slots=True)
class Cases:
    """Judged rows, or cells of rows that are alike in everything that matters.

    Attributes
    ----------
    n
        How many rows each stands for.
    units
        A number per row; rows that share a unit have the same one.
    alone
        Every row is a unit of its own. Otherwise all rows of a cell belong to the cell's unit.
    weights
        How much the rows of a cell weigh: sums of their weights, of the squares and of the cubes of these; None where every row
        weighs one.
    """

    views: Mapping[Names, View]
    n: Counts
    units: Counts
    alone: bool
    weights: tuple[Numbers, Numbers, Numbers] | None = None

    def weight(self, power: int) -> Numbers:
        """Return the sum of this power of the weights, for every cell."""
        return self.n if self.weights is None else self.weights[power - 1]


@dataclass(frozen=True, slots=True)
class People:
    """The items of a benchmark, in one fixed order.

    Attributes
    ----------
    truth
        Rows x classes: whether the row has the class.
    """

    classes: tuple[str, ...]
    truth: Flags
    cases: Cases


def people(items: pa.Table, classes: Sequence[str], views: Iterable[Names]) -> People:
    """Return the items as arrays, in the table's order."""
    _, units = np.unique(np.asarray(items["unit"].to_pylist(), dtype=object).astype(str), return_inverse=True)
    numbers = units.astype(np.int64)
    found = {view: view_of(items, view, numbers) for view in views}
    rows = items.num_rows
    cases = Cases(found, np.ones(rows, dtype=np.int64), numbers, alone=len(np.unique(numbers)) == rows)
    return People(tuple(classes), membership(items["y"].to_pylist(), classes), cases)


def view_of(items: pa.Table, names: Names, units: Counts) -> View:
    """Return how the rows of a table fall into the groups of some attributes."""
    values, numbers = combined(items, names)
    found, codes = np.unique(numbers, return_inverse=True)
    width = int(units.max()) + 1
    pairs, part = np.unique(codes * width + units, return_inverse=True)
    groups = zip(*np.unravel_index(found, [len(here) for here in values]), strict=True) if names else [()] * len(found)
    return View(
        [{name: here[place] for name, here, place in zip(names, values, group, strict=True)} for group in groups],
        codes.astype(np.int64),
        part.astype(np.int64),
        pairs // width,
        pairs % width,
    )


def membership(labels: Sequence[str], classes: Sequence[str]) -> Flags:
    """Return rows x classes: whether the label (or joined labels) of a row holds the class."""
    matrix = np.zeros((len(labels), len(classes)), dtype=bool)
    rank = {name: i for i, name in enumerate(classes)}
    for row, label in enumerate(labels):
        for part in label.split(JOIN):
            if part in rank:
                matrix[row, rank[part]] = True
    return matrix
