"""The command line, run in this process or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairtransfer.cli import app

Said = tuple[int, str, str]
Command = Callable[..., Said]


def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command from `main` on, and returns its exit code and what it printed."""

    def run(*arguments: object) -> Said:
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        monkeypatch.setattr(sys, "argv", ["fairtransfer", *map(str, arguments)])
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                app.main()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return run


def process(*arguments: object, cwd: Path, script: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, or a script that is given its arguments, as a process of its own."""
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    start = ["-c", script] if script else ["-m", "fairtransfer"]
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=known, capture_output=True, text=True, check=False)
