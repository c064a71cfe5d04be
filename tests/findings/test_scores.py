"""Metrics made of scores: the same numbers as from the rows themselves, and a reason wherever there is none."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import brier_score_loss, log_loss, precision_score, roc_auc_score
from support.fake_run import fake_run, wrong_answers
from support.results import findings_in
from support.scored_tables import ALL, scored, seen
from support.tables import GROUPS, NAMES, found, table, without_name, written
from support.toy import JUDGING, edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.cli.app import app
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.score_bins import COARSE, coarse_bins, score_bin_of, score_bins
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes.probabilities import VALUES as LOSSES
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats import means
from fairtransfer.stats.calibration import calibration_slope, logit
from fairtransfer.stats.skewed import skewed_mean

# --- against the rows --------------------------------------------------------------------------------------------------


def test_values_equal_those_of_other_libraries_in_every_group() -> None:
    frame = scored(900)
    rows = seen(frame, **GROUPS)
    truth = (frame.y == "yes").astype(int)
    theirs = {"auc": roc_auc_score, "brier_score": brier_score_loss, "log_loss": log_loss}
    for stage, name in (("before", "s0"), ("after", "s1")):
        for by in (["region"], ["region", "age"]):
            frames = MetricFrame(metrics=theirs, y_true=truth, y_pred=frame[name], sensitive_features=frame[by])
            for key, values in frames.by_group.iterrows():
                group = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
                for metric in theirs:
                    mine = found(rows, stage, metric, **group)
                    assert (mine.status, mine.class_) == ("ok", "yes")
                    assert mine.estimate == pytest.approx(values[metric], abs=1e-12)
                    assert mine.ci[0] < mine.estimate < mine.ci[1]


@pytest.mark.parametrize("unit", [None, "person"])
def test_means_have_the_limits_that_their_rows_give(unit: str | None) -> None:
    """Levels and changes, from a loop over groups with the values of every row."""
    frame = scored(500)
    rows = seen(frame, groups=["region"], unit=unit)
    for region, mine in frame.groupby("region"):
        y = (mine.y == "yes").to_numpy().astype(float)
        units = None if unit is None else mine.person.to_numpy()
        for metric, name in (
            ("brier_score", "brier"),
            ("log_loss", "log_loss"),
            ("calibration_bias", "calibration_bias"),
        ):
            old, new = (LOSSES[name].rows(mine[column].to_numpy(), y) for column in ("s0", "s1"))
            for stage, values in (("before", old), ("after", new), ("change", new - old)):
                sums = means.summarise(values, units)
                bounds = (0.0, 1.0) if metric == "brier_score" and stage != "change" else (-1.0, 1.0)
                expected = (
                    skewed_mean(
                        sums, cubes_by_hand(values, units), 0.975, (-np.inf if stage == "change" else 0, np.inf)
                    )
                    if metric == "log_loss"
                    else means.bounded_mean(means.centred(sums), 0.975, bounds)
                )
                row = found(rows, stage, metric, region=region)
                assert row.n == len(mine)
                assert_allclose((row.estimate, *row.ci), expected[1:4], rtol=1e-9)


def cubes_by_hand(values: Any, units: Any) -> float:
    names = list(range(len(values))) if units is None else list(units)
    mean = sum(values) / len(values)
    total = 0.0
    for name in set(names):
        mine = [v for v, n in zip(values, names, strict=True) if n == name]
        total += (sum(mine) - mean * len(mine)) ** 3
    return total


def test_a_slope_is_the_one_of_the_rows() -> None:
    frame = scored(600)
    for unit in (None, "person"):
        row = found(seen(frame, groups=["age"], unit=unit), "after", "calibration_slope", age="old")
        mine = frame[frame.age == "old"]
        units = None if unit is None else mine.person.to_numpy()
        ones = np.ones(len(mine))
        expected = calibration_slope(logit(mine.s1), (mine.y == "yes").to_numpy(), ones, 0.975, units)
        assert row.estimate == pytest.approx(expected.value, rel=1e-6)
        # Rows of one score share a cell: what a single row pulls is a little less when it is told apart.
        assert_allclose(row.ci, (expected.low, expected.high), rtol=0.01)


def test_the_error_of_calibration_equals_a_loop_over_bins() -> None:
    frame = scored(600)
    row = found(seen(frame, groups=["age"]), "after", "debiased_ece", age="old")
    mine = frame[frame.age == "old"]
    total = counted = 0.0
    for number in range(COARSE):
        in_bin = mine[coarse_bins(score_bins(mine.s1)) == number]
        if len(in_bin) < 2:
            continue
        rate = (in_bin.y == "yes").mean()
        total += len(in_bin) * ((rate - in_bin.s1.mean()) ** 2 - rate * (1 - rate) / (len(in_bin) - 1))
        counted += len(in_bin)
    assert row.estimate == pytest.approx(total / counted)
    assert row.ci is None


def test_mix_ups_between_a_group_and_the_others_equal_those_of_the_rows() -> None:
    frame = scored(500)
    rows = seen(frame, groups=["region"])
    values = {}
    for region in ("north", "south", "west"):
        inside, yes = frame.region == region, frame.y == "yes"
        subsets = {"bpsn": (~inside & yes) | (inside & ~yes), "bnsp": (inside & yes) | (~inside & ~yes)}
        details = found(rows, "after", "auc", region=region).details
        for kind, mask in subsets.items():
            values[kind, region] = roc_auc_score(yes[mask], frame.s1[mask])
            assert getattr(details.mixed_up, kind) == pytest.approx(values[kind, region])
        assert details.positives == (inside & yes).sum()
    told = found(rows, "after", "auc").details.generalised_means[0]
    expected = np.mean([values["bpsn", region] ** -5.0 for region in ("north", "south", "west")]) ** -0.2
    assert (told.attributes, told.groups, told.groups_left_out) == (("region",), 3, 0)
    assert told.bpsn == pytest.approx(expected)


def test_rows_that_stand_twice_for_one_person_are_worth_one() -> None:
    frame = scored(300)
    twice = pd.concat([frame, frame])
    once = seen(frame, groups=["age"])
    doubled = seen(twice.assign(person=twice.id), groups=["age"], unit="person")
    naive = seen(twice, groups=["age"])
    for metric in ("auc", "brier_score", "log_loss", "calibration_bias", "calibration_slope"):
        widths = [np.diff(found(rows, "after", metric, age="old").ci)[0] for rows in (once, doubled, naive)]
        assert widths[1] == pytest.approx(widths[0], rel=0.03)
        assert widths[2] < 0.8 * widths[0]


def test_a_table_of_counts_says_the_same_as_the_rows_it_counts() -> None:
    frame = scored(300)
    counted = frame.groupby(["y", "old", "new", "region", "s0", "s1"]).size().reset_index(name="cases")
    one, two = seen(counted, groups=["region"], counts="cases"), seen(frame, groups=["region"])

    assert words(one) == words(two)
    assert_allclose(numbers(one), numbers(two), **ROUNDING)


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "database"])
def test_it_does_not_matter_where_the_table_lies(tmp_path: Path, kind: str) -> None:
    frame = scored(300)
    one, two = seen(written(frame, kind, tmp_path), groups=["region"]), seen(frame, groups=["region"])

    assert words(one) == words(two)
    assert_allclose(numbers(one), numbers(two), **ROUNDING)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    frame = scored(120)
    one, two = seen(frame.sample(frac=1, random_state=seed), groups=["age"]), seen(frame, groups=["age"])

    assert words(one) == words(two)
    assert_allclose(numbers(one), numbers(two), **ROUNDING)


def words(measured: Measurement) -> list[dict[str, Any]]:
    """The rows of a measurement without their numbers."""
    return [{k: v for k, v in row.items() if k not in NUMBERS} for row in without_name(measured)]


def numbers(measured: Measurement) -> list[list[float]]:
    """The numbers of every row; NaN where there is none."""
    nothing = np.nan
    return [
        [nothing if row[name] is None else row[name] for name in ("estimate", "minimum_detectable")]
        + list(row["ci"] or (nothing, nothing))
        for row in without_name(measured)
    ]


NUMBERS = ("estimate", "ci", "minimum_detectable", "details")
ROUNDING = {"rtol": 1e-9, "atol": 1e-12}
"""Databases add in their own order."""


def test_the_negative_predictive_value_is_the_precision_of_the_others() -> None:
    frame = table(500)
    rows = measure(frame, **NAMES, groups=["region"], metrics=["negative_predictive_value"], positive="yes")
    for region, mine in frame.groupby("region"):
        row = found(rows, "after", "negative_predictive_value", region=region)
        assert row.estimate == pytest.approx(precision_score(mine.y, mine.new, pos_label="no"))
        assert (row.n, row.class_) == ((mine.new == "no").sum(), "yes")


def test_the_command_takes_columns_with_scores(tmp_path: Path) -> None:
    scored(200).to_csv(tmp_path / "t.csv", index=False)
    options = "--label y --before old --after new --groups region --positive yes --score s1 --score-before s0"
    with pytest.raises(SystemExit) as done:
        app(["measure", str(tmp_path / "t.csv"), *options.split(), "--metrics", "auc", "--out", str(tmp_path / "out")])
    assert not done.value.code
    text = (tmp_path / "out" / "table.md").read_text()
    assert "For everyone together the AUC of yes went from" in text
    assert "BPSN: the others' positives against the group's negatives" in text
    assert "exact limits at the size that DeLong's variance gives" in text


# --- bins --------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_bins_ascend_with_the_scores(scores: list[float]) -> None:
    ordered = np.sort(np.asarray(scores))
    codes = score_bins(ordered)
    assert (np.diff(codes) >= 0).all()
    assert (np.diff(coarse_bins(codes)) >= 0).all()
    inside = ordered * COARSE % 1 > 0  # on an edge, the half of the scale decides
    assert (coarse_bins(codes)[inside] == np.floor(ordered[inside] * COARSE)).all()


def test_a_database_finds_the_same_bins() -> None:
    rng = np.random.default_rng(0)
    ends = 2.0 ** -np.arange(40)
    p = np.concatenate([rng.random(2000), rng.beta(0.05, 0.05, 2000), ends, 1 - ends, [0, 0.5, 1]])
    there = ibis.memtable(pa.table({"p": p}))
    told = there.select("p", bin=score_bin_of(there.p)).to_pyarrow().to_pandas()
    assert (told.bin.to_numpy() == score_bins(told.p)).all()


@pytest.mark.parametrize("shape", [2.0, 0.3, 0.1])
def test_binned_scores_rank_as_the_scores_do(shape: float) -> None:
    """Also where a model is so sure that most scores lie within a thousandth of 0 or 1."""
    rng = np.random.default_rng(3)
    y = np.where(rng.random(4000) < 0.4, "yes", "no")
    s = np.where(y == "yes", rng.beta(1.5 * shape, shape, 4000), rng.beta(shape, 1.5 * shape, 4000))
    frame = pd.DataFrame({"y": y, "p": np.where(s > 0.5, "yes", "no"), "s": s})
    row = found(measure(frame, label="y", after="p", score="s", positive="yes", metrics=["auc"]), "after", "auc")
    assert row.estimate == pytest.approx(roc_auc_score(y == "yes", s), abs=5e-4)


# --- where there is no number ------------------------------------------------------------------------------------------


def test_a_class_that_nobody_has_leaves_no_ranking() -> None:
    frame = scored(300)
    frame.loc[frame.region == "west", "y"] = "no"
    rows = seen(frame, groups=["region"])
    for metric in ("auc", "calibration_slope"):
        row = found(rows, "after", metric, region="west")
        assert (row.status, row.status_reason) == ("undefined", "0 cases of the class")
    assert found(rows, "after", "brier_score", region="west").status == "ok"
    assert found(rows, "after", "auc").details.generalised_means[0].groups_left_out == 1


def test_few_cases_of_a_class_are_too_few_to_rank() -> None:
    frame = scored(300)
    few = frame[frame.y == "yes"][:5].index
    frame.loc[few, "region"] = "island"
    frame.loc[frame[frame.y == "no"][:20].index, "region"] = "island"
    row = found(seen(frame, groups=["region"]), "after", "auc", region="island")
    assert row.status == "too_small"
    assert "5 cases of the class and 20 not" in row.status_reason


def test_skewed_losses_need_thirty_cases_and_bounded_ones_ten() -> None:
    frame = scored(400).assign(region="north")
    frame.loc[:19, "region"] = "south"
    frame.loc[20:24, "region"] = "west"
    rows = seen(frame, groups=["region"])
    assert found(rows, "after", "log_loss", region="south").status == "too_small"
    assert found(rows, "after", "brier_score", region="south").status == "ok"
    for metric in ALL:
        row = found(rows, "after", metric, region="west")
        assert (row.status, row.estimate, row.n) == ("too_small", None, 5)


def test_scores_that_are_all_alike_rank_nobody() -> None:
    frame = scored(300).assign(s1=0.5)
    rows = seen(frame, groups=["region"])
    auc = found(rows, "after", "auc")
    assert auc.estimate == 0.5
    assert auc.ci[0] < 0.5 < auc.ci[1]
    assert found(rows, "after", "calibration_slope").status == "undefined"
    assert found(rows, "after", "log_loss").status == "undefined"
    assert found(rows, "after", "brier_score").estimate == 0.25


def test_the_change_of_a_slope_is_not_measured_and_says_why() -> None:
    row = found(seen(scored(300), groups=["region"]), "change", "calibration_slope")
    assert (row.status, row.estimate) == ("not_measured", None)
    assert "interval" in row.status_reason


def test_a_model_without_scores_is_not_measured() -> None:
    rows = seen(scored(300), groups=["region"], score_before=None)
    for stage in ("before", "change"):
        assert found(rows, stage, "brier_score").status == "not_measured"
    assert found(rows, "after", "brier_score").status == "ok"


BROKEN: dict[str, tuple[pd.DataFrame, dict[str, Any], str]] = {
    "no scores": (scored(50), {"score": None, "score_before": None}, "FT-P023"),
    "only before": (scored(50), {"score": None}, "FT-P024"),
    "no model before": (scored(50), {"before": None}, "FT-P024"),
    "missing": (scored(50).assign(s1=[None, *[0.5] * 49]), {}, "FT-P025"),
    "not a number": (scored(50).assign(s0=[np.nan, *[0.5] * 49]), {}, "FT-P025"),
    "endless": (scored(50).assign(s0=[np.inf, *[0.5] * 49]), {}, "FT-P025"),
    "text": (scored(50).assign(s1="high"), {}, "FT-P025"),
    "outside": (scored(50).assign(s1=-0.01), {}, "FT-P025"),
    "rankings with weights": (scored(50).assign(w=1.0), {"weights": "w", "metrics": ["auc"]}, "FT-P026"),
    "several labels": (scored(50), {"multilabel": True}, "FT-P026"),
    "per class": (scored(50), {"metrics": ["auc:per_class"]}, "FT-P027"),
    "no class": (scored(50), {"positive": None}, "FT-P028"),
    "no column": (scored(50), {"score": "s2"}, "FT-P003"),
    "gate": (scored(50), {"gates": ["worst_group:by=region,metric=log_loss,at_most=0.8"]}, "FT-G030"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_scores_that_cannot_be_measured_are_refused(name: str) -> None:
    frame, changed, code = BROKEN[name]
    with pytest.raises(DefinitionError) as caught:
        seen(frame, **{"groups": ["region"], **changed})
    assert code in str(caught.value)


def test_what_is_wrong_with_answers_and_scores_is_said_together() -> None:
    frame = scored(50)
    frame.loc[:2, "new"] = None
    frame.loc[5, "s1"] = 7
    with pytest.raises(DefinitionError) as caught:
        seen(frame, groups=["region"])
    assert {"FT-P009", "FT-P025"} <= {problem.code for problem in caught.value.problems}
    assert "1 scores in `s1`" in str(caught.value)


# --- skewed means ------------------------------------------------------------------------------------------------------


def coverage(limits: Any, values: Any, truth: float) -> float:
    inside = [low <= truth <= high for low, high in map(limits, values)]
    return sum(inside) / len(inside)


def test_limits_of_skewed_means_cover_and_students_do_not() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, (1500, 40))

    def mine(row: Any) -> tuple[float, float]:
        sums = means.summarise(row)
        estimate = skewed_mean(sums, float(((row - row.mean()) ** 3).sum()), 0.975)
        assert estimate.low is not None
        assert estimate.high is not None
        return estimate.low, estimate.high

    def students(row: Any) -> tuple[float, float]:
        half = 2.0227 * row.std(ddof=1) / 40**0.5
        return row.mean() - half, row.mean() + half

    assert coverage(mine, values, np.exp(0.5)) > 0.92
    assert coverage(students, values, np.exp(0.5)) < 0.91


# --- runs --------------------------------------------------------------------------------------------------------------

CLASSES = ("fruit", "tool", "animal")
METRICS = (
    "metrics: [error_rate, brier_score, log_loss, calibration_bias, {auc: {per_class: true}}, "
    "{calibration_slope: {per_class: true}}, {debiased_ece: {per_class: true}}]"
)


def probabilities(run: Path) -> dict[tuple[str, int | None], dict[str, tuple[str, str, list[float]]]]:
    """Strategy and seed to item to truth, answer and scores, at the budget 16."""
    told = {}
    for path in run.glob("jobs/*/job.json"):
        job = json.loads(path.read_text())
        if job["label_budget"] in ("", "16"):
            rows = pq.read_table(path.parent / "predictions.parquet").to_pylist()
            told[job["strategy"], job["seed"]] = {r["item"]: (r["y"], r["pred"], r["scores"]) for r in rows}
    return told


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose scores were made up, and that was counted and told again from them."""
    root = tmp_path_factory.mktemp("scored")
    audit = edit(
        write_project(root, toy_rows(people=480)),
        ("metrics: [error_rate, {recall: {per_class: true}}]", METRICS),
    )
    folder = fake_run(audit, root / "runs", wrong_answers(lambda job, group: 0.3, CLASSES), scores=made_up)
    assert api.verify(folder)
    return folder


