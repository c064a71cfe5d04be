"""The harm ledger equals going through the answers by hand, names the right examples, and stays out of every document."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose
from support.fake_run import fake_run, wrong_answers
from support.results import findings_in
from support.toy import JUDGING, edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.evidence.canonical import canonical, read_json
from fairtransfer.findings.details import ChangeDetails
from fairtransfer.findings.flips import harm_ledger
from fairtransfer.findings.run_record import load_record
from fairtransfer.gates.verdict import judge
from fairtransfer.measurement import measure
from fairtransfer.stats.intervals import mcnemar_midp

CLASSES = ("fruit", "tool", "animal")
Group = dict[str, str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    answer = wrong_answers(lambda job, group: 0.5 if job.training.stage == "before" else 0.3, CLASSES)
    return fake_run(write_project(root, toy_rows(120)), root / "runs", answer)


def by_hand(run: Path, group: Group) -> dict[str, Any]:
    """The row of a group, by loops over the files; the candidate is `full` on 16 labels."""
    people = pq.read_table(run / "benchmarks" / "toy" / "items.parquet").to_pylist()
    inside = [p["item"] for p in people if all(p[name] == value for name, value in group.items())]
    wrong: dict[tuple[str, int | None], dict[str, bool]] = {}
    for path in run.glob("jobs/*/job.json"):
        job = json.loads(path.read_text())
        if (job["strategy"], job["label_budget"]) in (("", ""), ("full", "16")):
            rows = pq.read_table(path.parent / "predictions.parquet").to_pylist()
            wrong[job["strategy"], job["seed"]] = {row["item"]: row["y"] != row["pred"] for row in rows}
    counts: dict[str, list[int]] = {"became_wrong": [], "became_right": []}
    times: dict[str, dict[str, int]] = {name: defaultdict(int) for name in counts}
    for seed in JUDGING:
        before, after = wrong["", None], wrong["full", seed]
        for name, flag in (("became_wrong", True), ("became_right", False)):
            changed = [i for i in inside if after[i] is flag and before[i] is not flag]
            counts[name].append(len(changed))
            for item in changed:
                times[name][item] += 1
    examples = {
        f"examples_{name}": [
            {"item": item, "seeds": n} for item, n in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
        ]
        for name, found in times.items()
    }
    churn = (sum(counts["became_wrong"]) + sum(counts["became_right"])) / 3 / len(inside)
    key = {"benchmark": "toy@1.0.0", "group": group, "seeds": list(JUDGING), "n": len(inside)}
    return {**key, **counts, "churn": churn, **examples}


def test_every_row_equals_going_through_the_answers_by_hand(run: Path) -> None:
    rows = read_json(run / "harm.json")["rows"]

    assert [row["group"] for row in rows[:2]] == [{}, {"region": "north"}]
    for row in rows:
        expected = by_hand(run, row["group"])
        assert_allclose(row.pop("churn"), expected.pop("churn"))
        assert row == expected


def test_the_ledger_is_a_function_of_the_evidence(run: Path) -> None:
    record = load_record(run)

    again = harm_ledger(record, judge(record).candidate)

    assert canonical(again) + b"\n" == (run / "harm.json").read_bytes()
    assert again["candidate"] == {"strategy": "full", "label_budget": "16"}


def test_findings_of_a_change_tell_the_same_churn(run: Path) -> None:
    findings = findings_in(run)
    told = 0
    for row in read_json(run / "harm.json")["rows"]:
        found = findings.find("toy@1.0.0", "change", "error_rate", row["group"], "full", "16")
        assert found is not None
        if found.status == "ok":
            assert isinstance(found.details, ChangeDetails)
            assert_allclose(found.details.churn, row["churn"])
            assert found.details.mcnemar_midp is None, "several seeds, and rows of one person"
            told += 1
    assert told > 3
    assert all(row.details is None for row in findings.all if row.stage == "gain" and row.level != "gap")


def test_mcnemar_is_told_for_one_seed_of_independent_rows(tmp_path: Path) -> None:
    audit = write_project(tmp_path, toy_rows(120))
    edit(audit, ("seeds: [0, 1, 2]", "seeds: [0]"), ("claim: procedure", "claim: artifact"))
    edit(tmp_path / "data_cards" / "toy.md", ("unit: person", "unit: none"))
    run = fake_run(audit, tmp_path / "runs", wrong_answers(lambda job, group: 0.4, CLASSES))

    row = findings_in(run).find("toy@1.0.0", "change", "error_rate", {}, "full", "16")

    assert row is not None
    assert isinstance(row.details, ChangeDetails)
    assert_allclose(row.details.mcnemar_midp, mcnemar_midp(row.n_new_errors, row.n_fixed_errors))
    harm = read_json(run / "harm.json")["rows"][0]
    assert (harm["seeds"], harm["became_wrong"]) == ([0], [row.n_new_errors])


def test_an_artifact_has_the_ledger_of_its_one_seed(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path, toy_rows(60)), ("claim: procedure", "claim: artifact"))
    run = fake_run(audit, tmp_path / "runs", wrong_answers(lambda job, group: 0.4, CLASSES))

    assert {tuple(row["seeds"]) for row in read_json(run / "harm.json")["rows"]} == {(0,)}


def test_no_document_names_an_item(run: Path) -> None:
    """The twin: the ledger does name them."""
    named = [e["item"] for row in read_json(run / "harm.json")["rows"] for e in row["examples_became_wrong"]]
    documents = "".join(path.read_text() for path in (run / "report").iterdir())

    assert len(named) > 5
    assert not [item for item in named if item in documents]
    assert api.verify(run)


# --- tables of predictions ---------------------------------------------------------------------------------------------


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "id": [f"p{n:03d}" for n in rng.permutation(rows)],
            "y": rng.choice(["a", "b", "c"], rows),
            "region": rng.choice(["north", "south", ""], rows, p=[0.6, 0.3, 0.1]),
        }
    )
    for name, rate in (("old", 0.4), ("new", 0.3)):
        frame[name] = np.where(rng.random(rows) < rate, rng.choice(["a", "b", "none"], rows), frame.y)
    return frame.replace({"region": {"": None}})


ASKED: dict[str, Any] = {"label": "y", "before": "old", "after": "new", "groups": ["region"]}


def test_a_tables_ledger_equals_a_loop_over_its_rows() -> None:
    frame = table()
    found = {row["group"].get("region"): row for row in measure(frame, item=["id"], **ASKED).to_json()["harm"]}

    assert set(found) == {None, "north", "south", "unknown"}
    for region, row in found.items():
        wrong, right, n = [], [], 0
        for person in frame.fillna({"region": "unknown"}).itertuples():
            if region in (None, person.region):
                n += 1
                if person.old == person.y != person.new:
                    wrong.append(person.id)
                if person.old != person.y == person.new:
                    right.append(person.id)
        assert (row["n"], row["became_wrong"], row["became_right"]) == (n, [len(wrong)], [len(right)])
        assert_allclose(row["churn"], (len(wrong) + len(right)) / n)
        assert row["examples_became_wrong"] == [{"item": item, "seeds": 1} for item in sorted(wrong)[:5]]
        assert row["examples_became_right"] == [{"item": item, "seeds": 1} for item in sorted(right)[:5]]


def test_without_item_names_or_a_model_before_there_is_no_ledger() -> None:
    assert "harm" not in measure(table(), **ASKED).to_json()
    assert "harm" not in measure(table(), item=["id"], label="y", after="new").to_json()


def test_several_columns_that_name_an_item_are_all_told(tmp_path: Path) -> None:
    frame = table().assign(site="s1")
    frame.to_csv(tmp_path / "t.csv", index=False)

    row = measure(tmp_path / "t.csv", item=["site", "id"], **ASKED).to_json()["harm"][0]

    assert {tuple(example["item"]) for example in row["examples_became_wrong"]} == {("site", "id")}


def test_several_labels_in_any_order_are_the_same_answer() -> None:
    frame = pd.DataFrame(
        {"id": ["1", "2", "3"], "y": ["a|b", "a", "b"], "old": ["b|a", "a", "a"], "new": ["a|b", "a|b", "b"]}
    )

    row = measure(frame, item=["id"], label="y", before="old", after="new", multilabel=True).to_json()["harm"][0]

    assert (row["became_wrong"], row["became_right"]) == ([1], [1])
    assert [row[f"examples_became_{to}"][0]["item"] for to in ("wrong", "right")] == ["2", "3"]


def test_a_tables_report_names_no_item(tmp_path: Path) -> None:
    seen = measure(table(), item=["id"], **ASKED)
    seen.report(tmp_path)
    named = [example["item"] for row in seen.to_json()["harm"] for example in row["examples_became_wrong"]]

    assert named
    for path in tmp_path.iterdir():
        assert not [item for item in named if item in path.read_text()]
    assert "harm" not in json.loads((tmp_path / "table.json").read_text())


def test_changes_of_a_table_tell_churn_and_mcnemar() -> None:
    def details(**options: Any) -> dict[str, Any]:
        seen = measure(table().assign(w=1.5), **ASKED, **options)
        found = next(f.details for f in seen.findings if f.stage == "change" and not f.group)
        return {} if found is None else found.to_json()

    assert set(details()) == {"churn", "mcnemar_midp"}
    assert set(details(weights="w")) == set(details(unit="id")) == {"churn"}
    assert_allclose(details(weights="w")["churn"], details()["churn"])
