"""Trainings carried out by other processes: the same results, counted once, whatever happens to the processes."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.plans import jobs_of
from support.projects import text_project

from fairtransfer import api
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.runner import cluster, remote
from fairtransfer.runner.connection import check_address
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.executor import check_executor
from fairtransfer.runner.job import Plan
from fairtransfer.runner.local import Local
from fairtransfer.runner.plan import make_plan
from fairtransfer.runner.todo import Lease

JOBS = 1 + 2 * 2 * 2 + 2
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason='needs ray: pip install "fairtransfer[ray]"'
)


# --- what travels, without a cluster -----------------------------------------------------------------------------------


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    made = jobs_of(text_project(tmp_path / "p"))
    return make_plan(made.files, machine=Local().machine())


def leases(plan: Plan, store: Store, count: int = 1) -> list[Lease]:
    attempts = [(job, store.begin(job.id)) for job in plan.jobs[:count]]
    return [Lease(job, attempt.number, attempt.folder) for job, attempt in attempts]


@pytest.mark.train
def test_a_specification_is_all_that_is_needed(plan: Plan, tmp_path: Path) -> None:
    """Plain JSON goes in, job ids come out, and the files lie where they were asked for."""
    with Store(tmp_path / "store") as store:
        (lease,) = leases(plan, store)
        spec = remote.specification(remote.common_spec(plan, 1, Costing()), [lease])

        answer = json.loads(remote.work(spec))

    assert json.loads(spec)["jobs"] == [{"id": lease.job.id, "attempt": 1, "folder": str(lease.folder)}]
    assert answer == {"ready": [lease.job.id], "reason": ""}
    assert {path.name for path in lease.folder.iterdir()} == {"predictions.parquet", "inputs.parquet", "job.json"}
    assert read_json(lease.folder / "job.json")["attempts"] == 1


@pytest.mark.train
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"code": "0" * 64}, "another version of fairtransfer"),
        ({"libraries": {"torch": "0.1"}}, "other libraries are installed there"),
        ({"device": "tpu"}, "another device"),
        ({"precision": "fp8"}, "another number format"),
        ({"audit": "/nowhere/audit.yaml"}, "the audit is not there"),
    ],
)
def test_a_process_that_would_find_something_else_refuses(
    plan: Plan, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    with Store(tmp_path / "store") as store:
        (lease,) = leases(plan, store)
        spec = remote.specification(remote.common_spec(plan, 1, Costing()) | changed, [lease])

        answer = json.loads(remote.work(spec))

    assert set(answer) == {"refused"}
    assert reason in answer["refused"]
    assert list(lease.folder.iterdir()) == []


@pytest.mark.train
def test_jobs_and_folders_that_are_not_there_are_refused(plan: Plan, tmp_path: Path) -> None:
    common = remote.common_spec(plan, 1, Costing())
    unknown = {"id": "0" * 32, "attempt": 1, "folder": str(tmp_path)}
    nowhere = {"id": plan.jobs[0].id, "attempt": 1, "folder": str(tmp_path / "nowhere")}

    def refused(job: dict[str, object]) -> str:
        told = json.loads(remote.work(json.dumps({"schema": "1", "common": common, "jobs": [job]})))
        return str(told["refused"])

    assert "not the one that was planned" in refused(unknown)
    assert "the workspace is not there" in refused(nowhere)


def test_a_training_whose_process_dies_is_begun_anew_a_bounded_number_of_times(plan: Plan, tmp_path: Path) -> None:
    """An answer that never comes is another try, up to the limit; the store counts every one."""
    with Store(tmp_path / "store") as store:
        training, jobs = plan.by_training()[0]
        again = []
        for number in range(1, cluster.MAX_ATTEMPTS + 1):
            handed = cluster._begin(store, training, list(jobs), number)
            again.append(not cluster._settle(store, handed, None))
        status = store.status(jobs[0].id)

    assert again == [True] * (cluster.MAX_ATTEMPTS - 1) + [False]
    assert (status.state, status.attempt) == ("failed", cluster.MAX_ATTEMPTS)
    assert status.reason.startswith("worker_died: ")


@pytest.mark.train
@pytest.mark.parametrize(
    ("error", "status"),
    [("Diverged.at(3)", "diverged"), ("OneClass('all alike')", "one_class"), ("MemoryError()", "out_of_memory")],
)
def test_a_training_that_fails_elsewhere_ends_with_its_status(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, status: str
) -> None:
    """The status travels; the attempt counts; nothing is tried again with other settings."""
    from fairtransfer.adapt import strategy
    from fairtransfer.adapt.strategies.full import Full

    def fail(*_: object) -> None:
        raise eval(error, vars(strategy))

    monkeypatch.setattr(Full, "fit", fail)
    with Store(tmp_path / "store") as store:
        training, jobs = next(found for found in plan.by_training() if found[0].kind == "full")
        handed = cluster._begin(store, training, list(jobs), 1)
        answer = json.loads(remote.work(cluster._specification(remote.common_spec(plan, 1, Costing()), handed)))
        assert cluster._settle(store, handed, answer), "it is not begun anew"
        found = store.status(jobs[0].id)

    assert (found.state, found.attempt, found.reason.split(":")[0]) == ("failed", 1, status)


def test_what_an_old_attempt_writes_late_is_never_read(plan: Plan, tmp_path: Path) -> None:
    """The process of attempt 1 was given up but lives; attempt 2 is the one that counts."""
    with Store(tmp_path / "store") as store:
        training, jobs = plan.by_training()[0]
        old = cluster._begin(store, training, list(jobs), 1)
        new = cluster._begin(store, training, list(jobs), 2)
        job = jobs[0].id
        (new.attempts[job].folder / "job.json").write_text("new")
        (old.attempts[job].folder / "job.json").write_text("old")
        assert cluster._settle(store, new, {"ready": [job], "reason": ""})
        found = store.result(job)
        assert found is not None
        assert (found / "job.json").read_text() == "new"
    with Store(tmp_path / "store"):
        assert [path.name for path in found.parent.iterdir()] == ["attempt-2"], "the next opening sweeps the old one"


# --- where, and how much -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["", "local", "127.0.0.1:6379", "ray://127.0.0.1:10001", "[::1]:6379", "localhost:6379"]
)
def test_a_cluster_of_this_machine_alone_needs_no_token(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    check_address(address)


@pytest.mark.parametrize("address", ["10.0.0.5:6379", "ray://head.example:10001", "auto", "[2001:db8::1]:6379"])
def test_a_cluster_others_reach_needs_a_token(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(DefinitionError, match=r"FT-P091.*RAY_AUTH_MODE=token"):
        check_address(address)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    check_address(address)


@pytest.mark.parametrize(
    ("threads", "nodes", "expected"),
    [
        ("", [{"CPU": 4}], (1, 0, 4)),
        ("2", [{"CPU": 4}, {"CPU": 3}], (2, 0, 3)),
        ("16", [{"CPU": 4}], (4, 0, 1)),
        ("", [{"CPU": 16, "GPU": 2}, {"CPU": 64}], (1, 1, 2)),
        ("", [{"CPU": 1, "GPU": 8}], (1, 1, 1)),
        ("all", [{"memory": 1.0}], (1, 0, 1)),
    ],
)
def test_what_a_training_is_given(
    monkeypatch: pytest.MonkeyPatch, threads: str, nodes: list[dict[str, float]], expected: tuple[int, int, int]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert cluster.share(nodes) == expected


def test_an_executor_that_is_not_known_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"FT-R012.*did you mean `ray`"):
        check_executor("rays")
    check_executor("local")


def test_nothing_of_ray_is_imported_before_it_is_needed() -> None:
    script = "import sys, fairtransfer.runner.cluster, fairtransfer.runner.remote, fairtransfer.cli.run\n"
    script += "print([m for m in ('ray', 'torch') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


# --- on a cluster ------------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    hidden = ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN")
    known = {key: value for key, value in os.environ.items() if key not in hidden}
    return {**known, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", **more}


def start(audit: Path, workspace: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "fairtransfer",
        "run",
        str(audit),
        "--workspace",
        str(workspace),
        "--executor",
        "ray",
    ]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def title(process: psutil.Process) -> str:
    try:
        return "".join(process.cmdline()[:1])
    except psutil.Error:
        return ""


def seen(process: subprocess.Popen[bytes], beginning: str) -> psutil.Process:
    """Wait for a process of the cluster with such a title."""
    while process.poll() is None:
        for child in family(process):
            if title(child).startswith(beginning):
                return child
        time.sleep(0.02)
    out, err = process.communicate()
    pytest.fail(f"the run ended without {beginning}: {(out + err).decode()}")


def listening(process: psutil.Process) -> Iterator[str]:
    try:
        found = process.net_connections(kind="inet")
    except psutil.Error:
        return
    yield from (c.laddr.ip for c in found if c.status == psutil.CONN_LISTEN)


def predictions(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("jobs/*/predictions.parquet"))}


def result(workspace: Path) -> Path:
    (folder,) = (workspace / "toy").iterdir()
    return folder


def attempts(folder: Path) -> Counter[int]:
    return Counter(read_json(path)["attempts"] for path in folder.glob("jobs/*/job.json"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same audit, carried out by one process."""
    root = tmp_path_factory.mktemp("local")
    return api.run(text_project(root / "p"), workspace=root / "w").folder


