"""`to_metricframe` beside the real fairlearn: the same wherever its value is defined, a reason where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

import fairtransfer as ft
from fairtransfer.errors import DefinitionError
from fairtransfer.findings.metric_table import METHODS, MetricTable

THEIRS: dict[str, Callable[..., float]] = {
    "accuracy": sk.accuracy_score,
    "error_rate": sk.zero_one_loss,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "recall": sk.recall_score,
    "precision": sk.precision_score,
    "true_positive_rate": fl.true_positive_rate,
    "true_negative_rate": fl.true_negative_rate,
    "false_positive_rate": fl.false_positive_rate,
    "false_negative_rate": fl.false_negative_rate,
    "selection_rate": fl.selection_rate,
    "f1_score": sk.f1_score,
}
"""Every metric of both that counts cases. All of fairlearn's own but `mean_prediction` and `count`, which are no rates."""

SMALL = [name for name in THEIRS if name not in ("balanced_accuracy", "f1_score")]
"""Metrics that are one count over another: the number of a group too small for an interval is given all the same."""


def people(rows: int, seed: int = 0, **rates: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.5).astype(int)
    region = rng.choice(["north", "south", "west"], rows)
    wrong = rng.random(rows) < pd.Series(region).map({"north": 0.1, "south": 0.25, "west": 0.4, **rates}).to_numpy()
    return pd.DataFrame(
        {
            "y": y,
            "new": np.where(wrong, 1 - y, y),
            "region": region,
            "age": rng.choice(["old", "young"], rows),
            "shift": rng.choice(["day", "night"], rows),
        }
    )


def both(
    frame: pd.DataFrame, by: list[str], control: list[str] | None = None, names: list[str] | None = None
) -> tuple[MetricTable, fl.MetricFrame]:
    chosen = names or list(THEIRS)
    theirs = fl.MetricFrame(
        metrics={name: THEIRS[name] for name in chosen},
        y_true=frame.y,
        y_pred=frame.new,
        sensitive_features=frame[by],
        control_features=frame[control] if control else None,
    )
    views = [*by, *(control or [])]
    crossed = [views] if len(views) > 1 else []
    crossed += [control] if control and len(control) > 1 else []
    found = ft.measure(
        frame,
        label="y",
        after="new",
        groups=["region", "age", "shift"],
        intersections=crossed,
        metrics=chosen,
        positive=1,
    )
    return found.to_metricframe(by, control=control or ()), theirs


def plain(values: Any) -> Any:
    """A table of ours with columns named as they were asked for."""
    names = {name: name.split("[")[0] for name in (values.columns if values.ndim == 2 else values.index)}
    return values.rename(columns=names) if values.ndim == 2 else values.rename(index=names)


def same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    equal = pd.testing.assert_frame_equal if theirs.ndim == 2 else pd.testing.assert_series_equal
    equal(
        plain(ours)[list(theirs.columns if theirs.ndim == 2 else theirs.index)], theirs.astype(float), check_names=False
    )