def made_up(seed: int, pred: list[str]) -> np.ndarray:
    rng = np.random.default_rng([seed, len(pred)])
    raw = rng.gamma(1.0, size=(len(pred), 3))
    raw[np.arange(len(pred)), [CLASSES.index(p) for p in pred]] = raw.max(axis=1) + rng.random(len(pred))
    return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


def by_hand(rows: dict[str, tuple[str, str, list[float]]], items: list[str], metric: str, of: str | None) -> float:
    y, pred, scores = zip(*(rows[item] for item in items), strict=True)
    p, truth = np.array(scores, dtype=float), np.array([[label == c for c in CLASSES] for label in y], dtype=int)
    if of is not None:
        column = CLASSES.index(of)
        assert metric == "auc"
        return float(roc_auc_score(truth[:, column], p[:, column]))
    if metric == "brier_score":
        return float(((p - truth) ** 2).sum(axis=1).mean())
    if metric == "log_loss":
        return float(np.mean([-np.log(s[CLASSES.index(label)]) for label, s in zip(y, p, strict=True)]))
    return float(np.mean([label == answer for label, answer in zip(y, pred, strict=True)]) - p.max(axis=1).mean())


def lost_to_bins(rows: dict[str, tuple[str, str, list[float]]], items: list[str], of: str) -> float:
    """The most that an AUC can move by putting scores into bins: half a win for every pair that comes to share one."""
    column = CLASSES.index(of)
    y, code = zip(*((rows[item][0], rows[item][2][column]) for item in items), strict=True)
    bins, isin = score_bins(np.array(code)), np.array([label == of for label in y])
    return float(0.5 * np.mean(bins[isin][:, None] == bins[~isin][None, :]))


