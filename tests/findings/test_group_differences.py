"""Groups compared: equal to counting by hand, a status where nothing can be told, hidden with whom they tell of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from support.fake_run import fake_run, wrong_answers
from support.results import findings_in
from support.slow_limits import slow_change, slow_difference
from support.toy import edit, toy_rows, write_project

from fairtransfer.evidence.canonical import read_json
from fairtransfer.findings.details import ComparisonDetails
from fairtransfer.findings.gap_details import GapChangeDetails
from fairtransfer.findings.rows import Finding
from fairtransfer.measurement import Measurement, measure
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.runner.job import Job
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.contrasts import difference_of_changes

NAMES = {"label": "y", "before": "old", "after": "new"}
Pairs = tuple[int, int, int, int]  # became wrong, became right, wrong in both, all


def people(**groups: Pairs) -> pd.DataFrame:
    """A table with these pairs in every region."""
    rows = []
    for region, (worse, better, wrong, n) in groups.items():
        answers = [("yes", "no")] * worse + [("no", "yes")] * better + [("no", "no")] * wrong
        answers += [("yes", "yes")] * (n - len(answers))
        rows += [(region, "yes", *pair) for pair in answers]
    return pd.DataFrame(rows, columns=["region", "y", "old", "new"])


def compared(found: Measurement, stage: str = "difference_of_changes", metric: str = "error_rate") -> list[Finding]:
    return [f for f in found.findings if (f.stage, f.metric) == (stage, metric)]


def limits(worse: int, better: int, n: int) -> iv.Interval:
    return iv.Interval(*map(np.float64, slow_change(worse, better, n, iv.normal_quantile(0.975))))


# --- differences of changes --------------------------------------------------------------------------------------------


def test_the_golden_difference_of_changes() -> None:
    """Of 30 people 5 became wrong and 1 right, of 200 others 12 and 4."""
    first, second = compared(measure(people(a=(5, 1, 3, 30), b=(12, 4, 20, 200)), groups=["region"], **NAMES))

    assert first.estimate == pytest.approx(0.0933, abs=1e-4)
    assert first.ci == pytest.approx((-0.0965, 0.2842), abs=1e-4)
    assert (first.ci_method, first.status, first.against, first.group) == (
        "mover of clopper-pearson",
        "ok",
        "rest",
        {"region": "a"},
    )
    assert second.ci == pytest.approx((-0.2842, 0.0965), abs=1e-4)


REGIONS = {"north": (20, 60, 30, 300), "south": (30, 10, 40, 200), "west": (2, 3, 5, 40)}


def test_every_group_is_compared_with_everyone_outside_it() -> None:
    """Slow twin: the pairs of the other groups added up; and any reader can compute the interval again from the row."""
    for row in compared(measure(people(**REGIONS), groups=["region"], **NAMES)):
        (mine,), others = ([REGIONS[r] for r in REGIONS if (r == row.group["region"]) is own] for own in (True, False))
        rest = [sum(values) for values in zip(*others, strict=True)]
        a, b = ((p[0] - p[1]) / p[3] for p in (mine, rest))
        expected = difference_of_changes(a, limits(*mine[:2], mine[3]), b, limits(*rest[:2], rest[3]))

        assert row.estimate == pytest.approx(a - b)
        assert row.ci == pytest.approx((float(expected.low), float(expected.high)))
        details = row.details
        assert isinstance(details, ComparisonDetails)
        assert (row.n_new_errors, row.n_fixed_errors, row.n) == (mine[0], mine[1], mine[3])
        assert (details.other_n_new_errors, details.other_n_fixed_errors, details.other_n) == (
            rest[0],
            rest[1],
            rest[3],
        )
        assert (details.own, details.other) == (pytest.approx(a), pytest.approx(b))


def test_weights_weigh_and_equal_weights_change_nothing() -> None:
    frame = people(**REGIONS)
    plain = compared(measure(frame, groups=["region"], **NAMES))
    equal = compared(measure(frame.assign(w=2.5), groups=["region"], weights="w", **NAMES))
    for a, b in zip(plain, equal, strict=True):
        assert b.estimate == pytest.approx(a.estimate)
        assert b.ci == pytest.approx(a.ci, abs=0.01)

    frame["w"] = np.random.default_rng(0).uniform(0.2, 3, len(frame))
    moved = (frame.new != frame.y).astype(int) - (frame.old != frame.y).astype(int)
    for row in compared(measure(frame, groups=["region"], weights="w", **NAMES)):
        inside = frame.region == row.group["region"]
        own, other = (np.average(moved[side], weights=frame.w[side]) for side in (inside, ~inside))
        assert row.estimate == pytest.approx(own - other)
        assert "weights" in str(row.ci_method)


def test_rows_of_one_person_count_as_one() -> None:
    frame = people(**REGIONS)
    once, twice = (
        compared(measure(table.assign(person=table.index), groups=["region"], unit="person", **NAMES))
        for table in (frame, pd.concat([frame, frame]))
    )

    for a, b in zip(once, twice, strict=True):
        assert b.ci == pytest.approx(a.ci, abs=1e-9)
        assert a.ci_method == "mover of clopper-pearson (units)"


def test_too_few_on_either_side_and_nobody_of_a_class_are_statuses() -> None:
    frame = people(north=(4, 4, 4, 60), west=(1, 1, 1, 8))
    found = measure(
        frame, groups=["region"], metrics=["error_rate", "recall:per_class"], classes=["yes", "no"], **NAMES
    )

    assert [(f.status, f.status_reason) for f in compared(found)] == [("too_small", "8 cases, fewer than 10")] * 2
    recall = [f for f in compared(found, metric="recall") if f.class_ == "no"]
    assert {(f.status, f.status_reason) for f in recall} == {("undefined", "0 cases of the class `no`")}
    assert all(f.estimate is None and f.ci is None for f in (*compared(found), *recall))


def test_there_is_nothing_to_compare_without_another_group_or_another_model() -> None:
    frame = people(north=(4, 4, 4, 60), south=(4, 4, 4, 60))

    assert compared(measure(frame.assign(region="one"), groups=["region"], **NAMES)) == []
    assert compared(measure(frame, groups=["region"], label="y", after="new")) == []


# --- what gates ask for ------------------------------------------------------------------------------------------------


def test_a_reference_that_a_gate_asks_for_has_rows_of_its_own() -> None:
    frame, gate = people(**REGIONS), "gap:by=region,margin=0.1,contrast=reference:north"
    found = measure(frame, groups=["region"], gates=[gate], **NAMES)
    after = {f.group["region"]: f for f in compared(found, "difference")}
    moved = [f for f in compared(found) if f.against == {"region": "north"}]

    assert set(after) == {"south", "west"} == {f.group["region"] for f in moved}
    for name, row in after.items():
        (k, n), (k_o, n_o) = ((p[0] + p[2], p[3]) for p in (REGIONS[name], REGIONS["north"]))
        interval = slow_difference(k, n, k_o, n_o, iv.normal_quantile(0.975))
        assert row.estimate == pytest.approx(k / n - k_o / n_o)
        assert row.ci == pytest.approx(interval)
    told = found.to_frame()
    assert set(told.loc[told.stage == "difference", "against"]) == {"region=north"}
    assert set(told.against.dropna()) == {"rest", "region=north"}


def test_all_pairs_have_rows_where_a_gate_asks_for_them_and_none_otherwise() -> None:
    frame = people(**REGIONS)

    asked = measure(frame, groups=["region"], gates=["gap:by=region,margin=0.1,contrast=all_pairs"], **NAMES)
    plain = measure(frame, groups=["region"], gates=["gap:by=region,margin=0.1"], **NAMES)

    assert len(compared(asked, "difference")) == 6
    assert len(compared(asked)) == 3 + 6
    assert (len(compared(plain, "difference")), len(compared(plain))) == (0, 3)


# --- seeds -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seeds, rows that share people, and a gate that compares with a small group."""

    def rate(job: Job, group: dict[str, str]) -> float:
        return 0.5 if job.training.stage == "before" else 0.3 + (0.1 if group["region"] == "south" else 0.0)

    root = tmp_path_factory.mktemp("project")
    audit = edit(
        write_project(root, toy_rows(240)),
        ("margin: 0.10}", "margin: 0.10, contrast: 'reference:unknown'}"),
        ("[8, 16]", "[16]"),
        ("suppress_below: 11", "suppress_below: 20"),
    )
    return fake_run(audit, root / "runs", wrong_answers(rate, ("fruit", "tool", "animal")))


