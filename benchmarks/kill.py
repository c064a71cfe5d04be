"""Kill a run at random moments and go on: its predictions and findings must be those of an undisturbed run, to the byte.

    python benchmarks/kill.py AUDIT [--data-root DIR] [--model-root DIR] [--times 5] [--seed 0]

Prints what it saw and ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAME = ("jobs/*/predictions.parquet", "benchmarks/*/items.parquet", "run.json", "findings.json", "verdict.json")


def start(arguments: list[str], workspace: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    command = [sys.executable, "-m", "fairtransfer", "run", *arguments, "--workspace", str(workspace)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finish(arguments: list[str], workspace: Path) -> float:
    """Run to the end and return the seconds it took."""
    began = time.perf_counter()
    process = start(arguments, workspace)
    said = process.communicate()[1].decode()
    if process.returncode not in (0, 1, 4):
        sys.exit(f"the run ended with {process.returncode}: {said}")
    return time.perf_counter() - began


def evidence(workspace: Path) -> dict[str, bytes]:
    """Return the files of the one run in a workspace that must not depend on what happened on the way."""
    (folder,) = (path.parent for path in workspace.glob("*/*/findings.json"))
    return {str(path.relative_to(folder)): path.read_bytes() for name in SAME for path in folder.glob(name)}


def kill(arguments: list[str], workspace: Path, after: float) -> str:
    """Start a run, kill it after so many seconds and return what was kept."""
    process = start(arguments, workspace)
    time.sleep(after)
    ended = process.poll() is not None
    if not ended:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    what = "it had ended already" if ended else f"killed ({-process.returncode})"
    return f"after {after:5.1f} s: {what}, {kept(workspace)} jobs kept"


def kept(workspace: Path) -> int:
    """Return how many jobs are finished."""
    return len(list(workspace.glob(".store/jobs/*/attempt-[0-9]/manifest.json")))


def main() -> None:
    """Run undisturbed, run with kills, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audit")
    parser.add_argument("--data-root")
    parser.add_argument("--model-root")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    roots = [("--data-root", given.data_root), ("--model-root", given.model_root)]
    arguments = [given.audit, *(part for name, value in roots if value for part in (name, value))]
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        seconds = finish(arguments, whole)
        expected = evidence(whole)
        jobs = kept(whole)
        print(f"{given.audit}: {jobs} jobs, undisturbed in {seconds:.1f} s")
        for _ in range(given.times):
            # As long as what is left takes, about: later starts have less to do.
            left = seconds * max(1 - kept(broken) / jobs, 0.1)
            print(" ", kill(arguments, broken, rng.uniform(0.05, 0.9) * left))
        print(f"  then to the end in {finish(arguments, broken):.1f} s")
        found = evidence(broken)
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    print(f"  {len(expected)} files compared, {len(differing)} differ", *differing, sep="\n    ")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