def same(folder: Path, done: Path) -> bool:
    files = ("findings.json", "verdict.json", "harm.json", "cells.parquet")
    return predictions(folder) == predictions(done) and all(
        (folder / name).read_bytes() == (done / name).read_bytes() for name in files
    )


@needs_ray
@pytest.mark.train
def test_a_cluster_finds_the_same_to_the_byte_and_nobody_else_reaches_it(tmp_path: Path, done: Path) -> None:
    process = start(text_project(tmp_path / "p"), tmp_path / "w")
    seen(process, "ray::full")
    helpers = family(process)
    heard = {ip.removeprefix("::ffff:") for child in helpers for ip in listening(child)}
    out, err = process.communicate()

    assert process.returncode in (0, 1, 4), err.decode()
    assert same(result(tmp_path / "w"), done)
    assert attempts(result(tmp_path / "w")) == {1: JOBS}
    assert heard == {"127.0.0.1"}
    assert not psutil.wait_procs(helpers, timeout=30)[1], "the cluster ends with the run"
    assert b"ray" not in err.lower() + out.lower().replace(b"-ray", b""), "and keeps quiet"


@needs_ray
@pytest.mark.train
def test_a_killed_process_costs_an_attempt_and_nothing_else(tmp_path: Path, done: Path) -> None:
    """A worker killed in the middle of a training: the training is begun anew and counted once."""
    process = start(text_project(tmp_path / "p"), tmp_path / "w")
    victim = seen(process, "ray::full")
    os.kill(victim.pid, signal.SIGKILL)
    _, err = process.communicate()
    folder = result(tmp_path / "w")

    assert process.returncode in (0, 1, 4), err.decode()
    assert same(folder, done)
    assert attempts(folder) == {1: JOBS - 1, 2: 1}
    (again,) = (job for path in folder.glob("jobs/*/job.json") if (job := read_json(path))["attempts"] == 2)
    assert again["strategy"] == "full"
    store = tmp_path / "w" / ".store"
    assert len([p for p in store.glob("jobs/*/attempt-*") if p.suffix != ".tmp"]) == JOBS
    assert read_json(folder / "run.json")["failed_jobs"] == []


