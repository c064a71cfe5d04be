"""Predicted numbers: the errors of every group as loops over rows and scikit-learn give them, and what is refused."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import mean_absolute_error, mean_squared_error, root_mean_squared_error
from support.number_tables import NAMES, table
from typer.testing import CliRunner

from fairtransfer import formats
from fairtransfer.cli.app import app
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.number_rows import HeldCases, columns_of
from fairtransfer.evidence.table import checks
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes import numbers as outcome
from fairtransfer.stats import number_errors
from fairtransfer.stats.draws import keyed
from fairtransfer.stats.means import bootstrap_t, root, summarise
from fairtransfer.stats.number_errors import BEFORE, CHANGE, Totals, UnitRows, change, level, told

LEVEL = 0.975
NUMBER_METRICS = {metric.name: metric for metric in outcome.METRICS}


def row_of(found: Measurement, stage: str, metric: str, **group: str) -> Any:
    mine = [f for f in found.findings if (f.stage, f.metric, f.group) == (stage, metric, group)]
    assert len(mine) == 1
    return mine[0]


def errors(frame: pd.DataFrame, model: str) -> dict[str, np.ndarray]:
    off = (frame[model] - frame.y).to_numpy()
    return {"mean_error": off, "mean_absolute_error": np.abs(off), "root_mean_squared_error": off**2}


# --- against the rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [2000, 50])
def test_values_equal_those_of_scikit_learn_in_every_group(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From rows, and from the sums that stand for large groups."""
    monkeypatch.setattr("fairtransfer.evidence.table.numbers.MOST_DRAWN", most)
    frame = table()
    rows = measure(frame, **NAMES, groups=["region", "age"], intersections=[["region", "age"]])
    theirs = {"mean_absolute_error": mean_absolute_error, "root_mean_squared_error": root_mean_squared_error}
    for stage, name in (("before", "old"), ("after", "new")):
        for by in (["region"], ["age"], ["region", "age"]):
            frames = MetricFrame(metrics=theirs, y_true=frame.y, y_pred=frame[name], sensitive_features=frame[by])
            for key, values in frames.by_group.iterrows():
                group = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
                for metric in theirs:
                    mine = row_of(rows, stage, metric, **group)
                    assert mine.status == "ok"
                    assert mine.estimate == pytest.approx(values[metric], rel=1e-8)
                    assert mine.ci[0] < mine.estimate < mine.ci[1]
    everyone = row_of(rows, "after", "mean_error")
    assert everyone.estimate == pytest.approx((frame.new - frame.y).mean(), rel=1e-8)
    assert everyone.n == len(frame)


@pytest.mark.parametrize("unit", [None, "person"])
def test_limits_are_the_bootstrap_t_of_the_groups_own_rows(unit: str | None) -> None:
    """Levels and changes, by the row-wise twin with the same draws; the root's change is linear about the sample."""
    frame = table(400)
    rows = measure(frame, **NAMES, groups=["region"], unit=unit)
    for region, mine in frame.groupby("region"):
        units = None if unit is None else mine[unit].to_numpy()
        old, new = errors(mine, "old"), errors(mine, "new")
        for metric in NUMBER_METRICS:
            least = -math.inf if metric == "mean_error" else 0.0
            for stage, values in (("before", old[metric]), ("after", new[metric])):
                expected = drawn(values, units, (least, math.inf))
                expected = root(expected) if metric.startswith("root") else expected
                found = row_of(rows, stage, metric, region=region)
                assert_allclose((found.estimate, *found.ci), expected[1:4], rtol=1e-8)
            moved, shift = new[metric] - old[metric], 0.0
            if metric.startswith("root"):
                r1, r0 = math.sqrt(new[metric].mean()), math.sqrt(old[metric].mean())
                moved = new[metric] / (2 * r1) - old[metric] / (2 * r0)
                shift = (r1 - r0) / 2
            expected = drawn(moved, units, (-math.inf, math.inf))
            found = row_of(rows, "change", metric, region=region)
            assert_allclose((found.estimate, *found.ci), [v + shift for v in expected[1:4]], rtol=1e-6)
            assert found.ci_method == ("bootstrap-t" if unit is None else "bootstrap-t (units)")


