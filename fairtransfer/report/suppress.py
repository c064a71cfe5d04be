"""Small groups are hidden in documents (never from the verdict), together with what they could be worked out from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import assert_never

import numpy as np

from fairtransfer.evidence.run_file import LedgerRecord
from fairtransfer.evidence.table.told_by_group import in_words, shown_groups
from fairtransfer.findings.details import (
    ChangeDetails,
    ComparisonDetails,
    Details,
    MembershipDetails,
    NumberDetails,
    ScoreDetails,
)
from fairtransfer.findings.gap_details import GapChangeDetails, GapDetails, Group
from fairtransfer.findings.rows import Finding
from fairtransfer.gates.results import ContrastResult, GateResult, Needed
from fairtransfer.spec.names import UNKNOWN_GROUP

CLASS = "\0class"
"""Stands for the class among the attributes of a group; no attribute can have this name."""

MOST_SOLVED = 400
"""With more hidden groups than this, sums are looked at one by one and no longer all together."""

SMALL = "small group, or one from which a small group could be worked out"

_ROUNDING = 1e-9

GroupKey = frozenset[tuple[str, str]]
"""A group as something that can be a member of a set: the order of its attributes does not matter."""

View = frozenset[str]
Hidden = AbstractSet[tuple[str, GroupKey]]
"""``(benchmark key, group)`` of what is hidden."""


def hidden_groups(sizes: Mapping[View, Mapping[GroupKey, float]], below: int) -> set[GroupKey]:
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
    sums: list[tuple[GroupKey, list[GroupKey]]],
    people: Mapping[GroupKey, float],
    hidden: set[GroupKey],
    small: set[GroupKey],
) -> set[GroupKey]:
    """Return the next group to hide, if several sums together give a small group away."""
    telling = _worked_out(sums, hidden) & small
    around = {group for whole, parts in sums if telling & {whole, *parts} for group in (whole, *parts) if group}
    shown = (around - hidden) or (people.keys() - hidden)
    return set(sorted(shown, key=lambda group: (people[group], sorted(group)))[:1]) if telling else set()


def _worked_out(sums: list[tuple[GroupKey, list[GroupKey]]], hidden: set[GroupKey]) -> set[GroupKey]:
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
    sizes: Mapping[View, Mapping[GroupKey, float]], people: Mapping[GroupKey, float]
) -> Iterator[tuple[GroupKey, list[GroupKey]]]:
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
    whole: GroupKey, parts: list[GroupKey], people: Mapping[GroupKey, float], hidden: set[GroupKey], below: int
) -> list[GroupKey]:
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


def by_group(ledger: LedgerRecord, what: str, benchmark: str, hidden: Hidden, below: int) -> str:
    """Return how many rows of a ledger's line belong to each group; nothing of attributes with a small or hidden group."""
    secret = {name for key, group in hidden if key == benchmark and len(group) == 1 for name, _ in group}
    about = what.removesuffix(f" {UNKNOWN_GROUP}").removesuffix(" missing")
    told = (ledger.by_group or {}).get(what, {})
    apart = {name: groups for name, groups in told.items() if name not in secret and name != about}
    return in_words(shown_groups(apart, below))


def is_about(row: Finding, hidden: Hidden, class_label: str | None = None) -> bool:
    """Say whether a row is about a hidden group; a gap is when it compares one: its details tell of every group.

    Parameters
    ----------
    class_label
        The class whose cases the row counts; then it is also about the part of a group that has the class.
    """
    if row.level != "gap":
        return _is_hidden(row.benchmark, _told_of(row.group, row.against), hidden, class_label)
    part, excused, view = _part(class_label), left_out(row), frozenset(row.group)
    return any(
        benchmark == row.benchmark and {name for name, _ in group - part} == view and group - part not in excused
        for benchmark, group in hidden
    )


