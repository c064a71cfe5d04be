"""Findings equal what one gets by going through the predictions by hand; what cannot be told is a status with a reason."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose
from support.fake_run import commit_answers, fake_run, hash_of, wrong_answers
from support.plans import jobs_of
from support.results import findings_in
from support.slow_limits import slow_change
from support.toy import CHOOSING, JUDGING, edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import read_json
from fairtransfer.findings.build import measure
from fairtransfer.findings.gap_details import GapDetails
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.run_record import load_record
from fairtransfer.findings.screening import screened
from fairtransfer.findings.study import study_of
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.run_result import Run
from fairtransfer.runner.job import Job
from fairtransfer.stats import intervals as iv

CLASSES = ("fruit", "tool", "animal")
ROWS = toy_rows(people=480)


def rate(job: Job, group: dict[str, str]) -> float:
    if job.training.stage == "before":
        return 0.5
    return {"probe": 0.4, "full": 0.2, "scratch": 0.45}[job.training.kind] + (
        0.1 if group["region"] == "south" else 0.0
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    return fake_run(write_project(root, ROWS), root / "runs", wrong_answers(rate, CLASSES))


@pytest.fixture(scope="module")
def rows(run: Path) -> FindingIndex:
    return findings_in(run)


def answers(run: Path) -> dict[tuple[str, str, int | None], dict[str, tuple[str, str]]]:
    """Strategy, budget and seed to item to (truth, answer), straight from the files."""
    found = {}
    for path in run.glob("jobs/*/job.json"):
        job = json.loads(path.read_text())
        table = pq.read_table(path.parent / "predictions.parquet").to_pydict()
        key = (job["strategy"], job["label_budget"], job["seed"])
        found[key] = {item: (y, pred) for item, y, pred in zip(table["item"], table["y"], table["pred"], strict=True)}
    return found


def items(run: Path, **group: str) -> list[str]:
    table = pq.read_table(run / "benchmarks" / "toy" / "items.parquet").to_pylist()
    return [row["item"] for row in table if all(row[name] == value for name, value in group.items())]


@pytest.mark.parametrize("group", [{}, {"region": "north"}, {"region": "unknown"}, {"region": "south", "age": "old"}])
@pytest.mark.parametrize("strategy", ["probe", "full"])
def test_error_rates_and_changes_equal_counting_by_hand(
    run: Path, rows: FindingIndex, group: dict[str, str], strategy: str
) -> None:
    chosen, found = items(run, **group), answers(run)
    wrong = {key: {i: y != p for i, (y, p) in table.items()} for key, table in found.items()}
    seeds = JUDGING if strategy == "full" else CHOOSING
    after = [wrong[strategy, "16", seed] for seed in seeds]
    before, scratch = wrong["", "", None], [wrong["scratch", "16", seed] for seed in seeds]

    row = {
        stage: rows.find("toy@1.0.0", stage, "error_rate", group, strategy, "16")
        for stage in ("after", "change", "gain")
    }
    published = rows.find("toy@1.0.0", "before", "error_rate", group)

    assert published is not None
    assert (published.n, published.k) == (len(chosen), sum(before[i] for i in chosen))
    expect = np.mean([[w[i] for i in chosen] for w in after])
    assert_allclose(row["after"].estimate, expect)
    assert row["after"].k_by_seed == tuple(sum(w[i] for i in chosen) for w in after)
    assert_allclose(row["change"].estimate, expect - np.mean([before[i] for i in chosen]))
    assert_allclose(
        row["change"].n_new_errors, np.mean([[w[i] and not before[i] for i in chosen] for w in after]) * len(chosen)
    )
    assert_allclose(
        row["change"].n_fixed_errors,
        np.mean([[before[i] and not w[i] for i in chosen] for w in after]) * len(chosen),
    )
    assert_allclose(row["gain"].estimate, expect - np.mean([[w[i] for i in chosen] for w in scratch]))


@pytest.mark.parametrize("of", CLASSES)
def test_recall_of_a_class_equals_counting_by_hand(run: Path, rows: FindingIndex, of: str) -> None:
    chosen, found = items(run, region="south"), answers(run)
    by_seed = []
    for seed in JUDGING:
        mine = [found["full", "16", seed][i] for i in chosen if found["full", "16", seed][i][0] == of]
        by_seed.append(sum(p == of for _, p in mine) / len(mine))

    row = rows.find("toy@1.0.0", "after", "recall", {"region": "south"}, "full", "16", of)

    assert row is not None
    assert_allclose(row.estimate, np.mean(by_seed))


def test_macro_recall_is_the_mean_over_declared_classes(rows: FindingIndex) -> None:
    parts = [rows.find("toy@1.0.0", "after", "recall", {"region": "south"}, "full", "16", of) for of in CLASSES]

    macro = rows.find("toy@1.0.0", "after", "recall", {"region": "south"}, "full", "16")

    assert macro is not None
    assert_allclose(macro.estimate, np.mean([part.estimate for part in parts if part]))
    assert macro.ci[0] <= macro.estimate <= macro.ci[1]


def test_every_row_with_a_number_has_its_counts_and_every_row_without_has_a_reason(rows: FindingIndex) -> None:
    for row in rows.all:
        if row.status == "ok":
            assert row.estimate is not None
            assert row.n is not None or row.level == "gap"
            assert row.ci is None or row.ci[0] <= row.estimate <= row.ci[1]
        else:
            assert row.status_reason
            assert (row.estimate, row.ci) == (None, None)


def test_the_paired_interval_can_be_recomputed_from_the_row(tmp_path: Path) -> None:
    """One seed, no units: the interval is MOVER of exact limits on the row's own counts."""
    audit = write_project(tmp_path, ROWS)
    edit(audit, ("seeds: [0, 1, 2]", "seeds: [0]"), ("claim: procedure", "claim: artifact"))
    edit(tmp_path / "data_cards" / "toy.md", ("unit: person", "unit: none"))
    rows = findings_in(fake_run(audit, tmp_path / "runs", wrong_answers(rate, CLASSES)))

    row = rows.find("toy@1.0.0", "change", "error_rate", {"region": "north"}, "full", "16")

    assert row is not None
    expected = slow_change(row.n_new_errors, row.n_fixed_errors, row.n, iv.normal_quantile(0.975))
    assert_allclose(row.ci, expected, atol=1e-9)
    assert row.ci_method == "mover of clopper-pearson"
    assert_allclose(row.estimate, (row.n_after_errors - row.n_before_errors) / row.n)


