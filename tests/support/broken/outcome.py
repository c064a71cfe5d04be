"""What may come of an input, whatever it is: a report, a refusal with a code, or an honest status; the input as it was."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtransfer.cli import app

LONGEST = 60.0
"""Seconds, on a machine that may be busy with other tests; a hang is longer."""

EXITS = (0, 1, 2, 4, 5, 6)
"""Verdicts, refusals and damage. 3, an accident in a training, cannot be: nothing is trained here."""

CODE = re.compile(r"FT-[A-Z]\d{3}|^Usage:", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes
    ----------
    arguments
        Of the command line.
    folder
        Where the input lies; nothing in it may change.
    told
        What was broken, for whoever reads a failure.
    """

    arguments: tuple[str, ...]
    folder: Path
    told: str


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    case: Case
    code: int
    out: str
    err: str
    seconds: float
    unchanged: bool

    def faults(self) -> list[str]:
        """Return what must never be."""
        said = self.out + self.err
        found = [word for word in ("Traceback", "this is a bug", "Internal", "Warning:") if word in said]
        if self.code not in EXITS:
            found.append(f"exit {self.code}")
        if self.code == 2 and not CODE.search(self.err):
            found.append("a refusal without a code")
        if self.code == 6 and str(self.case.folder) not in self.err:
            found.append("damage without a place")
        if not self.unchanged:
            found.append("the input was changed")
        if self.seconds > LONGEST:
            found.append(f"{self.seconds:.0f} s")
        return found


def digest_of(folder: Path) -> str:
    """Return one digest of every file's name and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tried(case: Case) -> Outcome:
    """Run the command line in this process, from `main` on."""
    before, kept, said = digest_of(case.folder), sys.argv, (io.StringIO(), io.StringIO())
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    start, code = time.perf_counter(), 0
    sys.argv = ["fairtransfer", *case.arguments]
    try:
        with contextlib.redirect_stdout(said[0]), contextlib.redirect_stderr(said[1]):
            app.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    finally:
        sys.argv = kept
        for number, handler in handlers.items():
            signal.signal(number, handler)
    seconds = time.perf_counter() - start
    return Outcome(case, code, said[0].getvalue(), said[1].getvalue(), seconds, digest_of(case.folder) == before)


def passed_on_nothing(document: dict[str, Any]) -> bool:
    """Say whether a verdict passes although no comparison was made."""
    verdict = document.get("verdict") or {}
    gates = verdict.get("gates") or []
    made = sum(len(gate["contrasts"]) for gate in gates)
    return verdict.get("outcome") == "pass" and made == 0


def document_in(path: Path) -> dict[str, Any]:
    """Return what a command wrote as JSON; nothing where it wrote none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