def of_seed(rows: FindingIndex, group: dict[str, str], seed: int) -> tuple[float, float]:
    """Change of the errors of one seed, and people; the model before has no seeds."""
    before, after = (rows.find("toy@1.0.0", stage, "error_rate", group, *of) for stage, of in STAGES)
    assert before is not None
    assert after is not None
    return after.k_by_seed[seed] - before.k_by_seed[0], before.n


STAGES: tuple[tuple[str, tuple[Any, ...]], ...] = (("before", ()), ("after", ("full", "16")))


@pytest.mark.parametrize("region", ["north", "south"])
def test_seeds_count_by_the_difference_itself(run: Path, region: str) -> None:
    """What a seed does to everyone cancels: the spread is that of the differences, seed by seed."""
    rows = findings_in(run)
    row = rows.find(
        "toy@1.0.0", "difference_of_changes", "error_rate", {"region": region}, "full", "16", against="rest"
    )
    assert row is not None

    differences = []
    for seed in range(3):
        (d, n), (total, everyone) = (of_seed(rows, group, seed) for group in ({"region": region}, {}))
        differences.append(d / n - (total - d) / (everyone - n))

    assert_allclose(row.estimate, np.mean(differences))
    assert_allclose(row.seed_sd, np.std(differences, ddof=1))
    assert row.ci_method == "mover of clopper-pearson (units and seeds)"
    assert row.ci[0] < row.estimate < row.ci[1]