def test_rows_of_one_person_that_fail_together_count_as_one(tmp_path: Path) -> None:
    """The same answers: with the unit declared the interval is wider, as two rows of a person are not two people."""

    def together(job: Job, part: Part) -> list[str]:
        wrong = [hash_of(f"{job.id}{item.split('-')[0]}") % 3 == 0 for item in part.ids]
        return [CLASSES[(CLASSES.index(y) + 1) % 3] if w else y for y, w in zip(part.y, wrong, strict=True)]

    widths = []
    for unit in ("person", "none"):
        root = tmp_path / unit
        audit = write_project(root, ROWS)
        edit(audit, ("claim: procedure", "claim: artifact"))
        edit(root / "data_cards" / "toy.md", ("unit: person", f"unit: {unit}"))
        found = findings_in(fake_run(audit, root / "runs", together))
        row = found.find("toy@1.0.0", "after", "error_rate", {}, "full", "16")
        assert row is not None
        widths.append(row.ci[1] - row.ci[0])

    assert widths[0] > 1.25 * widths[1]


def test_a_change_to_the_same_answers_is_no_change_for_anyone(tmp_path: Path) -> None:
    """An audit whose after equals its before reports zero with an interval around it, in every group, and no harm found."""

    def same(job: Job, part: Part) -> list[str]:
        return [CLASSES[(len(item) + sum(map(ord, item))) % 3] for item in part.ids]

    run = fake_run(write_project(tmp_path, ROWS), tmp_path / "runs", same)
    every = [r for r in read_json(run / "findings.json")["rows"] if r["stage"] == "change" and r["status"] == "ok"]
    changes = [r for r in every if r["level"] != "gap"]

    assert changes
    assert {r["estimate"] for r in changes} == {0}
    assert all(r["ci"][0] < 0 < r["ci"][1] for r in changes)
    assert read_json(run / "verdict.json")["gates"][0]["outcome"] != "fail"


def test_small_groups_and_empty_classes_are_statuses(tmp_path: Path) -> None:
    """Four people of unknown region are too few; a class nobody has cannot have a recall."""
    few = [row for row in toy_rows(people=96) if not (row["region"] == "" and row["label"] == "tool")]
    run = fake_run(write_project(tmp_path, few), tmp_path / "runs", wrong_answers(rate, CLASSES))
    rows = findings_in(run)

    small = rows.find("toy@1.0.0", "after", "error_rate", {"region": "unknown"}, "full", "16")
    empty = rows.find("toy@1.0.0", "after", "recall", {"region": "unknown"}, "full", "16", "tool")

    assert small is not None
    assert empty is not None
    assert small.status == "too_small"
    assert (empty.status, empty.status_reason) == ("undefined", "0 cases of the class `tool`")