@pytest.mark.parametrize("group", [{}, {"region": "south"}, {"region": "south", "age": "old"}])
@pytest.mark.parametrize(
    ("metric", "of"), [("brier_score", None), ("log_loss", None), ("calibration_bias", None), ("auc", "tool")]
)
def test_runs_tell_what_their_scores_come_to(run: Path, group: dict[str, str], metric: str, of: str | None) -> None:
    rows = findings_in(run)
    people = pq.read_table(run / "benchmarks" / "toy" / "items.parquet").to_pylist()
    items = [row["item"] for row in people if all(row[name] == value for name, value in group.items())]
    told = probabilities(run)
    before = by_hand(told["", None], items, metric, of)
    after = [by_hand(told["full", seed], items, metric, of) for seed in JUDGING]
    scratch = [by_hand(told["scratch", seed], items, metric, of) for seed in JUDGING]

    row = {
        stage: rows.find("toy@1.0.0", stage, metric, group, strategy, "16" if strategy else None, of)
        for stage, strategy in (
            ("before", None), ("after", "full"), ("scratch", "scratch"), ("change", "full"), ("gain", "full"),
        )
    }  # fmt: skip

    close = max(lost_to_bins(rows, items, of) for rows in told.values()) + 1e-9 if of is not None else 1e-6
    assert close < 0.01, "a few shared bins, or this says nothing"
    assert row["before"].estimate == pytest.approx(before, abs=close)
    assert row["after"].estimate == pytest.approx(np.mean(after), abs=close)
    assert row["after"].seed_sd == pytest.approx(np.std(after, ddof=1), abs=close)
    assert row["scratch"].estimate == pytest.approx(np.mean(scratch), abs=close)
    assert "seeds" in row["after"].ci_method
    assert row["change"].estimate == pytest.approx(np.mean(after) - before, abs=2 * close)
    assert row["gain"].estimate == pytest.approx(np.mean(after) - np.mean(scratch), abs=2 * close)
    assert row["change"].ci[0] < row["change"].estimate < row["change"].ci[1]


