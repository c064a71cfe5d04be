"""Finding one's way among the rows of `findings.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

Row = dict[str, Any]
Against = dict[str, str] | Literal["rest"] | None
Key = tuple[str, str, str | None, str | None, str, str | None, frozenset[tuple[str, str]], Any]


class Rows:
    """The rows of a run, found by what they are about."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.all = tuple(rows)
        self._index = {self._key(row): row for row in self.all}

    @staticmethod
    def _key(row: Row) -> Key:
        about = (row["benchmark"], row["stage"], row["strategy"], row["label_budget"], row["metric"], row["class"])
        return (*about, frozenset(row["group"].items()), _hashable(row.get("against")))

    def find(
        self,
        benchmark: str,
        stage: str,
        metric: str,
        group: dict[str, str],
        strategy: str | None = None,
        budget: str | None = None,
        of: str | None = None,
        against: Against = None,
    ) -> Row | None:
        """Return one row, or None where there is none; the order of a group's attributes does not matter."""
        about = (benchmark, stage, strategy, budget, metric, of, frozenset(group.items()))
        return self._index.get((*about, _hashable(against)))

    def groups(self, benchmark: str, view: tuple[str, ...]) -> list[dict[str, str]]:
        """Return the groups of a view, attributes in the view's order, groups in order of first appearance."""
        mine = (
            r["group"]
            for r in self.all
            if r["benchmark"] == benchmark and r["level"] != "gap" and set(r["group"]) == set(view)
        )
        found = {tuple(group[name] for name in view): None for group in mine}
        return [dict(zip(view, values, strict=True)) for values in found]

    def metrics(self) -> list[tuple[str, str | None]]:
        """Return every (metric, class) that was measured, in order of first appearance; gates may compare groups by others."""
        return list(dict.fromkeys((r["metric"], r["class"]) for r in self.all if r.get("against") is None))

    def models(self, benchmark: str) -> list[tuple[str, str]]:
        """Return every (strategy, label budget), in order of first appearance."""
        found = (
            (r["strategy"], r["label_budget"])
            for r in self.all
            if r["benchmark"] == benchmark and r["stage"] in ("after", "scratch")
        )
        return list(dict.fromkeys(found))

    def gaps(self, benchmark: str, metric: str, of: str | None) -> Iterator[Row]:
        """Yield the gap rows of a metric."""
        yield from (
            r
            for r in self.all
            if r["level"] == "gap" and (r["benchmark"], r["metric"], r["class"]) == (benchmark, metric, of)
        )


def _hashable(against: Against) -> Any:
    return frozenset(against.items()) if isinstance(against, dict) else against
