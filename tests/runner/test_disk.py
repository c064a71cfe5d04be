"""How much disk an audit is foreseen to take, beside what it took."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.plans import jobs_of
from support.projects import SHORT, text_project
from support.terminal import Command
from support.toy import edit

from fairtransfer import api
from fairtransfer.adapt.frozen_blocks import LIMIT
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.foresight import foresee
from fairtransfer.runner.disk import expected_disk, used
from fairtransfer.runner.rates import read_rates
from fairtransfer.runner.timing_probe import Scales
from fairtransfer.runner.todo import pending
from fairtransfer.stages import Planned

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("nothing_known")]
FREEZING = "strategies: [probe, {partial: {blocks: 1, epochs: 1}}]"


def test_what_is_kept_of_rows_is_foreseen_and_the_run_says_how_far_off_it_was(cli: Command, tmp_path: Path) -> None:
    audit, workspace = edit(text_project(tmp_path / "p"), (SHORT, FREEZING)), tmp_path / "w"

    without = cli("plan", audit, "--workspace", workspace, "--no-probe")[1]
    plan = json.loads(cli("plan", audit, "--workspace", workspace, "--json")[1])["disk"]
    said = cli("plan", audit, "--workspace", workspace)[1]
    run = cli("run", audit, "--workspace", workspace)[1]
    (folder,) = (workspace / "toy").iterdir()
    timing = read_json(folder / "environment.json")["timing"]
    kept = sum(path.stat().st_size for path in (workspace / ".store" / "features").iterdir())

    assert "what the network makes of rows comes on top" in without
    assert "of what the network makes of rows, kept for later audits" in said
    assert plan["kept"] == pytest.approx(kept, rel=0.25)
    assert timing["predicted_disk_bytes"] == plan["answers"] + plan["kept"]
    assert timing["predicted_disk_bytes"] == pytest.approx(timing["disk_bytes"], rel=0.35)
    assert re.search(r"disk: +\d+ [KM]iB more in the workspace's store; \d+ [KM]iB were predicted \([+-]?\d+%\)", run)


def test_only_what_is_left_to_do_counts(tmp_path: Path) -> None:
    audit, workspace = text_project(tmp_path / "p"), tmp_path / "w"
    opened = Planned(jobs_of(audit), workspace).opened()
    before = foresee(opened).disk
    api.run(audit, workspace=workspace)
    after = foresee(opened).disk

    assert before.answers > 0
    assert (after.answers, after.kept, after.weights, after.temporary) == (0, 0, 0, 0)


def test_a_kind_of_work_that_was_not_timed_leaves_it_unknown(tmp_path: Path) -> None:
    """The twin: half of what will be kept would be a number, and a wrong one."""
    audit = edit(text_project(tmp_path / "p"), (SHORT, FREEZING))
    plan = jobs_of(audit)
    opened = Planned(plan, tmp_path / "s").opened()
    store, sides = opened.store, opened.data
    foresee(opened, probe=True)
    rates, todo = read_rates(plan), pending(plan, store)
    assert rates is not None
    kind = next(kind for kind, work in rates.works.items() if work.kept)
    less = replace(rates, works={name: work for name, work in rates.works.items() if name != kind})

    known, unknown = (expected_disk(plan, store, sides, todo, r) for r in (rates, less))

    assert known.stored is not None
    assert known.kept is not None
    assert known.kept > rates.features
    assert (unknown.kept, unknown.stored, unknown.temporary) == (None, None, None)


def test_states_above_the_limit_are_not_kept_and_not_foreseen() -> None:
    scales = Scales()
    scales.keep("rows", "block.3", {"states": torch.zeros(40, 16), "sizes": torch.tensor([10, 10, 10, 10])})
    scales.keep("rows", "features", {"features": torch.zeros(4, 16)})
    row = 10 * 16 * 4

    assert scales.of_all([100, 10]) == {"block.3": 110 * row}
    assert scales.of_all([100, LIMIT // row + 1]) == {"block.3": 100 * row}


def test_a_store_is_as_large_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "jobs" / "a").mkdir(parents=True)
    (tmp_path / "jobs" / "a" / "x").write_bytes(bytes(300))
    (tmp_path / "y").write_bytes(bytes(7))

    assert used(Store(tmp_path)) >= 307
