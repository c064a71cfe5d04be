"""Scores of every class: the same numbers as from the rows themselves, whatever table they lie in, and a problem otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from support.tables import found

import fairtransfer as ft
from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes.probabilities import VALUES
from fairtransfer.stats import means
from fairtransfer.stats.means import bounded_mean

CLASSES = ("maybe", "no", "yes")
NEW = {of: f"new_{of}" for of in CLASSES}
OLD = {of: f"old_{of}" for of in CLASSES}
NO_HARM = "no_harm:by=region,metric=brier_score,margin=0.1"
ASKED = ["error_rate", "brier_score:per_class", "log_loss", "calibration_bias", "auc:per_class"]
COLUMNS: dict[str, Any] = {"label": "y", "after": "new", "before": "old", "groups": "region"}


def scored(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """A table with three classes: truth, answers of two models and what they said of every class."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, rows, p=[0.2, 0.5, 0.3])
    frame = pd.DataFrame({"id": range(rows), "y": np.array(CLASSES)[truth]})
    frame["region"], frame["person"] = rng.choice(["north", "south"], rows), np.arange(rows) // 2
    frame["w"] = rng.choice([0.5, 1.0, 2.0], rows)
    for name, noise in (("old", 2.0), ("new", 1.0)):
        raw = np.exp(rng.normal(0, noise, (rows, 3)) + 1.5 * np.eye(3)[truth])
        said = raw / raw.sum(axis=1, keepdims=True)
        frame[name] = np.array(CLASSES)[said.argmax(axis=1)]
        for place, of in enumerate(CLASSES):
            frame[f"{name}_{of}"] = said[:, place]
    return frame


def seen(frame: Any, **more: Any) -> Measurement:
    asked = {**COLUMNS, "scores": NEW, "scores_before": OLD, "metrics": ASKED, **more}
    return measure(frame, **asked)


def of_class(rows: Measurement, stage: str, metric: str, of: str | None, **group: str) -> Any:
    (row,) = [
        row for row in rows.findings if (row.stage, row.metric, row.class_, row.group) == (stage, metric, of, group)
    ]
    return row


# --- against the rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "name"), [("before", "old"), ("after", "new")])
def test_values_equal_those_of_another_library_in_every_group(stage: str, name: str) -> None:
    frame = scored()
    rows = seen(frame)
    for region, mine in frame.groupby("region"):
        said = mine[[f"{name}_{of}" for of in CLASSES]].to_numpy()
        theirs = {
            "brier_score": brier_score_loss(mine.y, said, labels=list(CLASSES)),
            "log_loss": log_loss(mine.y, said, labels=list(CLASSES)),
        }
        for metric, value in theirs.items():
            assert of_class(rows, stage, metric, None, region=region).estimate == pytest.approx(value, abs=1e-12)
        areas = roc_auc_score(mine.y, said, multi_class="ovr", average=None, labels=list(CLASSES))
        for of, area in zip(CLASSES, areas, strict=True):
            assert of_class(rows, stage, "auc", of, region=region).estimate == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("unit", [None, "person"])
def test_limits_over_all_classes_are_those_of_the_rows(unit: str | None) -> None:
    frame = scored()
    rows = seen(frame, unit=unit)
    for region, mine in frame.groupby("region"):
        truth = np.eye(3)[[CLASSES.index(y) for y in mine.y]]
        units = None if unit is None else mine.person.to_numpy()
        for metric, value, (low, high) in (
            ("brier_score", "brier", (0, 2)),
            ("calibration_bias", "calibration_bias", (-1, 1)),
        ):
            of_rows = VALUES[value].over_classes
            assert of_rows is not None
            old, new = (
                of_rows(
                    mine[[f"{name}_{of}" for of in CLASSES]].to_numpy(),
                    truth,
                    np.array([[answer == of for of in CLASSES] for answer in mine[name]]),
                )
                for name in ("old", "new")
            )
            change = (low - high, high - low) if metric == "brier_score" else (-1, 1)
            for stage, values, bounds in (
                ("before", old, (low, high)),
                ("after", new, (low, high)),
                ("change", new - old, change),
            ):
                expected = bounded_mean(means.centred(means.summarise(values, units)), 0.975, bounds)
                row = of_class(rows, stage, metric, None, region=region)
                assert_allclose((row.estimate, *row.ci), expected[1:4], rtol=1e-9)


