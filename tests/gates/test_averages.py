"""Averages over classes are judged like any other metric: changes, levels and gaps of the balanced accuracy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.tables import NAMES, found, table

from fairtransfer.measurement import measure

pytestmark = pytest.mark.fast


def recall_of(frame: pd.DataFrame, answers: str) -> float:
    """The slow way: a walk over rows, class by class."""
    shares = []
    for label in sorted(set(frame.y)):
        mine = [answer == label for y, answer in zip(frame.y, frame[answers], strict=True) if y == label]
        shares.append(sum(mine) / len(mine))
    return float(np.mean(shares))


def test_the_change_of_an_average_is_judged_on_the_same_people() -> None:
    frame = table(600)
    gate = "no_harm:by=region,metric=balanced_accuracy,margin=0.05"
    seen = measure(frame, **NAMES, groups=["region"], metrics=["balanced_accuracy"], gates=[gate])

    (judged,) = seen.verdict.gates
    for contrast in judged.contrasts:
        mine = frame[frame.region == contrast.group["region"]]
        change = recall_of(mine, "new") - recall_of(mine, "old")
        assert contrast.harm == pytest.approx(-change)
        assert contrast.lower < contrast.harm < contrast.upper
    row = found(seen, "change", "balanced_accuracy", region="north")
    assert row.ci_method == "mover over classes of mover of clopper-pearson"


def test_an_average_that_falls_fails_and_one_that_stays_passes() -> None:
    frame = table(3000)
    frame["new"] = np.where((frame.region == "south") & (frame.index % 4 == 0), "neither", frame.old)
    seen = measure(frame, **NAMES, groups=["region"], gates=["no_harm:by=region,metric=balanced_accuracy,margin=0.05"])

    outcomes = {c.group["region"]: c.outcome for c in seen.verdict.gates[0].contrasts}
    assert outcomes == {"north": "pass", "south": "fail", "west": "pass"}


def test_how_differently_an_average_changed_is_told() -> None:
    frame = table(900)
    seen = measure(frame, **NAMES, groups=["region"], metrics=["balanced_accuracy"])
    mine, others = frame[frame.region == "north"], frame[frame.region != "north"]

    (row,) = (f for f in seen.findings if f.stage == "difference_of_changes" and f.group == {"region": "north"})
    changes = [recall_of(part, "new") - recall_of(part, "old") for part in (mine, others)]
    assert row.estimate == pytest.approx(changes[0] - changes[1])
    (gap,) = (f for f in seen.findings if f.stage == "change" and f.level == "gap")
    levels = [[recall_of(f, side) for _, f in frame.groupby("region")] for side in ("old", "new")]
    assert gap.estimate == pytest.approx(np.ptp(levels[1]) - np.ptp(levels[0]))
