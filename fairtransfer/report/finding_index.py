"""Finding one's way among the rows of results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Against, Finding, Stage

Metric = tuple[str, str | None]
"""A metric and the class it is of."""


class _About(NamedTuple):
    """What a row is about; groups as sets, as the order of a group's attributes does not matter."""

    benchmark: str
    stage: Stage
    strategy: str | None
    budget: str | None
    metric: Metric
    group: frozenset[tuple[str, str]]
    against: frozenset[tuple[str, str]] | str | None  # a group, or everyone outside this one


class FindingIndex:
    """The rows of a run, found by what they are about."""

    def __init__(self, rows: Iterable[Finding]) -> None:
        self.all = tuple(rows)
        self._index = {_about(row): row for row in self.all}

    def find(
        self,
        benchmark: str,
        stage: Stage,
        metric: str,
        group: Group,
        strategy: str | None = None,
        budget: str | None = None,
        class_label: str | None = None,
        against: Against = None,
    ) -> Finding | None:
        """Return one row, or None where there is none; the order of a group's attributes does not matter."""
        metric_of, wanted = (metric, class_label), frozenset(group.items())
        return self._index.get(_About(benchmark, stage, strategy, budget, metric_of, wanted, _hashable(against)))

    def groups(self, benchmark: str, view: tuple[str, ...]) -> list[Group]:
        """Return the groups of a view, attributes in the view's order, groups in order of first appearance."""
        mine = (
            row.group
            for row in self.all
            if row.benchmark == benchmark and row.level != "gap" and set(row.group) == set(view)
        )
        found = {tuple(group[name] for name in view): None for group in mine}
        return [dict(zip(view, values, strict=True)) for values in found]

    def metrics(self) -> list[Metric]:
        """Return every (metric, class) that was measured, in order of first appearance; gates may compare groups by others."""
        return list(dict.fromkeys((row.metric, row.class_) for row in self.all if row.against is None))

    def models(self, benchmark: str) -> list[tuple[str, str | None]]:
        """Return every (strategy, label budget), in order of first appearance."""
        found = (
            (row.strategy or "", row.label_budget)
            for row in self.all
            if row.benchmark == benchmark and row.stage in ("after", "scratch")
        )
        return list(dict.fromkeys(found))

    def gaps(self, benchmark: str, metric: Metric) -> Iterator[Finding]:
        """Yield the gap rows of a metric."""
        yield from (
            row
            for row in self.all
            if row.level == "gap" and (row.benchmark, (row.metric, row.class_)) == (benchmark, metric)
        )


def _about(row: Finding) -> _About:
    model, metric, group = (row.strategy, row.label_budget), (row.metric, row.class_), frozenset(row.group.items())
    return _About(row.benchmark, row.stage, *model, metric, group, _hashable(row.against))


def _hashable(against: Against) -> frozenset[tuple[str, str]] | str | None:
    return frozenset(against.items()) if isinstance(against, dict) else against
