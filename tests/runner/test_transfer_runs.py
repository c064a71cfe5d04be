"""The ways to adapt within audits: each runs from a definition to a report, floors are no candidates, extras are asked for."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
from support.fake_run import fake_run, wrong_answers
from support.plans import jobs_of
from support.projects import SHORT, text_project
from support.toy import edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.errors import DefinitionError, MissingExtra
from fairtransfer.evidence.canonical import read_json
from fairtransfer.runner import machine
from fairtransfer.runner.cost import expected_work
from fairtransfer.spec import json_schema
from fairtransfer.spec.strategies import STRATEGY_OPTIONS

STEPS = "epochs: 1, min_steps: 4, batch_size: 8"
ALL = [
    f"{{partial: {{{STEPS}}}}}",
    f"{{bitfit: {{{STEPS}}}}}",
    f"{{l2_sp: {{{STEPS}}}}}",
    f"{{gradual: {{{STEPS.replace('1', '2', 1)}}}}}",
    f"{{lora: {{{STEPS}}}}}",
    "majority",
]
ASKED = "strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]"


@pytest.mark.train
def test_each_runs_from_an_audit_to_a_report(tmp_path: Path) -> None:
    """All jobs are done, say what they trained, and stand in the report; the same command again does nothing."""
    audit = edit(
        text_project(tmp_path),
        (SHORT, f"strategies: [probe, {', '.join(ALL)}]"),
        ("seeds: [0, 1]", "seeds: [0]"),
        ("label_budgets: [8, 16]", "label_budgets: [16]"),
    )

    done = api.run(audit, workspace=tmp_path / "runs")

    jobs = [read_json(path) for path in done.folder.glob("jobs/*/job.json")]
    trained = {job["kind"]: job["record"]["trainable_parameters"] for job in jobs if job["stage"] == "after"}
    assert {*trained} == {"probe", "partial", "bitfit", "l2_sp", "gradual", "lora", "majority"}
    assert trained["majority"] == 0
    assert trained["probe"] < min(trained[k] for k in ("partial", "bitfit", "l2_sp", "gradual", "lora"))
    assert {job["kind"] for job in jobs if "peft" in job["libraries"]} == {"lora"}
    assert all(name in done.report_file.read_text() for name in trained)
    assert api.run(audit, workspace=tmp_path / "runs").fresh == 0


def test_the_floor_is_never_the_candidate(tmp_path: Path) -> None:
    """Made-up runs in which both are as good: by name alone it would be `majority`."""
    answer = wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal"))
    audit = write_project(tmp_path, toy_rows(48))
    edit(
        audit, (ASKED, "strategies: [majority, probe]"), ("  - no_negative_transfer: {by: region, margin: 0.05}\n", "")
    )

    verdict = read_json(fake_run(audit, tmp_path / "runs", answer) / "verdict.json")

    assert verdict["candidate"]["strategy"] == "probe"


def test_the_library_of_a_strategy_decides_its_jobs_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = write_project(tmp_path)
    edit(audit, (ASKED, "strategies: [probe, lora, scratch]"))

    def ids() -> dict[str, set[str]]:
        made = jobs_of(audit)
        return {
            kind: {job.id for job in made.jobs if job.training.kind == kind} for kind in ("probe", "lora", "scratch")
        }

    before = ids()
    real = machine._version
    monkeypatch.setattr(machine, "_version", lambda name: "99.0" if name == "peft" else real(name))
    after = ids()

    assert before["probe"] == after["probe"]
    assert before["scratch"] == after["scratch"]
    assert not before["lora"] & after["lora"]


DEEP = "{partial: {blocks: 9}}, {partial: {name: deep, blocks: 3}}, {partial: {name: top}}, gradual, {lora: {rank: 0}}"


@pytest.mark.train
def test_parts_the_model_does_not_have_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    """All of them at once; what fits is not complained of."""
    audit = edit(text_project(tmp_path), (SHORT, f"strategies: [probe, {DEEP}]"))

    with pytest.raises(DefinitionError) as refused:
        api.run(audit, workspace=tmp_path / "w")

    assert [problem.code for problem in refused.value.problems] == ["FT-M024"] * 2
    assert all(f"`partial` is to move {n} blocks; the model has 2" in str(refused.value) for n in (9, 3))
    assert refused.value.problems[0].line > 0, "it has a place in the audit"
    assert not list((tmp_path / "w").glob(".store/jobs/*"))


def test_a_missing_extra_is_told_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = write_project(tmp_path)
    edit(audit, (ASKED, "strategies: [probe, lora, scratch]"))
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "peft" else real(name, *a))

    with pytest.raises(MissingExtra, match=r"fairtransfer\[lora\]"):
        api.run(audit, workspace=tmp_path / "runs")


def test_what_moves_less_is_expected_to_cost_less(tmp_path: Path) -> None:
    audit = write_project(tmp_path)
    edit(audit, (ASKED, "strategies: [probe, full, partial, lora, majority, scratch]"))
    work = {t.kind: expected_work(t, 1) for t, _ in jobs_of(audit).by_training() if t.stage == "after"}

    assert work["majority"] < work["probe"] < work["partial"] < work["lora"] < work["full"]


@pytest.mark.parametrize("kind", sorted({*STRATEGY_OPTIONS} - {"majority"}))
def test_a_strategy_names_its_source(kind: str) -> None:
    """A paper, by its year; what it settled otherwise stands there too."""
    assert re.search(r"[A-Z][a-z]+ .*\b(19|20)\d\d\b", STRATEGY_OPTIONS[kind].__doc__ or "", re.S)


def test_editors_know_the_options() -> None:
    schema = json.dumps(json_schema())

    assert all(f'"{name}"' in schema for name in ("partial", "bitfit", "l2_sp", "gradual", "lora", "majority", "rank"))
