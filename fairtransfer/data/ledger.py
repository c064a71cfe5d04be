"""The ledger: no row leaves without a line. Always ``n_in == n_used + sum(excluded.values())``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fairtransfer.evidence.table.told_by_group import ByGroup
from fairtransfer.spec.names import UNKNOWN_GROUP

Noticed: TypeAlias = Mapping[str, Sequence[int]]
"""What was noticed -> the rows it was noticed of, by position."""


def by_group(columns: Mapping[str, Sequence[str | None]], rows: Iterable[int]) -> dict[str, dict[str, int]]:
    """Return how many of some rows belong to each group that has any of them."""
    chosen = list(rows)
    counted = {name: Counter(column[i] or UNKNOWN_GROUP for i in chosen) for name, column in columns.items()}
    return {name: dict(sorted(groups.items())) for name, groups in counted.items() if groups}


@dataclass(frozen=True, slots=True)
class Ledger:
    """How many rows came in, how many are used and why the others are not.

    Attributes
    ----------
    n_in
        Rows read from the files.
    excluded
        ``reason -> rows``; a row has one reason, the first that applied.
    notes
        Counts of rows that are used but should be known about, ``what -> rows`` (for example ``text cut``).
    groups
        Reason or note -> how many of its rows belong to each group; of a file as a whole there are none.
    """

    n_in: int
    excluded: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    groups: dict[str, ByGroup] = field(default_factory=dict)

    @property
    def n_used(self) -> int:
        """Rows that are used."""
        return self.n_in - sum(self.excluded.values())

    def without(self, reasons: Mapping[str, int], groups: Mapping[str, ByGroup] | None = None) -> Ledger:
        """Return the ledger after more rows were excluded; `groups`: how many of them belong to each group."""
        merged = Counter(self.excluded) + Counter(reasons)
        told = {reason: of for reason, of in (groups or {}).items() if merged[reason]}
        return Ledger(self.n_in, dict(sorted(merged.items())), self.notes, {**self.groups, **told})

    def noting(self, notes: Mapping[str, int], groups: Mapping[str, ByGroup] | None = None) -> Ledger:
        """Return the ledger with more notes; zero counts are left out."""
        kept = {what: n for what, n in notes.items() if n}
        told = {what: of for what, of in (groups or {}).items() if what in kept}
        return Ledger(self.n_in, self.excluded, {**self.notes, **kept}, {**self.groups, **told})

    def to_json(self, attributes: Sequence[str] = ()) -> dict[str, Any]:
        """Return the ledger as it stands in the evidence; of groups those of these attributes."""
        told = {
            what: {name: dict(groups) for name, groups in of.items() if name in attributes}
            for what, of in self.groups.items()
        }
        kept = {what: of for what, of in told.items() if of}
        by = {"by_group": kept} if kept else {}
        return {"n_in": self.n_in, "n_used": self.n_used, "n_excluded": self.excluded, "notes": self.notes, **by}
