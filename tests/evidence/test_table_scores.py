"""Scores of a table: ranked exactly, whatever bins they lie in; what is cut, merged or of another class is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.table import scores as of_tables
from fairtransfer.measurement import Measurement, measure

N = 600


def table(seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Scores of two models within a thousandth of each other, which bins of one width call ties."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, N)
    s1, s0 = (0.3 + 1e-4 * (y * lift + rng.normal(size=N)) for lift in (1.2, 0.8))
    frame = {"y": y, "new": (s1 > 0.30006).astype(int), "old": (s0 > 0.30004).astype(int), "s1": s1, "s0": s0}
    return pd.DataFrame({**frame, "g": rng.choice(["a", "b", "c"], N), "person": rng.integers(0, 150, N), **columns})


def seen(frame: pd.DataFrame, **asked: Any) -> Measurement:
    usual = {
        "label": "y",
        "before": "old",
        "after": "new",
        "groups": "g",
        "score": "s1",
        "score_before": "s0",
        "positive": 1,
    }
    return measure(frame, **{**usual, "metrics": "auc", **asked})


def value(found: Measurement, stage: str, **group: str) -> float:
    (row,) = (f for f in found.findings if f.stage == stage and f.metric == "auc" and f.group == group)
    assert row.estimate is not None
    return row.estimate


@pytest.mark.parametrize("unit", [None, "person"])
def test_scores_that_differ_by_little_rank_as_they_do(unit: str | None) -> None:
    frame = table()
    found = seen(frame, unit=unit)
    for name, part in [("", frame), *frame.groupby("g")]:
        group = {"g": str(name)} if name else {}
        right = {"after": roc_auc_score(part.y, part.s1), "before": roc_auc_score(part.y, part.s0)}
        assert value(found, "after", **group) == pytest.approx(right["after"], abs=1e-12)
        assert value(found, "before", **group) == pytest.approx(right["before"], abs=1e-12)
        assert value(found, "change", **group) == pytest.approx(right["after"] - right["before"], abs=1e-12)
    assert found.counted.notes == {}


def test_bins_that_make_ties_of_scores_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_tables, "MOST_ROWS", N - 1)
    frame = table()
    found = seen(frame)
    assert abs(value(found, "after") - roc_auc_score(frame.y, frame.s1)) > 0.02
    notes = {
        f"scores in {column} are ranked in bins, which takes some that differ for ties": N for column in ("s1", "s0")
    }
    assert found.counted.notes == notes
    coarse = seen(frame.assign(s1=frame.y * 0.5, s0=frame.old * 0.5))
    assert coarse.counted.notes == {}  # nothing but ties


def test_a_table_that_counts_ranks_as_its_rows_do() -> None:
    frame = table().round({"s1": 4, "s0": 4}).drop(columns="person")
    counted = frame.groupby(list(frame.columns)).size().reset_index(name="n")
    for stage in ("after", "before", "change"):
        assert value(seen(counted, counts="n"), stage, g="a") == pytest.approx(
            value(seen(frame), stage, g="a"), abs=1e-12
        )


def test_log_loss_cuts_where_double_precision_ends_and_says_of_how_many() -> None:
    p = np.clip(np.random.default_rng(1).random(N), 0.05, 0.95)
    frame = table(s1=np.where(np.arange(N) < 3, 1e-12, p))
    frame.loc[:2, "y"] = 1
    found = seen(frame, metrics="log_loss", score_before=None)
    (row,) = (f for f in found.findings if f.stage == "after" and not f.group)
    assert row.estimate == pytest.approx(log_loss(frame.y, frame.s1), rel=1e-9)
    assert found.counted.notes == {}
    frame.loc[:2, "s1"] = 0.0
    cut = seen(frame, metrics="log_loss", score_before=None)
    (row,) = (f for f in cut.findings if f.stage == "after" and not f.group)
    assert row.estimate == pytest.approx(log_loss(frame.y, frame.s1), rel=1e-9)
    assert list(cut.counted.notes.values()) == [3]


@pytest.mark.parametrize("classes", [("ham", "spam"), ("ham", "spam", "other")])
def test_the_probability_of_the_answer_is_not_that_of_the_class(classes: tuple[str, ...]) -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet([0.7] * len(classes), N)
    answer, y = p.argmax(axis=1), [rng.choice(len(classes), p=row) for row in p]
    words = np.array(classes)
    frame = pd.DataFrame(
        {"y": words[y], "new": words[answer], "top": p.max(axis=1), "spam": p[:, 1], "g": ["a", "b"] * (N // 2)}
    )
    asked = {"label": "y", "after": "new", "groups": "g", "positive": "spam", "metrics": "auc"}
    with pytest.raises(DefinitionError, match="FT-P110"):
        measure(frame, **asked, score="top")
    right = roc_auc_score(frame.y == "spam", frame.spam)
    found = measure(frame, **asked, score="spam").findings
    assert next(f.estimate for f in found if f.stage == "after" and not f.group) == pytest.approx(right)


def test_many_different_numbers_as_groups_are_told() -> None:
    found = seen(table(g=np.arange(N) % 30), score=None, score_before=None, metrics="error_rate")
    assert [problem.code for problem in found.counted.warnings] == ["FT-P111"]
    fewer = seen(table(g=np.arange(N) % 20), score=None, score_before=None, metrics="error_rate")
    assert fewer.counted.warnings == ()


def test_answers_outside_the_labels_are_told_of_every_group() -> None:
    frame = table()
    frame["new"] = frame.new.astype(str)
    frame.loc[frame.index[:50], "new"] = "no idea"
    found = seen(frame, score=None, score_before=None, metrics="error_rate")
    note = "answers of new outside the labels, counted as errors"
    assert found.counted.of_groups == {note: {"g": frame[:50].groupby("g").size().to_dict()}}
    shown = found.document().content["table"]["notes_by_group"][note]
    assert shown in ({}, found.counted.of_groups[note])


def test_a_threshold_makes_answers_of_scores() -> None:
    frame = table().assign(
        s1=lambda d: np.where(d.s1 > 0.30006, 0.7, 0.2), s0=lambda d: np.where(d.s0 > 0.30004, 0.5, 0.4)
    )
    asked = {"label": "y", "groups": "g", "score": "s1", "score_before": "s0", "positive": 1, "metrics": "error_rate"}
    made = measure(frame, **asked, threshold=0.5)
    given = measure(
        frame.assign(new=(frame.s1 >= 0.5).astype(int), old=(frame.s0 >= 0.5).astype(int)),
        **asked,
        after="new",
        before="old",
    )
    assert [(f.group, f.n, f.estimate) for f in made.findings] == [(f.group, f.n, f.estimate) for f in given.findings]
    assert made.question.columns.after == "s1 from 0.5 on"
    with pytest.raises(DefinitionError, match="FT-P113"):
        measure(frame, **asked, after="new", threshold=0.5)
    with pytest.raises(DefinitionError, match="FT-P113"):
        measure(frame.assign(y=np.arange(N) % 3), **asked, threshold=0.5)
    with pytest.raises(DefinitionError, match="FT-P009: 1 rows have no prediction"):
        measure(frame.assign(s1=[None, *frame.s1[1:]]), **{**asked, "score_before": None}, threshold=0.5)


@pytest.mark.parametrize("side", ["score", "score_before"])
def test_scores_of_the_other_class_are_refused(side: str) -> None:
    """They would turn every ranking round: a model that harms would look like one that helps."""
    rng = np.random.default_rng(5)
    y = rng.choice(["no", "yes"], 200)
    p = np.clip(np.where(y == "yes", 0.7, 0.3) + rng.normal(0, 0.2, 200), 0, 1)
    said = np.where(p > 0.6, "yes", "no")
    frame = pd.DataFrame({"y": y, "new": said, "old": said, "p": p, "not_p": 1 - p, "g": ["x", "z"] * 100})
    sides = {"score": "p", "score_before": "p", side: "not_p"}
    asked = {"label": "y", "after": "new", "before": "old", "groups": "g", "positive": "yes", "metrics": "auc"}

    with pytest.raises(DefinitionError, match="lower where the answer is `yes`"):
        measure(frame, **asked, **sides)
    assert measure(frame, **asked, score="p", score_before="p").findings
