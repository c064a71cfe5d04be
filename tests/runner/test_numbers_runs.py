"""Audits of a label that is a number: from the card to the report, every way to adapt, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from support.number_project import BEFORE, CLASSES, METRICS, NUMBER, WANTED, number_project, priced
from support.plans import jobs_of
from support.toy import edit, write_project

from fairtransfer import api
from fairtransfer.data import splits
from fairtransfer.errors import DefinitionError, IntegrityError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.tables import read_table
from fairtransfer.spec.check import load_audit

STEPS = "epochs: 1, min_steps: 4, batch_size: 16"
STRATEGIES = "strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]"


def codes(audit: Path) -> set[str]:
    with pytest.raises(DefinitionError) as caught:
        load_audit(audit, report_only=True)
    return {problem.code for problem in caught.value.problems}


# --- reading -----------------------------------------------------------------------------------------------------------


def test_an_audit_of_numbers_is_read_and_planned(tmp_path: Path) -> None:
    made = jobs_of(load_audit(number_project(tmp_path), report_only=True))

    assert made.files.numeric
    assert (made.files.classes, made.files.measured_in) == ((), "euros")
    assert len(made.jobs) == 2 + 3 * 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (WANTED, "metrics: [error_rate]", "FT-Y067"),
        (WANTED, "", "FT-Y067"),
        ("gates: []", "gates: [{no_harm: {by: region, margin: 0.1}}]", "FT-Y068"),
        ("gates: []", "gates: [{no_harm: {by: region, metric: mean_error, margin: 0.1}}]", "FT-G032"),
        ("before: probe", BEFORE, "FT-Y066"),
        (STRATEGIES, "strategies: [probe, {threshold: {by: region}}]", "FT-Y065"),
        (STRATEGIES, "strategies: [probe, {reweight: {by: region}}]", "FT-Y065"),
        (STRATEGIES, "strategies: [probe, {balance: {by: region}}]", "FT-Y065"),
        ("    groups: [region, age]", "    labels: {a: [b], c: rest}\n    groups: [region, age]", "FT-M034"),
    ],
)
def test_what_makes_no_sense_of_numbers_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert code in codes(edit(number_project(tmp_path), (old, new)))


def test_numbers_are_no_metric_of_classes(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path), (METRICS, "metrics: [mean_error]"))

    assert codes(audit) == {"FT-Y067"}


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("    type: number\n    classes: [a, b]\n", "FT-M031"),
        (CLASSES + "    measured_in: euros\n", "FT-M032"),
    ],
)
def test_a_label_is_a_number_or_has_classes(tmp_path: Path, new: str, code: str) -> None:
    audit = number_project(tmp_path)
    edit(tmp_path / "data_cards" / "toy.md", (NUMBER, new))

    assert code in codes(audit)


@pytest.mark.parametrize(("label", "code"), [("dear", "FT-P061"), ("inf", "FT-P061"), ("nan", "FT-P061")])
def test_labels_that_are_no_finite_numbers_are_refused(tmp_path: Path, label: str, code: str) -> None:
    rows = priced(24)
    rows[3]["label"] = label
    audit = edit(number_project(tmp_path, rows), ("label_budgets: [60]", "label_budgets: [8]"))
    with pytest.raises(DefinitionError) as caught:
        api.run(load_audit(audit, report_only=True), workspace=tmp_path / "runs")

    assert code in [problem.code for problem in caught.value.problems]


def test_strata_are_tenths_of_the_labels_and_like_numbers_share_one() -> None:
    found = splits.strata([str(v) for v in range(100)] + [""])

    assert [found[:100].count(str(k)) for k in range(10)] == [10] * 10
    assert found[100] == ""
    assert len(set(splits.strata(["1.0"] * 50 + ["2.0"] * 5))) == 2


# --- running -----------------------------------------------------------------------------------------------------------

ALL = ["majority", *(f"{{{kind}: {{{STEPS}}}}}" for kind in ("full", "lp_ft", "partial", "bitfit", "l2_sp", "lora"))]
ALL += [f"{{gradual: {{{STEPS.replace('1', '2', 1)}}}}}", f"{{scratch: {{{STEPS}}}}}"]
ALL += ["{balance: {by: region, cells: group}}", f"{{group_dro: {{by: region, cells: group, {STEPS}}}}}"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with every way to adapt that numbers allow."""
    from support.tiny_models import save_encoder

    root = tmp_path_factory.mktemp("numbers")
    audit = edit(number_project(root), (STRATEGIES, f"strategies: [probe, {', '.join(ALL)}]"))
    for path in (root / "models" / "tiny").iterdir():
        path.unlink()
    save_encoder(root / "models" / "tiny")
    return api.run(load_audit(audit, report_only=True), workspace=root / "runs").folder


