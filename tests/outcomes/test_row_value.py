"""A number of one's own for every row is a metric like any other: measured from a table, with gates, weights and units."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from typer.testing import CliRunner

import fairtransfer as ft
from fairtransfer.cli.app import app
from fairtransfer.errors import DefinitionError
from fairtransfer.outcomes.row_value import column_of, mean_named, name_of, written_out
from fairtransfer.outcomes.table import find_metric, metric_named
from fairtransfer.stats.means import bounded_mean, centred, summarise
from fairtransfer.stats.skewed import skewed_mean

pytestmark = pytest.mark.fast

QUALITY = "mean:quality:higher:0:1"
PRICE = "mean:price:lower"


def rated(n: int = 400, seed: int = 3) -> pd.DataFrame:
    """Rows with a quality from 0 to 1 of either model, a price around a million, groups, people and weights."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"region": rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])})
    frame["quality"], frame["was"] = rng.beta(6, 2, n), rng.beta(5, 2, n)
    frame["price"] = 1e6 + rng.gamma(2, 3, n)
    frame["person"], frame["w"] = [f"p{i // 2}" for i in range(n)], rng.gamma(2, 1, n)
    frame["y"], frame["new"] = rng.choice(["a", "b"], n), rng.choice(["a", "b"], n)
    return frame


def row(found: ft.Measurement, metric: str, stage: str, group: dict[str, str]) -> Any:
    """The one finding of these."""
    return next(f for f in found.findings if (f.metric, f.stage, f.group) == (metric, stage, group) and not f.against)


# --- the name ----------------------------------------------------------------------------------------------------------


@given(
    st.text(min_size=1, max_size=12),
    st.sampled_from(["higher", "lower"]),
    st.none() | st.tuples(st.integers(-99, 99), st.integers(1, 99)).map(lambda p: (float(p[0]), float(p[0] + p[1]))),
)
def test_a_name_says_all_that_is_known_of_a_metric(column: str, better: str, ends: tuple[float, float] | None) -> None:
    metric = mean_named(name_of(column, better, ends))

    assert metric is not None
    assert column_of(metric) == column
    assert metric.higher_is_worse == (better == "lower")
    assert metric.bounds == (ends or (-math.inf, math.inf))
    assert metric.estimator == ("bounded_mean" if ends else "skewed_mean")
    assert find_metric(metric.name) == metric == metric_named(metric.name)


@pytest.mark.parametrize(
    "name",
    ["mean", "mean:", "mean:quality", "mean::higher", "mean:quality:best", "mean:quality:higher:1:0", "auc:x:higher"],
)
def test_a_name_that_leaves_something_open_is_none(name: str) -> None:
    assert mean_named(name) is None


def test_a_mapping_says_the_same() -> None:
    assert written_out({"mean": "quality", "better": "higher", "range": [0, 1]}) == QUALITY
    assert written_out({"mean": "price", "better": "lower"}) == PRICE
    for wrong in ({"mean": "q"}, {"mean": "q", "better": "higher", "range": [0]}, {"mean": 1, "better": "higher"}):
        assert written_out(wrong) is None


# --- the numbers -------------------------------------------------------------------------------------------------------