CASES: dict[str, tuple[list[str], list[str] | None]] = {
    "one attribute": (["region"], None),
    "two": (["region", "age"], None),
    "in the other order": (["age", "region"], None),
    "a control feature": (["region"], ["age"]),
    "two of each": (["region"], ["shift", "age"]),
    "two attributes and a control feature": (["age", "region"], ["shift"]),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_fairlearns_wherever_fairlearn_has_a_value(name: str) -> None:
    ours, theirs = both(people(1500), *CASES[name])

    same(ours.overall, theirs.overall)
    same(ours.by_group, theirs.by_group)
    same(ours.group_min(), theirs.group_min())
    same(ours.group_max(), theirs.group_max())
    for method in METHODS:
        same(ours.difference(method), theirs.difference(method=method))
        same(ours.ratio(method), theirs.ratio(method=method))
    assert list(ours.by_group.index.names) == list(theirs.by_group.index.names)
    assert not ours.reasons.to_numpy().any()
    assert not ours.overall_reasons.to_numpy().any()


@given(seed=st.integers(0, 10**6), rows=st.integers(40, 200))
@settings(max_examples=10, deadline=None)
def test_of_small_groups_too(seed: int, rows: int) -> None:
    """Where everybody's value is defined; fairlearn turns nothing over nothing into 0."""
    ours, theirs = both(people(rows, seed), ["region", "age"], names=SMALL)
    defined = plain(ours.by_group.notna())

    mine = plain(ours.by_group)[list(theirs.by_group.columns)]
    pd.testing.assert_frame_equal(mine, theirs.by_group.astype(float).where(defined), check_names=False)
    for method in METHODS:
        known = plain(ours.difference(method).dropna())
        assert known.to_dict() == pytest.approx(theirs.difference(method=method)[known.index].to_dict())
        known = plain(ours.ratio(method).dropna())
        assert known.to_dict() == pytest.approx(theirs.ratio(method=method)[known.index].to_dict())


def test_a_rate_that_is_defined_nowhere_but_in_fairlearn_is_missing_with_its_reason() -> None:
    frame = pd.DataFrame({"y": [0] * 20 + [1, 0] * 20, "new": [0, 1] * 30, "region": ["north"] * 20 + ["south"] * 40})
    found = ft.measure(frame, label="y", after="new", groups="region", metrics="true_positive_rate", positive=1)
    table = found.to_metricframe("region")
    theirs = fl.MetricFrame(
        metrics=fl.true_positive_rate, y_true=frame.y, y_pred=frame.new, sensitive_features=frame.region
    )
    name = "true_positive_rate[1]"

    assert theirs.by_group["north"] == 0, "there is nobody of the class"
    assert math.isnan(table.by_group.loc["north", name])
    assert table.reasons.loc["north", name] == "0 cases of the class `1`"
    assert table.reasons.loc["south", name] == ""
    for compared in (
        table.group_min(),
        table.group_max(),
        table.difference(),
        table.ratio(),
        table.difference("to_overall"),
    ):
        assert math.isnan(compared[name]), "no number is said of a comparison with a rate that there is not"


def test_a_combination_nobody_belongs_to_is_no_group() -> None:
    """As in fairlearn, it has a row without a value, and comparisons leave it out."""
    frame = people(600).query("region != 'west' or age != 'young'")
    ours, theirs = both(frame, ["region", "age"], names=SMALL)

    same(ours.by_group, theirs.by_group)
    assert set(ours.reasons.loc[("west", "young")]) == {"no case"}
    same(ours.difference(), theirs.difference())
    same(ours.ratio("to_overall"), theirs.ratio(method="to_overall"))


def test_metrics_are_chosen_by_name_or_by_class() -> None:
    found = ft.measure(people(300), label="y", after="new", groups="region", metrics="error_rate,recall:per_class")

    assert list(found.to_metricframe("region", metrics="recall").by_group) == ["recall", "recall[0]", "recall[1]"]
    assert list(found.to_metricframe("region", metrics=["recall[1]"]).by_group) == ["recall[1]"]
    assert list(found.to_metricframe("region").by_group) == ["error_rate", "recall", "recall[0]", "recall[1]"]


def test_other_stages_have_their_values_by_group() -> None:
    frame = people(400).assign(old=lambda t: 1 - t.new)
    found = ft.measure(frame, label="y", after="new", before="old", groups="region,age", intersections="region*age")
    before, after, change = (
        found.to_metricframe("region*age", stage).by_group for stage in ("before", "after", "change")
    )

    pd.testing.assert_frame_equal(change, after - before)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "attribute": (
        {"by": "regio"},
        "by FT-P043: no finding has `regio`; there are: region, age; did you mean `region`?",
    ),
    "control": ({"by": "region", "control": "sex"}, "by FT-P043: no finding has `sex`; there are: region, age"),
    "stage": (
        {"by": "region", "stage": "afer"},
        "stage FT-P043: no finding has `afer`; there are: after; did you mean `after`?",
    ),
    "metric": ({"by": "age", "metrics": "recall"}, "metrics FT-P043: no finding has `recall`; there are: error_rate"),
    "crossing": (
        {"by": "region*age"},
        "by FT-P043: `region*age` was not measured; there are: region, age; add it to intersections=",
    ),
    "nothing": ({"by": ()}, "by FT-P043: no attribute is named, or one twice; there are: region, age"),
    "twice": (
        {"by": "age", "control": "age"},
        "by FT-P043: no attribute is named, or one twice; there are: region, age",
    ),
    "number": ({"by": 3}, 'by FT-P041: got a number, `3`; names of columns: "a,b" or ["a", "b"]'),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_not_measured_is_an_error_that_lists_what_was(name: str) -> None:
    found = ft.measure(people(200), label="y", after="new", groups="region,age")
    asked, told = WRONG[name]
    with pytest.raises(DefinitionError) as caught:
        found.to_metricframe(**asked)
    assert str(caught.value) == told


def test_several_faults_are_told_at_once() -> None:
    found = ft.measure(people(200), label="y", after="new", groups="region,age")
    with pytest.raises(DefinitionError) as caught:
        found.to_metricframe("regio", "afer")
    assert [problem.file for problem in caught.value.problems] == ["by", "stage"]
    with pytest.raises(
        DefinitionError, match="method FT-P043: no finding has `to_all`; there are: between_groups, to_overall"
    ):
        found.to_metricframe("region").difference("to_all")  # type: ignore[arg-type]