def drawn(values: np.ndarray, units: Any, bounds: tuple[float, float]) -> Any:
    """The bootstrap-t of values, by the draws that bear their name."""
    key = number_errors._content(summarise(values, units))
    return bootstrap_t(values, keyed(b"mean of errors", key), LEVEL, units=units, bounds=bounds)


def test_sums_give_what_rows_give() -> None:
    """A large group's limits from sums of powers equal those from its rows; a twin that loses a cross product does not."""
    frame = table(2500)
    columns = columns_of(*(frame[name].to_numpy() for name in ("y", "new", "old")))
    rows = UnitRows(np.ones(len(frame)), columns, clustered=False)
    powers = {
        tuple(sorted(names)): math.fsum(math.prod(columns[name][i] for name in names) for i in range(len(frame)))
        for a in columns
        for names in ((a,), (a, a), (a, a, a))
    }
    pair = (f"squared_error{BEFORE}", f"squared_error{CHANGE}")
    for names in ((0, 1), (0, 0, 1), (0, 1, 1)):
        chosen = [columns[pair[i]] for i in names]
        powers[tuple(sorted(pair[i] for i in names))] = math.fsum(np.prod(chosen, axis=0))
    totals = Totals(float(len(frame)), powers)
    for metric in NUMBER_METRICS.values():
        for quantity, changed in (
            (lambda s, m=metric: level(s, m), False),
            (lambda s, m=metric: change(s, m), True),
        ):
            mine, theirs = (told(s, metric, quantity(s), LEVEL, changed=changed) for s in (totals, rows))
            assert_allclose(mine[1:4], theirs[1:4], rtol=1e-7)
    wrong = Totals(totals.n, {**powers, tuple(sorted(pair)): 0.0})
    metric = NUMBER_METRICS["root_mean_squared_error"]
    assert told(wrong, metric, change(wrong, metric), LEVEL, changed=True)[2] != pytest.approx(
        told(rows, metric, change(rows, metric), LEVEL, changed=True)[2], rel=1e-3
    )


def test_a_table_of_large_and_small_groups_holds_the_rows_of_the_small_ones_only() -> None:
    frame = table(6000)
    rows = measure(frame, **NAMES, groups=["region", "age"])
    methods = {(f.level, next(iter(f.group.values()), "")): f.ci_method for f in rows.findings if f.stage == "change"}
    assert methods["group", "west"] == "bootstrap-t"
    assert methods["group", "north"] == methods["overall", ""] == "union of student and hall"
    fetched = rows.counted.numbers.small  # type: ignore[union-attr]
    assert len(fetched.m) == (frame.region.isin(["south", "west"])).sum()


# --- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.integers(0, 50), st.floats(0.01, 1000))
def test_everything_moves_with_the_unit_of_measurement(seed: int, factor: float) -> None:
    """Days or hours: estimates and limits are multiplied, whatever the metric."""
    rng = np.random.default_rng(seed)
    y, old, new = rng.gamma(2, 4, 60), rng.gamma(2, 4, 60), rng.gamma(2, 4, 60)
    for metric in NUMBER_METRICS.values():
        found = []
        for scale in (1.0, factor):
            rows = UnitRows(np.ones(60), columns_of(y * scale, new * scale, old * scale), clustered=False)
            found.append([rows_value / scale for rows_value in (change(rows, metric).value, level(rows, metric).value)])
        assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-12)


def test_the_same_rows_in_any_order_and_any_company_give_the_same_bytes() -> None:
    frame = table(600)
    one = measure(frame, **NAMES, groups=["region"]).to_json()["rows"]
    shuffled = measure(frame.sample(frac=1, random_state=1), **NAMES, groups=["region"]).to_json()["rows"]
    assert json.dumps(one) == json.dumps(shuffled)
    more = pd.concat([frame, frame[frame.region == "south"].assign(region="east")])
    other = measure(more, **NAMES, groups=["region"])
    for row in one:
        if row["level"] == "group":
            assert row_of(other, row["stage"], row["metric"], **row["group"]).ci == tuple(row["ci"])
    south, east = (row_of(other, "after", "mean_error", region=name) for name in ("south", "east"))
    assert south.ci == east.ci  # the same cases under another name


