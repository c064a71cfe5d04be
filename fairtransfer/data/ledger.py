"""The ledger: no row leaves without a line. Always ``n_in == n_used + sum(excluded.values())``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


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
    """

    n_in: int
    excluded: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def n_used(self) -> int:
        """Rows that are used."""
        return self.n_in - sum(self.excluded.values())

    def without(self, reasons: Counter[str]) -> Ledger:
        """Return the ledger after more rows were excluded."""
        merged = Counter(self.excluded) + reasons
        return Ledger(self.n_in, dict(sorted(merged.items())), self.notes)

    def noting(self, notes: dict[str, int]) -> Ledger:
        """Return the ledger with more notes; zero counts are left out."""
        return Ledger(self.n_in, self.excluded, {**self.notes, **{k: v for k, v in notes.items() if v}})

    def to_json(self) -> dict[str, Any]:
        """Return the ledger as it stands in the evidence."""
        return {"n_in": self.n_in, "n_used": self.n_used, "n_excluded": self.excluded, "notes": self.notes}