def test_counting_again_from_the_folder_gives_the_same_tables(run: Path) -> None:
    from fairtransfer.evidence.jobs.count import count

    for name, made in count(run)._asdict().items():
        assert made.equals(pq.read_table(run / f"{name}.parquet"))


def test_a_run_and_a_table_of_its_predictions_agree(run: Path) -> None:
    told = probabilities(run)
    people = pd.DataFrame(pq.read_table(run / "benchmarks" / "toy" / "items.parquet").to_pylist()).set_index("item")
    frame = people.assign(
        pred=[told["full", 3][item][1] for item in people.index],
        p=[float(told["full", 3][item][2][1]) for item in people.index],
    )
    options: dict[str, Any] = {"label": "y", "after": "pred", "groups": ["region"], "unit": "unit", "positive": "tool"}
    rows = measure(frame.reset_index(), **options, score="p", metrics=["auc"])
    stored = [
        row
        for row in pq.read_table(run / "rankings.parquet").to_pylist()
        if (row["stage"], row["strategy"], row["budget"], row["seed"], row["metric"], row["class"])
        == ("after", "full", "16", 3, "auc", "tool")
    ]
    for row in stored:
        if row["attributes"] in ("", "region"):
            mine = found(rows, "after", "auc", **json.loads(row["group"]))
            assert mine.n == row["n"]
            if mine.status == "ok":
                assert mine.estimate == pytest.approx(row["value"])


