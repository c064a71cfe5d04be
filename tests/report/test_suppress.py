"""Small groups stay hidden: not only their own cell, but everything from which it could be worked out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fairtransfer.evidence.run_file import LedgerRecord
from fairtransfer.findings.rows import Finding
from fairtransfer.report.class_counts import hidden_answers
from fairtransfer.report.suppress import GroupKey, View, by_group, hidden_groups

pytestmark = pytest.mark.fast

BELOW = 11
Sizes = dict[View, dict[GroupKey, int]]


def group(**names: str) -> GroupKey:
    return frozenset(names.items())


def views(counts: np.ndarray, names: tuple[str, ...]) -> Sizes:
    """The published views of a table of counts: every attribute, and all of them together."""
    axes = range(len(names))
    found: Sizes = {}
    for chosen in [*itertools.combinations(axes, 1), *([tuple(axes)] if len(names) > 1 else [])]:
        cells: dict[GroupKey, int] = {}
        for index in np.ndindex(counts.shape):
            key = frozenset((names[a], str(index[a])) for a in chosen)
            cells[key] = cells.get(key, 0) + int(counts[index])
        found[frozenset(names[a] for a in chosen)] = cells
    return found


def determined(sizes: Sizes, hidden: set[GroupKey]) -> set[GroupKey]:
    """The slow twin: the hidden counts that linear algebra works out from what is shown, and the total."""
    unknown = sorted(hidden, key=sorted)
    position = {g: i for i, g in enumerate(unknown)}
    equations = []
    for view, groups in sizes.items():
        wholes = [frozenset(), *(w for coarser in sizes if coarser < view for w in sizes[coarser])]
        for whole in wholes:
            row = np.zeros(len(unknown))
            for part in (g for g in groups if whole <= g and g in position):
                row[position[part]] += 1
            if whole in position:
                row[position[whole]] -= 1
            equations.append(row)
    matrix = np.array(equations)
    rank = np.linalg.matrix_rank(matrix)
    return {
        g for g, i in position.items() if np.linalg.matrix_rank(np.vstack([matrix, np.eye(len(unknown))[i]])) == rank
    }


counts = st.lists(st.integers(0, 40), min_size=12, max_size=12)


@settings(max_examples=200)
@given(counts)
@example([0, 0, 0, 0, 0, 1, 10, 0, 0, 0, 1, 11])  # b=3 is one cell only: shown, it would tell that cell
@example([0, 2, 0, 9, 0, 0, 1, 1, 0, 0, 10, 0])  # no sum tells it, three of them together would
def test_no_hidden_group_can_be_worked_out(values: list[int]) -> None:
    sizes = views(np.array(values).reshape(3, 4), ("a", "b"))
    people = {g: n for groups in sizes.values() for g, n in groups.items()}

    hidden = hidden_groups(sizes, BELOW)
    small = {g for g, n in people.items() if 0 < n < BELOW}
    shown = {g for g, n in people.items() if n >= BELOW and g not in hidden}

    assert small <= hidden
    if shown and len([n for n in values if n]) > 3:
        assert not determined(sizes, hidden) & small


def test_hiding_only_the_small_ones_gives_them_away() -> None:
    """The check can fail: everyone minus the others."""
    sizes = views(np.array([5, 100, 200]), ("a",))

    assert determined(sizes, {group(a="0")}) == {group(a="0")}
    assert hidden_groups(sizes, BELOW) == {group(a="0"), group(a="1")}


def test_a_part_of_a_shown_group_is_protected_within_it() -> None:
    """North has 5 young and 100 old: with north shown, hiding the young alone would not help."""
    sizes = views(np.array([[5, 100], [80, 90]]), ("region", "age"))

    hidden = hidden_groups(sizes, BELOW)

    assert {group(region="0", age="0"), group(region="0", age="1")} <= hidden
    assert not determined(sizes, hidden)


def test_groups_that_are_too_small_together_take_a_third_with_them() -> None:
    assert hidden_groups(views(np.array([3, 4, 30, 60]), ("a",)), BELOW) == {group(a="0"), group(a="1"), group(a="2")}


def test_without_small_groups_nothing_is_hidden() -> None:
    assert hidden_groups(views(np.array([[20, 30], [40, 50]]), ("a", "b")), BELOW) == set()
    assert hidden_groups(views(np.array([3, 30]), ("a",)), 0) == set()


# --- how many were put into a class ------------------------------------------------------------------------------------


def answered(n: int, of: str, **group: str) -> Finding:
    about = ("audit", "run", "b@1", "after", "full", "all", (0,), "precision", of, "lower_is_worse", group, "group")
    return Finding(*about, n=n)


def few_of(rows: list[Finding], below: int) -> set[tuple[str, str]]:
    """Region and class of what is hidden."""
    found = hidden_answers(rows, ("x", "y"), below)
    return {("".join(value for _, value in group), of) for *_, group, of in found}


def test_those_put_into_a_class_are_not_worked_out_from_everyone_and_the_other_regions() -> None:
    """85 in all, 40 and 35 in two regions: the third is the 10 that are hidden. So a second region goes with it."""
    x = [answered(85, "x"), answered(40, "x", r="a"), answered(35, "x", r="b"), answered(10, "x", r="c")]
    y = [answered(150, "y"), answered(50, "y", r="a"), answered(50, "y", r="b"), answered(50, "y", r="c")]

    assert few_of(x, 11) == {("c", "x"), ("b", "x")}
    assert few_of(x, 10) == set(), "the twin: nothing is small"
    both = few_of([*x, *y], 11)
    assert {("c", "x"), ("c", "y")} <= both, "the other class of the region would tell it from the region's size"
    for of in "xy":
        hidden = [region for region, what in both if what == of]
        assert len(hidden) != 1, "one alone follows from everyone and the others"
    for region in "abc":
        assert len([of for where, of in both if where == region]) != 1


@pytest.mark.parametrize(
    ("hidden", "below", "told"),
    [
        ((), 2, "age: old 5, young 2; region: north 4, south 3"),
        (
            (("toy", (("region", "south"),)),),
            2,
            "age: old 5, young 2",
        ),  # how many are missing tells of the hidden group
        ((("other", (("region", "south"),)),), 2, "age: old 5, young 2; region: north 4, south 3"),
        ((("toy", (("region", "south"), ("age", "old"))),), 2, "age: old 5, young 2; region: north 4, south 3"),
        ((), 3, "region: north 4, south 3"),  # the young are few: the old would tell how many they are
        ((), 9, ""),
    ],
)
def test_a_ledgers_line_is_told_per_group_only_where_no_group_is_small_or_hidden(
    hidden: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], below: int, told: str
) -> None:
    of = {"age": {"old": 5, "young": 2}, "region": {"north": 4, "south": 3}}
    ledger = LedgerRecord(20, 13, {"label missing": 7}, {}, {"label missing": of, "region missing": of})
    secret = frozenset((benchmark, frozenset(group)) for benchmark, group in hidden)
    assert by_group(ledger, "label missing", "toy", secret, below) == told
    assert "region" not in by_group(ledger, "region missing", "toy", secret, below), "the line says it already"
    assert by_group(ledger, "of a file", "toy", secret, below) == ""
    assert by_group(LedgerRecord(20, 13, {"label missing": 7}, {}), "label missing", "toy", secret, below) == ""
