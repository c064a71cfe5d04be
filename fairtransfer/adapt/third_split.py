"""A third split: training rows kept for what is fitted last, so that validation only chooses and never teaches."""

from __future__ import annotations

from fairtransfer.adapt.budgets import label_order
from fairtransfer.adapt.cells import cells_of
from fairtransfer.adapt.strategy import Labelled


def parted(train: Labelled, kind: str, share: float, seed: int) -> tuple[Labelled, Labelled]:
    """Return the training rows without the third split, and the third split: this share of the rows, stratified by cell.

    A cell's first row goes to the third split, and one row of every class at least stays with the others.
    """
    names = cells_of(train, kind)
    labels = train.labels
    order = label_order(["\0".join(names.names[cell]) for cell in names.of_row], seed, "third split").tolist()
    third = set(order[: max(1, round(share * len(order)))])
    for label in set(labels) - {label for i, label in enumerate(labels) if i not in third}:
        # The last of its class to be chosen; with one row alone there is nothing to share out.
        third.discard(next(i for i in reversed(order) if i in third and labels[i] == label))
    first = [i for i in range(len(labels)) if i not in third]
    return train.among(first), train.among(sorted(third))
