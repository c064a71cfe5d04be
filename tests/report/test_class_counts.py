"""Few cases of a class stay hidden, with what they could be worked out from; what is shown agrees with no small count."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtransfer.findings.rows import Finding
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes.table import METRICS
from fairtransfer.report.class_counts import sizes_of
from fairtransfer.report.document import public
from fairtransfer.report.suppress import CLASS

BELOW = 11
CLASSES = ("a", "b", "c")
REGIONS = ("north", "south", "west")
METRICS_OF_ONE = ("recall:per_class", "false_positive_rate:per_class", "precision:per_class", "error_rate")


def table(counts: np.ndarray, seed: int = 3) -> pd.DataFrame:
    """Rows of regions x classes in these numbers, answered with some errors."""
    rng = np.random.default_rng(seed)
    cells = itertools.product(enumerate(REGIONS), enumerate(CLASSES))
    rows = [(region, of) for (i, region), (j, of) in cells for _ in range(counts[i, j])]
    frame = pd.DataFrame(rows, columns=["region", "y"])
    for name in ("old", "new"):
        frame[name] = np.where(rng.random(len(frame)) < 0.3, rng.choice(CLASSES, len(frame)), frame.y)
    return frame


def seen(counts: np.ndarray, *gates: str, metrics: tuple[str, ...] = METRICS_OF_ONE) -> Measurement:
    return measure(
        table(counts),
        label="y",
        before="old",
        after="new",
        groups=["region"],
        metrics=metrics,
        gates=gates,
        classes=CLASSES,
    )


def shown(found: Measurement) -> list[Finding]:
    return list(public(found.study, found.findings, found.verdict).rows.all)


PLENTY = np.array([[60, 40, 30], [50, 45, 35], [40, 55, 30]])
FEW = np.array([[60, 40, 4], [50, 45, 35], [40, 55, 30]])


def test_sizes_equal_counting_rows() -> None:
    frame = table(FEW)
    found = sizes_of(seen(FEW).study)["table"]

    by_hand = {frozenset({("region", r)}): int((frame.region == r).sum()) for r in REGIONS}
    assert found[frozenset({"region"})] == by_hand
    both = found[frozenset({"region", CLASS})]
    assert both == {
        frozenset({("region", r), (CLASS, c)}): sum((x.region, x.y) == (r, c) for x in frame.itertuples())
        for r in REGIONS
        for c in CLASSES
    }
    assert found[frozenset({CLASS})] == {frozenset({(CLASS, c)}): int((frame.y == c).sum()) for c in CLASSES}


def test_few_cases_of_a_class_are_hidden_and_their_groups_rate_is_not(tmp_path: Path) -> None:
    found = seen(FEW)
    found.report(tmp_path)
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    north = [row for row in rows if row["group"] == {"region": "north"}]

    hidden = {row["class"] for row in north if row["metric"] == "recall" and row["status"] == "suppressed"}
    assert "c" in hidden
    assert len(hidden) > 1, "alone it would be what is left of the group"
    assert {row["status"] for row in north if row["metric"] == "error_rate"} == {"ok"}
    assert {row["n"] for row in rows if row["status"] == "suppressed"} == {None}
    private = next(f for f in found.findings if (f.metric, f.class_, f.group) == ("recall", "c", {"region": "north"}))
    assert private.n == 4, "the evidence keeps it"


def test_without_few_cases_nothing_is_hidden() -> None:
    assert not [
        row for row in shown(seen(PLENTY, metrics=("recall:per_class", "error_rate"))) if row.status == "suppressed"
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=9, max_size=9))
def test_no_small_count_of_a_class_is_shown_or_follows(values: list[int]) -> None:
    """Every count of cases that is shown, as an equation; none of the small ones is determined by them all together."""
    counts = np.array(values).reshape(3, 3)
    if (counts.sum(axis=1) > 0).sum() < 2 or (counts.sum(axis=0) == 0).any():
        return
    rows = shown(seen(counts, metrics=("recall:per_class", "false_positive_rate:per_class", "error_rate")))
    equations, small = [], [(i, j) for i in range(3) for j in range(3) if 0 < counts[i, j] < BELOW]
    zeros = [(i, j) for i in range(3) for j in range(3) if counts[i, j] == 0]
    for row in rows:
        told = told_cells(row)
        if row.n is not None and row.level != "gap" and row.status != "undefined":  # that tells of a zero only
            equation = np.zeros((3, 3))
            for cell in told:
                equation[cell] = 1
            assert equation.ravel() @ counts.ravel() == row.n
            equations.append(equation.ravel())
    for cell in zeros:
        equations.append(np.eye(9)[3 * cell[0] + cell[1]])
    matrix = np.array(equations)
    rank = np.linalg.matrix_rank(matrix)
    for i, j in small:
        assert np.linalg.matrix_rank(np.vstack([matrix, np.eye(9)[3 * i + j]])) > rank, (counts, i, j)


def told_cells(row: Finding) -> list[tuple[int, int]]:
    """The cells of regions x classes whose sum is a row's denominator."""
    regions = [i for i, r in enumerate(REGIONS) if row.group.get("region", r) == r]
    event = METRICS[row.metric].adds
    every = range(3)
    if event == "wrong" or (event == "true_positive" and row.class_ is None):
        classes = list(every)
    else:
        of = CLASSES.index(row.class_ or CLASSES[0])
        classes = [j for j in every if (j == of) == (event == "true_positive")]
    return [(i, j) for i in regions for j in classes]


