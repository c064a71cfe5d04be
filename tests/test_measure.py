"""Predictions made elsewhere: the same numbers as going through the rows by hand, whatever holds the table."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score
from support.slow_limits import slow_change, slow_share
from support.tables import GROUPS, NAMES, found, table, without_name, written

from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.table import checks
from fairtransfer.measurement import measure
from fairtransfer.stats import intervals as iv


def test_rates_and_changes_equal_what_counting_by_hand_gives() -> None:
    frame = table()
    seen = measure(frame, **NAMES, **GROUPS)
    for keys, mine in [((r, a), m) for (r, a), m in frame.groupby(["region", "age"])]:
        group = dict(zip(("region", "age"), keys, strict=True))
        before, after = found(seen, "before", **group), found(seen, "after", **group)
        change = found(seen, "change", **group)
        wrong_old, wrong_new = (mine.old != mine.y), (mine.new != mine.y)
        assert (before.n, before.k, after.k) == (len(mine), wrong_old.sum(), wrong_new.sum())
        assert change.n_new_errors == (wrong_new & ~wrong_old).sum()
        assert change.n_fixed_errors == (wrong_old & ~wrong_new).sum()
        z = iv.normal_quantile(0.975)
        assert after.ci == pytest.approx(slow_share(wrong_new.sum(), len(mine), z))
        pairs = (change.n_new_errors, change.n_fixed_errors, len(mine))
        assert change.ci == pytest.approx(slow_change(*pairs, z))


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder", "arrow", "database"])
def test_it_does_not_matter_where_the_table_lies(tmp_path: Path, kind: str) -> None:
    frame = table()
    here = measure(frame, **NAMES, **GROUPS, unit="person")
    there = measure(written(frame, kind, tmp_path), **NAMES, **GROUPS, unit="person")
    assert without_name(there) == without_name(here)


SPARK = """
import sys
sys.path[:0] = [{tests!r}]
import ibis
import numpy as np
import pytest
from pyspark.sql import SparkSession
from support.slow_limits import slow_change, slow_share
from support.tables import GROUPS, NAMES, table, without_name
from fairtransfer.measurement import measure

local = {{"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1"}}
builder = SparkSession.builder.master("local[1]").config("spark.driver.bindAddress", "127.0.0.1")
for name, value in local.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
frame = table()
spark.createDataFrame(frame.to_dict("records")).createOrReplaceTempView("answers")
there = measure(ibis.pyspark.connect(spark).table("answers"), **NAMES, **GROUPS, unit="person", item=["id"])
assert without_name(there) == without_name(measure(frame, **NAMES, **GROUPS, unit="person"))
asked = {{"positive": "yes", "score": "s", "metrics": ["auc", "brier_score", "log_loss", "calibration_slope"]}}
scored = frame.assign(s=np.random.default_rng(0).beta(0.3, 0.3, len(frame)))
spark.createDataFrame(scored.to_dict("records")).createOrReplaceTempView("scored")
there, here = (measure(t, **NAMES, **GROUPS, **asked) for t in (ibis.pyspark.connect(spark).table("scored"), scored))
for a, b in zip(there.findings, here.findings, strict=True):
    assert (a.status, a.n) == (b.status, b.n), (a, b)
    assert a.estimate is b.estimate is None or a.estimate == pytest.approx(b.estimate, rel=1e-9), (a, b)