def test_each_case_repeated_as_a_unit_changes_no_limit_and_without_units_narrows_them() -> None:
    frame = table(200)
    thrice = pd.concat([frame] * 3)
    once = row_of(measure(frame, **NAMES), "change", "mean_absolute_error")
    units = row_of(measure(thrice, **NAMES, unit="item"), "change", "mean_absolute_error")
    alone = row_of(measure(thrice, **NAMES), "change", "mean_absolute_error")
    assert units.estimate == pytest.approx(once.estimate)
    assert units.ci[1] - units.ci[0] == pytest.approx(once.ci[1] - once.ci[0], rel=0.1)
    assert alone.ci[1] - alone.ci[0] < 0.7 * (once.ci[1] - once.ci[0])


def test_models_that_agree_have_no_change_that_can_be_told_and_a_perfect_one_no_spread() -> None:
    frame = table(100).assign(same=lambda f: f.new, perfect=lambda f: f.y)
    same = row_of(measure(frame, **{**NAMES, "before": "same"}), "change", "root_mean_squared_error")
    perfect = measure(frame, **{**NAMES, "after": "perfect"})
    assert (same.status, same.estimate) == ("undefined", None)
    assert row_of(perfect, "after", "mean_absolute_error").status == "undefined"
    moved = row_of(perfect, "change", "root_mean_squared_error")
    assert moved.ci[1] < 0
    assert moved.estimate == pytest.approx(-math.sqrt(mean_squared_error(frame.y, frame.old)))


