"""Small groups are hidden in documents (never from the verdict), together with what they could be worked out from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from fairtransfer.spec.names import UNKNOWN_GROUP

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

CLASS = "\0class"
"""Stands for the class among the attributes of a group; no attribute can have this name."""

MOST_SOLVED = 400
"""With more hidden groups than this, sums are looked at one by one and no longer all together."""

REST = "rest"
"""What a row is compared with when that is everyone outside its group."""

_ROUNDING = 1e-9

Group = frozenset[tuple[str, str]]
View = frozenset[str]
Hidden = AbstractSet[tuple[str, Group]]
"""``(benchmark key, group)`` of what is hidden."""


def hidden_groups(sizes: Mapping[View, Mapping[Group, int]], below: int) -> set[Group]:
    """Return the groups to hide: small ones, and those from which a small one could be worked out by subtraction.

    Every group of a view is the sum of its parts in a finer view, and everyone is the sum of any view. Wherever such a
    sum is shown, its hidden parts have to be at least two and together at least `below`; a hidden sum needs a hidden part.

    Parameters
    ----------
    sizes
        ``view -> group -> people``.
    below
        Counts from 1 to below - 1 are hidden.
    """
    people = {group: n for groups in sizes.values() for group, n in groups.items() if n > 0}
    small = {group for group, n in people.items() if n < below}
    hidden = set(small)
    sums = list(_sums(sizes, people))
    while True:
        extra = {group for whole, parts in sums for group in too_telling(whole, parts, people, hidden, below)}
        if not extra - hidden and len(hidden) > MOST_SOLVED:
            return hidden
        extra = extra - hidden or _against_several_sums(sums, people, hidden, small)
        if not extra:
            return hidden
        hidden |= extra


def _against_several_sums(
    sums: list[tuple[Group, list[Group]]], people: Mapping[Group, int], hidden: set[Group], small: set[Group]
) -> set[Group]:
    """Return the next group to hide, if several sums together give a small group away."""
    telling = _worked_out(sums, hidden) & small
    around = {group for whole, parts in sums if telling & {whole, *parts} for group in (whole, *parts) if group}
    shown = (around - hidden) or (people.keys() - hidden)
    return set(sorted(shown, key=lambda group: (people[group], sorted(group)))[:1]) if telling else set()


def _worked_out(sums: list[tuple[Group, list[Group]]], hidden: set[Group]) -> set[Group]:
    """Return the hidden groups whose size follows from the sums that are shown: those no solution of them can change."""
    position = {group: i for i, group in enumerate(sorted(hidden, key=sorted))}
    equations = np.zeros((len(sums), len(position)))
    for row, (whole, parts) in zip(equations, sums, strict=True):
        for group in (part for part in parts if part in position):
            row[position[group]] += 1
        if whole in position:
            row[position[whole]] -= 1
    _, values, directions = np.linalg.svd(equations)
    free = directions[int((values > _ROUNDING).sum()) :]
    return {group for group, i in position.items() if not (abs(free[:, i]) > _ROUNDING).any()}


def _sums(
    sizes: Mapping[View, Mapping[Group, int]], people: Mapping[Group, int]
) -> Iterator[tuple[Group, list[Group]]]:
    """Yield every whole with its parts; the whole of a view is everyone, an empty group."""
    for view, groups in sizes.items():
        parts = [group for group in groups if group in people]
        yield frozenset(), parts
        for coarser in sizes:
            if coarser < view:
                yield from (
                    (whole, [part for part in parts if whole < part]) for whole in sizes[coarser] if whole in people
                )


def too_telling(
    whole: Group, parts: list[Group], people: Mapping[Group, int], hidden: set[Group], below: int
) -> list[Group]:
    """Return the next part to hide, if what is shown of a sum gives away what is not; the sum itself when no part is left."""
    unseen = [part for part in parts if part in hidden]
    shown = sorted((part for part in parts if part not in hidden), key=lambda part: (people[part], sorted(part)))
    if whole in hidden:
        telling = not unseen
    else:
        telling = bool(unseen) and (len(unseen) == 1 or sum(people[part] for part in unseen) < below)
    if not telling:
        return []
    return shown[:1] or ([whole] if whole and whole not in hidden else [])


def unknown_is_hidden(benchmark: str, note: str, hidden: Hidden) -> bool:
    """Say whether a ledger's note ``<attribute> unknown`` counts a hidden group."""
    attribute = note.removesuffix(f" {UNKNOWN_GROUP}")
    return (benchmark, frozenset({(attribute, UNKNOWN_GROUP)})) in hidden


