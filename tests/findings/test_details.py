"""Rows of results and what only some of them have: everything written is read again, and nothing unknown is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.records import records_of
from support.tables import NAMES, table

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.json_record import UnreadableRecord
from fairtransfer.findings import details
from fairtransfer.findings.details import DETAILS, ChangeDetails, Details, ScoreDetails, read_details
from fairtransfer.findings.gap_details import GapDetails
from fairtransfer.findings.rows import Finding
from fairtransfer.measurement import measure


def any_details() -> st.SearchStrategy[Any]:
    """Of every kind; of scores those that tell something, as a row without details has none."""
    return st.one_of([records_of(kind) for kind in DETAILS]).filter(lambda found: bool(found.to_json()))


def on_disk(content: Any) -> Any:
    return json.loads(canonical(content))


@given(any_details())
def test_details_of_every_kind_read_back_as_they_were(found: Details) -> None:
    again = read_details(on_disk(found.to_json()))
    assert (type(again), again) == (type(found), found)


def any_rows() -> st.SearchStrategy[Any]:
    return records_of(Finding).filter(lambda row: row.details is None or bool(row.details.to_json()))


@given(any_rows(), any_details())
def test_rows_read_back_as_they_were(row: Finding, found: Details) -> None:
    assert Finding.from_json(on_disk(row.to_json())) == row
    content = {**row.to_json(), "details": found.to_json()}
    assert Finding.from_json(on_disk(content)).to_json() == content


@pytest.mark.parametrize("kind", DETAILS)
@given(data=st.data())
def test_a_key_that_its_kind_has_not_is_an_error(kind: type[Details], data: st.DataObject) -> None:
    content = data.draw(records_of(kind).filter(lambda found: bool(found.to_json()))).to_json()
    with pytest.raises(UnreadableRecord, match="invented"):
        read_details({**content, "invented": 1})


def test_every_kind_has_a_tag_and_marks_of_its_own() -> None:
    assert len({kind.kind for kind in DETAILS}) == len(DETAILS)
    for place, kind in enumerate(DETAILS):
        earlier = [other for other in DETAILS[:place] if not other.marks.isdisjoint(kind.keys())]
        assert not earlier, f"details of {kind.kind} would be read as {earlier}"


def test_every_kind_of_the_file_is_in_the_list() -> None:
    named = {kind for name, kind in vars(details).items() if name.endswith("Details") and isinstance(kind, type)}
    assert named == set(DETAILS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"statsu": "ok"}, "statsu"),
        ({"n": "many"}, "Finding.n"),
        ({"n": True}, "Finding.n"),
        ({"status": "hidden"}, "Finding.status"),
        ({"ci": [0.1]}, "Finding.ci"),
        ({"group": ["region"]}, "Finding.group"),
        ({"against": 3}, "Finding.against"),
        ({"details": {}}, "no known kind"),
        ({"details": {"churn": 0.1, "screening": {"p": 0.5}}}, "screening: Screening: the key 'label' is missing"),
    ],
)
def test_what_is_no_row_is_told(change: dict[str, Any], told: str) -> None:
    row = next(f for f in measure(table(100), **NAMES).findings if f.stage == "change").to_json()
    assert Finding.from_json(row).to_json() == row
    with pytest.raises(UnreadableRecord, match=told):
        Finding.from_json({**row, **change})


@pytest.mark.parametrize("name", ["metric", "class", "group", "benchmark"])
def test_a_row_that_does_not_say_what_it_is_about_is_an_error(name: str) -> None:
    row = measure(table(100), **NAMES).findings[0].to_json()
    del row[name]
    with pytest.raises(UnreadableRecord, match=name):
        Finding.from_json(row)


def test_keys_that_are_left_out_are_not_null() -> None:
    assert ChangeDetails(0.25).to_json() == {"churn": 0.25}
    assert GapDetails(({"g": "a"},)).to_json() == {"groups_left_out": [{"g": "a"}]}
    assert ScoreDetails(generalised_means=()).to_json() == {"generalised_means": []}
