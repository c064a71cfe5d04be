"""Predictions that were made elsewhere go the whole way, without a model; every row of their file is accounted for."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import jsonschema
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose
from ruamel.yaml import YAML
from support.given_project import MODELS, Row, given_audit, given_project, rows_of, truth, write_answers
from support.plans import jobs_of
from support.results import findings_in
from support.toy import edit, rewrite_table, toy_rows

from fairtransfer import api
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.count import count
from fairtransfer.foresight import foresee
from fairtransfer.run_result import Run
from fairtransfer.runner.opened_data import open_data
from fairtransfer.spec import json_schema
from fairtransfer.stages import Planned

HERE = Path(__file__).parents[1]
PEOPLE = 120


def problems(audit: Path) -> list[str]:
    """The codes of everything wrong, once the data is opened."""

    def join() -> None:
        made = jobs_of(audit)
        open_data(made.files, made.roots, made.predictions)

    with pytest.raises(DefinitionError) as refused:
        join()
    return [problem.code for problem in refused.value.problems]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given_project(tmp_path_factory.mktemp("given"), people=PEOPLE)


@pytest.fixture(scope="module")
def done(project: Path) -> Run:
    return api.run(project, workspace=project.parents[1] / "runs")


# --- the numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["full", "probe"])
@pytest.mark.parametrize("region", ["", "north", "south"])
def test_findings_equal_counting_the_file_by_hand(done: Run, project: Path, strategy: str, region: str) -> None:
    root = project.parents[1]
    labels = truth(root)
    regions = {row["id"]: row["region"] for row in toy_rows(PEOPLE)}
    mine = {item for item in labels if not region or regions[item] == region}
    wrong: dict[tuple[str, str], dict[str, bool]] = {}
    for row in rows_of(labels):
        if row["item"] in mine:
            of = wrong.setdefault((row["strategy"], row["seed"]), {})
            of[row["item"]] = row["pred"] != labels[row["item"]]
    before, after = wrong["", ""], [wrong[strategy, str(seed)] for seed in range(3)]

    rows = findings_in(done.folder)
    group = {"region": region} if region else {}
    level = rows.find("toy@1.0.0", "after", "error_rate", group, strategy, "16")
    moved = rows.find("toy@1.0.0", "change", "error_rate", group, strategy, "16")

    assert level is not None
    assert moved is not None
    assert level.n == len(mine)
    assert level.k_by_seed == tuple(sum(of.values()) for of in after)
    new = [sum(of[i] and not before[i] for i in mine) for of in after]
    right = [sum(before[i] and not of[i] for i in mine) for of in after]
    assert_allclose([moved.n_new_errors, moved.n_fixed_errors], [sum(new) / 3, sum(right) / 3])
    assert_allclose(moved.estimate, (sum(new) - sum(right)) / 3 / len(mine))


def test_the_order_of_the_rows_decides_nothing(done: Run, tmp_path: Path) -> None:
    """Joined by item, never by position: a shuffled file gives the same findings but for its digest."""
    audit = given_project(tmp_path, people=PEOPLE)
    rows = rows_of(truth(tmp_path))
    random.Random(7).shuffle(rows)
    rows.sort(key=lambda row: MODELS.index((row["stage"], row["strategy"], row["label_budget"], row["seed"])))
    write_answers(tmp_path, rows)

    again = api.run(audit, workspace=tmp_path / "runs")

    found = [read_json(folder / "findings.json")["rows"] for folder in (done.folder, again.folder)]
    for row in [row for rows_ in found for row in rows_]:
        del row["run_id"]
    assert found[0] == found[1]
    assert done.folder.name != again.folder.name


def test_one_wide_row_per_item_says_the_same_as_two_long_ones(tmp_path: Path) -> None:
    labels = truth(given_audit(tmp_path, PEOPLE).parents[1])
    long = rows_of(labels, (("before", "", "", ""), ("after", "after", "", "")))
    wide: dict[str, Row] = {}
    for row in long:
        wide.setdefault(row["item"], {"item": row["item"]})[row["stage"]] = row["pred"]
    write_answers(tmp_path, long, "long.csv")
    write_answers(tmp_path, wide.values(), "wide.csv")
    audit = edit(
        tmp_path / "audits" / "audit.yaml",
        ("claim: procedure", "claim: artifact"),
        ("{strategy: full}", "{strategy: after}"),
    )
    found = []
    for old, new in (("answers.csv", "long.csv"), ("long.csv", "wide.csv")):
        folder = api.run(edit(audit, (old, new)), workspace=tmp_path / "runs").folder
        found.append([{**row, "run_id": ""} for row in read_json(folder / "findings.json")["rows"]])

    assert found[0] == found[1]
    assert {row["strategy"] for row in found[0]} == {None, "after"}
    assert {row["label_budget"] for row in found[0]} == {None}
    assert {tuple(row["seeds"]) for row in found[0]} == {(), (0,)}


def test_parquet_with_numbers_says_the_same_as_text(project: Path, tmp_path: Path) -> None:
    """A table written by a program: seeds and budgets are numbers, and floating where some are missing."""
    audit = given_project(tmp_path, ("answers.csv", "answers.parquet"), people=PEOPLE)
    as_number = pyarrow.csv.ConvertOptions(column_types={"label_budget": pyarrow.float64(), "seed": pyarrow.float64()})
    table = pyarrow.csv.read_csv(tmp_path / "audits" / "answers.csv", convert_options=as_number)
    pq.write_table(table, tmp_path / "audits" / "answers.parquet")

    assert [job.training for job in jobs_of(audit).jobs] == [job.training for job in jobs_of(project).jobs]


def test_a_model_before_with_seeds_is_compared_seed_by_seed(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, PEOPLE)
    models = [(stage, strategy, "", seed) for stage, strategy in (("before", ""), ("after", "full")) for seed in "012"]
    labels = truth(tmp_path)
    listed = rows_of(labels, models)
    write_answers(tmp_path, listed)
    folder = api.run(audit, workspace=tmp_path / "runs").folder
    wrong = {(r["stage"], r["seed"], r["item"]): r["pred"] != labels[r["item"]] for r in listed}
    new = [sum(wrong["after", s, i] and not wrong["before", s, i] for i in labels) for s in "012"]

    row = findings_in(folder).find("toy@1.0.0", "change", "error_rate", {}, "full", None)

    assert row is not None
    assert_allclose(row.n_new_errors, sum(new) / 3)


def test_a_strategy_called_scratch_is_the_control(tmp_path: Path) -> None:
    gate = "  - no_negative_transfer: {by: region, margin: 0.05}\n  - gap:"
    models = [*MODELS[:4], *(("after", "scratch", "16", str(seed)) for seed in range(3))]
    audit = given_project(
        tmp_path, ("candidate: {strategy: full}\n", ""), ("  - gap:", gate), people=PEOPLE, models=models
    )

    done = api.run(audit, workspace=tmp_path / "runs")

    rows = read_json(done.folder / "findings.json")["rows"]
    assert {row["stage"] for row in rows if row["against"] is None} == {"before", "after", "change", "scratch", "gain"}
    assert done.verdict.candidate is not None
    assert done.verdict.candidate.strategy == "full"


# --- the way through the house -----------------------------------------------------------------------------------------


def test_a_run_keeps_the_answers_as_jobs_that_cost_nothing(done: Run, project: Path) -> None:
    jobs = [read_json(path) for path in done.folder.glob("jobs/*/job.json")]
    content = read_json(done.folder / "run.json")

    assert len(jobs) == len(MODELS) == done.fresh
    assert {job["cost"][part]["wall_seconds"] for job in jobs for part in ("training", "prediction")} == {0}
    assert {job["record"]["selection"] for job in jobs} == {"made elsewhere"}
    assert content["adaptation"] is None
    assert {job["digests"]["predictions"] for job in jobs} == {content["predictions"]["sha256"]}
    ledger = content["predictions"]["ledgers"]["toy"]
    assert ledger["n_in"] == ledger["n_used"] == len(MODELS) * content["benchmarks"][0]["rows"]
    assert api.verify(done.folder)
    assert api.judge(done.folder).to_json() == done.verdict.to_json()


def test_counting_again_from_the_folder_gives_the_same(done: Run) -> None:
    cells, sums, _ = count(done.folder)

    assert cells.equals(pq.read_table(done.folder / "cells.parquet"))
    assert sums.equals(pq.read_table(done.folder / "sums.parquet"))


def test_the_same_again_does_nothing_and_a_changed_answer_is_noticed(tmp_path: Path) -> None:
    audit = given_project(tmp_path, people=PEOPLE)
    first = api.run(audit, workspace=tmp_path / "runs")
    assert api.run(audit, workspace=tmp_path / "runs").fresh == 0

    edit(audit, ("margin: 0.10", "margin: 0.20"))
    other_words = api.run(audit, workspace=tmp_path / "runs")
    assert (other_words.fresh, other_words.folder == first.folder) == (0, False)

    path = tmp_path / "audits" / "answers.csv"
    line = path.read_text().splitlines()[1]
    edit(path, (line, line.rpartition(",")[0] + ",no idea"))
    changed = api.run(audit, workspace=tmp_path / "runs")
    assert changed.fresh == len(MODELS)
    assert read_json(changed.folder / "run.json")["predictions"]["outside"] == {"toy": {"`before`": {"no idea": 1}}}


def test_other_rows_in_the_benchmark_are_other_jobs(tmp_path: Path) -> None:
    audit = given_project(tmp_path)
    before = {job.id for job in jobs_of(audit).jobs}
    rows = toy_rows(48)
    rows[0]["text"] += " again"
    rewrite_table(tmp_path, rows)

    assert not before & {job.id for job in jobs_of(audit).jobs}


def test_the_report_claims_no_cost_and_says_where_the_predictions_are_from(done: Run) -> None:
    for name in ("report.md", "report.html"):
        text = (done.folder / "report" / name).read_text()
        assert "made elsewhere" in text
        assert "not examined" in text
        assert "How the models were made is not known here" in text
        for claim in (
            "Wall time",
            "What each model cost",
            "Trainable parameters",
            "zero_shot",
            "Chosen on validation",
            "torch",
        ):
            assert claim not in text


def test_a_plan_tells_what_would_be_kept(project: Path, done: Run) -> None:
    made = jobs_of(project)
    seen = foresee(Planned(made, project.parents[1] / "runs").opened())

    assert seen.pending_jobs == 0
    assert foresee(Planned(made, project.parents[1] / "none").opened()).pending_jobs == len(MODELS)
    assert seen.seconds == 0


# --- what does not fit -------------------------------------------------------------------------------------------------


def test_answers_that_are_no_class_are_errors_and_told(tmp_path: Path) -> None:
    """Even where a part of them is one: `fruit|tool` is not `fruit`."""
    audit = given_audit(tmp_path, PEOPLE)
    labels = truth(tmp_path)
    rows = rows_of(labels, wrong=0)
    changed = [row for row in rows if row["stage"] == "before"][:30]
    for number, row in enumerate(changed):
        row["pred"] = f"{row['pred']}|tool" if number % 2 else "none"
    write_answers(tmp_path, rows)

    folder = api.run(audit, workspace=tmp_path / "runs").folder

    found = findings_in(folder)
    everyone = found.find("toy@1.0.0", "before", "error_rate", {})
    assert everyone is not None
    assert everyone.k == 30
    for of in set(labels.values()):
        row = found.find("toy@1.0.0", "before", "recall", {}, class_label=of)
        assert row is not None
        assert row.k == sum(y == of for y in labels.values()) - sum(labels[r["item"]] == of for r in changed)
    note = "answers of `before` outside the classes, counted as errors"
    assert read_json(folder / "run.json")["predictions"]["ledgers"]["toy"]["notes"] == {note: 30}
    assert f"30 {note}" in (folder / "report" / "report.html").read_text().replace("&#39;", "'")


def test_items_that_are_not_judged_are_counted_not_used(tmp_path: Path) -> None:
    """A file with answers for train and validation rows too; what is used and what is not adds up."""
    audit = given_audit(tmp_path, 48)
    everyone = {row["id"]: row["label"] for row in toy_rows(48)}
    write_answers(tmp_path, rows_of(everyone))

    folder = api.run(audit, workspace=tmp_path / "runs").folder

    ledger = read_json(folder / "run.json")["predictions"]["ledgers"]["toy"]
    judged = len(truth(tmp_path)) * len(MODELS)
    assert ledger["n_in"] == len(everyone) * len(MODELS)
    assert ledger["n_used"] == judged
    assert ledger["n_excluded"] == {"answers to items that are not judged": ledger["n_in"] - judged}


def test_rows_a_card_leaves_out_are_known_items(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48)
    edit(tmp_path / "data_cards" / "toy.md", ("missing: own_group", "missing: exclude"))
    write_answers(tmp_path, rows_of({row["id"]: row["label"] for row in toy_rows(48)}))

    assert api.run(audit, workspace=tmp_path / "runs").fresh == len(MODELS)


def test_several_benchmarks_are_told_apart_by_a_column(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48, ("candidate:", "  - {card: ../data_cards/other.md, groups: [age]}\ncandidate:"))
    card = tmp_path / "data_cards" / "toy.md"
    card.with_name("other.md").write_text(card.read_text().replace("id: toy", "id: other"))
    labels = truth(tmp_path)
    write_answers(tmp_path, rows_of(labels))
    assert problems(audit) == ["FT-P034"]

    write_answers(tmp_path, [{**row, "benchmark": name} for name in ("toy", "other") for row in rows_of(labels)])
    assert len(jobs_of(audit).jobs) == 2 * len(MODELS)
    folder = api.run(audit, workspace=tmp_path / "runs").folder
    assert len(list(folder.glob("jobs/*"))) == 2 * len(MODELS)

    write_answers(tmp_path, [{**row, "benchmark": "toy"} for row in rows_of(labels)])
    assert problems(audit) == ["FT-P037"]


@pytest.mark.parametrize(
    ("models", "candidate", "codes"),
    [
        ([("before", "", "", ""), ("after", "scratch", "", "")], "", ["FT-Y046"]),
        (
            [("before", "", "", ""), ("after", "full", "8", ""), ("after", "full", "16", "")],
            "{strategy: full}",
            ["FT-Y053"],
        ),
        (
            [("before", "", "", "0"), ("before", "", "", "1"), ("after", "full", "", "0")],
            "{strategy: full}",
            ["FT-P036"],
        ),
        ([("after", "full", "", "")], "{strategy: full}", ["FT-P035"]),
        ([("before", "", "", "")], "{strategy: full}", ["FT-P035"]),
    ],
)
def test_models_that_cannot_be_compared_are_refused(
    models: list[tuple[str, str, str, str]], candidate: str, codes: list[str], tmp_path: Path
) -> None:
    line = f"candidate: {candidate}\n" if candidate else ""
    assert problems(given_project(tmp_path, ("candidate: {strategy: full}\n", line), models=models)) == codes


@pytest.mark.parametrize(
    ("written", "codes"),
    [("8.0", []), ("0.50", []), ("all", []), ("", []), ("0", ["FT-P033"]), ("half", ["FT-P033"]), ("1e3", ["FT-P033"])],
)
def test_label_budgets_are_counts_fractions_all_or_nothing(written: str, codes: list[str], tmp_path: Path) -> None:
    models = [("before", "", "", ""), ("after", "full", written, "4.0")]
    audit = given_project(tmp_path, models=models)
    if codes:
        assert problems(audit) == codes
    else:
        trained = jobs_of(audit).jobs[1].training
        assert (trained.budget, trained.seed) == ({"8.0": "8", "0.50": "0.5"}.get(written, written), 4)


def test_a_candidate_may_be_named_with_its_budget(tmp_path: Path) -> None:
    models = [*MODELS[:1], *(("after", "full", budget, str(s)) for budget in ("8", "16") for s in range(3))]
    change = ("{strategy: full}", "{strategy: full, label_budget: 16}")
    verdict = api.run(
        given_project(tmp_path, change, people=PEOPLE, models=models), workspace=tmp_path / "runs"
    ).verdict

    assert verdict.candidate is not None
    assert (verdict.candidate.strategy, verdict.candidate.budget) == ("full", "16")
    assert [(o.strategy, o.label_budget) for o in verdict.others] == [("full", "8")]


# --- the definition ----------------------------------------------------------------------------------------------------


def test_the_schema_knows_both_kinds_of_audit(project: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    content = json.loads(json.dumps(YAML(typ="safe", pure=True).load(project.read_text())))

    jsonschema.validate(content, json_schema())
    for wrong in (
        {"seeds": [0]},
        {"model": {"source": "folder:x", "family": "text"}},
        {"model": {"source": "folder:x"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content | wrong, json_schema())


def test_an_audit_that_trains_still_says_how(tmp_path: Path) -> None:
    audit = given_project(tmp_path, ('"predictions:answers.csv"', '"folder:../models/tiny"'))

    with pytest.raises(DefinitionError) as refused:
        api.load_audit(audit)

    missing = [p.path for p in refused.value.problems if p.code == "FT-Y035"]
    assert sorted(missing) == ["before", "label_budgets", "model.family", "seeds", "strategies"]


COLD = """\
import sys


