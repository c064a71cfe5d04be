"""Sums over units equal a walk over rows: values and events, with weights and units, in groups and outside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.sums import COLUMNS, ClassAnswers, change_rows, sums_table
from fairtransfer.evidence.value_sums import CellValues, RowValues, value_rows
from fairtransfer.evidence.views import Cases, membership, people, view_of

CLASSES = ("a", "b")
Rows = list[tuple[str, int, float, float]]  # group, unit, weight, value

rows = st.lists(
    st.tuples(st.sampled_from("xyz"), st.integers(0, 6), st.integers(1, 9), st.integers(-40, 40)),
    min_size=2,
    max_size=40,
).map(lambda found: [(g, u, w / 4, v / 8) for g, u, w, v in found])


def cases_of(found: Rows, *, alone: bool, weighted: bool) -> Cases:
    items = pa.table({"g": [g for g, *_ in found]})
    units = np.arange(len(found)) if alone else np.array([u for _, u, *_ in found])
    views = {view: view_of(items, view, units) for view in ((), ("g",))}
    w = np.array([w for *_, w, _ in found])
    return Cases(views, np.ones(len(found), dtype=np.int64), units, alone, (w, w**2, w**3) if weighted else None)


def slow(found: Iterable[tuple[int, float, float]]) -> dict[str, float]:
    """The sums of some rows (unit, weight, value), the plain way."""
    kept = list(found)
    m, x = sum(w for _, w, _ in kept), sum(w * v for _, w, v in kept)
    per_unit: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for unit, w, v in kept:
        per_unit[unit][0] += w
        per_unit[unit][1] += w * v
    mean = x / m if m else 0.0
    off = [sx - mean * sm for sm, sx in per_unit.values()]
    sums = {"n": len(kept), "units": len(per_unit), "m": m, "x": x, "mm": sum(sm**2 for sm, _ in per_unit.values())}
    squares = sum(w * (v - mean) ** 2 for _, w, v in kept)
    return {**sums, "squares": squares, "spread": sum(o**2 for o in off), "cubes": sum(o**3 for o in off)}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@given(rows)
def test_sums_of_values_equal_a_walk_over_rows(alone: bool, weighted: bool, found: Rows) -> None:
    cases = cases_of(found, alone=alone, weighted=weighted)
    told = [(i if alone else u, w if weighted else 1.0, v) for i, (_, u, w, v) in enumerate(found)]
    values = RowValues(np.array([v for *_, v in found]), np.array([w for *_, w, _ in found]) if weighted else None)

    made = list(value_rows(cases, values, {"adds": "v"}, skewed=True))

    keys = {("group", ()): told}
    for group in {g for g, *_ in found}:
        for side in ("group", "rest"):
            keys[side, (group,)] = [
                t for t, (g, *_) in zip(told, found, strict=True) if (g == group) == (side == "group")
            ]
    assert len(made) == len(keys)
    for row in made:
        group = next((g for _, (g,) in (k for k in keys if k[1]) if canonical({"g": g}).decode() == row["group"]), None)
        expected = slow(keys[row["side"], () if group is None else (group,)])
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weighted", [True, False])
@given(rows)
def test_sums_that_a_database_made_say_the_same(weighted: bool, found: Rows) -> None:
    """Cells of alike rows with sums of powers, in the place of rows."""
    v, w = np.array([v for *_, v in found]), np.array([w for *_, w, _ in found])
    cases = cases_of(found, alone=True, weighted=weighted)
    powers = {(a, b): w**a * v**b for a in range(4) for b in range(4)}
    cells = CellValues(powers if weighted else {(0, b): v**b for b in range(4)}, weighted)

    made, exact = (
        list(value_rows(cases, values, {}, skewed=True)) for values in (cells, RowValues(v, w if weighted else None))
    )

    for one, two in zip(made, exact, strict=True):
        numbers = {name: value for name, value in two.items() if not isinstance(value, str)}
        assert {name: one[name] for name in numbers} == pytest.approx(numbers, abs=1e-7, rel=1e-7)


def test_values_that_are_nearly_alike_keep_their_digits() -> None:
    rng = np.random.default_rng(3)
    v = 1e6 + rng.normal(0, 1e-3, 200)
    found: Rows = [("x" if i % 2 else "y", i, 1.0, float(value)) for i, value in enumerate(v)]
    cases = cases_of(found, alone=True, weighted=False)

    (everyone, *groups) = value_rows(cases, RowValues(v), {}, skewed=False)

    assert everyone["spread"] == pytest.approx(float(((v - v.mean()) ** 2).sum()), rel=1e-6)
    assert all(row["spread"] == pytest.approx(row["squares"]) for row in groups)
    constant = list(value_rows(cases, RowValues(np.full(200, 0.1)), {}, skewed=False))
    assert {row["spread"] for row in constant} == {0.0}, "what rounding leaves is no spread"


@given(
    st.lists(st.tuples(*[st.sampled_from("ab")] * 3, st.integers(0, 4), st.sampled_from("xy")), min_size=2, max_size=30)
)
def test_a_change_whose_denominator_moves_keeps_both_models_and_how_they_vary_together(
    found: list[tuple[str, str, str, int, str]],
) -> None:
    items = pa.table(
        {"unit": [f"u{u}" for *_, u, _ in found], "y": [y for y, *_ in found], "g": [r[-1] for r in found]}
    )
    who = people(items, CLASSES, [(), ("g",)])
    first, second = (ClassAnswers(membership([row[k] for row in found], CLASSES)[None]) for k in (1, 2))

    made = [r for r in change_rows(who, first, second, ["precision"], {}) if r["class"] == "a"]

    for row in made:
        group = None if row["attributes"] == "" else row["group"][6]
        inside = [r for r in found if group is None or (r[-1] == group) == (row["side"] == "group")]
        per_unit: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("m0", "x0", "m", "x"), 0))
        for y, old, new, unit, _ in inside:
            for name, answer in (("0", old), ("", new)):
                per_unit[unit][f"m{name}"] += answer == "a"
                per_unit[unit][f"x{name}"] += answer == y == "a"
        units = list(per_unit.values())

        def total(one: str, two: str | None = None, of: list[dict[str, int]] = units) -> int:
            return sum(u[one] * (1 if two is None else u[two]) for u in of)

        assert (row["m"], row["x"], row["xx"]) == (total("m"), total("x"), total("x", "x"))
        assert (row["m_before"], row["xm_before"], row["xx_before"]) == (
            total("m0"),
            total("m0", "x0"),
            total("x0", "x0"),
        )
        both = (total("m", "m0"), total("m", "x0"), total("x", "m0"), total("x", "x0"))
        assert (row["mm_both"], row["mx_both"], row["xm_both"], row["xx_both"]) == both
        assert row["n"] == sum(old == "a" or new == "a" for _, old, new, *_ in inside)


def test_a_table_of_sums_holds_every_column_and_no_other() -> None:
    row: dict[str, Any] = {**dict.fromkeys(COLUMNS, None), "benchmark": "b"}
    assert sums_table([row]).column_names == list(COLUMNS)
    assert sums_table([]).num_rows == 0