def test_a_class_against_the_rest_is_what_one_column_says_of_it() -> None:
    frame = scored()
    every = seen(frame, metrics=["brier_score:per_class", "auc:per_class"])
    for of in CLASSES:
        one = measure(
            frame, **COLUMNS, score=NEW[of], score_before=OLD[of], positive=of, metrics=["brier_score", "auc"]
        )
        for row in one.findings:
            assert row == of_class(every, row.stage, row.metric, of, **row.group) or row.group == {"region": "*"}


def test_tables_of_counts_and_of_weights_are_the_rows_they_stand_for() -> None:
    frame = scored(90)
    twice = seen(pd.concat([frame, frame]), metrics=["brier_score", "log_loss"])
    counted = seen(frame.assign(n=2), counts="n", metrics=["brier_score", "log_loss"])
    for row in twice.findings:
        other = of_class(counted, row.stage, row.metric, row.class_, **row.group)
        assert other.estimate == pytest.approx(row.estimate)
        assert other.n == row.n
    weighed = of_class(seen(frame, weights="w", metrics=["brier_score"]), "after", "brier_score", None, region="north")
    mine = frame[frame.region == "north"]
    said, truth = mine[[*NEW.values()]].to_numpy(), np.eye(3)[[CLASSES.index(y) for y in mine.y]]
    assert weighed.estimate == pytest.approx(np.average(((said - truth) ** 2).sum(axis=1), weights=mine.w))


def test_gates_take_all_classes_and_one() -> None:
    gates = [
        NO_HARM,
        "worst_group:by=region,metric=auc,class=maybe,at_least=0.5",
        "gap:by=region,metric=brier_score,margin=0.9",
    ]
    frame = scored(600)
    assert seen(frame, gates=gates).verdict.outcome == "pass"
    back = seen(frame, before="new", after="old", scores=OLD, scores_before=NEW, gates=NO_HARM)
    assert back.verdict.outcome == "fail"


# --- the same from other tables ----------------------------------------------------------------------------------------


def test_files_of_their_own_and_long_tables_say_the_same(tmp_path: Path) -> None:
    frame = scored(120)
    whole = seen(frame)
    parts = {"old": frame[["id", "old", *OLD.values()]], "new": frame[["id", "new", *NEW.values()]].iloc[::-1]}
    for name, part in parts.items():
        part.rename(columns={f"{name}_{of}": f"p_{of}" for of in CLASSES}).to_csv(tmp_path / f"{name}.csv", index=False)
    same = {of: f"p_{of}" for of in CLASSES}
    apart = seen(
        frame[["id", "y", "region"]], item="id", scores=same, scores_before=same,
        before_file=tmp_path / "old.csv", after_file=tmp_path / "new.csv",
    )  # fmt: skip
    assert [row.estimate for row in apart.findings] == pytest.approx(
        [row.estimate for row in whole.findings], nan_ok=True
    )
    long = pd.concat(
        frame[["id", "y", "region"]].assign(
            who=name, said=frame[name], **{f"p_{of}": frame[f"{name}_{of}"] for of in CLASSES}
        )
        for name in ("old", "new")
    )
    columns = ft.Columns(label="y", after="said", groups="region", item="id", scores=same)
    (told,) = ft.measure_models(long, columns, model_column="who", before="old", metrics=ASKED).values()
    assert [row.estimate for row in told.findings] == pytest.approx(
        [row.estimate for row in whole.findings], nan_ok=True
    )


@pytest.mark.parametrize(
    "written", ["no=new_no,maybe=new_maybe,yes=new_yes", ["no=new_no,maybe=new_maybe", "yes=new_yes"]]
)
def test_scores_are_written_as_text_too(written: Any) -> None:
    assert seen(scored(60), scores=written, scores_before=None).findings.to_frame() is not None


def test_labels_that_are_numbers_name_their_columns_as_numbers() -> None:
    frame = scored(60)
    numbers = frame.replace(dict(zip(CLASSES, (0, 1, 2), strict=True)))
    rows = seen(numbers, scores={0: "new_maybe", 1: "new_no", 2: "new_yes"}, scores_before=None)
    assert rows.counted.classes == ("0", "1", "2")
    assert of_class(rows, "after", "log_loss", None).estimate == pytest.approx(
        of_class(seen(frame), "after", "log_loss", None).estimate
    )


# --- what cannot be measured -------------------------------------------------------------------------------------------


def _with(frame: pd.DataFrame, row: int, **values: Any) -> pd.DataFrame:
    changed = frame.copy()
    for column, value in values.items():
        changed.loc[row, column] = value
    return changed


