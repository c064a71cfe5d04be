"""Whatever a card or a file of answers leaves out, merges or reads as something else is counted, in all and per group."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.given_project import MODELS, given_audit, rows_of, truth, write_answers
from support.plans import jobs_of
from support.toy import edit, table_text, toy_rows, write_project, write_table

from fairtransfer.data.answer_words import AnswerWords
from fairtransfer.data.ledger import Ledger
from fairtransfer.data.sides import map_labels, of_several
from fairtransfer.errors import DefinitionError
from fairtransfer.runner.job import Roots
from fairtransfer.runner.opened_data import OpenedData, open_data
from fairtransfer.spec import load_audit

pytestmark = pytest.mark.fast

Row = dict[str, str]


def opened(root: Path, rows: list[Row] | None = None, *changes: tuple[str, str]) -> OpenedData:
    audit = write_project(root, rows)
    if changes:
        edit(root / "data_cards" / "toy.md", *changes)
    return open_data(load_audit(audit), Roots())


def adds_up(ledger: Ledger) -> bool:
    """Every count per group adds up to the count in all, of every attribute."""
    total = {**ledger.excluded, **ledger.notes}
    told = {what: of for what, of in ledger.groups.items() if of}
    return bool(told) and all(
        sum(groups.values()) == total[what] for what, of in told.items() for groups in of.values()
    )


def by_hand(ids: tuple[str, ...], rows: list[Row], chosen: Any) -> dict[str, int]:
    known = {row["id"]: row for row in rows}
    return dict(Counter(known[i]["region"] or "unknown" for i in ids if chosen(known[i])))


# --- cards -------------------------------------------------------------------------------------------------------------


def test_rows_that_leave_and_rows_that_are_read_otherwise_are_counted_per_group(tmp_path: Path) -> None:
    rows = toy_rows(48)
    for number, row in enumerate(rows):
        row["label"] = {"fruit": "Obst"}.get(row["label"], row["label"]) if number % 5 == 0 else row["label"]
        row["region"] = "North" if row["region"] == "north" and number % 3 == 0 else row["region"]
        row["label"] = "" if number in (7, 11) else row["label"]
    sides = opened(
        tmp_path, rows,
        ("classes: [fruit, tool, animal]", "classes: [fruit, tool, animal]\n    missing: exclude\n    recode: {Obst: fruit}"),
        ("missing: own_group}", "missing: own_group, recode: {North: north}}"),
    )  # fmt: skip
    judged, learned = sides.judged["toy"], sides.adaptation
    ids = {side: part.ids for side, part in (("judged", judged.part), ("train", learned.train), ("val", learned.val))}
    for row in rows:
        row["region"] = {"North": "north"}.get(row["region"], row["region"])
    for ledger, used in ((judged.ledger, ids["judged"]), (learned.ledger, ids["train"] + ids["val"])):
        assert adds_up(ledger)
        note = "labels `Obst` read as `fruit`"
        assert ledger.groups[note]["region"] == by_hand(used, rows, lambda row: row["label"] == "Obst")
        assert ledger.notes["region `North` read as `north`"] == sum(
            ledger.groups["region `North` read as `north`"]["age"].values()
        )
        assert ledger.groups["label missing"]["region"] == dict(
            Counter(rows[n]["region"] or "unknown" for n in (7, 11))
        )
    outside = tuple(row["id"] for row in rows if row["id"] not in ids["judged"] and row["label"])
    assert judged.ledger.groups["not in the test split"]["region"] == by_hand(outside, rows, lambda row: True)
    assert set(judged.part.y) == {"fruit", "tool", "animal"}


def test_twins_that_are_taken_out_are_counted_per_group(tmp_path: Path) -> None:
    rows = toy_rows()
    sides = opened(tmp_path / "a", rows)
    text, target = sides.judged["toy"].part.inputs.take([0]).values[0], sides.adaptation.train.ids[0]
    copied = [{**row, "text": text} if row["id"] == target else row for row in rows]
    ledger = opened(tmp_path / "b", copied).adaptation.ledger
    (row,) = [row for row in rows if row["id"] == target]
    assert ledger.groups["same input in toy"]["region"] == {row["region"] or "unknown": 1}
    assert adds_up(ledger)


def test_rows_of_several_classes_of_a_map_are_told() -> None:
    labels: Any = {"warm": ("red", "orange"), "cold": ("blue",), "other": "rest"}
    y = ["red", "red|orange", "red|blue", "blue|green", "green|grey", ""]
    assert of_several(y, labels) == [2, 3]
    assert [map_labels(y, labels)[i] for i in (2, 3)] == ["warm", "cold"]
    assert of_several(y, None) == []


def test_a_ledger_that_loses_a_group_does_not_add_up() -> None:
    whole = Ledger(10).without({"gone": 3}, {"gone": {"region": {"north": 1, "south": 2}}})
    assert adds_up(whole)
    assert not adds_up(Ledger(10).without({"gone": 3}, {"gone": {"region": {"north": 1}}}))
    assert whole.to_json(["region"])["by_group"] == {"gone": {"region": {"north": 1, "south": 2}}}
    assert "by_group" not in whole.to_json(["age"]), "only attributes that are judged by stand in the evidence"


@pytest.mark.parametrize(("sign", "name"), [(";", "toy.csv"), ("\t", "toy.csv"), ("|", "toy.csv"), ("\t", "toy.tsv")])
def test_a_card_says_what_parts_the_fields_of_its_file(sign: str, name: str, tmp_path: Path) -> None:
    same = opened(tmp_path / "a").judged["toy"].part
    audit = write_project(tmp_path / "b")
    write_table(tmp_path / "b", table_text(toy_rows()).replace(",", sign))
    card, table = tmp_path / "b" / "data_cards" / "toy.md", tmp_path / "b" / "data_cards" / "toy.csv"
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    table.rename(table.with_name(name))
    old = next(line for line in card.read_text().split("\n") if "path: toy.csv" in line)
    said = "" if name.endswith(".tsv") else f', separator: "{sign}"'.replace("\t", "\\t")
    edit(card, (old, f"  files: [{{path: {name}, sha256: {digest}{said}}}]"))
    found = open_data(load_audit(audit), Roots()).judged["toy"].part
    assert (found.ids, found.y, found.groups) == (same.ids, same.y, same.groups)


# --- answers that were given -------------------------------------------------------------------------------------------


def joined(audit: Path) -> Any:
    made = jobs_of(audit)
    return open_data(made.files, made.roots, made.predictions)


def shouted(root: Path) -> list[Row]:
    """Answers in other words than the classes: `F` for fruit, and two that are none."""
    rows = rows_of(truth(root))
    for number, row in enumerate(rows):
        row["pred"] = {"fruit": "F"}.get(row["pred"], row["pred"])
        if row["stage"] == "after" and number % 17 == 0:
            row["pred"] = "do not know"
    return rows


def test_mapped_answers_are_the_classes_and_counted_per_group(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48, ('answers.csv"}', 'answers.csv", map: {F: fruit}}'))
    plain = rows_of(truth(tmp_path))
    write_answers(tmp_path, plain)
    same = joined(audit).given.pred
    rows = shouted(tmp_path)
    known = [row if row["pred"] != "do not know" else old for row, old in zip(rows, plain, strict=True)]
    write_answers(tmp_path, known)
    assert joined(audit).given.pred == same
    write_answers(tmp_path, rows)
    data = joined(audit)
    ledger, part = data.given.ledgers["toy"], data.judged["toy"].part
    assert adds_up(ledger)
    region = dict(zip(part.ids, part.groups["region"], strict=True))
    wanted = Counter(region[row["item"]] for row in rows if row["stage"] == "before" and row["pred"] == "F")
    assert ledger.groups["answers of `before` `F` read as `fruit`"]["region"] == wanted
    of_full = [row for row in rows if row["strategy"] == "full" and row["pred"] == "do not know"]
    note = next(note for note in ledger.notes if note.startswith("answers of `full`") and "outside the classes" in note)
    assert ledger.groups[note]["region"] == Counter(region[row["item"]] for row in of_full)
    assert ledger.notes[note] == len(of_full) > 0


def test_without_the_map_the_same_answers_are_outside_the_classes(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48)
    write_answers(tmp_path, shouted(tmp_path))
    notes = joined(audit).given.ledgers["toy"].notes
    assert notes["answers of `before` outside the classes, counted as errors"] > 5


def test_a_word_that_no_answer_is_is_told_and_one_mapped_to_itself_is_meant(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48, ('answers.csv"}', 'answers.csv", map: {LABEL_7: tool, FRUIT: FRUIT}}'))
    rows = rows_of(truth(tmp_path))
    rows[0]["pred"] = "FRUIT"
    write_answers(tmp_path, rows)
    told = [w for w in jobs_of(audit).files.warnings if w.code == "FT-P106"]
    assert ["LABEL_7" in problem.found for problem in told] == [True]
    assert joined(audit).given.outside["toy"]["`before`"] == {"FRUIT": 1}
    edit(audit, (", FRUIT: FRUIT", ""))
    with pytest.raises(DefinitionError, match="FT-P101"):
        joined(audit)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_file_of_answers_may_have_another_separator(sign: str, tmp_path: Path) -> None:
    written = sign.replace("\t", "\\t")
    audit = given_audit(tmp_path, 48, ('answers.csv"}', f'answers.csv", separator: "{written}"}}'))
    path = write_answers(tmp_path, rows_of(truth(tmp_path)))
    text = path.read_text()
    with pytest.raises(DefinitionError, match="FT-D016"):
        joined(audit)
    path.write_text(text.replace(",", sign))
    assert len(joined(audit).given.pred) == len(MODELS)


def test_classes_of_one_answer_may_be_parted_by_another_sign() -> None:
    words = AnswerWords({"r": "red", "b": "blue"}, ";")
    assert words.read("r;b;r", several=True) == "red|blue"
    assert words.read("", several=True) == ""
    assert words.read("r;b", several=False) == "r;b"
    read = [words.read(answer, several=True) for answer in ("r;b", "red", "b")]
    assert [*words.noted(("r;b", "red", "b"), read, "m")] == [
        (0, "answers of m `r` read as `red`"), (0, "answers of m `b` read as `blue`"), (2, "answers of m `b` read as `blue`"),
    ]  # fmt: skip