print("the same")
"""


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17, and there is no java on this machine")
def test_spark_counts_the_same_cells() -> None:
    pytest.importorskip("pyspark")
    code = SPARK.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=500, check=False)
    assert done.stdout.strip().endswith("the same"), done.stderr[-2000:]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    frame = table(120)
    shuffled = frame.sample(frac=1, random_state=seed % 2**31)
    assert without_name(measure(shuffled, **NAMES, **GROUPS)) == without_name(measure(frame, **NAMES, **GROUPS))


def test_a_table_of_counts_says_the_same_as_the_rows_it_counts() -> None:
    frame = table()
    keys = ["y", "old", "new", "region", "age"]
    counted = frame.groupby(keys).size().reset_index(name="cases")
    assert len(counted) < len(frame)
    rows = measure(frame, **NAMES, **GROUPS)
    assert without_name(measure(counted, **NAMES, **GROUPS, counts="cases")) == without_name(rows)


def test_merging_groups_adds_their_counts() -> None:
    frame = table()
    merged = frame.assign(region=frame.region.replace({"west": "south"}))
    parts = measure(frame, **NAMES, groups=["region"])
    whole = found(measure(merged, **NAMES, groups=["region"]), "change", region="south")
    for name in ("n", "n_new_errors", "n_fixed_errors"):
        values = [getattr(found(parts, "change", region=region), name) for region in ("south", "west")]
        assert getattr(whole, name) == sum(values)


def test_equal_weights_change_nothing_but_the_name_of_the_method() -> None:
    frame = table().assign(w=2.5)
    plain, weighted = (
        measure(frame, **NAMES, groups=["region"]),
        measure(frame, **NAMES, groups=["region"], weights="w"),
    )
    for a, b in zip(plain.findings, weighted.findings, strict=True):
        if a.level == "gap":
            continue
        assert b.estimate == pytest.approx(a.estimate)
        assert b.n == a.n
        if a.ci is not None and b.ci is not None:
            assert b.ci[1] - b.ci[0] == pytest.approx(a.ci[1] - a.ci[0], rel=0.06)
    assert "weights" in str(found(weighted, "after", region="north").ci_method)


def test_weights_give_the_weighted_rate_and_a_wider_interval() -> None:
    frame = table(1000)
    frame["w"] = np.where(frame.age == "old", 9.0, 1.0)
    seen = measure(frame, **NAMES, groups=["region"], weights="w")
    for region, mine in frame.groupby("region"):
        after = found(seen, "after", region=region)
        wrong = mine.new != mine.y
        assert after.estimate == pytest.approx(np.average(wrong, weights=mine.w))
        change = found(seen, "change", region=region)
        assert change.estimate == pytest.approx(np.average(wrong.astype(int) - (mine.old != mine.y), weights=mine.w))
        equal = iv.wilson(after.estimate, len(mine), iv.normal_quantile(0.975))
        assert after.ci[1] - after.ci[0] > float(equal.high - equal.low)


def test_rows_that_stand_twice_for_one_person_are_worth_one(tmp_path: Path) -> None:
    frame = table(300)
    twice = pd.concat([frame, frame]).assign(person=lambda t: t.id)
    once = measure(frame.assign(person=frame.id), **NAMES, groups=["region"], unit="person")
    doubled = measure(twice, **NAMES, groups=["region"], unit="person")
    naive = measure(twice, **NAMES, groups=["region"])
    for region in ("north", "south"):
        a, b, c = (found(t, "after", region=region).ci for t in (once, doubled, naive))
        assert b == pytest.approx(a, abs=1e-9)
        assert c[1] - c[0] < a[1] - a[0]


def test_fairlearn_gives_the_same_values_wherever_its_value_is_defined() -> None:
    frame = table(600).query("region != 'west'")
    positive = {name: (frame[name] == "yes").astype(int) for name in ("y", "new")}
    metrics = {
        "accuracy": accuracy_score,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "selection_rate": selection_rate,
    }
    theirs = MetricFrame(
        metrics=metrics, y_true=positive["y"], y_pred=positive["new"], sensitive_features=frame[["region", "age"]]
    )
    ours = measure(frame, **NAMES, **GROUPS, metrics=list(metrics), positive="yes").to_metricframe(["region", "age"])
    named = ours.by_group.rename(columns=lambda name: name.split("[")[0])
    pd.testing.assert_frame_equal(named[list(metrics)], theirs.by_group.astype(float), check_names=False)
    assert ours.overall.rename(lambda name: name.split("[")[0]).to_dict() == pytest.approx(theirs.overall.to_dict())


def test_nothing_over_nothing_is_undefined_where_fairlearn_says_zero() -> None:
    frame = pd.DataFrame(
        {
            "y": [0, 0, 0, 0, 1, 1, 1, 0] * 5,
            "p": [0, 1, 0, 0, 1, 1, 0, 1] * 5,
            "g": list("aaaabbbb") * 5,
        }
    )
    seen = measure(frame, label="y", after="p", groups=["g"], metrics=["true_positive_rate"], positive="1")
    nobody = found(seen, "after", "true_positive_rate", g="a")
    assert (nobody.status, nobody.estimate, nobody.status_reason) == ("undefined", None, "0 cases of the class `1`")
    assert math.isnan(seen.to_metricframe("g").by_group.loc["a"].iloc[0])
    gap = next(f for f in seen.findings if f.level == "gap")
    assert gap.status == "undefined"


def test_answers_outside_the_labels_are_errors_and_are_listed() -> None:
    frame = table(100)
    frame.loc[:9, "new"] = "I cannot say"
    seen = measure(frame, **NAMES, groups=["region"])
    assert found(seen, "after").k == (frame.new != frame.y).sum()
    assert seen.counted.outside == {"new": {"I cannot say": 10}}
    assert seen.counted.notes == {"answers of new outside the labels, counted as errors": 10}


def test_missing_membership_is_a_group_and_text_that_looks_missing_is_a_value() -> None:
    frame = table(100)
    frame.loc[:19, "region"] = None
    frame.loc[20:39, "region"] = "NA"
    seen = measure(frame, **NAMES, groups=["region"])
    assert found(seen, "after", region="unknown").n == 20
    assert found(seen, "after", region="NA").n == 20
    assert seen.counted.notes == {"region unknown": 20}


def test_numbers_are_the_same_labels_whatever_type_a_column_has() -> None:
    frame = table(100)
    y, new = (frame.y == "yes").astype(int), (frame.new == "yes").astype(float)
    mixed = frame.assign(y=y, new=new, old=y)
    assert found(measure(mixed, **NAMES, groups=["region"]), "after").k == (frame.new != frame.y).sum()


def test_several_labels_in_a_row_are_told_apart() -> None:
    frame = pd.DataFrame({"y": ["a|b", "a", "b", "a"] * 20, "p": ["b|a", "a|b", "b", "c"] * 20, "g": ["x", "y"] * 40})
    with pytest.raises(DefinitionError, match="FT-P105"):  # `c` is no class, and the row not one without any
        measure(frame, label="y", after="p", groups=["g"], multilabel=True)
    seen = measure(frame, label="y", after="p", groups=["g"], multilabel=True, classes="a,b,c")
    assert found(seen, "after").k == 40  # the order within a row does not matter


def refusal(frame: Any, **changed: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        measure(frame, **{**NAMES, "groups": ["region"], **changed})
    return str(caught.value)


def test_what_is_wrong_is_said_all_at_once() -> None:
    frame = table(50)
    frame.loc[:3, "new"] = None
    frame.loc[:1, "y"] = None
    frame = pd.concat([frame, frame[:2]])
    text = refusal(frame, item=["id"])
    for code in ("FT-P006", "FT-P008", "FT-P009"):
        assert code in text
    assert "2 items stand more than once (4 rows), for example id `i" in text


BROKEN: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no file": ("nowhere.csv", {}, "FT-P001"),
    "no column": (table(20), {"after": "nu"}, "FT-P003"),
    "same column": (table(20), {"after": "old"}, "FT-P004"),
    "ids as groups": (pd.concat([table(600), table(600, 1)]).assign(region=range(1200)), {}, "FT-P005"),
    "empty": (table(20)[:0], {}, "FT-P007"),
    "other spelling": (table(20).assign(new="YES"), {}, "FT-P101"),
    "other words": (table(20).assign(new="maybe"), {}, "FT-P012"),
    "label not declared": (table(20), {"classes": ["yes"]}, "FT-P011"),
    "half counts": (table(20).assign(c=0.5), {"counts": "c"}, "FT-P013"),
    "endless weight": (table(20).assign(c=[math.inf] + [1.0] * 19), {"weights": "c"}, "FT-P014"),
    "unit missing": (table(20).assign(person=None), {"unit": "person"}, "FT-P010"),
    "joined labels": (table(20).assign(y="a|b"), {}, "FT-P015"),
    "no such class": (table(20), {"positive": "maybe"}, "FT-P016"),
    "which class": (table(20), {"metrics": ["true_positive_rate"]}, "FT-P017"),
    "no such group": (table(20), {"gates": ["worst_group:by=rgion,at_most=0.5"]}, "FT-P018"),
    "no model before": (table(20), {"before": None, "gates": ["no_harm:by=region,margin=0.1"]}, "FT-P019"),
    "gate not readable": (table(20), {"gates": ["no_harm:region"]}, "FT-P020"),
    "counts and weights": (table(20), {"counts": "a", "weights": "b"}, "FT-P021"),
    "no such metric": (table(20), {"metrics": ["eror_rate"]}, "metrics:10 FT-Y038"),
    "no margin": (table(20), {"gates": ["no_harm:by=region"]}, "FT-Y035"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_tables_and_questions_are_refused_with_their_message(name: str) -> None:
    frame, changed, code = BROKEN[name]
    text = refusal(frame, **changed)
    assert code in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("looked_at", "said"), [(600, "600 values in the first rows"), (100, "1,100 values, limit"), (5000, "1,100 values")]
)
def test_names_of_rows_are_refused_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int, said: str
) -> None:
    """Before the whole is counted where they stand first, afterwards where they come late or the table is small."""
    few = ["r0"] * 100 if looked_at == 100 else []
    frame = table(1200).assign(region=[*few, *(f"r{n % 1100}" for n in range(1200 - len(few)))])
    monkeypatch.setattr(checks, "MAX_GROUPS", 500)
    monkeypatch.setattr(checks, "LOOKED_AT", looked_at)
    frame.to_parquet(tmp_path / "t.parquet")
    assert said in refusal(frame)
    if looked_at < 5000:
        assert said in refusal(tmp_path / "t.parquet")


def test_values_of_any_type_are_counted_by_what_they_look_like() -> None:
    """Text, whole numbers, fractions, -0.0, dates and truth values: the same cells as from their texts."""
    kinds = {
        "whole": [1, 2, 3, 1],
        "fraction": [0.0, -0.0, 0.5, math.nan],
        "day": list(pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01", None]).date),
        "yes": [True, False, None, True],
    }
    texts = {
        "whole": ["1", "2", "3", "1"],
        "fraction": ["0", "0", "0.5", None],
        "day": ["2026-01-01", "2026-01-02", "2026-01-01", None],
        "yes": ["true", "false", None, "true"],
    }
    for name, values in kinds.items():
        frame = table(400).assign(region=values * 100)
        seen = measure(frame, **NAMES, groups=["region"]).counted
        told = measure(frame.assign(region=texts[name] * 100), **NAMES, groups=["region"]).counted
        assert seen.cells.to_pylist() == told.cells.to_pylist(), name


def test_gates_judge_a_table_as_they_judge_a_run() -> None:
    frame = table(2000)
    worse = frame.assign(new=np.where(frame.region == "south", "no", frame.y), old=frame.y)
    gates = ["no_harm:by=region,margin=0.05", "worst_group:by=region,at_most=0.9"]
    seen = measure(worse, **NAMES, groups=["region"], gates=gates)
    assert [gate.outcome for gate in seen.verdict.gates] == ["fail", "pass"]
    assert seen.exit_code == 1
    assert measure(worse, **NAMES, groups=["region"]).exit_code == 0


def test_the_suffering_of_a_small_group_is_not_enough_evidence_and_not_a_pass() -> None:
    frame = table(400).query("region != 'west'")
    few = frame[:5].assign(region="island")
    seen = measure(pd.concat([frame, few]), **NAMES, groups=["region"], gates=["worst_group:by=region,at_most=0.9"])
    assert seen.verdict.outcome == "inconclusive"
    assert seen.exit_code == 4
    assert found(seen, "after", region="island").status == "too_small"


def test_one_model_alone_has_no_before_and_no_change() -> None:
    seen = measure(table(), label="y", after="new", groups=["region"])
    assert {finding.stage for finding in seen.findings} == {"after"}


def test_the_answers_before_change_nothing_of_those_after() -> None:
    """Summed over the answers before, joint counts are those of one model alone."""
    metrics = ["error_rate", "true_positive_rate", "precision", "balanced_accuracy"]
    asked: dict[str, Any] = {**GROUPS, "metrics": metrics, "positive": "yes", "label": "y", "after": "new"}
    both, alone = measure(table(), **asked, before="old"), measure(table(), **asked)
    levels = [[f.to_json() for f in seen.findings if f.stage == "after"] for seen in (both, alone)]
    assert levels[0] == levels[1]


def test_counts_of_any_size_cost_the_same(tmp_path: Path) -> None:
    frame = table().groupby(["y", "old", "new", "region", "age"]).size().reset_index(name="cases")
    large = frame.assign(cases=frame.cases * 10**6)
    seen = measure(large, **NAMES, **GROUPS, counts="cases")
    assert found(seen, "after").n == 400 * 10**6
    assert found(seen, "after").ci[1] - found(seen, "after").ci[0] < 1e-3


def test_small_groups_are_nowhere_in_the_documents(tmp_path: Path) -> None:
    frame = table(400).query("region != 'west'")
    few = frame[:7].assign(region="island", new="odd answer")
    seen = measure(pd.concat([frame, few]), **NAMES, groups=["region"])
    files = {path.name: path.read_text() for path in seen.report(tmp_path)}
    assert set(files) == {"table.html", "table.md", "table.json"}
    assert "odd answer" not in files["table.json"]
    for text in files.values():
        assert "island" in text
    shown = [
        row
        for row in pd.read_json(tmp_path / "table.json", typ="series")["rows"]
        if row["group"] == {"region": "island"}
    ]
    assert shown
    assert {row["status"] for row in shown} == {"suppressed"}
    assert {row["n"] for row in shown} == {None}


def test_findings_are_a_frame_with_a_column_per_attribute() -> None:
    seen = measure(table(), **NAMES, **GROUPS)
    frame = seen.to_frame()
    assert len(frame) == len(seen.findings)
    assert {"group.region", "group.age", "estimate", "ci_low", "ci_high", "n", "k"} <= set(frame.columns)


def by_hand(frame: pd.DataFrame) -> dict[tuple[str, ...], int]:
    cells: dict[tuple[str, ...], int] = defaultdict(int)
    for row in frame.itertuples():
        cells[row.region, row.y, row.old, row.new] += 1
    return dict(cells)


def test_cells_equal_a_loop_over_rows() -> None:
    frame = table(200)
    cells = measure(frame, **NAMES, groups=["region"]).counted.cells.to_pylist()
    assert {(c["g_region"], c["y"], c["before"], c["after"]): c["n"] for c in cells} == by_hand(frame)


def test_the_command_loads_no_templates_and_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    table(100).to_csv(tmp_path / "t.csv")
    asked = ["measure", str(tmp_path / "t.csv"), "--label", "y", "--after", "new", "--groups", "region"]
    script = (
        "import gc, sys\nfrom typer.testing import CliRunner\nfrom fairtransfer.cli.app import app\n"
        "from fairtransfer.cli.gc_pause import without_garbage_collection\n"
        "def run(*more):\n    return CliRunner().invoke(app, [*sys.argv[1:], *more]).exit_code\n"
        "assert run() == 0 and 'jinja2' not in sys.modules\n"
        "assert run('--on-inconclusive', 'no') != 0 and gc.isenabled()\n"
        "gc.disable()\nwith without_garbage_collection():\n    pass\nassert not gc.isenabled()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
