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


Group = frozenset[tuple[str, str]]
View = frozenset[str]


def hidden_groups(sizes: Mapping[View, Mapping[Group, int]], below: int) -> set[Group]:
    """Return the groups to hide.

    Parameters
    ----------
    sizes
        ``view -> group -> people``. The groups of one view add up to everyone.
    below
        Counts from 1 to below - 1 are hidden. Where that leaves one group of a view hidden, the next smallest is hidden
        too: otherwise everyone minus the others would give the count away.
    """
    hidden: set[Group] = set()
    for groups in sizes.values():
        small = {group for group, n in groups.items() if 0 < n < below}
        others = [group for group, n in groups.items() if n > 0 and group not in small]
        if len(small) == 1 and others:
            small.add(min(others, key=lambda group: (groups[group], sorted(group))))
        hidden |= small
    return hidden


def suppress(rows: Iterable[Row], hidden: set[tuple[str, Group]]) -> list[Row]:
    """Return the rows with everything measured taken out of those about hidden groups ``(benchmark, group)``."""
    return [_without(row) if _is_about(row, hidden) else row for row in rows]


def _is_about(row: Row, hidden: set[tuple[str, Group]]) -> bool:
    """Say whether a row is about a hidden group; a gap is when it names one as its best or worst."""
    if row["level"] != "gap":
        return (row["benchmark"], frozenset(row["group"].items())) in hidden
    named = ((row["details"] or {}).get(end) for end in ("worst_group", "best_group"))
    return any((row["benchmark"], frozenset(group.items())) in hidden for group in named if group)


def _without(row: Row) -> Row:
    reason = "small group, or one from which a small group could be worked out"
    taken = {**dict.fromkeys(HIDDEN_FIELDS), "ci_level": None, "ci_method": None}
    return {**row, **taken, "status": "suppressed", "status_reason": reason}


def public_gate(gate: Mapping[str, Any], hidden: set[tuple[str, Group]], keys: Mapping[str, str]) -> dict[str, Any]:
    """Return a gate's result without what it says about hidden groups; its outcome stays.

    Parameters
    ----------
    keys
        ``benchmark id -> id@version``: verdicts name benchmarks by id, rows by key.
    """

    def shown(entry: Mapping[str, Any]) -> bool:
        return (keys[entry["benchmark"]], frozenset(entry["group"].items())) not in hidden

    lists = {name: [entry for entry in gate[name] if shown(entry)] for name in ("decided_by", "needed", "contrasts")}
    whole = len(lists["decided_by"]) == len(gate["decided_by"])
    reason = gate["reason"] if whole else "decided by a group too small to show; the evidence holds its numbers"
    return {**gate, **lists, "reason": reason}


def group_sizes(rows: Iterable[Row]) -> dict[str, dict[View, dict[Group, int]]]:
    """Return ``benchmark -> view -> group -> people`` from rows whose denominator is everyone in the group."""
    sizes: dict[str, dict[View, dict[Group, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        everyone = row["metric"] in ("error_rate", "accuracy", "selection_rate")
        if everyone and row["level"] in ("group", "intersection") and row["n"] is not None:
            sizes[row["benchmark"]][frozenset(row["group"])][frozenset(row["group"].items())] = int(row["n"])
    return sizes