def test_reports_show_numbers_as_numbers(run: Path) -> None:
    text = (run / "report" / "report.md").read_text()
    assert "Brier score" in text
    line = next(line for line in text.splitlines() if "brier score" in line.lower() and "mean squared error" in line)
    assert "%" not in line
    assert "points" not in next(line for line in text.splitlines() if "| Brier score |" in line)


# --- documents ---------------------------------------------------------------------------------------------------------


def test_small_groups_have_no_scores_in_documents(tmp_path: Path) -> None:
    frame = scored(400).query("region != 'west'")
    few = frame[:7].assign(region="island")
    rows = seen(pd.concat([frame, few]), groups=["region"], metrics=ALL)
    rows.report(tmp_path)
    public = json.loads((tmp_path / "table.json").read_text())["rows"]
    island = [row for row in public if row["group"] == {"region": "island"}]
    assert {(row["status"], row["estimate"], row["n"], row["details"]) for row in island} == {
        ("suppressed", None, None, None)
    }
    levels = [row for row in public if row["metric"] == "auc" and row["stage"] != "change"]
    everyone = [row for row in levels if not row["group"] and row["details"]]
    means_told = [row["details"]["generalised_means"] for row in everyone]
    assert means_told == [[], []]
    assert "0." in (tmp_path / "table.md").read_text()