def left_out(row: Finding) -> set[GroupKey]:
    """Return the groups that a gap does not compare; a gap that says nothing of it compares all."""
    details = row.detail(GapDetails) or row.detail(GapChangeDetails)
    return set() if details is None else {frozenset(group.items()) for group in details.groups_left_out}


def _part(class_label: str | None) -> GroupKey:
    return frozenset() if class_label is None else frozenset({(CLASS, class_label)})


def _is_hidden(benchmark: str, groups: Iterable[Group], hidden: Hidden, class_label: str | None) -> bool:
    """Say whether one of these groups is hidden, or its part that has the class."""
    told = [frozenset(group.items()) for group in groups]
    return not hidden.isdisjoint(
        {(benchmark, group | part) for group in told for part in (frozenset(), _part(class_label))}
    )


def _told_of(group: Group, against: Group | str | None) -> list[Group]:
    """Return the groups that a comparison tells of: its own, and the one it is compared with.

    From a group and everyone outside it everyone follows, so that everyone may not be hidden either.
    """
    return [group] + ([] if against is None else [against if isinstance(against, dict) else {}])


def thinned(row: Finding, hidden: Hidden) -> Finding:
    """Return a row without what its details say of hidden groups; a gap that compares one is hidden as a whole."""
    return row if row.details is None else replace(row, details=_thinned(row, row.details, hidden))


def _thinned(row: Finding, details: Details, hidden: Hidden) -> Details | None:
    """Return details without what they tell of other groups, where one of them is hidden.

    Bounds over the people of unknown group give their number away; a mean over all groups, the hidden one's value.
    """
    match details:
        case MembershipDetails():
            return None if _hides_unknown(row, hidden) else details
        case GapDetails():
            return replace(details, impact_ratios=None) if _hides_unknown(row, hidden) else details
        case ScoreDetails():
            return _without_means(row, details, hidden)
        case ChangeDetails() | ComparisonDetails() | GapChangeDetails() | NumberDetails():
            return details  # of the row's own group, and of those that `is_about` has asked about
    assert_never(details)


def _without_means(row: Finding, details: ScoreDetails, hidden: Hidden) -> ScoreDetails:
    """Return details without means over the groups of a view of which one is hidden."""
    views = {frozenset(name for name, _ in group) for benchmark, group in hidden if benchmark == row.benchmark}
    means = details.generalised_means
    shown = None if means is None else tuple(mean for mean in means if frozenset(mean.attributes) not in views)
    return replace(details, generalised_means=shown)


def _hides_unknown(row: Finding, hidden: Hidden) -> bool:
    """Say whether a hidden group of the row's view holds people whose membership is not recorded."""
    return any(
        benchmark == row.benchmark
        and {name for name, _ in group} == set(row.group)
        and UNKNOWN_GROUP in (value for _, value in group)
        for benchmark, group in hidden
    )


def public_gate(gate: GateResult, hidden: Hidden, keys: Mapping[str, str], classes: Sequence[str] = ()) -> GateResult:
    """Return a gate's result without what it says about hidden groups; its outcome stays.

    Parameters
    ----------
    keys
        ``benchmark id -> id@version``: verdicts name benchmarks by id, rows by key.
    classes
        The classes whose cases the gate counts.
    """

    def is_shown(entry: ContrastResult | Needed) -> bool:
        groups, benchmark = _told_of(entry.group, entry.against_group), keys[entry.benchmark]
        return not any(_is_hidden(benchmark, groups, hidden, class_label) for class_label in classes or (None,))

    shown = replace(
        gate,
        decided_by=tuple(filter(is_shown, gate.decided_by)),
        needed=tuple(filter(is_shown, gate.needed)),
        contrasts=tuple(filter(is_shown, gate.contrasts)),
    )
    if len(shown.decided_by) < len(gate.decided_by):
        shown = replace(shown, reason="decided by a group too small to show; the evidence holds its numbers")
    return replace(shown, smallest_margin=None) if len(shown.contrasts) < len(gate.contrasts) else shown