@needs_ray
@pytest.mark.train
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_cluster_run_goes_on_anywhere(tmp_path: Path, done: Path, number: int, code: int) -> None:
    """Ctrl-C ends the cluster; the same command goes on, here with the other executor."""
    audit, workspace = text_project(tmp_path / "p"), tmp_path / "w"
    process = start(audit, workspace)
    seen(process, "ray::full")
    helpers = family(process)
    while process.poll() is None and not list(workspace.glob(".store/jobs/*/attempt-[0-9]/manifest.json")):
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate()[1]

    assert process.returncode == code, said
    assert b"the same command goes on" in said
    assert b"Traceback" not in said
    assert not psutil.wait_procs(helpers, timeout=30)[1]
    again = api.run(audit, workspace=workspace)
    assert 0 < again.fresh < JOBS
    assert same(again.folder, done)


@needs_ray
@pytest.mark.train
def test_a_cluster_that_does_not_answer_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fairtransfer", "run", str(text_project(tmp_path / "p")), "--executor", "ray"]
    told = environment(RAY_ADDRESS="127.0.0.1:9")
    found = subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert found.returncode == 3
    assert "no Ray cluster answers at RAY_ADDRESS=127.0.0.1:9" in found.stderr
    assert "Traceback" not in found.stderr