# --- documents ---------------------------------------------------------------------------------------------------------


def test_a_hidden_group_is_hidden_from_what_is_compared_with_it(run: Path) -> None:
    """The twin: the evidence holds these numbers."""
    report = json.loads((run / "report" / "report.json").read_text())
    unknown = {"region": "unknown"}

    def about(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if unknown in (row["group"], row.get("against"))]

    assert {row["status"] for row in about(read_json(run / "findings.json")["rows"])} >= {"ok"}
    assert {row["status"] for row in about(report["rows"])} == {"suppressed"}
    (kept,) = [gate for gate in read_json(run / "verdict.json")["gates"] if gate["kind"] == "gap"]
    (shown,) = [gate for gate in report["verdict"]["gates"] if gate["kind"] == "gap"]
    assert {entry["against"] for entry in kept["contrasts"]} == {"unknown"}
    assert (shown["contrasts"], shown["needed"], shown["decided_by"]) == ([], [], [])


def test_reports_ask_whether_the_gap_widened(tmp_path: Path) -> None:
    frame = people(north=(5, 100, 30, 400), south=(60, 10, 40, 400))
    measure(frame, groups=["region"], gates=["gap:by=region,margin=0.1,contrast=reference:north"], **NAMES).report(
        tmp_path
    )
    told = (tmp_path / "table.md").read_text()

    (widened,) = [part for part in told.split("\n\n**") if part.startswith("Did the gap widen?")]
    rows = [line.split(" | ") for line in widened.splitlines() if line.startswith(("| north", "| south"))]
    assert [(row[0], row[1]) for row in rows] == [("| north", "gained ground"), ("| south", "lost ground")]
    assert "Between groups, as the gates ask" in told
    assert "Did the gap widen?" in (tmp_path / "table.html").read_text()


def test_full_tables_hold_only_what_was_measured(tmp_path: Path) -> None:
    """A gate's metric that nobody asked to measure has a table with numbers; what nobody and no gate asks has none."""
    frame = people(**REGIONS)
    gate = "ratio:by=region,class=yes,at_least=0.5,contrast=reference:north"
    measure(frame, groups=["region"], gates=[gate], **NAMES, classes=["yes", "no"]).report(tmp_path)

    told = (tmp_path / "table.md").read_text()
    (listed,) = [part for part in told.split("\n\n**") if part.startswith("Selection rate of yes, table, by region")]
    rows = [line.split(" | ") for line in listed.splitlines() if "north" in line or "south" in line]
    assert len(rows) == 4
    assert all("to" in row[3] for row in rows), rows
    assert "Selection rate of no" not in told


# --- what a better number hides ----------------------------------------------------------------------------------------


def moved(frame: pd.DataFrame, tmp_path: Path) -> tuple[GapChangeDetails, str]:
    found = measure(frame, groups=["region"], **NAMES)
    found.report(tmp_path)
    (row,) = [f for f in found.findings if (f.stage, f.level) == ("change", "gap")]
    assert isinstance(row.details, GapChangeDetails)
    return row.details, (tmp_path / "table.html").read_text()


def test_a_gap_that_closes_by_harm_is_flagged_and_told(tmp_path: Path) -> None:
    details, told = moved(people(north=(90, 0, 50, 500), south=(0, 0, 150, 500)), tmp_path)

    assert (details.levelling_down, details.best_served_before) == (True, {"region": "north"})
    assert "The gap by error rate closed although nobody need be better off: north" in told


def test_an_average_that_hides_harm_is_flagged_and_told(tmp_path: Path) -> None:
    details, told = moved(people(north=(10, 200, 100, 2000), south=(30, 2, 10, 100)), tmp_path)

    assert (details.hidden_harm, details.surely_harmed) == (True, ({"region": "south"},))
    assert "Clearly worse off by error rate with new although everyone together is better off: south" in told


def test_a_gap_that_closes_by_help_is_not_flagged(tmp_path: Path) -> None:
    """The twin."""
    details, told = moved(people(north=(0, 0, 50, 500), south=(0, 90, 60, 500)), tmp_path)

    assert (details.levelling_down, details.hidden_harm) == (False, False)
    assert "although" not in told