BROKEN: dict[str, tuple[pd.DataFrame, dict[str, Any], str, str]] = {
    "a class too few": (scored(60), {"scores": {"no": "new_no", "yes": "new_yes"}}, "FT-P117", "`maybe`"),
    "a class too many": (scored(60), {"scores": {**NEW, "never": "old_no"}}, "FT-P117", "`never`"),
    "one class": (scored(60), {"scores": {"no": "new_no"}}, "FT-P117", "--score"),
    "a class in other letters": (scored(60), {"scores": "No=new_no,maybe=new_maybe,yes=new_yes"}, "FT-P117", "`No`"),
    "a column of two classes": (scored(60), {"scores": {**NEW, "no": "new_yes"}}, "FT-P117", "two classes"),
    "no pair": (scored(60), {"scores": "new_no,new_yes"}, "FT-P117", "CLASS=COLUMN"),
    "neither text nor a mapping": (scored(60), {"scores": 3}, "FT-P041", "CLASS=COLUMN"),
    "a column that is none": (scored(60), {"scores": {**NEW, "no": None}}, "FT-P041", "CLASS=COLUMN"),
    "both forms": (scored(60), {"score": "new_no", "positive": "no"}, "FT-P117", "--score"),
    "no such column": (scored(60), {"scores": {**NEW, "no": "neu_no"}}, "FT-P003", "new_no"),
    "sums of 2": (scored(60).assign(new_no=lambda f: (f.new_no + 1).clip(0, 1)), {}, "FT-P118", "60 rows"),
    "a row": (_with(scored(60), 7, new_no=0.2, new_maybe=0.1, new_yes=0.1), {}, "FT-P118", "1 rows have"),
    "an empty score": (_with(scored(60), 7, old_no=None), {}, "FT-P025", "`old_no`"),
    "a score over 1": (_with(scored(60), 7, new_yes=1.5), {}, "FT-P025", "`yes`"),
    "swapped": (scored(300), {"scores": {**NEW, "no": "new_yes", "yes": "new_no"}}, "FT-P110", "another class"),
    "before without after": (scored(60), {"scores": None}, "FT-P024", "--scores"),
    "before without answers": (scored(60), {"before": None}, "FT-P024", "--before"),
    "several labels": (scored(60), {"multilabel": True}, "FT-P026", "several labels"),
    "a gate without before": (scored(60), {"scores_before": None, "gates": NO_HARM}, "FT-P072", "--scores-before"),
    "rankings of no class": (scored(60), {"metrics": "auc"}, "FT-P017", "per class"),
    "rankings with weights": (scored(60), {"weights": "w"}, "FT-P026", "auc"),
    "numbers": (scored(60), {"target": "number", "label": "w", "metrics": None}, "FT-P062", "scores"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_scores_that_cannot_be_measured_are_refused(name: str) -> None:
    frame, changed, code, words = BROKEN[name]
    with pytest.raises(DefinitionError) as caught:
        seen(frame, **changed)
    problems = [str(problem) for problem in caught.value.problems if problem.code == code]
    options = words.replace("--", "").replace("-", "_")
    assert any(words in problem or options in problem for problem in problems), str(caught.value)


def test_what_was_rounded_is_taken_as_it_stands_and_told() -> None:
    frame = scored(120)
    rounded = frame.round({**dict.fromkeys(NEW.values(), 2)})
    notes = seen(rounded).counted.notes
    (told,) = [n for note, n in notes.items() if "sum to 1 only within 0.02" in note]
    assert told == int((abs(rounded[[*NEW.values()]].sum(axis=1) - 1) > 1e-4).sum())
    assert not any("sum to 1" in note for note in seen(frame).counted.notes)


def test_a_truth_that_was_given_nothing_is_cut_and_told() -> None:
    frame = _with(scored(60), 3, y="no", new_no=0.0, new_maybe=0.5, new_yes=0.5)
    rows = seen(frame)
    assert any("rows have scores of new that leave the truth less" in note for note in rows.counted.notes)
    mine = frame[[*NEW.values()]].to_numpy()
    assert of_class(rows, "after", "log_loss", None).estimate == pytest.approx(
        log_loss(frame.y, mine, labels=list(CLASSES))
    )


def test_an_answer_outside_the_classes_is_wrong_and_as_sure_as_the_surest_class() -> None:
    frame = _with(scored(60), 3, new="perhaps")
    mine = frame[[*NEW.values()]].to_numpy()
    sure = [
        row[CLASSES.index(said)] if said in CLASSES else row.max() for row, said in zip(mine, frame.new, strict=True)
    ]
    expected = np.mean((frame.y == frame.new).to_numpy() - np.array(sure))
    assert of_class(seen(frame), "after", "calibration_bias", None).estimate == pytest.approx(expected)
    assert found(seen(frame), "after", "error_rate").estimate == pytest.approx((frame.y != frame.new).mean())
