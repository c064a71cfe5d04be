"""Label budgets: nested, stratified by class, the same rows for every strategy at one seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairtransfer.adapt.random_streams import numpy_stream


def label_order(labels: Sequence[str], seed: int, stream: str = "subset") -> NDArray[np.int64]:
    """Return the order in which rows are labelled, so that the first n rows are the budget n for every n.

    Within each class rows come in random order; the k-th of a class of N stands at k/N, so that every beginning holds the
    classes in proportion. The first row of each class comes before all others: no budget of at least as many rows as
    there are classes misses one.
    """
    rng = numpy_stream(seed, stream)
    by_class: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[label].append(position)
    places = np.empty(len(labels))
    for label in sorted(by_class):
        rows = np.array(by_class[label])[rng.permutation(len(by_class[label]))]
        places[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
        places[rows[0]] -= 2.0
    return np.argsort(places, kind="stable")


def budget_rows(labels: Sequence[str], budget: int, seed: int, stream: str = "subset") -> NDArray[np.int64]:
    """Return the positions of a label budget's rows, in order of their position."""
    return np.sort(label_order(labels, seed, stream)[:budget])


def resolve_budget(written: float | str, n: int) -> int:
    """Return how many rows a budget as written in an audit stands for, out of n."""
    if written == "all":
        return n
    return int(written) if isinstance(written, int) else max(1, round(float(written) * n))
