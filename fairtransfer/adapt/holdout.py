"""A third split: training rows kept for what is fitted last, so that validation only chooses and never teaches.

It is drawn by unit: what a network learned of a person must not decide what is fitted on this person's other rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairtransfer.adapt.budgets import label_order
from fairtransfer.adapt.cells import cells_of
from fairtransfer.adapt.strategy import Labelled

Units = list[list[int]]
"""Positions of the rows of every unit."""


def parted(train: Labelled, kind: str, share: float, seed: int) -> tuple[Labelled, Labelled]:
    """Return the training rows without the third split, and the third split: about this share of the rows, in whole units.

    Units are stratified by the cell of their first row; a cell's first unit goes to the third split if it fits. One row of
    every class at least stays with the others; where one unit has them all, the third split is empty.
    """
    cells, units = cells_of(train, kind), _units(train.unit_labels)
    strata = ["\0".join(cells.names[cells.of_row[rows[0]]]) for rows in units]
    order = [units[i] for i in label_order(strata, seed, "third split")]
    chosen = _with_all_classes_left(_filled(order, max(1, round(share * len(train.rows)))), train.labels)
    third = {i for rows in chosen for i in rows}
    first = [i for i in range(len(train.rows)) if i not in third]
    return train.among(first), train.among(sorted(third))


def _units(unit_of: Sequence[str]) -> Units:
    """Return the rows of every unit, in the order in which units first appear."""
    found: dict[str, list[int]] = {}
    for position, unit in enumerate(unit_of):
        found.setdefault(unit, []).append(position)
    return list(found.values())


def _filled(order: Units, rows: int) -> Units:
    """Return units, taken in order, that hold this many rows at the most; the smallest where every unit holds more."""
    chosen: Units = []
    left = rows
    for unit in order:
        if len(unit) <= left:
            chosen.append(unit)
            left -= len(unit)
    return chosen or [min(order, key=len)]


def _with_all_classes_left(chosen: Units, labels: Sequence[str]) -> Units:
    """Return the chosen units without those that would leave a class no row outside: the last one that has the class."""
    for label in sorted(set(labels)):
        holders = [unit for unit in chosen if any(labels[i] == label for i in unit)]
        inside = sum(labels[i] == label for unit in holders for i in unit)
        if inside == labels.count(label):
            chosen = [unit for unit in chosen if unit is not holders[-1]]
    return chosen