def test_zero_over_zero_is_undefined_never_zero(tmp_path: Path) -> None:
    """Nobody answered with a class: its precision is no number."""

    def never_fruit(job: Job, part: Part) -> list[str]:
        return ["tool"] * len(part)

    audit = write_project(tmp_path, ROWS)
    edit(
        audit,
        ("metrics: [error_rate, {recall: {per_class: true}}]", "metrics: [error_rate, {precision: {per_class: true}}]"),
    )
    rows = findings_in(fake_run(audit, tmp_path / "runs", never_fruit))

    row = rows.find("toy@1.0.0", "after", "precision", {}, "full", "16", "fruit")

    assert row is not None
    assert row.status == "undefined"
    assert row.estimate is None


def test_gaps_come_with_their_noise_floor(rows: FindingIndex) -> None:
    mine = ("after", "full", "16", ["region"])
    gaps = rows.gaps("toy@1.0.0", ("error_rate", None))
    (gap,) = [r for r in gaps if (r.stage, r.strategy, r.label_budget, list(r.group)) == mine]

    details = gap.details
    assert isinstance(details, GapDetails)
    assert_allclose(gap.estimate, details.served.worst - details.served.best)
    assert 0 < details.noise_floor.mean < details.noise_floor.p95
    assert gap.ci is None


def test_findings_are_a_pure_function_of_the_folder(run: Path) -> None:
    """Computed again from the evidence alone they are the same rows, and the files the same bytes."""
    record = load_record(run)
    query, kept = EvidenceQuery(study_of(record)), read_json(run / "findings.json")
    again = screened(query, measure(query), kept["verdict"]["candidate"]["label_budget"])

    assert json.loads(json.dumps([row.to_json() for row in again.rows])) == kept["rows"]
    assert again.about == kept["screening"]
    assert api.judge(run).to_json() == read_json(run / "verdict.json")


def test_a_second_checkout_gives_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        audit = write_project(tmp_path / name, ROWS)
        found.append(fake_run(audit, tmp_path / name / "runs", wrong_answers(rate, CLASSES)) / "findings.json")

    assert found[0].read_bytes() == found[1].read_bytes()
    assert found[0].parent.name == found[1].parent.name


def test_an_artifact_is_the_seed_validation_prefers(tmp_path: Path) -> None:
    audit = write_project(tmp_path, ROWS)
    edit(audit, ("claim: procedure", "claim: artifact"))
    run = fake_run(audit, tmp_path / "runs", wrong_answers(rate, CLASSES))

    row = findings_in(run).find("toy@1.0.0", "after", "error_rate", {}, "full", "16")

    assert row is not None
    assert row.seeds == (0,), "all seeds scored the same on validation: the first"
    assert len(row.k_by_seed) == 1


def test_failed_jobs_are_told_and_hold_back_a_pass(tmp_path: Path) -> None:
    audit = write_project(tmp_path, ROWS)
    edit(
        audit,
        ("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3, 4]"),
        ("margin: 0.05}", "margin: 0.05, monitored: {unknown: too few}}"),
    )
    made = jobs_of(audit)
    good = wrong_answers(lambda job, group: 0.9 if job.training.stage == "before" else 0.02, CLASSES)
    commit_answers(
        made, tmp_path / "runs", good, skip=lambda job: (job.training.strategy, job.training.seed) == ("full", 1)
    )

    run = api.run(audit, workspace=tmp_path / "runs").folder

    verdict = read_json(run / "verdict.json")
    failed = read_json(run / "run.json")["failed_jobs"]
    assert {(j["strategy"], j["seed"], j["reason"].split(":")[0]) for j in failed} == {("full", 1, "diverged")}
    assert verdict["gates"][0]["outcome"] == "inconclusive"
    assert verdict["gates"][0]["reason_codes"] == ["incomplete"]


def test_counts_of_groups_add_up_to_everyone(run: Path) -> None:
    """L7: n over the groups of a view is n of everyone, the unknown included."""
    sums: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    everyone = {}
    for row in read_json(run / "findings.json")["rows"]:
        key = (row["stage"], row["strategy"], row["label_budget"], row["metric"], row["class"])
        if row["metric"] != "error_rate" or row["level"] == "gap" or row["against"]:
            continue
        if row["level"] == "overall":
            everyone[key] = row["n"]
        else:
            sums[key]["*".join(row["group"])] += row["n"]

    for key, views in sums.items():
        assert set(views.values()) == {everyone[key]}


def test_a_runs_findings_are_a_frame(run: Path) -> None:
    frame = Run.open(run).to_frame()

    assert len(frame) == len(read_json(run / "findings.json")["rows"])
    assert set(frame["group.region"].dropna()) >= {"north", "south"}