# --- people of unknown group -------------------------------------------------------------------------------------------


def test_bounds_hold_for_every_way_to_say_who_belongs() -> None:
    frame = table(200)
    frame.loc[frame.index % 40 == 0, "region"] = None
    rows = measure(
        frame, **NAMES, groups=["region"], metrics=["error_rate", "true_positive_rate", "accuracy"], positive="yes"
    )
    north, unknown = frame[frame.region == "north"], frame[frame.region.isna()]
    for metric, of in (("error_rate", lambda t: t.new != t.y), ("accuracy", lambda t: t.new == t.y)):
        rates = []
        for chosen in range(2 ** len(unknown)):
            mask = [chosen >> i & 1 == 1 for i in range(len(unknown))]
            rates.append(of(pd.concat([north, unknown[mask]])).mean())
        told = found(rows, "after", metric, region="north").details.if_unknown_belonged
        assert told == pytest.approx((min(rates), max(rates)))
    assert found(rows, "after", region="unknown").details is None
    assert found(rows, "after").details is None


def ways(frame: pd.DataFrame) -> Any:
    """Every way to say of which region the unknown are: of one that is recorded, or of another."""
    places = frame.index[frame.region.isna()]
    for chosen in product([*frame.region.dropna().unique(), "elsewhere"], repeat=len(places)):
        yield frame.assign(region=frame.region.fillna(pd.Series(chosen, index=places)))