class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers", "timm", "sklearn", "safetensors", "tokenizers"):
            raise ImportError(f"{name} is hidden")


sys.meta_path.insert(0, Without())
"""


def test_all_of_it_works_where_torch_is_not_installed(tmp_path: Path) -> None:
    audit = given_project(tmp_path, people=PEOPLE)
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(COLD)
    place = {"PYTHONPATH": f"{tmp_path / 'hide'}:{HERE.parent}", "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        start = [sys.executable, "-m", "fairtransfer", *map(str, arguments)]
        return subprocess.run(start, cwd=tmp_path, env=place, capture_output=True, text=True, check=False)

    hidden = subprocess.run(
        [sys.executable, "-c", "import torch"], env=place, capture_output=True, text=True, check=False
    )
    assert "torch is hidden" in hidden.stderr, "the twin: it really is out of reach"
    assert command("validate", audit).returncode == 0
    planned = command("plan", audit)
    assert "predictions made elsewhere: answers.csv" in planned.stdout
    assert command("run", audit, "--workspace", "w").returncode == 4
    folder = next(path for path in (tmp_path / "w" / "toy").iterdir() if not path.name.startswith("."))
    codes = {verb: command(verb, folder).returncode for verb in ("gate", "report", "verify")}
    assert codes == {"gate": 4, "report": 0, "verify": 0}


def test_validate_looks_at_the_answers_too(tmp_path: Path) -> None:
    audit = given_project(tmp_path)
    path = tmp_path / "audits" / "answers.csv"
    edit(path, ("r000-0,before", "r999-0,before"))

    done = subprocess.run(
        [sys.executable, "-m", "fairtransfer", "validate", str(audit)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "FT-P037" in done.stderr
    assert "FT-P038" in done.stderr


def test_scores_are_not_asked_of_answers(tmp_path: Path) -> None:
    """Neither by a metric nor by a gate; both are told at once."""
    gate = (
        "  - gap: {by: region",
        "  - worst_group: {by: region, metric: auc, class: tool, at_least: 0.5}\n  - gap: {by: region",
    )
    audit = given_project(tmp_path, ("{recall: {per_class: true}}", "brier_score"), gate)
    found = problems(audit)
    assert sum("FT-Y070" in line for line in found) == 2


# --- numbers of one's own beside the answers ---------------------------------------------------------------------------

MEAN = "mean:quality:higher:0:1"
ASKED = (
    ("metrics: [error_rate, ", "metrics: [{mean: quality, better: higher, range: [0, 1]}, error_rate, "),
    (
        "gates:\n",
        (
            f'gates:\n  - worst_group: {{by: region, metric: "{MEAN}", at_least: 0.3}}\n'
            "  - no_harm: {by: region, metric: {mean: quality, better: higher, range: [0, 1]}, margin: 0.2}\n"
        ),
    ),
)


def rated(labels: dict[str, str]) -> list[Row]:
    """Answers with a quality beside each, decided by model and item."""
    rows = rows_of(labels)
    rng = random.Random(5)
    return [{**row, "quality": f"{rng.betavariate(5, 2):.6f}"} for row in rows]


def test_means_of_numbers_beside_the_answers_go_the_whole_way(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, PEOPLE, *ASKED)
    rows = rated(truth(tmp_path))
    write_answers(tmp_path, rows)

    made = api.run(audit, workspace=tmp_path / "runs")

    found = findings_in(made.folder)
    regions = {row["id"]: row["region"] for row in toy_rows(PEOPLE)}
    for region in ("", "north"):
        mine = [row for row in rows if not region or regions[row["item"]] == region]
        group = {"region": region} if region else {}
        before = [float(row["quality"]) for row in mine if row["stage"] == "before"]
        after = [
            [float(row["quality"]) for row in mine if (row["strategy"], row["seed"]) == ("full", str(seed))]
            for seed in range(3)
        ]
        level = found.find("toy@1.0.0", "after", MEAN, group, "full", "16")
        moved = found.find("toy@1.0.0", "change", MEAN, group, "full", "16")
        assert level is not None
        assert moved is not None
        means = [sum(values) / len(values) for values in after]
        assert_allclose(level.estimate, sum(means) / 3, rtol=1e-12)
        assert_allclose(moved.estimate, sum(means) / 3 - sum(before) / len(before), rtol=1e-9)
        assert level.ci[0] < level.estimate < level.ci[1]
    gates = [gate for gate in made.verdict.gates if MEAN in gate.id]
    assert [gate.kind for gate in gates] == ["worst_group", "no_harm"]
    assert all(gate.outcome in ("pass", "inconclusive") for gate in gates)
    assert "mean of quality" in made.report_file.read_text(encoding="utf-8")
    for name, table in count(made.folder)._asdict().items():
        assert table.equals(pq.read_table(made.folder / f"{name}.parquet"))


def test_the_wide_form_has_the_numbers_of_both_models(tmp_path: Path) -> None:
    audit = given_audit(
        tmp_path, PEOPLE, *ASKED, ("candidate: {strategy: full}\n", ""), ("claim: procedure", "claim: artifact")
    )
    rows = [{"item": item, "before": label, "after": label} for item, label in truth(tmp_path).items()]
    write_answers(tmp_path, [{**row, "quality_before": "0.4", "quality_after": "0.9"} for row in rows])

    made = api.run(audit, workspace=tmp_path / "runs")

    moved = findings_in(made.folder).find("toy@1.0.0", "change", MEAN, {}, "after", None)
    assert moved is not None
    assert moved.estimate == pytest.approx(0.5)


@pytest.mark.parametrize("wrong", ["", "much", "1.2", "nan"])
def test_what_is_no_number_of_the_metric_is_refused(tmp_path: Path, wrong: str) -> None:
    audit = given_audit(tmp_path, 48, *ASKED)
    rows = rated(truth(tmp_path))
    rows[3]["quality"] = wrong
    write_answers(tmp_path, rows)

    assert problems(audit) == ["FT-P047"]


def test_a_file_without_the_column_is_refused(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 48, *ASKED)
    write_answers(tmp_path, rows_of(truth(tmp_path)))

    assert problems(audit) == ["FT-P047"]


def test_a_plan_says_what_spread_a_gate_on_values_takes(tmp_path: Path) -> None:
    audit = given_audit(tmp_path, 600, *ASKED)
    write_answers(tmp_path, rated(truth(tmp_path)))

    seen = foresee(Planned(jobs_of(audit), tmp_path / "runs").opened())

    gates = [gate for gate in seen.numbers if MEAN in gate.gate]
    assert [gate.about for gate in gates] == ["values", "changes of values"]
    assert all(group.largest_sd is not None and group.largest_sd > 0 for gate in gates for group in gate.groups[:2])
    assert not [name for name in seen.not_foreseen if MEAN in name]
    assert "values spread" in seen.assumption
