"""The rows of a benchmark but for what the model reads: ids, labels, splits, units and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """Columns of one length, each in the order of the ids.

    Attributes
    ----------
    y
        A class, classes joined by `|`, or the text of a number.
    split
        ``train``, ``val``, ``test`` or empty.
    groups
        One column per attribute (``language`` ...).
    """

    ids: Column
    y: Column
    split: Column
    units: Column
    groups: Mapping[str, Column]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.ids, self.y, self.split, self.units, *self.groups.values())}
        assert len(lengths) == 1, "every row has an id, a label, a split, a unit and a group of every attribute"

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: Iterable[int] | NDArray[np.int64]) -> Items:
        """Return the rows at these positions, in this order."""
        chosen = list(map(int, positions))
        ids, y, split, units = (picked(column, chosen) for column in (self.ids, self.y, self.split, self.units))
        return Items(ids, y, split, units, {name: picked(column, chosen) for name, column in self.groups.items()})


def picked(column: Sequence[str], positions: Iterable[int]) -> Column:
    """Return the values at these positions."""
    return tuple([column[position] for position in positions])