def is_about(row: Mapping[str, Any], hidden: Hidden, of: str | None = None) -> bool:
    """Say whether a row is about a hidden group; a gap is when it compares one: its details tell of every group.

    Parameters
    ----------
    of
        The class whose cases the row counts; then it is also about the part of a group that has the class.
    """
    part: Group = frozenset() if of is None else frozenset({(CLASS, of)})
    if row["level"] != "gap":
        told = [frozenset(group.items()) for group in _compared(row)]
        return not hidden.isdisjoint(
            {(row["benchmark"], group | of_class) for group in told for of_class in (frozenset(), part)}
        )
    left_out = {frozenset(group.items()) for group in (row["details"] or {}).get("groups_left_out", ())}
    view = frozenset(row["group"])
    return any(
        benchmark == row["benchmark"] and {name for name, _ in group - part} == view and group - part not in left_out
        for benchmark, group in hidden
    )


def _compared(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the groups a row tells of: its own, and the one it is compared with.

    From a group and everyone outside it everyone follows, so that everyone may not be hidden either.
    """
    against = row.get("against")
    return [row["group"]] + ([] if against is None else [{}] if against == REST else [against])


def thinned(row: Row, hidden: Hidden) -> Row:
    """Return a row without what its details say of hidden groups; a gap that compares one is hidden as a whole."""
    if not row["details"]:
        return row
    if row["level"] == "gap":
        telling = "impact_ratio_if_unknown_belonged" in row["details"] and _hides_unknown(row, hidden)
        kept = {name: value for name, value in row["details"].items() if name != "impact_ratio_if_unknown_belonged"}
        return {**row, "details": kept} if telling else row
    return {**row, "details": _without_others(row, hidden) or None}


def _without_others(row: Row, hidden: Hidden) -> Row:
    """Return the details of a row without what is told of other groups, where one of them is hidden.

    Bounds over the people of unknown group give their number away; a mean over all groups, the hidden one's value.
    """
    views = {frozenset(name for name, _ in group) for benchmark, group in hidden if benchmark == row["benchmark"]}
    details = dict(row["details"])
    if "if_unknown_belonged" in details and _hides_unknown(row, hidden):
        details = {name: value for name, value in details.items() if "if_unknown_belonged" not in name}
    if "generalised_means" in details:
        shown = [mean for mean in details["generalised_means"] if frozenset(mean["attributes"]) not in views]
        details["generalised_means"] = shown
    return details


def _hides_unknown(row: Row, hidden: Hidden) -> bool:
    """Say whether a hidden group of the row's view holds people whose membership is not recorded."""
    return any(
        benchmark == row["benchmark"]
        and {name for name, _ in group} == set(row["group"])
        and UNKNOWN_GROUP in (value for _, value in group)
        for benchmark, group in hidden
    )


def without(row: Row) -> Row:
    """Return a row with everything measured taken out."""
    reason = "small group, or one from which a small group could be worked out"
    taken = {**dict.fromkeys(HIDDEN_FIELDS), "ci_level": None, "ci_method": None}
    return {**row, **taken, "status": "suppressed", "status_reason": reason}


def public_gate(
    gate: Mapping[str, Any], hidden: Hidden, keys: Mapping[str, str], classes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a gate's result without what it says about hidden groups; its outcome stays.

    Parameters
    ----------
    keys
        ``benchmark id -> id@version``: verdicts name benchmarks by id, rows by key.
    classes
        The classes whose cases the gate counts.
    """

    def shown(entry: Mapping[str, Any]) -> bool:
        about = {
            "benchmark": keys[entry["benchmark"]],
            "group": entry["group"],
            "against": entry.get("against_group"),
            "level": "group",
        }
        return not any(is_about(about, hidden, of) for of in classes or (None,))

    lists = {name: [entry for entry in gate[name] if shown(entry)] for name in ("decided_by", "needed", "contrasts")}
    whole = len(lists["decided_by"]) == len(gate["decided_by"])
    reason = gate["reason"] if whole else "decided by a group too small to show; the evidence holds its numbers"
    margin = gate["smallest_margin"] if len(lists["contrasts"]) == len(gate["contrasts"]) else None
    return {**gate, **lists, "reason": reason, "smallest_margin": margin}
