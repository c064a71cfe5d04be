"""Findings as a collection: asked for some of them, or the one; what there is not is an error."""

from __future__ import annotations

from typing import Any

import pytest
from support.tables import GROUPS, NAMES, table

import fairtransfer as ft
from fairtransfer.errors import DefinitionError
from fairtransfer.findings.collection import Findings

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def found() -> Findings:
    return ft.measure(table(), **NAMES, **GROUPS, metrics="error_rate,recall:per_class").findings


def by_hand(found: Findings, **asked: Any) -> list[Any]:
    return [f for f in found if all(getattr(f, name) == value for name, value in asked.items())]


ASKED = (
    {"stage": "after"},
    {"stage": "after", "metric": "error_rate"},
    {"metric": "recall", "class_": "yes", "stage": "before"},
    {"level": "gap"},
    {"status": "ok", "strategy": None},
    {"level": "intersection", "stage": "change"},
)


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_is_what_looking_through_all_finds(found: Findings, asked: dict[str, Any]) -> None:
    assert list(found.where(**asked)) == by_hand(found, **asked) != []


def test_groups_are_named_as_a_mapping_or_as_results_write_them(found: Findings) -> None:
    south = [f for f in found if f.group == {"region": "south", "age": "old"}]
    for group in ({"region": "south", "age": "old"}, {"age": "old", "region": "south"}, "region=south & age=old"):
        assert list(found.where(group=group)) == south != []
    everyone = [f for f in found if f.group == {} and f.level == "overall"]
    assert list(found.where(group={})) == list(found.where(group="everyone")) == everyone != []


def test_all_groups_by_some_attributes(found: Findings) -> None:
    crossed = [f for f in found if set(f.group) == {"region", "age"} and f.level == "intersection"]
    for by in ("region*age", "age*region", ["region", "age"]):
        assert list(found.where(by=by)) == crossed != []
    assert {f.group["region"] for f in found.where(by="region", stage="after")} == {"north", "south", "west"}


def test_where_can_be_asked_again(found: Findings) -> None:
    twice = found.where(stage="after").where(metric="recall[yes]").where(by="age")

    assert twice == found.where(stage="after", metric="recall", class_="yes", by="age")
    assert isinstance(twice, Findings)
    assert len(twice.to_frame()) == len(twice) == 2


def test_the_one_finding(found: Findings) -> None:
    one = found.one(stage="after", metric="error_rate", group={"region": "south"})

    assert one == by_hand(found, stage="after", metric="error_rate", group={"region": "south"})[0]
    with pytest.raises(DefinitionError, match=r"findings FT-P043: 3 findings are about this; exactly one; say group="):
        found.one(stage="after", metric="error_rate", by="region")
    with pytest.raises(DefinitionError, match=r"no findings are about this; exactly one"):
        found.one(stage="after", metric="recall", class_=None, by="region", level="gap")


WRONG = {
    "stage": (
        {"stage": "afer"},
        "stage FT-P043: no finding has `afer`; there are: before, after, change, difference_of_changes; did you mean `after`?",
    ),
    "metric": (
        {"metric": "recal"},
        "metric FT-P043: no finding has `recal`; there are: error_rate, recall, recall[no], recall[yes]; did you mean `recall`?",
    ),
    "group": ({"group": {"region": "east"}}, "group FT-P043: no finding has `region=east`; there are: everyone, "),
    "by": ({"by": "sex"}, "by FT-P043: no finding has `sex`; there are: region, age, region*age"),
    "word": ({"stge": "after"}, "where FT-P043: no finding has `stge`; there are: stage, metric, class_, "),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_finding_has_is_an_error_that_lists_what_there_is(found: Findings, name: str) -> None:
    asked, told = WRONG[name]
    with pytest.raises(DefinitionError) as caught:
        found.where(**asked)
    assert str(caught.value).startswith(told)


def test_everything_unknown_is_told_at_once(found: Findings) -> None:
    with pytest.raises(DefinitionError) as caught:
        found.where(stage="x", metric="y", group="region=z", by="w")
    assert len(caught.value.problems) == 4


def test_what_goes_together_nowhere_is_an_empty_collection(found: Findings) -> None:
    """Every value is known; no finding has both."""
    assert found.where(metric="error_rate", class_="yes") == ()
    assert Findings().where(stage="anything") == ()
