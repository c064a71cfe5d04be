"""Cells: the groups, or groups x classes, that fairness-aware strategies even out, weigh and select by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtransfer.adapt.random_streams import numpy_stream
from fairtransfer.adapt.strategy import Labelled
from fairtransfer.spec.names import UNKNOWN_GROUP


@dataclass(frozen=True)
class Cells:
    """The cell of every row.

    Attributes
    ----------
    names
        Group, or group and class, of each cell; sorted.
    of_row
        Number of each row's cell.
    known
        Whether the membership of a cell's rows is recorded. People of unknown membership are in training like everyone, but
        they are no group: they decide neither how small a balanced subset is nor which cell is the worst.
    """

    names: tuple[tuple[str, ...], ...]
    of_row: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows in each cell."""
        return np.bincount(self.of_row, minlength=len(self.names)).astype(np.int64)

    def told(self) -> dict[str, int]:
        """Return rows by cell, as the record keeps it."""
        return {" | ".join(name): int(n) for name, n in zip(self.names, self.sizes, strict=True)}


def cells_of(labelled: Labelled, kind: str) -> Cells:
    """Return the cells of some rows: `group`, or `group_and_class`."""
    groups = labelled.group_labels
    keys = list(zip(groups, labelled.labels, strict=True)) if kind == "group_and_class" else [(g,) for g in groups]
    names = tuple(sorted(set(keys)))
    rank = {name: i for i, name in enumerate(names)}
    known = np.array([name[0] != UNKNOWN_GROUP for name in names])
    return Cells(names, np.array([rank[key] for key in keys], dtype=np.int64), known)


def balanced_rows(cells: Cells, seed: int, stream: str, number: int = 0) -> NDArray[np.int64]:
    """Return positions of as many rows of every cell as the smallest known cell has; of an unknown cell at most as many."""
    sizes = cells.sizes
    if not cells.known.any():
        return np.arange(len(cells.of_row))
    smallest = int(sizes[cells.known].min())
    rng = numpy_stream(seed, stream, number)
    chosen = [
        rng.permutation(np.flatnonzero(cells.of_row == cell))[: min(smallest, int(sizes[cell]))]
        for cell in range(len(cells.names))
    ]
    return np.sort(np.concatenate(chosen))


def even_weights(cells: Cells) -> NDArray[np.float64]:
    """Return weights by which every known cell counts the same, with mean 1; rows of unknown membership weigh 1."""
    weights = np.ones(len(cells.of_row))
    known = cells.known[cells.of_row]
    if known.any():
        share = known.sum() / cells.known.sum()
        weights[known] = share / cells.sizes[cells.of_row[known]]
    return weights
