"""Predicted numbers of rows that weigh unevenly or stand for several: told like a column of one's own that holds the errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.number_tables import NAMES, table

from fairtransfer.measurement import Measurement, measure

ERRORS = {"mean_absolute_error": np.abs, "mean_error": np.array}


def weighed(rows: int = 600) -> pd.DataFrame:
    frame = table(rows)
    rng = np.random.default_rng(4)
    return frame.assign(w=rng.choice([0.5, 1.0, 4.0], rows), c=rng.integers(1, 4, rows), person=np.arange(rows) // 3)


def told(rows: Measurement, stage: str, metric: str, **group: str) -> Any:
    (found,) = [
        f for f in rows.findings if (f.stage, f.metric, f.group, f.level == "gap") == (stage, metric, group, False)
    ]
    return found


@pytest.mark.parametrize("more", [{"weights": "w"}, {"counts": "c"}, {"weights": "w", "unit": "person"}], ids=str)
def test_errors_are_told_like_a_column_that_holds_them(more: dict[str, str]) -> None:
    frame = weighed()
    rows = measure(frame, **{**NAMES, **more}, groups=["region"])
    heavy = frame[more.get("weights", more.get("counts"))]
    for metric, size in ERRORS.items():
        own = frame.assign(v=size(frame.new - frame.y), v0=size(frame.old - frame.y))
        twin = measure(own, value="v", value_before="v0", groups=["region"], metrics=["mean:v:lower"], **more)
        for stage in ("before", "after", "change"):
            for group in ({}, {"region": "north"}, {"region": "west"}):
                mine, theirs = told(rows, stage, metric, **group), told(twin, stage, "mean:v:lower", **group)
                assert (mine.n, mine.status) == (theirs.n, theirs.status)
                assert mine.estimate == pytest.approx(theirs.estimate)
                low = 0.0 if metric == "mean_absolute_error" and stage != "change" else -np.inf
                assert mine.ci == pytest.approx((max(theirs.ci[0], low), theirs.ci[1]))
        after = np.average(own.v, weights=heavy)
        assert told(rows, "after", metric).estimate == pytest.approx(after)


def test_counts_stand_for_rows() -> None:
    """Each row as often as it says is the same table, but for limits that are drawn there."""
    frame = weighed(300)
    long = frame.loc[frame.index.repeat(frame.c)]
    counted, plain = measure(frame, **NAMES, counts="c", groups=["age"]), measure(long, **NAMES, groups=["age"])
    for stage in ("before", "after", "change"):
        mine, theirs = (told(rows, stage, "mean_absolute_error") for rows in (counted, plain))
        assert (mine.n, mine.estimate) == (theirs.n, pytest.approx(theirs.estimate))
        assert mine.ci == pytest.approx(theirs.ci, rel=0.1)


def test_rows_of_weight_nought_are_counted_and_say_nothing() -> None:
    frame = weighed(400)
    frame.loc[:9, "w"] = 0.0
    with_them, without = (measure(one, **NAMES, weights="w", groups=["age"]) for one in (frame, frame[10:]))
    assert with_them.counted.idle == 10
    assert told(with_them, "after", "mean_error").ci == pytest.approx(told(without, "after", "mean_error").ci)


def test_gates_judge_them() -> None:
    frame = weighed(900)
    gate = "no_harm:by=age,metric=mean_absolute_error,margin=1"
    alike = frame.assign(new=frame.old + np.where(frame.index % 2, 0.1, -0.1))
    assert measure(alike, **NAMES, weights="w", groups=["age"], gates=[gate]).verdict.outcome == "pass"
    worse = frame.assign(new=np.where(frame.age == frame.age[0], frame.old + 30, frame.old))
    assert measure(worse, **NAMES, weights="w", groups=["age"], gates=[gate]).verdict.outcome == "fail"
