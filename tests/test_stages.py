"""A run in stages: each is made once, and nothing is planned, opened or judged twice on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.fake_run import commit_answers, wrong_answers
from support.given_project import given_project
from support.plans import jobs_of
from support.projects import text_project
from support.terminal import Command
from support.toy import write_project

from fairtransfer import api, conclusion, stages
from fairtransfer.data import opening
from fairtransfer.evidence.manifest import write_sums
from fairtransfer.models import family
from fairtransfer.runner import external_predictions, opened_data, plan
from fairtransfer.runner.machine import Machine, guess
from fairtransfer.spec import check

CLASSES = ("fruit", "tool", "animal")
COUNTED: dict[str, tuple[Any, str]] = {
    "read": (check, "read_audit"),
    "model inspected": (family, "inspect_checkpoint"),
    "files checked": (plan, "check_files"),
    "opened": (stages, "open_data"),
    "cards opened": (opened_data, "open_benchmark"),
    "evidence written": (stages, "write_folder"),
    "judged": (conclusion, "judge"),
    "places taken": (stages, "take_places"),
}
Calls = Counter[str]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """How often the work of each stage was done."""
    counted: Calls = Counter()

    def counting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any, **options: Any) -> Any:
            counted[name] += 1
            return original(*args, **options)

        return counts

    for name, (module, attribute) in COUNTED.items():
        monkeypatch.setattr(module, attribute, counting(name, getattr(module, attribute)))
    return counted


ONCE = Counter(dict.fromkeys(COUNTED, 1))


def test_a_run_without_training_does_every_stage_once(calls: Calls, tmp_path: Path) -> None:
    audit = write_project(tmp_path / "p")
    commit_answers(jobs_of(audit), tmp_path / "runs", wrong_answers(lambda job, group: 0.3, CLASSES))
    calls.clear()

    first = api.run(audit, workspace=tmp_path / "runs")

    assert calls == ONCE
    calls.clear()
    second = api.run(audit, workspace=tmp_path / "runs")
    assert calls == Counter({"read": 1, "model inspected": 1, "files checked": 1, "judged": 1})
    assert (second.folder, second.verdict) == (first.folder, first.verdict)


@pytest.mark.train
def test_a_run_that_trains_does_every_stage_once_whatever_machine_it_finds(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned for a machine that is not the one that trains: ids are made anew, and nothing is read again."""
    audit = text_project(tmp_path / "p")
    monkeypatch.setattr(plan, "guess", lambda: Machine("somewhere", "else"))

    done = api.run(audit, workspace=tmp_path / "runs")

    assert calls == ONCE
    environment = json.loads((done.folder / "environment.json").read_text())
    assert environment["device"] == guess().device


def test_a_plan_opens_once(calls: Calls, cli: Command, tmp_path: Path) -> None:
    assert cli("plan", write_project(tmp_path / "p"), "--workspace", tmp_path / "runs", "--no-probe")[0] == 0
    assert calls == Counter({"read": 1, "model inspected": 1, "files checked": 1, "cards opened": 1, "opened": 1})


def test_predictions_made_elsewhere_are_read_and_checked_once(
    calls: Calls, cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original, open_card = external_predictions.read_prediction_file, opening.open_benchmark
    monkeypatch.setattr(
        external_predictions, "read_prediction_file", lambda *a, **k: read.append("file") or original(*a, **k)
    )
    monkeypatch.setattr(opening, "open_benchmark", lambda *a, **k: read.append("card") or open_card(*a, **k))
    audit = given_project(tmp_path / "p")

    assert cli("validate", audit)[0] == 0
    assert read == ["card", "file"]
    assert calls == Counter({"read": 1})


def test_a_stage_that_is_made_twice_is_counted(calls: Calls, tmp_path: Path) -> None:
    """The twin."""
    planned = stages.Planned(jobs_of(write_project(tmp_path / "p")), tmp_path / "runs")

    planned.opened()
    planned.opened()

    assert calls["opened"] == calls["cards opened"] == 2


# --- a plan on another machine -----------------------------------------------------------------------------------------


def test_a_plan_on_another_machine_is_the_one_that_would_have_been_made_there(tmp_path: Path) -> None:
    files, other = api.load_audit(write_project(tmp_path)), Machine("cuda", "bf16")
    here = plan.make_plan(files, machine=guess())

    there = plan.on_machine(here, other)

    assert there == plan.make_plan(files, machine=other)
    assert not {job.id for job in here.jobs} & {job.id for job in there.jobs}
    assert plan.on_machine(there, guess()) == here


# --- what is there already ---------------------------------------------------------------------------------------------


def test_a_run_that_is_there_is_judged_and_one_that_is_damaged_made_again(tmp_path: Path) -> None:
    audit, workspace = write_project(tmp_path / "p"), tmp_path / "runs"
    made = jobs_of(audit)
    commit_answers(made, workspace, wrong_answers(lambda job, group: 0.3, CLASSES))
    planned = stages.Planned(made, workspace)
    assert planned.there() is None

    done = planned.completed(stages.Means())
    again = planned.there()

    assert again == stages.Judged(planned.folder, done.verdict, 0)
    (planned.folder / "run.json").write_text("{}")
    assert planned.there() is None
    assert planned.completed(stages.Means()).verdict.outcome == done.verdict.outcome
    assert planned.folder.with_name(f"{made.run_id}.replaced-1").is_dir()


def test_a_run_with_a_job_worth_another_try_is_not_finished(tmp_path: Path) -> None:
    audit, workspace = write_project(tmp_path / "p"), tmp_path / "runs"
    made = jobs_of(audit)
    commit_answers(made, workspace, wrong_answers(lambda job, group: 0.3, CLASSES))
    planned = stages.Planned(made, workspace)
    planned.completed(stages.Means())
    run = json.loads((planned.folder / "run.json").read_text())
    lost = {"reason": "out_of_memory: too large"}
    (planned.folder / "run.json").write_text(json.dumps({**run, "failed_jobs": [lost]}))
    write_sums(planned.folder)

    assert planned.there() is None
