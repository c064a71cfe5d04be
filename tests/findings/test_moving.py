"""How a rate changed whose denominator moves with the model: precision and NPV, against the rows themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from support.tables import NAMES, table

import fairtransfer as ft
from fairtransfer.findings.estimates.moving import CERTAIN
from fairtransfer.stats.contrasts import correlated_difference
from fairtransfer.stats.intervals import Interval

pytestmark = pytest.mark.fast

METRICS = {"precision": (1, 1), "negative_predictive_value": (0, 0)}
"""What is answered in the denominator, and what is true in the numerator."""


def answered(n: int = 900, seed: int = 3) -> pd.DataFrame:
    """Rows whose second model repeats half of the first one's answers and is somewhat better."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.4
    old = np.where(y, rng.random(n) < 0.7, rng.random(n) < 0.2)
    new = np.where(rng.random(n) < 0.5, old, np.where(y, rng.random(n) < 0.85, rng.random(n) < 0.1))
    frame = pd.DataFrame({"y": y.astype(int), "old": old.astype(int), "new": new.astype(int)})
    frame["region"], frame["person"] = rng.choice(["north", "south"], n), [f"p{i // 3}" for i in range(n)]
    return frame.assign(w=rng.gamma(2, 1, n))


def measured(frame: pd.DataFrame, **more: Any) -> ft.Measurement:
    kept = {
        "label": "y",
        "before": "old",
        "after": "new",
        "groups": "region",
        "positive": "1",
        "metrics": list(METRICS),
    }
    return ft.measure(frame, **{**kept, **more})


def slow_correlation(frame: pd.DataFrame, metric: str, weights: Any, units: Any) -> float:
    """Of what each unit adds to both rates, one unit at a time."""
    said, true = METRICS[metric]
    added: dict[Any, np.ndarray] = {}
    for place, row in enumerate(frame.itertuples()):
        m, m0 = float(row.new == said), float(row.old == said)
        of = np.array([m, m * (row.y == true), m0, m0 * (row.y == true)]) * weights[place]
        added[units[place]] = added.get(units[place], np.zeros(4)) + of
    table = np.array(list(added.values()))
    after, before = table[:, 1].sum() / table[:, 0].sum(), table[:, 3].sum() / table[:, 2].sum()
    one, two = table[:, 1] - after * table[:, 0], table[:, 3] - before * table[:, 2]
    return float(one @ two / np.sqrt((one @ one) * (two @ two)))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("more", [{}, {"unit": "person"}, {"weights": "w"}], ids=["rows", "units", "weights"])
def test_the_interval_follows_from_both_rates_and_how_they_vary_together(metric: str, more: dict[str, str]) -> None:
    frame = answered()
    told = {
        f.stage: f for f in measured(frame, **more).findings if f.metric == metric and f.group == {"region": "north"}
        and f.level == "group" and not f.against
    }  # fmt: skip
    mine = frame[frame.region == "north"].reset_index(drop=True)
    weights = mine.w.to_numpy() if "weights" in more else np.ones(len(mine))
    units = mine.person.to_numpy() if "unit" in more else np.arange(len(mine))
    after, before = told["after"], told["before"]
    one, two = (Interval(*map(np.asarray, f.ci)) for f in (after, before))
    expected = correlated_difference(
        after.estimate, one, before.estimate, two, CERTAIN * slow_correlation(mine, metric, weights, units)
    )

    assert_allclose(told["change"].estimate, after.estimate - before.estimate)
    assert_allclose(told["change"].ci, [expected.low, expected.high])
    assert told["change"].n == after.n
    apart = correlated_difference(after.estimate, one, before.estimate, two, 0.0)
    assert expected.high - expected.low < 0.95 * (apart.high - apart.low)


def test_a_gate_may_judge_it() -> None:
    gate = "no_harm:by=region,metric=precision,margin=0.05"
    better = measured(answered(), gates=gate)
    worse = measured(answered().rename(columns={"old": "new", "new": "old"}), gates=gate)

    assert better.verdict.outcome == "pass"
    assert worse.verdict.outcome == "fail"


def test_an_average_over_classes_has_a_change_too() -> None:
    found = measured(answered(), positive=None, metrics="precision:per_class")
    told = {f.class_: f for f in found.findings if f.stage == "change" and not f.group}

    assert set(told) == {None, "0", "1"}
    assert_allclose(told[None].estimate, (told["0"].estimate + told["1"].estimate) / 2)
    assert told[None].ci[0] < told[None].estimate < told[None].ci[1]


def test_models_that_never_answer_with_the_class_have_no_change() -> None:
    found = measured(answered().assign(old=0), metrics="precision")
    changed = next(f for f in found.findings if f.stage == "change" and not f.group)

    assert changed.status == "undefined"
    assert "no case was put into the class" in changed.status_reason


def test_models_that_answer_alike_change_nothing() -> None:
    frame = answered()
    found = measured(frame.assign(new=frame.old), metrics="precision")
    changed = next(f for f in found.findings if f.stage == "change" and not f.group)

    assert changed.estimate == 0
    assert changed.ci[0] < 0 < changed.ci[1]


@pytest.mark.parametrize(
    ("good", "bad"),
    [("precision", "false_discovery_rate"), ("negative_predictive_value", "false_omission_rate")],
)
def test_false_discoveries_and_omissions_are_what_precision_leaves(good: str, bad: str) -> None:
    """One minus it, at every stage, with the limits turned round; a gate says the same of both, each with its own sign."""
    gates = [f"no_harm:by=region,metric={name},margin=0.1" for name in (good, bad)]
    found = ft.measure(table(300), **NAMES, groups=["region"], metrics=[good, bad], positive="yes", gates=gates)
    told = [row for row in found.findings if row.level != "gap" and not row.against]
    rows = {name: [row for row in told if row.metric == name] for name in (good, bad)}

    for one, two in zip(rows[good], rows[bad], strict=True):
        assert (one.stage, one.group, one.n) == (two.stage, two.group, two.n)
        if one.status != "ok":
            continue
        whole = 0 if one.stage == "change" else 1
        assert two.estimate == pytest.approx(whole - one.estimate)
        assert two.ci == pytest.approx((whole - one.ci[1], whole - one.ci[0]))
    first, second = found.verdict.gates
    assert [c.harm for c in first.contrasts] == pytest.approx([c.harm for c in second.contrasts])
    assert (first.outcome, first.reason_codes) == (second.outcome, second.reason_codes)
    assert first.contrasts[0].side == "below" != second.contrasts[0].side
