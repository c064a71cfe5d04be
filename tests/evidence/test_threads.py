"""The number of threads decides no job's id, is recorded by every job, and is told where jobs of a run differ in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import fake_run
from support.plans import jobs_of
from support.terminal import command_line
from support.toy import write_project

from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.records import jobs_in
from fairtransfer.evidence.jobs.threads import several_threads, threads_of
from fairtransfer.runner.job import Job

ANSWER = fake_run.wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal"))


def run_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *threads: int | None) -> Path:
    """A run whose jobs were computed with these numbers of threads, in turn."""
    plain, made = fake_run.record, iter(range(10**6))

    def record(job: Job, attempt: int) -> dict[str, object]:
        return {**plain(job, attempt), "machine": {"threads": threads[next(made) % len(threads)]}}

    monkeypatch.setattr(fake_run, "record", record)
    return fake_run.fake_run(write_project(tmp_path / "p"), tmp_path / "runs", ANSWER)


def test_a_workspace_goes_on_with_another_number_and_says_so_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_with(tmp_path, monkeypatch, 1, 2, 2)
    jobs = jobs_in(run)
    told = several_threads(jobs)

    assert threads_of(jobs) == {1: 9, 2: 16}
    assert told is not None
    assert "computed with different numbers of threads: 9 jobs with 1 and 16 jobs with 2" in str(told)
    (kept,) = (w for w in read_json(run / "run.json")["warnings"] if w["code"] == "FT-P100")
    assert kept == told.to_json()
    page = (run / "report" / "report.html").read_text()
    assert "threads: 1 (9 jobs) and 2 (16 jobs)" in page
    assert "9 jobs with 1 and 16 jobs with 2" in page
    cli = command_line(monkeypatch, capsys)
    code, out, err = cli("verify", run)
    assert code == 0
    assert "as they were written" in out
    assert "warning: FT-P100 jobs: computed with different numbers" in err


@pytest.mark.parametrize("threads", [(4,), (None,)])
def test_one_number_is_told_and_nothing_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], threads: tuple[int | None]
) -> None:
    """The twin; predictions made elsewhere have no number."""
    run = run_with(tmp_path, monkeypatch, *threads)

    assert several_threads(jobs_in(run)) is None
    assert "FT-P100" not in (run / "run.json").read_text()
    assert ("threads: 4 (25 jobs)" in (run / "report" / "report.html").read_text()) == (threads == (4,))
    assert command_line(monkeypatch, capsys)("verify", run)[2] == ""


def test_no_id_knows_how_many_threads_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = write_project(tmp_path / "p")
    before = {job.id for job in jobs_of(audit).jobs}
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("os.cpu_count", lambda: 64)

    assert {job.id for job in jobs_of(audit).jobs} == before
