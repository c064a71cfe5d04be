"""The definitions below a folder: its audits and data cards, and what looks like one and is left out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_AUDIT_KEY = re.compile(r"^(benchmarks|before|strategies|label_budgets|gates|adapt_on)\s*:", re.M)
_CARD_KEY = re.compile(r"^fairtransfer\s*:", re.M)
_HEAD = 20_000
"""Characters in which a file must show what it is."""

_NOT_OURS = {"SHA256SUMS": "a run", ".store": "a workspace", "pyvenv.cfg": "a virtual environment"}
"""What marks a folder whose files nobody here wrote as definitions: copies in runs are checked by `verify`."""


@dataclass(frozen=True, slots=True)
class Found:
    """Audits and cards, sorted, and what was left out, with the reason."""

    definitions: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)


def definitions_in(folder: Path) -> Found:
    """Return the audits and data cards below a folder; hidden folders are not looked into."""
    found = Found()
    for place, folders, names in os.walk(folder):
        here = Path(place)
        for name in sorted(folders):
            if name.startswith(".") or (why := _why_not(here / name)):
                folders.remove(name)
                found.left_out.extend([] if name.startswith(".") else [(here / name, why)])
        for path in (here / name for name in names):
            _sort(path, found)
    found.definitions.sort()
    found.left_out.sort()
    return found


def _why_not(folder: Path) -> str:
    return next((what for mark, what in _NOT_OURS.items() if (folder / mark).exists()), "")


def _sort(path: Path, found: Found) -> None:
    """Put a file with the definitions, or a YAML file that is no audit with what is left out."""
    if path.suffix.lower() in (".yaml", ".yml"):
        if _AUDIT_KEY.search(_head(path)):
            found.definitions.append(path)
        else:
            found.left_out.append((path, "no audit"))
    elif path.suffix.lower() == ".md" and _CARD_KEY.search(_head(path)):
        found.definitions.append(path)


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_HEAD)
    except OSError:
        return ""
