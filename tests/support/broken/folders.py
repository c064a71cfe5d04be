"""Folders whose files are broken: checkpoints, given predictions, finished runs."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from support.broken.definitions import SAID
from support.broken.outcome import Case
from support.broken.tables import damaged, odd


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _broken_json(rng: Random, content: Any) -> str:
    """Put something else in place of one value, somewhere inside."""
    inside, at = content, None
    while isinstance(inside, (dict, list)) and inside:
        holder, at = inside, rng.choice(list(inside)) if isinstance(inside, dict) else rng.randrange(len(inside))
        inside = holder[at]
        if rng.random() < 0.3:
            break
    if at is None:
        return "nothing"
    if rng.random() < 0.3:
        del holder[at]
        return f"without {at!r:.30}"
    holder[at] = odd(rng, text=rng.random() < 0.4)
    if isinstance(holder[at], bytes):
        holder[at] = None
    return f"{holder[at]!r:.30} at {at!r:.30}"


def break_file(rng: Random, folder: Path) -> str:
    """Break one file of a folder: lose it, damage its bytes, or change a value where it is JSON; say what was done."""
    path = rng.choice(_files(folder))
    name = path.relative_to(folder)
    path.chmod(0o644)
    if rng.random() < 0.15:
        path.unlink()
        return f"no {name}"
    if path.suffix == ".json" and rng.random() < 0.7:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            content = None
        if isinstance(content, (dict, list)):
            told = _broken_json(rng, content)
            path.write_text(json.dumps(content, default=repr), encoding="utf-8")
            return f"{name}: {told}"
    content, how = damaged(rng, path.read_bytes())
    path.write_bytes(content)
    return f"{name}: {how}"


def checkpoint_case(rng: Random, folder: Path) -> Case:
    """Break the model's folder of a sound project, and return how it is looked at."""
    told = [break_file(rng, folder / "models" / "tiny") for _ in range(rng.randrange(1, 3))]
    return Case(("validate", str(folder / "audits" / "audit.yaml")), folder, "; ".join(told))


def given_case(rng: Random, folder: Path) -> Case:
    """Break the predictions that an audit names, and return how they are looked at."""
    path = folder / "audits" / "answers.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    told = []
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(lines) - 1)
        cells = lines[place].split(",")
        at, value = rng.randrange(len(cells)), odd(rng, text=True)
        told.append(f"{value!r:.30} at line {place + 1}, column {at + 1}")
        cells[at] = value.replace("\n", " ") if isinstance(value, str) else str(value)
        lines[place] = ",".join(cells)
        if rng.random() < 0.3:
            lines.insert(rng.randrange(len(lines)), lines.pop(rng.randrange(len(lines))))
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    if rng.random() < 0.3:
        content, how = damaged(rng, content)
        told.append(how)
    if rng.random() < 0.4:
        sign = rng.choice(";|\t")
        content = content.replace(b",", sign.encode())
        told.append(f"between {sign!r}")
    if rng.random() < 0.1:
        content = content.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-16-le", "utf-32"]))
        told.append("in another encoding")
    path.write_bytes(content)
    audit = folder / "audits" / "audit.yaml"
    said = rng.sample(SAID, rng.randrange(3))
    written = "".join(f", {one}" for one in said)
    audit.write_text(
        audit.read_text(encoding="utf-8").replace('answers.csv"', f'answers.csv"{written}', 1), encoding="utf-8"
    )
    return Case(("validate", str(audit)), folder, "; ".join([*told, *said]))


def run_folder_case(rng: Random, folder: Path) -> Case:
    """Break a finished run, and return how it is read."""
    (run,) = (path.parent for path in folder.rglob("SHA256SUMS"))
    told = [break_file(rng, run) for _ in range(rng.randrange(1, 3))]
    return Case((rng.choice(["verify", "gate", "report"]), str(run)), folder, "; ".join(told))
