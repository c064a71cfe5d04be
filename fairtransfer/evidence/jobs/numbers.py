"""From the predicted numbers of a run's jobs to what their metrics need to be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np
import pyarrow as pa

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.number_rows import HeldCases, change_numbers, columns_of, level_numbers
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.views import Names, view_of
from fairtransfer.stats.intervals import Floats

Model = tuple[str, str, str]
"""Stage, strategy and label budget."""


def blank(table: pa.Table) -> pa.Table:
    """Return a table whose labels and answers are empty texts: for joint counts, which tell of numbers who was asked."""
    empty = pa.array([""] * table.num_rows, pa.string())
    for name in ("y", "pred"):
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, empty)
    return table


@final
class NumberJobs:
    """The predicted numbers of a benchmark, joined with its items by id."""

    def __init__(self, items: pa.Table) -> None:
        self.items, self.truth = items, items["y"].to_numpy().astype(np.float64)
        names = items["unit"].to_pylist()
        _, units = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
        self.unit = units.astype(np.int64)
        self.clustered = len(set(names)) < len(names)
        self.place = {name: i for i, name in enumerate(items["item"].to_pylist())}
        self.values: dict[tuple[str, str, str, int | None], Floats] = {}

    def add(self, benchmark: str, key: tuple[str, str, str, int | None], table: pa.Table) -> None:
        """Add a job's answers; `key` is its model and seed.

        Raises
        ------
        IntegrityError
            When they are about other items, or were made for other labels.
        """
        names = table["item"].to_pylist()
        if len(names) != len(self.place) or set(names) != self.place.keys():
            raise IntegrityError(f"{benchmark}: the predictions are not of exactly the benchmark's items")
        order = np.array([self.place[name] for name in names], dtype=np.int64)
        if (table["y"].to_numpy() != self.truth[order]).any():
            raise IntegrityError(f"{benchmark}: predictions were made for other labels")
        found = np.empty(len(self.place))
        found[order] = table["pred"].to_numpy()
        self.values[key] = found

    def levels(
        self,
        model: Model,
        seeds: Sequence[int | None],
        views: Sequence[Names],
        metrics: Sequence[str],
        key: Mapping[str, Any],
    ) -> Iterator[Row]:
        """Yield metrics of one model."""
        columns: dict[str, Floats] = {}
        for seed in seeds:
            columns |= columns_of(self.truth, self.values[*model, seed], seed=_end(seed))
        ends = {seed: _end(seed) for seed in seeds}
        yield from level_numbers(self._cases(columns, views), views, metrics, key, ends)

    def changes(
        self,
        first: Model,
        second: Model,
        pairs: Sequence[tuple[int | None, int | None]],
        views: Sequence[Names],
        metrics: Sequence[str],
        key: Mapping[str, Any],
    ) -> Iterator[Row]:
        """Yield how metrics changed from one model to another; pairs are seeds of the first and of the second."""
        columns: dict[str, Floats] = {}
        for theirs, mine in pairs:
            old, new = self.values[*first, theirs], self.values[*second, mine]
            columns |= columns_of(self.truth, new, old, _end(mine))
        ends = {mine: _end(mine) for _, mine in pairs}
        yield from change_numbers(self._cases(columns, views), views, metrics, key, ends)

    def _cases(self, columns: Mapping[str, Floats], views: Sequence[Names]) -> HeldCases:
        groups = {view: view_of(self.items, view, self.unit) for view in ((), *views)}
        return HeldCases(groups, np.ones(len(self.truth)), columns, self.unit if self.clustered else None)


def _end(seed: int | None) -> str:
    return "" if seed is None else f"@{seed}"