def test_few_cases_and_few_units_are_too_small_with_the_reason() -> None:
    """29 and 30 cases; 19 and 20 units of two cases each."""
    for rows, status in ((29, "too_small"), (30, "ok")):
        row = row_of(measure(table(900).head(rows), **NAMES), "after", "mean_absolute_error")
        assert row.status == status
    assert row.n == 30
    few = row_of(measure(table(900).head(29), **NAMES), "after", "mean_absolute_error")
    assert few.status_reason == "29 cases, fewer than 30"
    for units, status in ((19, "too_small"), (20, "ok")):
        frame = table(900).head(2 * units).assign(person=lambda f: np.arange(len(f)) // 2)
        row = row_of(measure(frame, **NAMES, unit="person"), "after", "mean_error")
        assert row.status == status
        assert status == "ok" or row.status_reason == "19 units, fewer than 20"


def test_twenty_units_cover() -> None:
    """20 people of two to six skewed cases: limits over units cover, over cases they do not."""
    rng, truth, covered = np.random.default_rng(5), math.exp(0.25), np.zeros(2)
    metric = NUMBER_METRICS["mean_absolute_error"]
    for _ in range(150):
        who = np.repeat(np.arange(20), rng.integers(2, 7, 20))
        sizes = np.exp(rng.normal(0, 0.5, 20)[who] + rng.normal(0, 0.5, len(who)))
        columns = columns_of(np.zeros(len(who)), sizes)
        for place, units in enumerate((who, None)):
            cases = HeldCases({}, np.ones(len(who)), columns, units)
            rows = cases._chosen(np.ones(len(who), dtype=bool))
            found = told(rows, metric, level(rows, metric), LEVEL, changed=False)
            covered[place] += found.low <= truth <= found.high  # type: ignore[operator]
    assert covered[0] / 150 >= 0.88
    assert covered[1] / 150 < covered[0] / 150 - 0.03


# --- gaps --------------------------------------------------------------------------------------------------------------


def test_the_gap_names_its_groups_with_the_noise_floor_and_the_distance_to_the_rest() -> None:
    frame = table()
    rows = measure(frame, **NAMES, groups=["region"])
    row = row_of(rows, "after", "mean_absolute_error", region="*")
    by = {region: mean_absolute_error(mine.y, mine.new) for region, mine in frame.groupby("region")}
    assert row.estimate == pytest.approx(max(by.values()) - min(by.values()))
    assert row.details.served.worst_group == {"region": "west"}
    assert 0 < row.details.noise_floor.mean < row.details.noise_floor.p95 < row.estimate
    rest = {entry.group["region"]: entry for entry in row.details.against_rest}
    others = frame[frame.region != "west"]
    assert rest["west"].difference == pytest.approx(by["west"] - mean_absolute_error(others.y, others.new))
    assert rest["west"].ci[0] > 0
    bias = row_of(rows, "after", "mean_error", region="*")
    assert bias.details.extremes.highest_group == {"region": "west"}
    assert bias.details.served is None


def test_groups_that_are_too_small_are_left_out_of_the_gap_and_said_to_be() -> None:
    frame = table(900)
    frame.loc[:9, "region"] = "east"
    row = row_of(measure(frame, **NAMES, groups=["region"]), "after", "mean_absolute_error", region="*")
    assert row.details.groups_left_out == ({"region": "east"},)
    assert row.details.groups_compared == 3


# --- what is refused ---------------------------------------------------------------------------------------------------

FRACTIONS = {"label": "y", "before": "old", "after": "new"}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "numbers as classes": ({"source": table(60), **FRACTIONS}, "FT-P060"),
    "text for a number": ({"source": table(60).assign(new=["3 days"] * 60)}, "FT-P061"),
    "no label": ({"source": table(60).assign(y=[None] + [1.0] * 59)}, "FT-P061"),
    "infinite": ({"source": table(60).assign(new=[math.inf] + [1.0] * 59)}, "FT-P061"),
    "the root of weighed squares": (
        {"source": table(60).assign(w=1.0), "weights": "w", "metrics": ["root_mean_squared_error"]},
        "FT-P062",
    ),
    "weights that are none": ({"source": table(60).assign(w=-1.0), "weights": "w"}, "FT-P014"),
    "counts that are none": ({"source": table(60).assign(w=0.5), "counts": "w"}, "FT-P013"),
    "a class": ({"source": table(60), "positive": "1"}, "FT-P062"),
    "a metric of classes": ({"source": table(60), "metrics": ["error_rate"]}, "FT-P063"),
    "a metric of numbers": ({"source": table(60), "target": "classes", "metrics": ["mean_error"]}, "FT-P063"),
    "a gate": ({"source": table(60), "groups": ["age"], "gates": ["gap:by=age,margin=0.1"]}, "FT-P064"),
    "a gap of errors that may be of both signs": (
        {"source": table(60), "groups": ["age"], "gates": ["gap:by=age,metric=mean_error,margin=0.1"]},
        "FT-G035",
    ),
    "a gate on the root": (
        {"source": table(60), "groups": ["age"], "gates": ["gap:by=age,metric=root_mean_squared_error,margin=1"]},
        "FT-G034",
    ),
    "a gate without unit of harm": (
        {"source": table(60), "groups": ["age"], "gates": ["no_harm:by=age,metric=mean_absolute_error,margin=0"]},
        "FT-G036",
    ),
    "a gate on numbers, of classes": (
        {
            "source": table(60),
            "target": "classes",
            "groups": ["age"],
            "gates": ["no_harm:by=age,metric=mean_absolute_error,margin=1"],
        },
        "FT-G037",
    ),
    "a unit of classes": ({"source": table(60), "target": "classes", "measured_in": "days"}, "FT-P062"),
    "no such target": ({"source": table(60), "target": "numbr"}, "FT-P022"),
    "no such group": ({"source": table(60), "groups": ["age"], "intersections": [["age", "sex"]]}, "FT-P018"),
    "rows that stand twice": ({"source": pd.concat([table(60)] * 2), "item": ["item"]}, "FT-P006"),
    "no rows": ({"source": table(60).head(0)}, "FT-P007"),
}


