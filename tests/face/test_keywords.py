"""What `measure` takes: every form a program or a command line writes, and one sentence for everything else."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.tables import table
from support.terminal import Command

import fairtransfer as ft
from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.findings.question import Question
from fairtransfer.gates.no_harm import NoHarm
from fairtransfer.gates.worst_group import WorstGroup
from fairtransfer.measurement import Measurement
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.short import read_gates
from fairtransfer.table_question import MeasureOptions, question_of

pytestmark = pytest.mark.fast

COLUMNS = {"label": "y", "after": "new", "before": "old"}
KEYWORDS = [name for name in inspect.signature(ft.measure).parameters if name != "source"]
OPTIONS = [field.name for field in dataclasses.fields(MeasureOptions)]


def refused(**keywords: Any) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        ft.measure(table(40), **{**COLUMNS, **keywords})
    return caught.value.problems


def asked(**keywords: Any) -> tuple[Question, tuple[str, ...]]:
    given = {**COLUMNS, **keywords}
    options = {name: given.pop(name) for name in OPTIONS if name in given}
    return question_of(ft.Columns(**given), MeasureOptions(**options), Problems())


# --- what is of the wrong kind ----------------------------------------------------------------------------------------

ONE_COLUMN = (3, ["y"], {"y": 1}, 0.5, True, b"y", pd.Series(["y"]))
MANY = (3, [1, 2], {"region": 1}, {"region"}, ["region", ""], [["region"]], True, b"region", [None], object())
WRONG: dict[str, Iterable[Any]] = {
    "columns": ("y", ["y"], {"label": "y"}, 3),
    **dict.fromkeys(
        ("label", "after", "before", "unit", "score", "score_before", "value", "value_before", "weights", "counts"),
        ONE_COLUMN,
    ),
    **dict.fromkeys(("groups", "item"), MANY),
    **dict.fromkeys(
        ("scores", "scores_before"), (3, [3], True, b"yes", {"yes": 3}, {"yes": None}, {None: "p"}, object())
    ),
    "intersections": (
        3,
        [1],
        [["region", 1]],
        {"region": "age"},
        [[]],
        {"region*age"},
        [[["region", "age"]]],
        object(),
    ),
    "positive": (["yes"], {"yes": 1}, float("nan"), object(), b"yes", ("yes",)),
    "classes": (3, {"yes"}, {"yes": 1}, [["yes"]], [None], [""], object(), [float("nan")]),
    "multilabel": ("yes", 1, None, []),
    "target": (3, "numbers", ["number"], None, True),
    "measured_in": (3, ["days"], True, {"days"}),
    "metrics": (
        3,
        [3],
        True,
        {3: 4},
        [["error_rate"]],
        object(),
        {"recall": 3},
        [None],
        {"recall": {"per_class": object()}},
    ),
    "gates": (
        3,
        [3],
        True,
        [["no_harm:by=region,margin=0.1"]],
        object(),
        {3: {"by": "region"}},
        {"no_harm": object()},
        {},
    ),
    "map": (3, [3], True, {"a": object()}, {"a": None}, object()),
    "bins": (3, [3], True, {"age": 3}, {3: [1, 2]}, object()),
    "order": (3, [3], True, {"region": 3}, {3: ["north"]}, {"region"}, object()),
    "multilabel_separator": (3, ["|"], True, {"|"}),
    "labels_file": (3, ["a.csv"], True),
    "before_file": (3, ["a.csv"], True),
    "after_file": (3, ["a.csv"], True),
    "threshold": ("0.5", [0.5], True, float("nan"), object()),
    "favourable": (["yes"], {"yes": 1}, float("nan"), object(), b"yes", ("yes",)),
    "title": (3, ["days"], True, {"days"}),
    "policy": (3, "alpha=0.1", [0.1], True, object(), {"alpha": object()}),
}
OTHER_CODES = {"target": "FT-P022"}
"""Keywords whose value is one of a few words."""


def test_the_table_of_wrong_values_holds_every_keyword() -> None:
    assert sorted(WRONG) == sorted(KEYWORDS)


@pytest.mark.parametrize("name", KEYWORDS)
def test_a_value_of_another_kind_is_told_in_one_sentence(name: str) -> None:
    """The keyword, what was found and what it takes; never a traceback from somewhere inside."""
    for value in WRONG[name]:
        found = [problem for problem in refused(**{name: value}) if problem.file == name]
        assert [problem.code for problem in found] == [OTHER_CODES.get(name, "FT-P041")], value
        told = found[0]
        assert told.found, value
        assert told.allowed, value
        assert re.fullmatch(rf"{name} FT-P0\d\d: [^\n]+; [^\n]+", str(told)), str(told)


def test_the_same_keywords_take_what_they_should() -> None:
    """The twin: the sentence is for wrong values alone."""
    right = {
        "columns": ft.Columns(),
        **COLUMNS,
        "groups": "region,age",
        "item": "id",
        "unit": "person",
        "intersections": "region*age",
        "positive": "yes",
        "classes": "yes,no",
        "multilabel": False,
        "target": "classes",
        "measured_in": "",
        "metrics": "error_rate,recall:per_class",
        "gates": "no_harm:by=region,margin=0.1",
        "policy": {"alpha": 0.1},
    }
    found = ft.measure(table(200), **right)

    assert found.verdict.alpha == 0.1
    assert {f.level for f in found.findings} >= {"overall", "group", "intersection"}


def test_everything_wrong_is_told_at_once() -> None:
    wrong = {name: next(iter(values)) for name, values in WRONG.items()}
    with pytest.raises(DefinitionError) as caught:
        ft.measure(3, **wrong)  # type: ignore[arg-type]
    found = caught.value.problems

    assert sorted(p.file for p in found if p.code in ("FT-P041", "FT-P022")) == sorted(wrong)
    assert [str(p) for p in found if p.code == "FT-P002"] == [
        "table FT-P002: a value of type int is no table; a path, a DataFrame, a pyarrow Table or an ibis table"
    ]


def test_a_file_that_is_not_there_is_told_with_the_rest() -> None:
    with pytest.raises(DefinitionError) as caught:
        ft.measure("nowhere.csv", label=3, after="new", gates="no_harm:by=region,margin=2")  # type: ignore[arg-type]
    assert sorted(p.code for p in caught.value.problems) == ["FT-G004", "FT-P001", "FT-P041"]


def test_what_is_needed_and_not_given_is_told() -> None:
    with pytest.raises(DefinitionError) as caught:
        ft.measure(table(40))

    assert str(caught.value).splitlines() == [
        "after FT-P042: not given; the name of the column with the answers of a model",
        "label FT-P042: not given; the name of the column with the truth",
    ]


# --- one meaning, many forms ------------------------------------------------------------------------------------------

SAME: dict[str, tuple[Any, ...]] = {
    "groups": ("region,age", " region , age ", ["region", "age"], ("region", "age"), np.array(["region", "age"]),
               pd.Index(["region", "age"]), {"region": 1, "age": 2}.keys(), (name for name in ("region", "age"))),
    "item": ("id,age", ["id", "age"]),
    "intersections": ("region*age", ["region*age"], [["region", "age"]], [("region", "age")], (["region", "age"],),
                      " region * age "),
    "positive": (1, "1", np.int64(1), 1.0),
    "classes": ("0,1", [0, 1], ["0", "1"], range(2), np.arange(2), pd.Series([0, 1]), (0.0, 1.0)),
    "multilabel": (True, np.bool_(True)),
    "unit": ("person", np.str_("person")),
    "metrics": ("error_rate,recall:per_class", ["error_rate", "recall:per_class"],
                ["error_rate", {"recall": {"per_class": True}}],
                ["error_rate", {"name": "recall", "per_class": True}], [MetricSpec(name="error_rate"), "recall:per_class"],
                ("error_rate", "error_rate", MetricSpec(name="recall", per_class=True))),
    "gates": (
        "worst_group:by=region*age,at_most=0.3",
        ["worst_group:by=region*age,at_most=0.3"],
        {"worst_group": {"by": "region*age", "at_most": 0.3}},
        {"worst_group": {"by": ["region", "age"], "at_most": np.float64(0.3)}},
        [{"worst_group": {"by": ("region", "age"), "metric": "error_rate", "at_most": 0.3}}],
        WorstGroup(by=("region", "age"), at_most=0.3),
        [GateSpec(WorstGroup(by=("region", "age"), at_most=0.3))],
    ),
    "policy": (ft.Policy(alpha=0.1, planned_evaluations=1), {"alpha": 0.1}, {"alpha": np.float64(0.1), "planned_evaluations": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_every_form_of_a_keyword_asks_the_same(name: str) -> None:
    first, *others = SAME[name]
    beside = {"groups": "region,age"} if name in ("gates", "intersections") else {}
    for other in others:
        assert asked(**{**beside, name: other}) == asked(**{**beside, name: first}), other


def test_truth_values_are_the_classes_of_a_column_of_truth_values() -> None:
    frame = table(120).assign(y=lambda t: t.y == "yes", new=lambda t: t.new == "yes")
    found = ft.measure(frame, label="y", after="new", groups="region", positive=True, metrics="recall")

    assert found.counted.classes == ("false", "true")
    assert {f.class_ for f in found.findings} == {"true"}


def test_whole_numbers_are_classes_as_they_stand_in_the_table() -> None:
    frame = table(120).assign(y=lambda t: (t.y == "yes").astype(int), new=lambda t: (t.new == "yes").astype(float))
    texts, numbers = (
        ft.measure(frame, label="y", after="new", groups="region", metrics="recall", positive=positive, classes=classes)
        for positive, classes in (("1", "0,1,2"), (1, [0, 1, 2]))
    )
    assert numbers.to_json() == texts.to_json()
    assert numbers.counted.classes == ("0", "1", "2")


def test_in_a_list_a_name_may_hold_any_sign() -> None:
    """A column called `a,b` can be named, though not in the short form."""
    frame = table(120).rename(columns={"region": "region, or so"})
    found = ft.measure(frame, **COLUMNS, groups=["region, or so", "age"], intersections=[["region, or so", "age"]])
    assert [p.code for p in refused(groups="region, or so")] == ["FT-P003"], "`or so`"
    assert any("region, or so" in f.group for f in found.findings)


def test_a_mapping_of_several_gates_is_several_gates() -> None:
    both = {"no_harm": {"by": "region", "margin": 0.05}, "gap": {"by": "region", "margin": 0.1}}
    question, _ = asked(groups="region", gates=both)

    assert [gate.kind for gate in question.gates] == ["no_harm", "gap"]


def test_a_gate_in_any_form_is_refused_as_an_audit_would() -> None:
    for gate in ("no_harm:by=region,margin=2", {"no_harm": {"by": "region", "margin": 2}}):
        assert [p.code for p in refused(groups="region", gates=gate)] == ["FT-G004"], gate
    assert [p.code for p in refused(groups="region", gates={"no_harm": {"by": "region"}})] == ["FT-Y035"]
    assert [p.code for p in refused(groups="region", gates={"no_ham": {"by": "region"}})] == ["FT-G027"]
    assert [p.code for p in refused(policy={"alpha": 7})] == ["FT-G022"]
    assert [p.code for p in refused(policy={"alfa": 0.1})] == ["FT-Y006"]
    twice = ["no_harm:by=region,margin=0.1", NoHarm(by=("region",), margin=0.2)]
    assert [p.code for p in refused(groups="region", gates=twice)] == ["FT-G019"]


def test_gates_that_were_read_are_read_again_as_they_were() -> None:
    short = [
        "no_harm:by=region,margin=0.1",
        "gap:by=region*age,margin=0.1,contrast=all_pairs",
        "worst_group:by=age,metric=recall,at_least=0.5,class=yes",
    ]
    problems = Problems()
    first = read_gates(short, problems)
    again = read_gates(first, problems)

    assert not problems.found
    assert [dataclasses.replace(gate, line=0) for gate in again] == [
        dataclasses.replace(gate, line=0) for gate in first
    ]


# --- columns ----------------------------------------------------------------------------------------------------------


def numbers(found: Measurement) -> list[dict[str, Any]]:
    return [finding.to_json() for finding in found.findings]


def test_columns_stand_for_keywords() -> None:
    frame = table(200)
    columns = ft.Columns(**COLUMNS, groups="region,age", unit="person")

    assert numbers(ft.measure(frame, columns)) == numbers(
        ft.measure(frame, **COLUMNS, groups=["region", "age"], unit="person")
    )


def test_a_keyword_beside_columns_fills_in_or_takes_the_place() -> None:
    frame = table(200).assign(newer=lambda t: t.old)
    columns = ft.Columns(label="y", before="old", groups="region")
    by_hand = [
        numbers(ft.measure(frame, label="y", before="old", after=after, groups=groups))
        for after, groups in (("new", "region"), ("newer", "age"))
    ]
    assert numbers(ft.measure(frame, columns, after="new")) == by_hand[0]
    assert (
        numbers(ft.measure(frame, dataclasses.replace(columns, after="new"), after="newer", groups="age")) == by_hand[1]
    )


def test_columns_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ft.Columns(label="y").label = "z"  # type: ignore[misc]


def test_columns_have_a_field_for_every_keyword_that_names_columns() -> None:
    signature = list(inspect.signature(ft.measure).parameters)
    named = [field.name for field in dataclasses.fields(ft.Columns)]

    assert signature == ["source", "columns", *named, *OPTIONS], "columns first, then what is asked of them"


# --- the words of a program, and those of the command line -------------------------------------------------------------


def test_messages_name_keywords_in_a_program_and_options_on_a_command_line(cli: Command, tmp_path: Any) -> None:
    table(60).assign(s=0.5).to_csv(tmp_path / "t.csv", index=False)
    arguments = ["--label", "y", "--after", "new", "--score", "s", "--gate", "no_harm:by=region,margin=0.1,metric=auc"]
    _, _, told = cli("measure", tmp_path / "t.csv", *arguments)
    with pytest.raises(DefinitionError) as caught:
        ft.measure(
            tmp_path / "t.csv", label="y", after="new", score="s", gates="no_harm:by=region,margin=0.1,metric=auc"
        )

    assert "give --positive" in told
    assert "give positive=" in str(caught.value)
    assert "--" not in str(caught.value)
    keyword = re.compile(r"\b(positive|groups|before|score_before)=")
    assert keyword.sub(lambda found: f"--{found[1].replace('_', '-')}", str(caught.value)) in told
