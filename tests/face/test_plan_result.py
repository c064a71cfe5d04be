"""What `ft.plan` returns: jobs, time, disk, and what each gate could come to; the same as `fairtransfer plan` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from support.given_project import given_project
from support.plans import jobs_of
from support.terminal import Command
from support.toy import edit, write_project

import fairtransfer as ft
from fairtransfer.errors import DefinitionError


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p")


def test_a_plan_carries_what_the_command_prints(cli: Command, audit: Path, tmp_path: Path) -> None:
    plan = ft.plan(audit, workspace=tmp_path / "w", probe=False, expect_error=0.3)
    _, printed, _ = cli("plan", audit, "--workspace", tmp_path / "w", "--no-probe", "--expect-error", "0.3", "--json")

    assert json.loads(json.dumps(plan.to_json())) == json.loads(printed)
    assert plan.jobs == jobs_of(audit).jobs
    assert plan.run_id == jobs_of(audit).run_id
    assert plan.seconds is None, "nothing like it has run yet, and nothing was timed"
    assert plan.foresight.not_predicted
    assert plan.disk.answers > 0
    assert not (tmp_path / "w").exists(), "nothing is written"


def test_power_is_a_table_with_a_row_per_comparison(audit: Path, tmp_path: Path) -> None:
    plan = ft.plan(audit, workspace=tmp_path / "w", probe=False)
    frame = plan.to_frame()
    by_hand = [(gate.gate, group.group, group.passes, group.fails) for gate in plan.gates for group in gate.groups]

    assert len(frame) == len(by_hand) > 0
    for row, (gate, group, passes, fails) in zip(frame.to_dict("records"), by_hand, strict=True):
        assert (row["gate"], row["passes"], row["fails"]) == (gate, passes, fails)
        assert {name: row[f"group.{name}"] for name in group} == group
    assert pd.api.types.is_float_dtype(frame["passes"])
    assert frame["passes"].between(0, 1).all()


def test_of_predictions_that_are_given_nothing_is_left_to_train(tmp_path: Path) -> None:
    audit = given_project(tmp_path / "p")
    before = ft.plan(audit, workspace=tmp_path / "w")
    ft.run(audit, workspace=tmp_path / "w", progress=False)
    after = ft.plan(audit, workspace=tmp_path / "w")

    assert (before.seconds, before.foresight.pending_jobs) == (0.0, len(before.jobs))
    assert after.foresight.pending_jobs == 0
    assert {name: used.models for name, used in before.uses.items()} == {"toy": 0}
    assert after.uses["toy"].models > 0, "what was judged in this workspace is known"


def test_what_is_wrong_is_said_as_a_run_would(audit: Path, tmp_path: Path) -> None:
    edit(audit, ("[8, 16]", "[8, 100000]"))
    with pytest.raises(DefinitionError, match="FT-Y019"):
        ft.plan(audit, workspace=tmp_path / "w", probe=False)
    with pytest.raises(DefinitionError, match="FT-Y025"):
        ft.plan(audit, workspace=tmp_path / "w", max_jobs=3)
    with pytest.raises(DefinitionError, match="FT-Y040"):
        ft.plan("nowhere")