def slow_limits(values: Any, units: Any, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """The limits of a mean from the rows themselves."""
    sums = summarise(values, units)
    if bounds is not None:
        found = bounded_mean(centred(sums), 0.975, bounds)
    else:
        per = pd.DataFrame({"u": np.arange(len(values)) if units is None else units, "x": values - sums.mean}).groupby(
            "u"
        )
        found = skewed_mean(sums, float((per.x.sum() ** 3).sum()), 0.975)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


@pytest.mark.parametrize("unit", [None, "person"])
@pytest.mark.parametrize("region", ["", "north", "west"])
def test_levels_and_changes_equal_those_of_the_rows(unit: str | None, region: str) -> None:
    frame = rated()
    found = ft.measure(frame, value="quality", value_before="was", groups="region", unit=unit, metrics=QUALITY)
    mine = frame[frame.region == region] if region else frame
    group = {"region": region} if region else {}
    units = mine.person.to_numpy() if unit else None

    for stage, values, bounds in (
        ("before", mine.was, (0.0, 1.0)),
        ("after", mine.quality, (0.0, 1.0)),
        ("change", mine.quality - mine.was, (-1.0, 1.0)),
    ):
        told = row(found, QUALITY, stage, group)
        assert told.n == len(mine)
        assert_allclose(told.estimate, values.mean(), rtol=1e-9)
        assert_allclose(told.ci, slow_limits(values.to_numpy(), units, bounds), rtol=1e-7)


def test_values_that_are_nearly_alike_keep_their_digits() -> None:
    frame = rated()
    told = row(ft.measure(frame, value="price", groups="region", metrics=PRICE), PRICE, "after", {"region": "north"})
    mine = frame.price[frame.region == "north"].to_numpy()

    assert_allclose(told.estimate, mine.mean(), rtol=1e-12)
    assert_allclose(np.array(told.ci) - 1e6, np.array(slow_limits(mine, None, None)) - 1e6, rtol=1e-6)


def test_weights_count() -> None:
    frame = rated()
    told = row(ft.measure(frame, value="quality", groups="region", weights="w", metrics=QUALITY), QUALITY, "after", {})

    assert_allclose(told.estimate, np.average(frame.quality, weights=frame.w), rtol=1e-9)
    assert "weights" in told.ci_method
    whole = row(ft.measure(frame.assign(w=2.0), value="quality", weights="w", metrics=QUALITY), QUALITY, "after", {})
    alike = row(ft.measure(frame, value="quality", metrics=QUALITY), QUALITY, "after", {})
    assert_allclose(whole.ci, alike.ci, rtol=1e-7)
    assert told.ci[1] - told.ci[0] > alike.ci[1] - alike.ci[0]


def test_counted_rows_are_as_many_rows() -> None:
    frame = rated(60).assign(times=[1, 2, 3] * 20)
    counted = ft.measure(frame, value="quality", groups="region", counts="times", metrics=QUALITY)
    listed = ft.measure(frame.loc[frame.index.repeat(frame.times)], value="quality", groups="region", metrics=QUALITY)

    for one, other in zip(counted.findings, listed.findings, strict=True):
        assert (one.group, one.n, one.status) == (other.group, other.n, other.status)
        assert one.estimate == pytest.approx(other.estimate, rel=1e-9)


def test_means_stand_beside_rates() -> None:
    frame = rated()
    found = ft.measure(frame, label="y", after="new", value="quality", groups="region", metrics=f"error_rate,{QUALITY}")

    assert_allclose(row(found, "error_rate", "after", {}).estimate, (frame.y != frame.new).mean())
    assert_allclose(row(found, QUALITY, "after", {}).estimate, frame.quality.mean(), rtol=1e-9)


# --- gates and documents -----------------------------------------------------------------------------------------------

GATES = (
    f"worst_group:by=region,metric={QUALITY},at_least=0.6",
    f"no_harm:by=region,metric={QUALITY},margin=0.05",
    f"gap:by=region,metric={QUALITY},margin=0.15",
)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 0.2), st.integers(0, 99))
def test_a_group_made_worse_fails_the_gates_and_one_that_is_not_passes(by: float, seed: int) -> None:
    frame = rated(3000, seed)
    fair = ft.measure(frame, value="quality", value_before="was", groups="region", gates=GATES, metrics=QUALITY)
    harmed = frame.assign(quality=frame.quality.where(frame.region != "west", frame.quality - 0.25 - by).clip(0, 1))
    worse = ft.measure(harmed, value="quality", value_before="was", groups="region", gates=GATES, metrics=QUALITY)

    assert [gate.outcome for gate in fair.verdict.gates] == ["pass"] * 3
    assert [gate.outcome for gate in worse.verdict.gates] == ["fail"] * 3


