"""F1 of a class and macro F1: the points of scikit-learn where they are defined, limits, gaps, gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import f1_score
from support.fake_run import fake_run, wrong_answers
from support.results import findings_in
from support.tables import GROUPS, found
from support.toy import JUDGING, edit, toy_rows, write_project

from fairtransfer.errors import DefinitionError
from fairtransfer.findings.rows import Finding
from fairtransfer.measurement import Measurement, measure

CLASSES = ["bus", "rail", "tram"]
NAMES = {"label": "y", "before": "old", "after": "new"}


def answers(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.choice(CLASSES, rows, p=[0.5, 0.3, 0.2])

    def said(error: float) -> Any:
        return np.where(rng.random(rows) < error, rng.choice(CLASSES, rows), y)

    old = said(0.4)
    new = np.where(rng.random(rows) < 0.5, old, said(0.2))
    groups = {"region": rng.choice(["north", "south"], rows, p=[0.7, 0.3]), "age": rng.choice(["young", "old"], rows)}
    return pd.DataFrame({"y": y, "old": old, "new": new, **groups, "person": [f"p{n // 2}" for n in range(rows)]})


def seen(frame: pd.DataFrame, **more: Any) -> Measurement:
    return measure(frame, **{**NAMES, "groups": ["age"], "metrics": ["macro_f1"], **more})


def of_class(rows: Measurement, stage: str, label: str, **group: str) -> Finding:
    return next(
        f for f in rows.findings if (f.stage, f.class_, f.group, f.level == "gap") == (stage, label, group, False)
    )


# --- points ------------------------------------------------------------------------------------------------------------


def test_points_equal_those_of_scikit_learn_in_every_group() -> None:
    frame = answers()
    rows = seen(frame, **GROUPS, metrics=["macro_f1:per_class"])
    for by in ([], ["region"], ["region", "age"]):
        for key, mine in frame.groupby(by) if by else [((), frame)]:
            group = dict(zip(by, key, strict=True))
            macro = {n: f1_score(mine.y, mine[n], average="macro") for n in ("old", "new")}
            assert found(rows, "before", "macro_f1", **group).estimate == pytest.approx(macro["old"], abs=1e-12)
            assert found(rows, "after", "macro_f1", **group).estimate == pytest.approx(macro["new"], abs=1e-12)
            change = found(rows, "change", "macro_f1", **group)
            assert change.estimate == pytest.approx(macro["new"] - macro["old"], abs=1e-12)
            each = f1_score(mine.y, mine.new, average=None, labels=CLASSES)
            told = [of_class(rows, "after", label, **group) for label in CLASSES]
            assert_allclose([row.estimate for row in told], each, atol=1e-12)
            for row in (*told, change):
                assert row.n == len(mine)
                assert row.ci[0] < row.estimate < row.ci[1]


def test_a_group_without_cases_of_a_class_has_no_macro_f1() -> None:
    """scikit-learn says 0 for the class and averages it in; here nobody of it was asked."""
    frame = answers(400)
    frame["region"] = np.where(frame.y == "tram", "north", frame.region)
    rows = seen(frame, groups=["region"], metrics=["macro_f1:per_class"])
    for stage in ("before", "after", "change"):
        macro = found(rows, stage, "macro_f1", region="south")
        assert (macro.status, macro.estimate, macro.ci) == ("undefined", None, None)
        assert "0 cases of the class `tram`" in macro.status_reason
        assert of_class(rows, stage, "tram", region="south").status == "undefined"
        assert of_class(rows, stage, "bus", region="south").status == "ok"
    gap = next(f for f in rows.findings if (f.level, f.stage, f.class_) == ("gap", "after", None))
    assert (gap.status, gap.details.groups_left_out) == ("undefined", ({"region": "south"},))


def test_few_cases_of_the_rarest_class_are_told_not_judged() -> None:
    frame = answers(300)
    few = frame.index[frame.y == "tram"][5:]
    rows = seen(frame.drop(few), metrics=["macro_f1:per_class"])
    row = found(rows, "after", "macro_f1")
    assert (row.status, row.status_reason) == ("too_small", "5 cases of the rarest class, fewer than 10")
    assert of_class(rows, "after", "bus").status == "ok"


# --- limits ------------------------------------------------------------------------------------------------------------


def test_limits_follow_what_was_counted_and_nothing_else() -> None:
    frame = answers(600)
    rows = seen(frame, groups=["age", "region"])
    shuffled = seen(frame.sample(frac=1, random_state=1))
    alone = seen(frame)
    for stage in ("before", "after", "change"):
        one = found(rows, stage, "macro_f1", age="old").ci
        assert one == found(shuffled, stage, "macro_f1", age="old").ci == found(alone, stage, "macro_f1", age="old").ci


def test_changes_are_paired() -> None:
    """Half of the answers are the same: the change is surer than the difference of two independent models."""
    rows = seen(answers(900))
    before, after, change = (np.diff(found(rows, s, "macro_f1").ci)[0] for s in ("before", "after", "change"))
    assert change < 0.9 * np.hypot(before, after)


def test_rows_that_stand_twice_for_one_person_are_worth_one() -> None:
    frame = answers(400)
    twice = pd.concat([frame.assign(person=range(400))] * 2)
    widths = [
        np.diff(found(rows, "after", "macro_f1").ci)[0]
        for rows in (seen(frame), seen(twice, unit="person"), seen(twice))
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    assert widths[2] < 0.8 * widths[0]


def test_equal_weights_say_what_no_weights_say_and_uneven_ones_widen() -> None:
    frame = answers(500)
    plain, even = (
        found(seen(frame), "after", "macro_f1"),
        found(seen(frame.assign(w=3.0), weights="w"), "after", "macro_f1"),
    )
    uneven = found(seen(frame.assign(w=1 + 9.0 * (frame.index % 5 == 0)), weights="w"), "after", "macro_f1")
    assert even.estimate == pytest.approx(plain.estimate)
    assert np.diff(even.ci) == pytest.approx(np.diff(plain.ci), rel=0.05)
    assert np.diff(uneven.ci) > 1.2 * np.diff(plain.ci)


def test_answers_outside_the_labels_are_errors() -> None:
    frame = answers(500)
    frame.loc[frame.index % 10 == 0, "new"] = "boat"
    row = found(seen(frame), "after", "macro_f1")
    expected = f1_score(frame.y, frame.new, average="macro", labels=CLASSES)
    assert row.estimate == pytest.approx(expected)
    assert row.ci[0] < expected < row.ci[1]


def test_rows_with_several_labels_have_limits() -> None:
    frame = answers(300).assign(y=lambda f: f.y + np.where(f.index % 3 == 0, "|boat", ""))
    row = found(seen(frame, multilabel=True), "after", "macro_f1")
    assert row.status == "ok"
    assert row.ci[0] < row.estimate < row.ci[1]


# --- gaps --------------------------------------------------------------------------------------------------------------


def test_gaps_stand_beside_what_uncertainty_alone_makes() -> None:
    frame = answers(1200)
    rows = seen(frame)
    gap = next(f for f in rows.findings if (f.level, f.stage, f.class_) == ("gap", "after", None))
    values = {a: found(rows, "after", "macro_f1", age=a).estimate for a in ("old", "young")}
    assert gap.estimate == pytest.approx(abs(values["old"] - values["young"]))
    assert gap.details.served.worst_group["age"] == min(values, key=values.__getitem__)
    widths = [np.diff(found(rows, "after", "macro_f1", age=a).ci)[0] / 3.92 for a in values]
    # The distance of two normal numbers, 0.80 of their standard deviation on average.
    assert gap.details.noise_floor.mean == pytest.approx(0.798 * np.hypot(*widths), rel=0.1)
    assert gap.details.noise_floor.mean < gap.details.noise_floor.p95


# --- audits ------------------------------------------------------------------------------------------------------------


def test_runs_average_over_seeds_and_allow_for_their_spread(tmp_path: Path) -> None:
    audit = edit(
        write_project(tmp_path, toy_rows(people=480)),
        ("metrics: [error_rate, {recall: {per_class: true}}]", "metrics: [error_rate, {macro_f1: {per_class: true}}]"),
    )
    run = fake_run(audit, tmp_path / "runs", wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal")))
    import pyarrow.parquet as pq

    told: dict[tuple[str, Any], float] = {}
    for path in run.glob("jobs/*/job.json"):
        job = json.loads(path.read_text())
        if job["label_budget"] in ("", "16"):
            rows = pq.read_table(path.parent / "predictions.parquet").to_pandas()
            told[job["strategy"], job["seed"]] = f1_score(rows.y, rows.pred, average="macro")
    rows = findings_in(run)
    after = rows.find("toy@1.0.0", "after", "macro_f1", {}, "full", "16")
    change = rows.find("toy@1.0.0", "change", "macro_f1", {}, "full", "16")
    values = [told["full", seed] for seed in JUDGING]
    assert after.estimate == pytest.approx(np.mean(values))
    assert after.seed_sd == pytest.approx(np.std(values, ddof=1))
    assert change.estimate == pytest.approx(np.mean(values) - told["", None])
    assert "seeds" in after.ci_method
    assert rows.find("toy@1.0.0", "after", "f1_score", {}, "full", "16", "tool").status == "ok"
    assert rows.find("toy@1.0.0", "gain", "macro_f1", {}, "full", "16").status == "ok"
    report = (run / "report" / "report.md").read_text().replace("\\", "")
    assert "Macro F1" in report
    assert "F1 scores: 2J / (1 + J)" in report


def test_one_class_has_to_be_named() -> None:
    with pytest.raises(DefinitionError, match="FT-P017"):
        measure(answers(60), **NAMES, groups=["age"], metrics=["f1_score"])
    rows = measure(answers(200), **NAMES, groups=["age"], metrics=["f1_score"], positive="rail")
    assert {f.class_ for f in rows.findings} == {"rail"}


def test_a_perfect_model_has_one_and_room_below() -> None:
    row = found(seen(answers(120).assign(new=lambda f: f.y)), "after", "macro_f1")
    assert row.estimate == 1
    assert 0.9 < row.ci[0] < 0.99
    assert row.ci[1] == 1


# --- gates -------------------------------------------------------------------------------------------------------------

GATES = {
    "no_harm:by=age,metric=macro_f1,margin=0.05": "change",
    "worst_group:by=age,metric=f1_score,class=rail,at_least=0.5": "level",
    "gap:by=age,metric=macro_f1,margin=0.1": "difference",
}


@pytest.mark.parametrize("gate", GATES)
def test_gates_are_decided_by_the_same_limits(gate: str) -> None:
    """Where the new model is as good as perfect for all, and where it guesses for the old."""
    frame = answers(2000)
    good = frame.assign(new=np.where(frame.index % 50 == 0, frame.old, frame.y))
    guessed = np.random.default_rng(9).choice(CLASSES, len(frame))
    bad = good.assign(new=np.where(frame.age == "old", guessed, good.new))
    assert seen(good, gates=[gate]).verdict.outcome == "pass"
    assert seen(bad, gates=[gate]).verdict.outcome == "fail"
    assert seen(bad.assign(new=good.new)[:60], gates=[gate]).verdict.outcome == "inconclusive"
