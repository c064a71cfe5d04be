"""The store: a job is done or absent, whatever happens in between, and what is done is never lost or read half."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fairtransfer.errors import WorkspaceBusy
from fairtransfer.evidence.store import Store, intact

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from fairtransfer.evidence.store import Store
    with Store(Path(sys.argv[1])) as store:
        for job in ("a", "b", "c"):
            if store.result(job) is None:
                print("run", job, flush=True)
                attempt = store.begin(job)
                (attempt.folder / "predictions.parquet").write_bytes(job.encode() * 1000)
                (attempt.folder / "job.json").write_text('{}')
                attempt.commit()
    """
)
HOLDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from fairtransfer.evidence.store import Store
    with Store(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
    """
)
POINTS = ["pre_manifest", "pre_rename", "post_rename", "pre_txn", "post_txn"]


def write_jobs(folder: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FT_FAILPOINT": failpoint} if failpoint else dict(os.environ)
    return subprocess.run(
        [sys.executable, "-c", WRITER, str(folder)], env=environment, capture_output=True, text=True, check=False
    )


def check_invariants(folder: Path) -> dict[str, bool]:
    """Every job is done with intact files or not done; nothing temporary survives an opening; returns what is done."""
    with Store(folder) as store:
        assert not list(folder.glob("jobs/*/*.tmp"))
        done = {job: store.result(job) for job in ("a", "b", "c")}
        for path in done.values():
            assert path is None or intact(path)
    return {job: path is not None for job, path in done.items()}


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_step_of_the_commit_loses_nothing_that_was_done(tmp_path: Path, point: str, nth: int) -> None:
    """Killed at the nth passage of each step: earlier jobs stay, the next run does the rest and nothing twice."""
    killed = write_jobs(tmp_path / "s", f"{point}:{nth}:kill")
    assert killed.returncode == -signal.SIGKILL

    done = check_invariants(tmp_path / "s")
    assert sum(done.values()) >= nth - 1

    again = write_jobs(tmp_path / "s")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("run") == 3 - sum(done.values())
    assert all(check_invariants(tmp_path / "s").values())


@pytest.mark.parametrize("action", ["enospc", "eio", "raise"])
@pytest.mark.parametrize("point", POINTS)
def test_an_error_at_any_step_leaves_a_store_that_works(tmp_path: Path, point: str, action: str) -> None:
    failed = write_jobs(tmp_path / "s", f"{point}:2:{action}")
    assert failed.returncode != 0

    assert check_invariants(tmp_path / "s")["a"]
    assert write_jobs(tmp_path / "s").returncode == 0
    assert all(check_invariants(tmp_path / "s").values())


def test_without_a_failpoint_nothing_fires(tmp_path: Path) -> None:
    """The twin of the kills: the same writer ends well when the variable is not set."""
    assert write_jobs(tmp_path / "s").returncode == 0


def test_a_second_writer_is_refused_and_a_dead_one_is_not_waited_for(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "s")], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(WorkspaceBusy, match=f"process {holder.pid}"), Store(tmp_path / "s"):
        pass
    assert Store(tmp_path / "s").status("a").state == "absent", "readers are not locked out"

    holder.kill()
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + 5
    while True:
        try:
            with Store(tmp_path / "s"):
                break
        except WorkspaceBusy:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("damage", ["flip", "cut", "delete", "extra"])
def test_a_damaged_result_is_moved_aside_and_done_again(tmp_path: Path, damage: str) -> None:
    write_jobs(tmp_path / "s")
    victim = next(tmp_path.glob("s/jobs/b/attempt-1/predictions.parquet"))
    if damage == "flip":
        raw = bytearray(victim.read_bytes())
        raw[500] ^= 1
        victim.write_bytes(raw)
    elif damage == "cut":
        victim.write_bytes(victim.read_bytes()[:-1])
    elif damage == "delete":
        victim.unlink()
    else:
        (victim.parent / "extra").write_text("x")

    assert check_invariants(tmp_path / "s") == {"a": True, "b": False, "c": True}
    assert list(tmp_path.glob("s/quarantine/b-1"))
    assert write_jobs(tmp_path / "s").stdout == "run b\n"


def test_a_job_that_failed_says_why(tmp_path: Path) -> None:
    with Store(tmp_path / "s") as store:
        store.fail("a", "diverged: step 3")

        assert store.status("a").state == "failed"
        assert store.status("a").reason == "diverged: step 3"


def test_two_attempts_are_counted(tmp_path: Path) -> None:
    write_jobs(tmp_path / "s", "pre_manifest:1:kill")
    write_jobs(tmp_path / "s")

    assert Store(tmp_path / "s").status("a").attempt == 2


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: the order of system calls cannot be watched"
)
def test_everything_is_flushed_before_it_becomes_visible(tmp_path: Path) -> None:
    """A kill cannot show a missing flush, as the page cache survives it; the order of system calls can."""
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    command = ["strace", "-f", "-o", str(trace), "-e", calls, sys.executable, "-c", WRITER, str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0 or not trace.exists():
        pytest.skip("strace may not attach here")
    seen = [line for line in trace.read_text().splitlines() if "attempt-1" in line or "fsync" in line]
    rename = next(i for i, line in enumerate(seen) if 'attempt-1.tmp"' in line and 'attempt-1"' in line)

    assert sum("fsync" in line for line in seen[:rename]) >= 4, "two files, the manifest and the folder"
    assert "fsync" in seen[rename + 1], "the parent folder"
