"""Running an audit: finished work is kept, never repeated and never changed by what happened on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.projects import SHORT, image_project, text_project
from support.tiny_models import save_image_model
from support.toy import edit, rewrite_table, toy_rows

from fairtransfer import api
from fairtransfer.adapt.hardware import is_out_of_memory
from fairtransfer.adapt.strategies.full import Full
from fairtransfer.adapt.strategies.probe import Probe
from fairtransfer.adapt.strategy import Diverged, OneClass
from fairtransfer.evidence.canonical import read_json
from fairtransfer.run_result import Run
from fairtransfer.runner.job import Training
from fairtransfer.runner.todo import Progress

pytestmark = pytest.mark.train
JOBS = 1 + 2 * 2 * 2 + 2
"""Asking the model before, two strategies on two label budgets with two seeds, and the chosen one on two others."""

QUICK = "full: {epochs: 2, min_steps: 4, batch_size: 16}"
DRAWN = "full: {augmentation: timm, epochs: 2, min_steps: 6, batch_size: 8, lr: 0.001}"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An undisturbed run; tests that change its workspace work on a copy."""
    root = tmp_path_factory.mktemp("done")
    return api.run(text_project(root / "p"), workspace=root / "runs")


@pytest.fixture
def copy(done: Run, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A copy of the finished project: its audit and its workspace."""
    root = shutil.copytree(done.folder.parents[2], tmp_path / "copy")
    yield root / "p" / "audits" / "audit.yaml", root / "runs"


def predictions(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("jobs/*/predictions.parquet"))}


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def command(audit: Path, workspace: Path) -> list[str]:
    return [sys.executable, "-m", "fairtransfer", "run", str(audit), "--workspace", str(workspace)]


# --- a whole run -------------------------------------------------------------------------------------------------------


def test_a_run_leaves_everything_about_it_in_one_folder(done: Run) -> None:
    names = {path.split("/")[0] for path in files(done.folder)}

    assert done.fresh == JOBS
    assert names == {
        "SHA256SUMS",
        "audit.yaml",
        "benchmarks",
        "cards",
        "cells.parquet",
        "environment.json",
        "findings.json",
        "harm.json",
        "jobs",
        "sums.parquet",
        "rankings.parquet",
        "report",
        "run.json",
        "reuse.json",
        "verdict.json",
    }
    assert len(predictions(done.folder)) == JOBS
    assert api.verify(done.folder) == len(files(done.folder)) - 1


def test_every_job_says_what_it_cost_and_on_what(done: Run) -> None:
    for path in done.folder.glob("jobs/*/job.json"):
        job = json.loads(path.read_text())

        assert job["cost"]["training"]["wall_seconds"] >= 0
        assert job["cost"]["training"]["peak_memory_bytes"] > 10**7
        assert job["record"]["trainable_parameters"] == 0 or job["stage"] == "after"
        assert job["labels"]["train"] in ((0,) if job["stage"] == "before" else (8, 16))
        assert job["digests"]["model"] == read_json(done.folder / "run.json")["model"]["sha256"]


def test_nothing_of_this_machine_is_in_a_run(done: Run) -> None:
    """No absolute paths, no user, no environment variables: the folder can be published."""
    written = b"".join(files(done.folder).values())

    assert str(done.folder.parents[2]).encode() not in written
    assert str(Path.home()).encode() + b"/" not in written


def test_another_checkout_finds_the_same_to_the_byte(done: Run, tmp_path: Path) -> None:
    """Another place, the same inputs: predictions and findings are the same bytes."""
    again = api.run(text_project(tmp_path / "elsewhere" / "p"), workspace=tmp_path / "w")

    assert predictions(again.folder) == predictions(done.folder)
    assert (again.folder / "findings.json").read_bytes() == (done.folder / "findings.json").read_bytes()


def test_other_weights_find_something_else(done: Run, tmp_path: Path) -> None:
    """The twin: the comparison can fail."""
    other = api.run(text_project(tmp_path / "p", seed=5), workspace=tmp_path / "w")

    assert predictions(other.folder) != predictions(done.folder)
    assert (other.folder / "findings.json").read_bytes() != (done.folder / "findings.json").read_bytes()


# --- what is there is not done again -----------------------------------------------------------------------------------


def test_the_same_command_again_changes_nothing(copy: tuple[Path, Path]) -> None:
    audit, workspace = copy
    before = files(workspace / "toy")

    again = api.run(audit, workspace=workspace)

    assert again.fresh == 0
    assert files(workspace / "toy") == before


def test_a_strategy_added_is_all_that_runs(copy: tuple[Path, Path], done: Run) -> None:
    audit, workspace = copy
    edit(audit, (SHORT, SHORT.replace("probe,", "probe, {scratch: {epochs: 1, min_steps: 4}},")))

    added = api.run(audit, workspace=workspace)

    assert added.fresh == 4 + 2, "and beside the chosen one on the seeds that judge"
    assert predictions(added.folder).items() >= predictions(done.folder).items()


def test_words_of_the_audit_change_the_report_and_no_training(copy: tuple[Path, Path]) -> None:
    audit, workspace = copy
    edit(audit, ("title: A toy audit", "title: Another title"), ("margin: 0.10", "margin: 0.20"))

    again = api.run(audit, workspace=workspace)

    assert again.fresh == 0
    assert "Another title" in again.report_file.read_text()


def test_other_data_runs_everything_that_saw_it(copy: tuple[Path, Path]) -> None:
    audit, workspace = copy
    rows = toy_rows()
    rows[0]["text"] += " word"
    rewrite_table(audit.parents[1], rows)

    assert api.run(audit, workspace=workspace).fresh == JOBS


def test_a_damaged_run_is_set_aside_and_made_again(copy: tuple[Path, Path], done: Run) -> None:
    """Damage in the folder is repaired from the store; the damaged files are kept beside it."""
    audit, workspace = copy
    folder = workspace / "toy" / done.folder.name
    (folder / "findings.json").write_text("{}")

    again = api.run(audit, workspace=workspace)

    assert again.fresh == 0
    assert api.verify(again.folder)
    assert (workspace / "toy" / f"{folder.name}.replaced-1" / "findings.json").read_text() == "{}"


def test_a_damaged_result_is_trained_again(copy: tuple[Path, Path], done: Run) -> None:
    audit, workspace = copy
    shutil.rmtree(workspace / "toy")
    victim = next(workspace.glob(".store/jobs/*/attempt-1/predictions.parquet"))
    victim.write_bytes(victim.read_bytes()[:-5])

    again = api.run(audit, workspace=workspace)

    assert again.fresh == 1
    assert predictions(again.folder) == predictions(done.folder)


# --- interrupted -------------------------------------------------------------------------------------------------------


def start(audit: Path, workspace: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command(audit, workspace),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def committed(workspace: Path) -> int:
    return len(list(workspace.glob(".store/jobs/*/attempt-[0-9]/manifest.json")))


def wait_for(workspace: Path, process: subprocess.Popen[bytes], jobs: int) -> None:
    while committed(workspace) < jobs and process.poll() is None:
        time.sleep(0.02)


@pytest.mark.timeout(1200)  # eight starts of a process that loads torch
@pytest.mark.parametrize("kills", [2, 3])
def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(tmp_path: Path, done: Run, kills: int) -> None:
    """Killed at moments nobody chose, again and again, the same command goes on: the same predictions, nothing done twice."""
    audit, workspace = text_project(tmp_path / "p"), tmp_path / "w"
    rng, codes = random.Random(kills), []  # any moments will do
    for jobs in sorted(rng.sample(range(1, JOBS - 1), kills)):
        process = start(audit, workspace)
        wait_for(workspace, process, jobs)
        time.sleep(rng.random() * 0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        codes.append(process.returncode)
    kept = committed(workspace)

    again = api.run(audit, workspace=workspace)

    assert -signal.SIGKILL in codes
    assert kept >= kills
    assert JOBS - again.fresh >= kept
    assert predictions(again.folder) == predictions(done.folder)
    assert (again.folder / "findings.json").read_bytes() == (done.folder / "findings.json").read_bytes()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, number: int, code: int) -> None:
    audit, workspace = text_project(tmp_path / "p"), tmp_path / "w"
    process = start(audit, workspace)
    wait_for(workspace, process, 2)
    process.send_signal(number)
    said = process.communicate()[1]

    assert process.returncode == code, said
    assert b"the same command goes on" in said
    assert b"Traceback" not in said
    assert 2 <= committed(workspace) < JOBS


def test_a_resumed_run_with_dropout_and_augmentation_equals_an_unbroken_one(tmp_path: Path) -> None:
    """Stopped between two steps of a training, in a process that goes on: the random state is another one then."""

    def project(name: str, *more: tuple[str, str]) -> tuple[Path, Path]:
        audit = edit(image_project(tmp_path / name, "array"), (QUICK, DRAWN), *more)
        dropped = {"drop_rate": 0.3, "drop_path_rate": 0.2}
        save_image_model(tmp_path / name / "models" / "tiny", ["bar", "box"], **dropped)
        return audit, tmp_path / name / "w"

    whole = api.run((unbroken := project("a"))[0], workspace=unbroken[1])
    plain = api.run((still := project("c", ("augmentation: timm, ", "")))[0], workspace=still[1])
    audit, workspace = project("b")
    steps: list[float] = []

    def stop(training: Training, share: float) -> None:
        steps.append(share)
        if training.kind == "full" and training.seed == 1 and 0.3 < share < 0.9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.run(audit, workspace=workspace, progress=Progress(lambda _: None, stop))
    torch.manual_seed(99)
    random.seed(99)
    again = api.run(audit, workspace=workspace)

    assert 0 < again.fresh < len(predictions(whole.folder)), "it goes on with what was left"
    assert predictions(again.folder) == predictions(whole.folder)
    assert (again.folder / "findings.json").read_bytes() == (whole.folder / "findings.json").read_bytes()
    assert sorted(predictions(plain.folder).values()) != sorted(predictions(whole.folder).values()), (
        "augmentation counts"
    )


def test_a_run_that_was_never_interrupted_is_as_good(tmp_path: Path, done: Run) -> None:
    """The twin of the kills: the command line itself gives what the library gives."""
    audit = text_project(tmp_path / "p")

    finished = subprocess.run(command(audit, tmp_path / "w"), capture_output=True, text=True, check=False)

    assert finished.returncode in (0, 1, 4), finished.stderr
    assert predictions(next((tmp_path / "w" / "toy").iterdir())) == predictions(done.folder)
    assert "Loading weights" not in finished.stderr, "libraries keep quiet"


# --- trainings that fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason", "again"),
    [
        (Diverged.at(7), "diverged: the loss became NaN or infinite at step 7", 0),
        (OneClass("the training rows are all of class `a`"), "one_class: the training rows are all of class `a`", 0),
        (MemoryError(), "out_of_memory", 4),
        (torch.OutOfMemoryError(), "the batch size is part of the experiment and was not changed", 4),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out_of_memory", 4),
    ],
)
def test_a_training_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, again: int
) -> None:
    """Divergence is a result and stays; running out of memory is tried again."""
    audit = text_project(tmp_path / "p")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Full, "fit", fail)
    run = api.run(audit, workspace=tmp_path / "w")
    told = read_json(run.folder / "run.json")["failed_jobs"]

    assert len(predictions(run.folder)) == JOBS - 4
    assert [row["strategy"] for row in told] == ["full"] * 4
    assert all(reason in row["reason"] for row in told)
    status = told[0]["reason"].split(":")[0]
    assert f"4 of `full` ({status})" in run.report_file.read_text()
    assert "Jobs without a result" in run.report_file.read_text()
    assert api.run(audit, workspace=tmp_path / "w").fresh == again


def test_memory_that_really_runs_out_is_recognised() -> None:
    """On the CPU torch has no error of its own for it. The twin: another fault is no lack of memory."""
    with pytest.raises(RuntimeError) as full:
        torch.empty(2**46, dtype=torch.uint8)
    with pytest.raises(RuntimeError) as other:
        torch.ones(2) @ torch.ones(3)

    assert is_out_of_memory(full.value)
    assert not is_out_of_memory(other.value)


def test_a_fault_of_the_program_is_not_told_as_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Full, "fit", fail)

    with pytest.raises(RuntimeError, match="a bug"):
        api.run(text_project(tmp_path / "p"), workspace=tmp_path / "w")


def test_scores_that_are_not_numbers_are_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairtransfer.adapt.strategies import probe

    audit = text_project(tmp_path / "p")
    whole = Probe.fit

    def broken(self: probe.Probe, setting: object, options: object) -> object:
        adapted = whole(self, setting, options)  # type: ignore[arg-type]  # passed through
        return type(adapted)(lambda prepared: adapted.logits(prepared) * float("nan"), adapted.record)

    monkeypatch.setattr(Probe, "fit", broken)

    run = api.run(audit, workspace=tmp_path / "w")

    assert {row["reason"] for row in read_json(run.folder / "run.json")["failed_jobs"]} == {
        "diverged: some scores are NaN or infinite"
    }


def test_trainings_that_really_fail_do_so_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the errors put in: weights nothing survives, which the check before a run would refuse; here it is left out."""
    monkeypatch.setattr("fairtransfer.runner.local.check_network", lambda *_: None)
    audit = edit(text_project(tmp_path / "p"), ("batch_size: 8}", "batch_size: 8, lr: 1.0, head_lr: 1.0, warmup: 0}"))
    weights = tmp_path / "p" / "models" / "tiny" / "model.safetensors"
    from safetensors.torch import load_file, save_file

    huge = {
        name: tensor * 1e19 if tensor.is_floating_point() else tensor for name, tensor in load_file(weights).items()
    }
    save_file(huge, weights, metadata={"format": "pt"})

    run = api.run(audit, workspace=tmp_path / "w")

    reasons = {row["reason"].split(":")[0] for row in read_json(run.folder / "run.json")["failed_jobs"]}
    assert reasons == {"diverged"}
    assert "(diverged)" in run.report_file.read_text()


# --- images ------------------------------------------------------------------------------------------------------------


def test_images_in_a_folder_and_in_an_array_are_the_same_images(tmp_path: Path) -> None:
    runs = {
        kind: api.run(image_project(tmp_path / kind, kind), workspace=tmp_path / "w" / kind)
        for kind in ("folder", "array")
    }
    answers = {kind: sorted(predictions(run.folder).values()) for kind, run in runs.items()}

    assert len(answers["folder"]) == 2 + 4 + 2 + 2
    assert answers["folder"] == answers["array"]
