"""A benchmark: a data card together with its rows, as they were found to fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fairtransfer.data.inputs import Inputs
from fairtransfer.data.items import Items
from fairtransfer.data.ledger import Ledger
from fairtransfer.errors import Problem
from fairtransfer.spec.card import Card, LoadedCard

LABEL_JOIN = "|"
"""Joins the classes of one row of a multilabel benchmark, in the card's order; classes may not contain it."""


@dataclass(frozen=True)
class Benchmark:
    """A card's rows, in the order of their ids.

    Attributes
    ----------
    items
        Ids, labels, splits, units and groups.
    inputs
        What the model reads or sees, in the same order.
    ledger
        Rows in, rows used, rows left out with the reason.
    left_out
        Ids of the rows that are left out.
    noticed
        What was noticed of rows -> their ids.
    """

    loaded: LoadedCard
    classes: tuple[str, ...]
    items: Items
    inputs: Inputs
    ledger: Ledger
    warnings: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    noticed: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def card(self) -> Card:
        """The card."""
        return self.loaded.card

    @property
    def multilabel(self) -> bool:
        """Whether a row can have several classes at once."""
        return self.card.label.type == "multilabel"

    @property
    def numeric(self) -> bool:
        """Whether the label is a number; `y` is then its text."""
        return self.card.label.type == "number"

    def positions(self, *chosen: str) -> NDArray[np.int64]:
        """Return the positions of the rows in these splits."""
        return np.flatnonzero([split in chosen for split in self.items.split])

    def judged(self) -> NDArray[np.int64]:
        """Return the positions of the rows the model is judged on: test, or everything for a test suite without splits."""
        return np.arange(len(self.items)) if self.card.splits == "none" else self.positions("test")


def place(loaded: LoadedCard, problem: Problem) -> Problem:
    """Return the problem with the file, line and column of the card's entry it belongs to."""
    parts = tuple(problem.path.split("."))
    at: tuple[str | int, ...] = ("fairtransfer", *parts) if parts != ("",) else ("fairtransfer",)
    if parts[0] == "attributes" and len(parts) > 1:
        at = ("fairtransfer", "attributes", [a.name for a in loaded.card.attributes].index(parts[1]))
    line, column = loaded.document.place(at)
    path = "fairtransfer" + (f".{problem.path}" if problem.path else "")
    return replace(
        problem,
        file=problem.file or loaded.document.file,
        line=problem.line or line,
        column=problem.column or column,
        path=path,
    )