def test_differences_hold_for_every_way_to_say_who_belongs() -> None:
    frame = table(200).replace({"region": {"west": "south"}})
    frame.loc[frame.index % 40 == 0, "region"] = None
    rows = measure(frame, **NAMES, groups=["region"], metrics=["error_rate", "accuracy"])
    seen_ways: dict[str, list[float]] = {"error_rate": [], "accuracy": []}
    for told in ways(frame):
        wrong = (told.new != told.y).groupby(told.region).mean()
        seen_ways["error_rate"].append(wrong["north"] - wrong["south"])
        seen_ways["accuracy"].append(wrong["south"] - wrong["north"])
    for metric, values in seen_ways.items():
        details = found(rows, "after", metric, region="north").details
        assert details.difference == pytest.approx((min(values), max(values)))
        low, high = details.with_chance
        assert low < details.if_unknown_belonged[0] <= details.if_unknown_belonged[1] < high


def test_chance_is_allowed_for_only_where_cases_are_independent() -> None:
    frame = table(200)
    frame.loc[frame.index % 40 == 0, "region"] = None
    details = found(measure(frame, **NAMES, groups=["region"], unit="person"), "after", region="north").details
    assert set(details.to_json()) == {"if_unknown_belonged", "difference_if_unknown_belonged"}
    crossed = measure(frame, **NAMES, **GROUPS)
    details = found(crossed, "after", region="north", age="old").details
    assert set(details.to_json()) == {"if_unknown_belonged", "if_unknown_belonged_ci"}


