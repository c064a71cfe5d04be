"""How many rows of each group something was noticed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from fairtransfer.spec.names import UNKNOWN_GROUP

ByGroup: TypeAlias = Mapping[str, Mapping[str, int]]
"""Attribute -> group -> rows."""


def by_group(
    cells: pa.Table, attributes: Sequence[str], flags: Sequence[bool], counts: str = "n"
) -> dict[str, dict[str, int]]:
    """Return how many of the rows that are flagged belong to each group that has any; `counts`: the column that counts them."""
    n = np.where(np.asarray(flags, dtype=bool), np.nan_to_num(cells[counts].to_numpy()), 0)
    found: dict[str, dict[str, int]] = {}
    for attribute in attributes:
        counted: dict[str, int] = {}
        for name, rows in zip(cells[f"g_{attribute}"].to_pylist(), n.tolist(), strict=True):
            if rows:
                counted[name or UNKNOWN_GROUP] = counted.get(name or UNKNOWN_GROUP, 0) + int(rows)
        found[attribute] = dict(sorted(counted.items()))
    return found


def shown_groups(told: ByGroup, below: int) -> dict[str, dict[str, int]]:
    """Return what may be shown: of an attribute nothing where a group has fewer than `below`, as the others tell the rest."""
    return {name: dict(groups) for name, groups in told.items() if all(n >= below for n in groups.values())}


def in_words(told: ByGroup) -> str:
    """Return ``region: north 12, south 45``, for a line below a note; empty where no group has any."""
    parts = [
        f"{name}: {', '.join(f'{group} {n:,}' for group, n in groups.items())}"
        for name, groups in told.items()
        if groups
    ]
    return "; ".join(parts)
