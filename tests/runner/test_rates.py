"""What is said before a run of how long it will take: from what was timed here, or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.plans import jobs_of
from support.projects import SHORT, text_project
from support.terminal import Command
from support.toy import edit

from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.strategies import gradual
from fairtransfer.adapt.strategies.gradual import GradualOptions
from fairtransfer.adapt.strategy import Adapted, Setting
from fairtransfer.evidence.canonical import read_json
from fairtransfer.runner import timing_probe
from fairtransfer.runner.job import Training
from fairtransfer.runner.opened_data import open_data
from fairtransfer.runner.rates import Rates, Work, kind_of_work, rates_file, read_rates, steps_of, write_rates
from fairtransfer.runner.session import Session

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("nothing_known")]


def training(kind: str = "full", budget: str = "64", seed: int = 0, **options: object) -> Training:
    known = {"epochs": 3, "batch_size": 16, "min_steps": 60} if kind == "full" else {}
    return Training("after", kind, kind, {**known, **options}, budget, seed)


TWICE = {"epochs": 3, "batch_size": 16, "min_steps": 60, "first_epochs": 2, "by": ["region"]}


def test_steps_are_those_of_the_options() -> None:
    assert steps_of(training(), 64) == 60
    assert steps_of(training(), 1000) == 3 * 63
    assert steps_of(training("jtt", **TWICE), 1000) == 5 * 63
    assert steps_of(training("jtt", **TWICE), 64) == 2 * 60, "both trainings have at least so many"
    assert steps_of(training("probe"), 1000) == 0
    inside = {"epochs": 2, "batch_size": 10, "min_steps": 1}
    assert steps_of(training("reweight", by=["region"], on="full", training=inside), 100) == 20


def test_labels_and_seeds_are_the_same_kind_of_work() -> None:
    assert kind_of_work(training(seed=1, budget="8")) == kind_of_work(training())
    assert kind_of_work(training(batch_size=8)) != kind_of_work(training())


def test_what_was_timed_is_kept_for_this_machine_model_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, retrained = jobs_of(text_project(tmp_path / "a")), jobs_of(text_project(tmp_path / "b", seed=5))
    larger = replace(plan, checkpoint=replace(plan.checkpoint, files=plan.checkpoint.files | {"config.json": "0" * 64}))
    assert read_rates(plan) is None
    rates = Rates(1.5, 0.01, {"a": Work(2.0, None), "b": Work(0.5, 0.25)})
    write_rates(plan, rates)
    assert read_rates(plan) == rates
    assert retrained.checkpoint.digest != plan.checkpoint.digest
    assert read_rates(retrained) == rates, "other weights take as long"
    assert read_rates(larger) is None, "another network"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert read_rates(plan) is None, "another number of threads"


def test_a_plan_predicts_and_the_run_says_how_far_off_it_was(cli: Command, tmp_path: Path) -> None:
    audit, workspace = text_project(tmp_path / "p"), tmp_path / "w"

    without = cli("plan", audit, "--workspace", workspace, "--no-probe")[1]
    predicted = json.loads(cli("plan", audit, "--workspace", workspace, "--json")[1])
    kept = rates_file(jobs_of(audit)).stat().st_mtime_ns
    again = json.loads(cli("plan", audit, "--workspace", workspace, "--json")[1])
    run = cli("run", audit, "--workspace", workspace)[1]
    (folder,) = (workspace / "toy").iterdir()
    timing = read_json(folder / "environment.json")["timing"]
    after = json.loads(cli("plan", audit, "--workspace", workspace, "--json")[1])

    assert "expected time for the rest: not predicted" in without
    assert "not predicted: without a probe" in without
    assert predicted["seconds"] > 0
    assert all(model["seconds"] is not None for model in predicted["models"])
    assert rates_file(jobs_of(audit)).stat().st_mtime_ns == kept, "nothing is timed twice"
    assert again["seconds"] == predicted["seconds"]
    assert timing["predicted_seconds"] == predicted["seconds"]
    assert (timing["executor"], timing["trainings"]) == ("local", 11)
    assert re.search(r"time: +[\d.]+ m?s for 11 trainings; .+ predicted \([+-]?\d+%\)", run)
    assert after["seconds"] == 0
    assert b"predicted" not in (folder / "findings.json").read_bytes()


def test_a_run_without_a_prediction_says_so(cli: Command, tmp_path: Path) -> None:
    out = cli("run", text_project(tmp_path / "p"), "--workspace", tmp_path / "w")[1]
    assert "not predicted (`fairtransfer plan` predicts)" in out


@pytest.mark.parametrize(("epochs", "expected"), [(1, 1.0), (8, 4.5), (100, (sum(range(1, 33)) + 68 * 32) / 100)])
def test_gradual_is_timed_through_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int, expected: float
) -> None:
    """By a clock that stands still but for steps: epoch k takes k + 1 seconds a step, the unseen as the last one seen."""
    audit = edit(text_project(tmp_path / "p"), (SHORT, f"strategies: [{{gradual: {{epochs: {epochs}}}}}]"))
    plan = jobs_of(audit)
    session = Session(plan, open_data(plan.files, plan.roots), Hardware("cpu", "fp32"))
    clock = [0.0]
    real = gradual.Gradual.fit

    def fit(self: gradual.Gradual, setting: Setting, options: GradualOptions) -> Adapted:
        def told(share: float) -> None:
            step = round(share * 2 * epochs) - 1
            clock[0] += 1 + step * epochs // (2 * epochs)
            setting.progress(share)

        return real(self, replace(setting, progress=told), options)

    monkeypatch.setattr(gradual.Gradual, "fit", fit)
    monkeypatch.setattr(timing_probe.time, "perf_counter", lambda: clock[0])

    work = timing_probe._stepwise(session, next(t for t, _ in plan.by_training() if t.kind == "gradual"))

    assert work == Work(1.0, pytest.approx(expected))
