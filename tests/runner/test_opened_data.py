"""What is adapted on and what is judged are apart, and every row that left has a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toy import edit, toy_rows, write_project

from fairtransfer.data.sides import map_labels
from fairtransfer.runner.job import Roots
from fairtransfer.runner.opened_data import OpenedData, open_data
from fairtransfer.spec import load_audit

pytestmark = pytest.mark.fast


def sides_of(root: Path, *changes: tuple[str, str], rows: list[dict[str, str]] | None = None) -> OpenedData:
    audit = write_project(root, rows)
    if changes:
        edit(root / "data_cards" / "toy.md", *changes)
    return open_data(load_audit(audit), Roots())


def balanced(ledger: dict[str, object]) -> bool:
    excluded = ledger["n_excluded"]
    assert isinstance(excluded, dict)
    return ledger["n_in"] == int(str(ledger["n_used"])) + sum(excluded.values())


def test_both_ledgers_add_up_and_count_the_unknown(tmp_path: Path) -> None:
    sides = sides_of(tmp_path, rows=toy_rows(96))

    judged = sides.judged["toy"]
    assert balanced(judged.ledger.to_json())
    assert balanced(sides.adaptation.ledger.to_json())
    unknown = [side.groups["region"].count("unknown") for side in (judged.part, sides.adaptation.train)]
    assert 0 < judged.ledger.notes["region unknown"] == unknown[0] < 16, "of the rows that are judged, not of the file"
    assert sides.adaptation.ledger.notes["region unknown"] >= unknown[1]
    assert judged.ledger.n_used == len(judged.part)
    assert sides.adaptation.ledger.n_used == len(sides.adaptation.train) + len(sides.adaptation.val)


def test_excluded_rows_have_their_reason(tmp_path: Path) -> None:
    sides = sides_of(tmp_path, ("missing: own_group", "missing: exclude"))

    assert sides.judged["toy"].ledger.excluded["region missing"] == 4
    assert balanced(sides.judged["toy"].ledger.to_json())


def test_no_unit_and_no_row_is_on_both_sides(tmp_path: Path) -> None:
    sides = sides_of(tmp_path)

    adapted = set(sides.adaptation.train.units) | set(sides.adaptation.val.units)
    assert adapted.isdisjoint(sides.judged["toy"].part.units)


@pytest.mark.parametrize(("rule", "left", "residual"), [("drop", 0, 0), ("report", 1, 1)])
def test_a_repeat_of_a_test_row_leaves_the_adaptation_side_or_is_told(
    tmp_path: Path, rule: str, left: int, residual: int
) -> None:
    """With `drop` the adaptation row goes and the test row stays; with `report` the verdict will be held back."""
    rows = toy_rows()
    sides = sides_of(tmp_path / "a", rows=rows)
    victim = sides.judged["toy"].part.inputs.take([0])
    target = sides.adaptation.train.ids[0]
    copied = [{**row, "text": victim.values[0]} if row["id"] == target else row for row in rows]

    again = sides_of(tmp_path / "b", ("across_splits: drop", f"across_splits: {rule}"), rows=copied)

    assert sum(text == victim.values[0] for text in again.adaptation.train.inputs.values) == left
    assert victim.values[0] in again.judged["toy"].part.inputs.values
    assert again.judged["toy"].leaks["residual"] == residual
    assert again.judged["toy"].leaks["blocks"] is bool(residual)
    assert balanced(again.adaptation.ledger.to_json())


def test_label_maps_take_the_first_class_that_fits_and_the_rest() -> None:
    """A row with several labels means a class when one of its labels does."""
    labels = {"hateful": ("hateful",), "other": "rest"}

    assert map_labels(["hateful|normal", "normal", "offensive|hateful", "fearful"], labels) == (
        "hateful",
        "other",
        "hateful",
        "other",
    )
    assert map_labels(["a", "b"], None) == ("a", "b")


@given(st.lists(st.sampled_from(["a", "b", "c", "a|b", "b|c"]), min_size=1))
def test_label_maps_keep_every_row(labels: list[str]) -> None:
    mapped = map_labels(labels, {"x": ("a",), "y": "rest"})

    assert len(mapped) == len(labels)
    assert set(mapped) <= {"x", "y"}


def test_a_card_without_validation_gives_up_a_fifth_of_its_training_units(tmp_path: Path) -> None:
    sides = sides_of(tmp_path, ("train: 0.5, val: 0.25, test: 0.25", "train: 0.75, test: 0.25"))

    assert len(sides.adaptation.val) > 0
    assert set(sides.adaptation.val.units).isdisjoint(sides.adaptation.train.units)
    assert len(sides.adaptation.val) / (len(sides.adaptation.train) + len(sides.adaptation.val)) == pytest.approx(
        0.2, abs=0.1
    )
