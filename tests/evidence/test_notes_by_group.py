"""What `measure` reads as something else, or leaves out, is counted for each group: beside a loop over the rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairtransfer.measurement import measure

pytestmark = pytest.mark.fast


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.choice(["yes", "no"], rows)
    frame = pd.DataFrame(
        {"y": truth, "new": np.where(rng.random(rows) < 0.8, truth, "no"), "w": rng.choice([0.0, 1.0, 2.0], rows)}
    )
    frame["new"] = frame.new.where(rng.random(rows) < 0.7, frame.new.map({"yes": "LABEL_1", "no": "LABEL_0"}))
    frame["region"] = rng.choice(["north", "North", "south"], rows)
    frame["age"] = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(15, 80, rows).astype(float))
    return frame


MAPS: dict[str, Any] = {"LABEL_1": "yes", "LABEL_0": "no", "region": {"North": "north"}}


def by_hand(frame: pd.DataFrame, flags: pd.Series) -> dict[str, dict[str, int]]:
    ages = frame.age.map(lambda age: "unknown" if np.isnan(age) else "below 40" if age < 40 else "40 and above")
    columns = {"region": frame.region.str.lower(), "age": ages}
    return {name: dict(Counter(column[flags])) for name, column in columns.items()}


def test_every_note_adds_up_and_is_what_a_loop_counts() -> None:
    frame = table()
    found = measure(
        frame, label="y", after="new", groups=["region", "age"], map=MAPS, bins={"age": [40]}, weights="w"
    ).counted
    expected = {
        "rows of new have `LABEL_1` and are read as `yes`": frame.new == "LABEL_1",
        "rows of new have `LABEL_0` and are read as `no`": frame.new == "LABEL_0",
        "rows of region write `north` as `North`": frame.region == "North",
        "weight 0": frame.w == 0,
    }
    told = {note: {name: dict(groups) for name, groups in of.items()} for note, of in found.of_groups.items()}
    assert {note: told[note] for note in expected} == {note: by_hand(frame, flags) for note, flags in expected.items()}
    assert told["age unknown"] == {"region": by_hand(frame[frame.w > 0], frame.age[frame.w > 0].isna())["region"]}
    for note, n in {**found.notes, **found.excluded}.items():
        assert {sum(groups.values()) for groups in told[note].values()} == {n}


def test_a_document_tells_them_where_no_group_is_small() -> None:
    frame = table()
    asked: dict[str, Any] = {
        "label": "y",
        "after": "new",
        "groups": ["region", "age"],
        "map": MAPS,
        "bins": {"age": [40]},
    }
    whole = measure(frame, **asked, weights="w", policy={"suppress_below": 0}).document()
    facts = dict(whole.facts)
    assert "weight of 0 and count for nothing (region: " in facts["Cases"]
    assert any("read as `yes` (region: " in line for line in whole.unknowns)
    hidden = measure(frame, **asked, weights="w", policy={"suppress_below": 60}).document()
    assert "(region:" not in dict(hidden.facts)["Cases"]
    assert not any("read as `yes` (region: " in line for line in hidden.unknowns)


def test_rows_of_no_class_are_told_per_group_where_there_may_be_several() -> None:
    frame = pd.DataFrame(
        {"y": ["a|b", "a", "", "b"] * 20, "new": ["a", "", "a", "b"] * 20, "g": ["n", "s", "n", "s"] * 20}
    )
    found = measure(frame, label="y", after="new", groups="g", multilabel=True).counted
    assert found.of_groups["rows of y are empty, which is none of the classes"] == {"g": {"n": 20}}
    assert found.of_groups["rows of new are empty, which is none of the classes"] == {"g": {"s": 20}}