@pytest.mark.parametrize(
    ("labels", "refused"),
    [
        ([0.5, 1.5, 2.0], True),
        (["0.5", "1.5", "2"], True),
        (["0.5", "1.5", "2 or more"], False),
        (["0.5", "1.5", "more"], False),
        ([1.0, 2.0, 3.0], False),
        (["1", "2", "3"], False),
    ],
)
def test_fractions_are_no_classes_in_memory_and_in_files(tmp_path: Path, labels: list[Any], *, refused: bool) -> None:
    frame = pd.DataFrame({"y": labels * 20, "p": labels * 20})
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (frame, tmp_path / "t.parquet"):
        if refused:
            with pytest.raises(DefinitionError, match="FT-P060"):
                measure(source, label="y", after="p")
        else:
            assert measure(source, label="y", after="p").counted.rows == 60


@pytest.mark.parametrize("looked_at", [600, 5000])
def test_names_of_rows_are_no_groups_in_memory_and_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    frame = table(1200).assign(region=[f"r{n}" for n in range(1200)])
    frame.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(checks, "MAX_GROUPS", 500)
    monkeypatch.setattr(checks, "LOOKED_AT", looked_at)
    for source in (frame, tmp_path / "t.parquet"):
        with pytest.raises(DefinitionError, match="FT-P005"):
            measure(source, **NAMES, groups=["region"])


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_measured_is_refused_by_its_code(name: str) -> None:
    given_, code = REFUSED[name]
    wanted = dict(given_)
    source = wanted.pop("source")
    options = wanted if "label" in wanted else {**NAMES, **wanted}
    with pytest.raises(DefinitionError) as caught:
        measure(source, **options)
    assert code in [problem.code for problem in caught.value.problems]


def test_whole_numbers_stay_classes_and_fractions_may_be_named_as_classes() -> None:
    whole = table(60).assign(y=lambda f: f.y.round().astype(int), old=1, new=lambda f: f.y)
    assert measure(whole, label="y", before="old", after="new").findings[0].metric == "error_rate"
    stars = pd.DataFrame({"y": ["0.5", "1.5"] * 20, "new": ["0.5"] * 40})
    assert measure(stars, label="y", after="new", classes=["0.5", "1.5"]).findings[0].status == "ok"


# --- for people --------------------------------------------------------------------------------------------------------


def test_numbers_are_told_in_their_own_unit_and_never_as_shares(tmp_path: Path) -> None:
    table(600).to_csv(tmp_path / "stay.csv", index=False)
    asked = ["--label", "y", "--before", "old", "--after", "new", "--groups", "region", "--target", "number"]
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "stay.csv"), *asked, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    for text in (done.output, *((tmp_path / "out" / name).read_text() for name in ("table.md", "table.html"))):
        words = re.sub(r"<style.*?</style>|width:100%", "", text, flags=re.S)
        assert set(re.findall(r"[\d.]+%", words)) <= {"95%"}
        assert "points" not in words
    told_ = (tmp_path / "out" / "table.md").read_text()
    assert "not defined" in told_
    assert re.search("the predictions with new are too high for .*west", told_)
    assert "root mean squared error" in told_


def test_quantities_keep_three_significant_digits() -> None:
    told_ = [formats.quantity(v) for v in (1234.4, 12.34, 1.0, 0.001234, 0.0, -5.678, None)]
    assert told_ == ["1,234", "12.3", "1.00", "0.00123", "0", "−5.68", "–"]
    assert formats.quantity_change(2.5) == "+2.50"
    assert formats.quantity_change_interval((-1.194, 0.8401)) == "−1.19 to +0.84"
    assert formats.quantity_interval((0.00412, 123.4)) == "0 to 123"


def test_harm_is_no_ledger_of_numbers() -> None:
    assert measure(table(60), **NAMES, item=["item"]).harm is None


def test_units_over_the_limit_have_limits_in_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_errors, "MOST_DRAWN", 50)
    monkeypatch.setattr("fairtransfer.findings.estimates.means.MOST_DRAWN", 50)
    row = row_of(measure(table(800), **NAMES, unit="person"), "change", "root_mean_squared_error")
    assert row.ci_method == "union of student and hall (units)"
    assert row.ci[0] < row.estimate < row.ci[1]
