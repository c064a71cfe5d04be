"""Estimates of groups below the policy's minimum: only where the policy asks for them, without an interval, in no verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fairtransfer as ft

pytestmark = pytest.mark.fast

METRICS = "error_rate,recall,mean:quality:higher:0:1"


def answers() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"region": ["north"] * 60 + ["south"] * 6})
    frame["y"], frame["old"], frame["new"] = (rng.choice(["a", "b"], 66) for _ in range(3))
    frame["quality"], frame["was"] = rng.random(66), rng.random(66)
    return frame


def measured(**policy: Any) -> ft.Measurement:
    kept = {"label": "y", "before": "old", "after": "new", "groups": "region", "positive": "a", "metrics": METRICS}
    gates = "worst_group:by=region,metric=error_rate,at_most=0.9"
    return ft.measure(answers(), value="quality", value_before="was", gates=gates, policy=policy, **kept)


def small(found: ft.Measurement) -> list[Any]:
    return [f for f in found.findings if f.group == {"region": "south"} and f.level == "group" and not f.against]


def test_an_estimate_of_few_cases_is_told_where_the_policy_asks() -> None:
    shown, kept = small(measured(show_small=True)), small(measured())
    frame = answers()[answers().region == "south"]
    expected = {"error_rate": (frame.y != frame.new).mean(), "mean:quality:higher:0:1": frame.quality.mean()}

    assert {f.status for f in (*shown, *kept)} == {"too_small"}
    assert [f.estimate for f in kept] == [None] * len(kept)
    assert [f.ci for f in shown] == [None] * len(shown)
    assert {f.stage for f in shown} == {"before", "after", "change"}
    for f in shown:
        if f.stage == "after" and f.metric in expected:
            assert f.estimate == pytest.approx(expected[f.metric])


def test_it_decides_nothing_and_stays_hidden_in_documents(tmp_path: Path) -> None:
    shown, kept = measured(show_small=True), measured()
    assert shown.verdict.outcome == kept.verdict.outcome == "inconclusive"
    one, other = (
        [path.read_text(encoding="utf-8") for path in found.report(tmp_path / name)]
        for name, found in (("shown", shown), ("kept", kept))
    )
    assert one == other, "groups below `suppress_below` are hidden, whatever is told of them"
    told = measured(show_small=True, suppress_below=0).report(tmp_path / "told")
    assert "(too few cases)" in next(path for path in told if path.suffix == ".md").read_text(encoding="utf-8")
