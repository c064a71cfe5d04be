"""Attributes become groups; a missing membership is a group of its own, and counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.data.groups import assign
from fairtransfer.spec.card_columns import Attribute, Bin

pytestmark = pytest.mark.fast


def attribute(**given: object) -> Attribute:
    return Attribute.model_validate({"name": "g", "column": "g", "obtained": "record", **given})


def codes(made: Attribute, column: list[str | None]) -> list[str]:
    return [p.code for p in assign(made, column)[1]]


def test_missing_membership_is_its_own_group_when_the_card_says_so() -> None:
    groups, problems = assign(attribute(missing="own_group"), ["a", None, " ", "b"])

    assert problems == []
    assert groups.values == ["a", "unknown", "unknown", "b"]
    assert groups.n_unknown == 2


def test_missing_membership_without_a_policy_is_an_error() -> None:
    """The twin: nothing is decided silently."""
    assert codes(attribute(), ["a", None]) == ["FT-G001"]


def test_excluded_rows_are_marked_not_dropped_here() -> None:
    groups, _ = assign(attribute(missing="exclude"), ["a", None])

    assert groups.values == ["a", None]


def test_values_not_listed_are_pooled_and_counted() -> None:
    groups, problems = assign(attribute(values=("a",), others="pool"), ["a", "b", "c", "b"])

    assert problems == []
    assert groups.values == ["a", "other", "other", "other"]
    assert groups.pooled == {"b": 2, "c": 1}


def test_recoding_merges_spellings_on_purpose_only() -> None:
    assert codes(attribute(), ["Jews", "jews"]) == ["FT-G003"]
    assert codes(attribute(recode={"Jews": "jews"}), ["Jews", "jews"]) == []


@pytest.mark.parametrize(("value", "group"), [("0", "child"), ("17.9", "child"), ("18", "adult"), ("99", "adult")])
def test_bins_take_their_lower_edge(value: str, group: str) -> None:
    bins = (Bin.model_validate({"label": "child", "to": 18.0}), Bin.model_validate({"label": "adult", "from": 18.0}))

    assert assign(attribute(bins=bins), [value])[0].values == [group]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=40))
def test_no_row_is_lost(column: list[str | None]) -> None:
    """As many groups as rows, in their order, whatever is missing."""
    groups, _ = assign(attribute(missing="own_group"), column)

    assert len(groups.values) == len(column)
    assert groups.values.count("unknown") == column.count(None)
