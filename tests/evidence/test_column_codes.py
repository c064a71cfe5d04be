"""Sorting and grouping by places: the same as by the values themselves, missing ones last."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtransfer.evidence.column_codes import ranks, sorted_by
from fairtransfer.evidence.views import view_of

pytestmark = pytest.mark.fast

texts = st.text("aB\u00e9\U0001f600", max_size=2)


@settings(deadline=None)
@given(st.sets(st.tuples(st.none() | texts, st.booleans(), st.integers(-3, 3)), min_size=1))
def test_rows_are_sorted_as_by_their_values(rows: set[tuple[str | None, bool, int]]) -> None:
    shuffled = sorted(rows, key=repr)
    table = pa.table(dict(zip("abc", zip(*shuffled, strict=True), strict=True)))
    told = [tuple(row.values()) for row in sorted_by(table, ["a", "b", "c"]).to_pylist()]
    assert told == sorted(rows, key=lambda row: (row[0] is None, row))
    assert sorted_by(table, ["a", "b", "c"]).equals(table.sort_by([(name, "ascending") for name in "abc"]))


def test_missing_values_have_the_last_place() -> None:
    values, places = ranks(pa.chunked_array([["b", None], ["a", "b"]]))
    assert values == ["a", "b", None]
    assert places.tolist() == [1, 2, 0, 1]


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts, st.integers(0, 3)), min_size=1, max_size=30))
def test_groups_and_units_are_those_of_a_loop_over_rows(rows: list[tuple[str, str, int]]) -> None:
    one, two, units = zip(*rows, strict=True)
    view = view_of(pa.table({"one": one, "two": two}), ("one", "two"), np.array(units))
    told = [tuple(view.groups[code].values()) for code in view.codes]
    assert told == list(zip(one, two, strict=True))
    assert [tuple(group.values()) for group in view.groups] == sorted(set(told))
    assert view.group_of[view.part].tolist() == view.codes.tolist()
    assert view.unit_of[view.part].tolist() == list(units)
    assert len(view.unit_of) == len(set(zip(told, units, strict=True)))