def test_a_mean_without_ends_is_judged_from_thirty_cases_on() -> None:
    gate = f"worst_group:by=region,metric={PRICE},at_most=1000020"
    enough = ft.measure(rated(), value="price", groups="region", gates=gate, metrics=PRICE)
    few = ft.measure(rated(60), value="price", groups="region", gates=gate, metrics=PRICE)

    assert enough.verdict.outcome == "pass"
    assert few.verdict.outcome == "inconclusive"
    assert "30" in few.verdict.gates[0].reason


def test_values_below_zero_keep_their_sign_and_the_bound_its_side() -> None:
    """Where less is harm, the bound that fails is the upper one of the value; a floor that would have held may be below 0."""
    frame = rated().assign(quality=lambda f: 4 * f.quality - 5)
    found = ft.measure(
        frame,
        value="quality",
        groups="region",
        metrics="mean:quality:higher:-5:5",
        gates="worst_group:by=region,metric=mean:quality:higher:-5:5,at_least=0.5",
    )
    (gate,) = found.verdict.gates

    told = [float(x.replace("−", "-")) for x in re.findall(r"−[\d.]+(?= against|\))", gate.reason)]
    assert len(told) >= 2, gate.reason
    assert "(upper bound −" in gate.reason
    assert told[0] < told[1] < 0
    assert gate.smallest_margin is not None
    assert gate.smallest_margin < told[0]


@pytest.mark.parametrize(
    ("given", "metric"),
    [
        ({"label": "y", "after": "new"}, "error_rate"),
        ({"label": "y", "after": "new", "score": "quality", "positive": "a"}, "brier_score"),
        ({"label": "y", "after": "new", "value": "quality"}, QUALITY),
        ({"value": "quality"}, QUALITY),
    ],
    ids=["answers", "scores", "values beside answers", "values alone"],
)
def test_what_a_gate_is_said_to_lack_is_what_it_lacks(given: dict[str, Any], metric: str) -> None:
    """Followed to the letter, the advice is enough; anything less is still refused."""
    asked = {**given, "groups": "region", "metrics": metric, "gates": f"no_harm:by=region,metric={metric},margin=0.05"}
    before = {"before": "old", "score_before": "was", "value_before": "was"}
    with pytest.raises(DefinitionError) as refused:
        ft.measure(rated().assign(old=lambda f: f.y), **asked)

    (problem,) = [problem for problem in refused.value.problems if problem.code == "FT-P019"]
    advice = {name: before[name] for name in re.findall(r"(\w+)=", problem.do)}
    assert advice, problem.do
    assert ft.measure(rated().assign(old=lambda f: f.y), **asked, **advice).verdict.gates
    for name in advice:
        less = {key: column for key, column in advice.items() if key != name}
        with pytest.raises(DefinitionError):
            ft.measure(rated().assign(old=lambda f: f.y), **asked, **less)


def test_without_metrics_the_gates_metric_is_what_the_report_is_about(tmp_path: Path) -> None:
    """A verdict never stands beside a table of dashes: rows, findings, chart and method are about what the gate judges."""
    frame = rated(600).assign(quality=lambda f: np.where(f.region == "south", f.quality / 2, f.quality))
    gate = f"no_harm:by=region,metric={QUALITY},margin=0.05"
    found = ft.measure(frame, value="quality", value_before="was", groups="region", gates=gate)
    document = found.document()

    assert found.verdict.outcome == "fail"
    assert {f.metric for f in found.findings} == {QUALITY}
    assert document.front.figure is not None
    assert "mean of quality" in document.front.figure.caption
    assert any("Clearly worse off by mean of quality" in told and "south" in told for told in document.front.findings)
    assert dict(document.method)["Metrics"].startswith("mean of quality")
    assert not [table for table in document.groups if "Error rate" in table.caption]