def test_hiding_only_the_small_count_would_give_it_away() -> None:
    """The twin of the check above: with the group's size and its other classes shown, what is left is the hidden one."""
    matrix = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0]])

    assert np.linalg.matrix_rank(np.vstack([matrix, [0, 0, 1]])) == np.linalg.matrix_rank(matrix)


def test_the_reason_of_an_average_does_not_count_the_smallest_class() -> None:
    found = seen(FEW, metrics=("balanced_accuracy", "error_rate"))
    private = next(f for f in found.findings if f.metric == "balanced_accuracy" and f.group == {"region": "north"})
    mine = ("balanced_accuracy", "before", {"region": "north"})
    public_row = next(row for row in shown(found) if (row.metric, row.stage, row.group) == mine)

    assert private.status_reason == "4 cases of the rarest class, fewer than 10"
    assert public_row.status == "suppressed"
    assert "4" not in public_row.status_reason


def test_few_answers_of_a_class_are_hidden_with_what_is_left_over() -> None:
    rows = [row for row in shown(seen(FEW)) if row.metric == "precision" and row.class_]

    assert not [row for row in rows if row.n is not None and 0 < row.n < BELOW]
    for stage, region in itertools.product(("before", "after"), REGIONS):
        mine = [r for r in rows if (r.stage, r.group, r.level) == (stage, {"region": region}, "group")]
        assert len([r for r in mine if r.status == "suppressed"]) != 1


@pytest.mark.parametrize("gate", ["worst_group:by=region,metric=recall,class=c,at_least=0.5"])
def test_a_gate_on_a_class_does_not_count_its_few_cases(gate: str) -> None:
    found = seen(FEW, gate)

    open_, closed = found.verdict.gates[0], public(found.study, found.findings, found.verdict).verdict.gates[0]

    assert {"region": "north"} in [entry.group for entry in open_.contrasts]
    assert {"region": "north"} not in [entry.group for entry in closed.contrasts]
    assert closed.outcome == open_.outcome


def test_groups_are_hidden_where_only_rates_of_classes_are_asked_for() -> None:
    """The size of a group is known from the counts, whichever metrics are told."""
    counts = PLENTY.copy()
    counts[2] = (3, 2, 1)
    rows = shown(seen(counts, metrics=("recall:per_class",)))

    assert {row.status for row in rows if row.group == {"region": "west"}} == {"suppressed"}
