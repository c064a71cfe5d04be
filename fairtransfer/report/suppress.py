"""Small groups are hidden in documents (never from the verdict), together with what they could be worked out from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]

HIDDEN_FIELDS = (
    "n",
    "k",
    "k_by_seed",
    "n_before_errors",
    "n_after_errors",
    "n_new_errors",
    "n_fixed_errors",
    "estimate",
    "ci",
    "seed_sd",
    "seed_share",
    "minimum_detectable",
    "details",
)


def hidden_groups(sizes: Mapping[str, Mapping[str, int]], below: int) -> set[tuple[str, str]]:
    """Return the ``(view, group)`` pairs to hide.

    Parameters
    ----------
    sizes
        ``view -> group -> people``. The groups of one view add up to everyone.
    below
        Counts from 1 to below - 1 are hidden. Where that leaves one group of a view hidden, the next smallest is hidden
        too: otherwise everyone minus the others would give the count away.
    """
    hidden: set[tuple[str, str]] = set()
    for view, groups in sizes.items():
        small = [name for name, n in groups.items() if 0 < n < below]
        if len(small) == 1 and len(groups) > 1:
            small.append(
                min(
                    (name for name in groups if name not in small and groups[name] > 0),
                    key=lambda name: (groups[name], name),
                    default=small[0],
                )
            )
        hidden |= {(view, name) for name in small}
    return hidden


def suppress(rows: Iterable[Row], hidden: set[tuple[str, str, str]]) -> list[Row]:
    """Return the rows with everything measured taken out of those about hidden groups ``(benchmark, view, group)``."""
    shown = []
    for row in rows:
        key = (row["benchmark"], "*".join(row["group"]), ", ".join(row["group"].values()))
        if row["level"] == "gap" or key not in hidden:
            shown.append(row)
            continue
        reason = "small group, or one from which a small group could be worked out"
        shown.append(
            {
                **row,
                **dict.fromkeys(HIDDEN_FIELDS),
                "ci_level": None,
                "ci_method": None,
                "status": "suppressed",
                "status_reason": reason,
            }
        )
    return shown


def group_sizes(rows: Iterable[Row]) -> dict[str, dict[str, dict[str, int]]]:
    """Return ``benchmark -> view -> group -> people`` from rows whose denominator is everyone in the group."""
    sizes: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        everyone = row["metric"] in ("error_rate", "accuracy", "selection_rate")
        if everyone and row["level"] in ("group", "intersection") and row["n"] is not None:
            sizes[row["benchmark"]]["*".join(row["group"])][", ".join(row["group"].values())] = int(row["n"])
    return sizes
