"""Torch's threads wait asleep: it is said before torch is loaded, and never over the user's word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fairtransfer.resources import resource
from fairtransfer.runner.waiting import FINER, POLICY, wait_passively

TELL = """\
import os, sys


class Told:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("torch is loaded:", os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(0)


sys.meta_path.insert(0, Told())
"""
WAYS = {
    "command": "sys.argv[1:] = ['run', {audit!r}]; from fairtransfer.cli.app import main; main()",
    "plan": "sys.argv[1:] = ['plan', {audit!r}]; from fairtransfer.cli.app import main; main()",
    "python": "import fairtransfer as ft; ft.run({audit!r}, progress=False)",
    "cluster": "from fairtransfer.runner.remote import look; look(1)",
    "twin": "import torch",
}


def told(way: str, folder: Path, **said: str) -> str:
    """Return how threads wait at the moment something asks for torch, in a process of its own."""
    # Within the process: what starts Python may set it as well.
    set_anew = f"for name in {(POLICY, *FINER)}: os.environ.pop(name, None)\nos.environ.update({said})\n"
    script = TELL + set_anew + WAYS[way].format(audit=str(resource("audits") / "quickstart.yaml"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, check=False)
    assert "torch is loaded:" in done.stdout, done.stderr
    return done.stdout.split()[-1]


@pytest.mark.parametrize(
    ("way", "seen"),
    [("command", "PASSIVE"), ("plan", "PASSIVE"), ("python", "PASSIVE"), ("cluster", "PASSIVE"), ("twin", "None")],
)
def test_threads_are_told_to_wait_before_torch_is_loaded(way: str, seen: str, tmp_path: Path) -> None:
    assert told(way, tmp_path) == seen


def test_the_users_word_stands(tmp_path: Path) -> None:
    assert told("python", tmp_path, OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"


@pytest.mark.parametrize("name", [POLICY, *FINER])
def test_whatever_the_user_said_of_waiting_is_left_alone(name: str) -> None:
    environment = {name: "1"}

    wait_passively(environment)

    assert environment == {name: "1"}