@pytest.mark.train
def test_every_way_to_adapt_gives_numbers_and_says_how_they_are_made(ran: Path) -> None:
    jobs = [read_json(path) for path in ran.glob("jobs/*/job.json")]
    items = read_table(ran / "benchmarks" / "toy" / "items.parquet")
    wanted = dict(zip(items["item"].to_pylist(), items["y"].to_pylist(), strict=True))

    assert len(jobs) == 2 + 12 * 2 + 3 * 2, "the chosen one, the model before and scratch again"
    assert read_json(ran / "run.json")["failed_jobs"] == []
    for job in jobs:
        table = read_table(ran / "jobs" / job["id"] / "predictions.parquet")
        assert table.column_names == ["item", "y", "pred"]
        assert str(table.schema.field("pred").type) == str(table.schema.field("y").type) == "double"
        assert dict(zip(table["item"].to_pylist(), table["y"].to_pylist(), strict=True)) == wanted
        assert job["record"]["target"]["sd"] > 0
        assert "cross-entropy" not in job["record"]["selection"]
        if job["kind"] == "majority":
            assert np.unique(table["pred"].to_numpy()) == pytest.approx([job["record"]["target"]["mean"]])


@pytest.mark.train
def test_findings_equal_scikit_learn_on_the_predictions_of_every_seed(ran: Path) -> None:
    rows = read_json(ran / "findings.json")["rows"]
    items = read_table(ran / "benchmarks" / "toy" / "items.parquet").to_pandas().set_index("item")
    jobs = [read_json(path) for path in ran.glob("jobs/*/job.json")]
    theirs = {"mean_absolute_error": mean_absolute_error, "root_mean_squared_error": root_mean_squared_error}
    for strategy in ("probe", "majority", "full"):
        for metric, measure in theirs.items():
            for group in ({}, {"region": "south"}):
                row = next(
                    r
                    for r in rows
                    if (r["stage"], r["strategy"], r["metric"], r["group"]) == ("after", strategy, metric, group)
                )
                mine = [job for job in jobs if job["strategy"] == strategy and job["seed"] in row["seeds"]]
                tables = [read_table(ran / "jobs" / job["id"] / "predictions.parquet").to_pandas() for job in mine]
                chosen = [t[t["item"].map(items["region"]) == "south"] if group else t for t in tables]
                expected = np.mean([measure(t.y, t.pred) for t in chosen])
                assert len(tables) == len(row["seeds"])
                assert row["estimate"] == pytest.approx(expected, rel=1e-8)
                assert row["ci"][0] < row["estimate"] < row["ci"][1]
                assert row["ci_method"] == "bootstrap-t (units and seeds)"
                assert row["details"] == {"measured_in": "euros"}


@pytest.mark.train
def test_a_probe_is_a_ridge_regression_and_better_than_the_mean(ran: Path) -> None:
    rows = read_json(ran / "findings.json")["rows"]
    found = {
        row["strategy"]: row["estimate"]
        for row in rows
        if (row["stage"], row["metric"], row["group"]) == ("after", "mean_absolute_error", {})
    }
    assert found["probe"] < found["majority"]


@pytest.mark.train
def test_the_report_speaks_in_the_labels_unit(ran: Path) -> None:
    for name in ("report.md", "report.html"):
        text = re.sub(r"<style.*?</style>|width:100%", "", (ran / "report" / name).read_text(), flags=re.S).replace(
            "\\", ""
        )
        body = text[: text.index("Where every row went")]
        assert set(re.findall(r"[\d.]+%", body)) <= {"95%", "0.0%", "1.0%", "2.0%"}  # leaks are told in percent
        assert "euros" in body
        assert "points" not in text
    assert read_json(ran / "harm.json")["rows"] == []
    assert "not_defined" in read_json(ran / "harm.json")
    assert read_json(ran / "verdict.json")["outcome"] == "not_applicable"


@pytest.mark.train
def test_counting_again_gives_the_same_bytes_and_swapped_labels_are_noticed(ran: Path, tmp_path: Path) -> None:
    import shutil

    import pyarrow as pa

    from fairtransfer.evidence.jobs.count import write_counts
    from fairtransfer.evidence.tables import write_table

    copy = shutil.copytree(ran, tmp_path / "copy")
    write_counts(copy)
    assert (copy / "sums.parquet").read_bytes() == (ran / "sums.parquet").read_bytes()
    path = next(copy.glob("jobs/*/predictions.parquet"))
    table = read_table(path)
    write_table(path, table.set_column(1, "y", pa.array(table["y"].to_pylist()[::-1], pa.float64())))
    with pytest.raises(IntegrityError, match="other labels"):
        write_counts(copy)


@pytest.mark.train
def test_ridge_penalties_are_those_of_the_logistic_regression() -> None:
    """``C`` times the squared errors plus the squared weights, on standardised features and target."""
    from fairtransfer.adapt.heads import solver
    from fairtransfer.adapt.number_task import standardised

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), [repr(float(v)) for v in rng.gamma(2, 4, 50)]
    task = standardised(y)
    target = task.targets(y).numpy()
    (weight, bias), *_ = solver(task, "l2", 0)(x, target, np.ones(50), [0.1, 1.0])
    expected = Ridge(alpha=10.0).fit(x, target)

    assert weight[0] == pytest.approx(expected.coef_, rel=1e-5)
    assert bias[0] == pytest.approx(expected.intercept_, abs=1e-6)
    assert float(target.mean()) == pytest.approx(0, abs=1e-6)
    assert float(target.std()) == pytest.approx(1, rel=1e-6)
    assert json.loads(json.dumps(task.to_json())) == {"mean": task.mean, "sd": task.sd}