def test_a_failure_by_one_metric_is_told_beside_the_good_news_of_another() -> None:
    """Everyone is better off by error rate, and south is harmed by the rating: each sentence says by which."""
    rng = np.random.default_rng(5)
    frame = rated(900).assign(quality=lambda f: np.where(f.region == "south", f.quality / 2, f.quality))
    flip = np.where(rng.random(900) < 0.4, np.where(frame.y == "a", "b", "a"), frame.y)
    frame["new"], frame["old"] = frame.y, flip
    gates = [f"no_harm:by=region,metric={QUALITY},margin=0.05"]
    asked = {"label": "y", "after": "new", "before": "old", "value": "quality", "value_before": "was"}
    for metrics, more in ((["error_rate", QUALITY], []), (["error_rate"], ["no_harm:by=region,margin=0.05"])):
        found = ft.measure(frame, **asked, groups="region", metrics=metrics, gates=[*gates, *more])
        front = found.document().front

        assert found.verdict.outcome == "fail"
        assert any(
            told.startswith("Clearly worse off by mean of quality") and "south" in told for told in front.findings
        )
        assert front.figure is not None
        for told in (*front.findings, front.figure.caption):
            assert " better off" not in told or "by error rate" in told or "by mean of quality" in told, told


def test_every_document_tells_of_it(tmp_path: Path) -> None:
    found = ft.measure(rated(), value="quality", value_before="was", groups="region", gates=GATES, metrics=QUALITY)
    for path in found.report(tmp_path):
        assert "mean of quality" in path.read_text(encoding="utf-8") or QUALITY in path.read_text(encoding="utf-8")


def test_the_command_line_asks_for_it(tmp_path: Path) -> None:
    rated().to_csv(tmp_path / "rated.csv", index=False)
    asked = [
        "measure",
        str(tmp_path / "rated.csv"),
        "--value",
        "quality",
        "--value-before",
        "was",
        "--groups",
        "region",
    ]
    done = CliRunner().invoke(app, [*asked, "--metrics", QUALITY, "--gate", GATES[0]])

    assert done.exit_code == 0, done.output
    assert "mean" in done.output


# --- what is refused ---------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no mean is asked": ({"value": "quality"}, "FT-P046"),
    "a mean of another column": ({"value": "price", "metrics": QUALITY}, "FT-P044"),
    "no values are given": ({"label": "y", "after": "new", "metrics": QUALITY}, "FT-P044"),
    "values before alone": ({"label": "y", "after": "new", "value_before": "was"}, "FT-P046"),
    "values before without answers": (
        {"label": "y", "after": "new", "value": "quality", "value_before": "was", "metrics": QUALITY},
        "FT-P046",
    ),
    "beyond the ends": ({"value": "price", "metrics": "mean:price:lower:0:1"}, "FT-P045"),
    "no number": ({"value": "region", "metrics": "mean:region:lower"}, "FT-P045"),
    "rates without answers": ({"value": "quality", "metrics": f"error_rate,{QUALITY}"}, "FT-P048"),
    "no direction": ({"value": "quality", "metrics": [{"mean": "quality"}]}, "FT-Y096"),
    "a name left open": ({"value": "quality", "metrics": ["mean:quality"]}, "FT-Y096"),
    "nothing before": (
        {"value": "quality", "metrics": QUALITY, "gates": f"no_harm:by=region,metric={QUALITY},margin=0.05"},
        "FT-P019",
    ),
    "a class of a number": (
        {
            "value": "quality",
            "metrics": QUALITY,
            "gates": f"worst_group:by=region,metric={QUALITY},at_least=0.5,class=a",
        },
        "FT-Y095",
    ),
    "beside numbers": (
        {"label": "price", "after": "price", "target": "number", "value": "quality", "metrics": "mean_error"},
        "FT-P062",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_refused(case: str) -> None:
    asked, code = REFUSED[case]
    with pytest.raises(DefinitionError) as refused:
        ft.measure(rated(60), groups="region", **asked)
    assert code in [problem.code for problem in refused.value.problems]