def test_ratios_of_selection_hold_for_every_way_to_say_who_belongs() -> None:
    frame = table(120).replace({"region": {"west": "south"}})
    frame.loc[frame.index % 30 == 0, "region"] = None
    rows = measure(frame, **NAMES, groups=["region"], metrics=["selection_rate"], positive="yes")
    gap = next(f for f in rows.findings if (f.level, f.stage) == ("gap", "after"))
    bounds = {entry.group["region"]: entry.ratio for entry in gap.details.impact_ratios}
    reached: dict[str, list[float]] = {"north": [], "south": []}
    for told in ways(frame):
        rates = (told.new == "yes").groupby(told.region).mean()[["north", "south"]]
        for name, ratios in reached.items():
            ratios.append(rates[name] / rates.max())
    for name, ratios in reached.items():
        assert bounds[name][0] == pytest.approx(min(ratios))
        assert bounds[name][1] >= max(ratios) - 1e-12


def test_the_report_says_whom_the_unknown_could_put_in_the_worst_light(tmp_path: Path) -> None:
    frame = table(400)
    frame.loc[frame.index % 20 == 0, "region"] = None
    rows = measure(frame, **NAMES, groups=["region", "age"])
    rows.report(tmp_path)
    text = (tmp_path / "table.md").read_text().replace("\\", "")
    line = next(line for line in text.splitlines() if "without a recorded region" in line)
    assert text.count("without a recorded") == 1
    after = {g: found(rows, "after", region=g) for g in ("north", "south", "west")}
    worst = max(after, key=lambda g: after[g].details.if_unknown_belonged[1] - after[g].estimate)
    assert f"error rate of {worst}, {100 * after[worst].estimate:.1f}% as recorded" in line


def test_bounds_are_hidden_where_the_unknown_are_few(tmp_path: Path) -> None:
    frame = table(400).query("region != 'west'").copy()
    frame.loc[frame.index[:5], "region"] = None
    rows = measure(frame, **NAMES, groups=["region"])
    assert found(rows, "after", region="north").details
    rows.report(tmp_path)
    assert "if_unknown_belonged" not in (tmp_path / "table.json").read_text()
    assert "without a recorded" not in (tmp_path / "table.md").read_text()


def test_ratios_are_hidden_where_the_unknown_are_few(tmp_path: Path) -> None:
    frame = table(400).query("region != 'west'").copy()
    frame.loc[frame.index[:5], "region"] = None
    rows = measure(frame, **NAMES, groups=["region"], metrics=["selection_rate"], positive="yes")
    assert "impact_ratio_if_unknown_belonged" in json.dumps(rows.to_json())
    rows.report(tmp_path)
    assert "if_unknown_belonged" not in (tmp_path / "table.json").read_text()


# --- weights -----------------------------------------------------------------------------------------------------------


def test_means_of_scores_count_cases_by_their_weight() -> None:
    frame = scored(200)
    frame["w"] = np.random.default_rng(2).gamma(2, 1, len(frame))
    metrics = ["brier_score", "calibration_bias", "log_loss"]
    weighed = seen(frame, groups=["region"], weights="w", metrics=metrics)
    plain = seen(frame, groups=["region"], metrics=metrics)
    losses = {
        metric: LOSSES[metric_named(metric).adds].rows(frame.s1, (frame.y == "yes").astype(float)) for metric in metrics
    }
    for metric in metrics:
        told, alike = (
            next(f for f in m.findings if (f.metric, f.stage, f.level) == (metric, "after", "overall"))
            for m in (weighed, plain)
        )
        assert told.estimate == pytest.approx(np.average(losses[metric], weights=frame.w))
        assert told.n == alike.n == len(frame)
        assert "weights" in told.ci_method
        assert told.ci[1] - told.ci[0] > alike.ci[1] - alike.ci[0]


def test_weights_that_are_alike_change_nothing() -> None:
    frame = scored(200).assign(w=3.0)
    one, other = (seen(frame, groups=["region"], metrics=["brier_score"], **more) for more in ({"weights": "w"}, {}))
    for weighed, plain in zip(one.findings, other.findings, strict=True):
        assert weighed.estimate == pytest.approx(plain.estimate)
        assert weighed.ci == pytest.approx(plain.ci)
