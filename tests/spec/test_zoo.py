"""Every broken definition in `zoo/` gives exactly the messages written beside it, all at once, without a traceback.

A folder holds `case.yaml` (what is done to the base project, or with `given: true` to one whose predictions were made
elsewhere) and `expected.txt` (what people see). To write the messages anew after a deliberate change:
`FT_UPDATE_GOLDEN=1 pytest tests/spec/test_zoo.py`, then read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.given_project import given_project
from support.plans import jobs_of
from support.toy import HERE, toy_rows, write_project
from support.zoo_make import MAKERS

from fairtransfer.data.opening import open_benchmark
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.runner.job import Roots
from fairtransfer.runner.label_budgets import budget_problems
from fairtransfer.runner.opened_data import open_data
from fairtransfer.spec import load_audit, load_card

pytestmark = pytest.mark.fast

ZOO = HERE / "zoo"
CASES = sorted(path.parent.name for path in ZOO.glob("*/case.yaml"))


def _apply(root: Path, case: dict[str, object]) -> None:
    if case.get("given"):
        given_project(root)
    for name, changes in (case.get("patch") or {}).items():
        path = root / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
    for name, content in (case.get("write") or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    for maker in case.get("make") or []:
        MAKERS[maker](root)
    if case.get("rehash"):
        _rehash(root)


def _rehash(root: Path) -> None:
    """Bring the card's digest up to date, so that only the fault under test is reported."""
    import hashlib

    card = root / "data_cards" / "toy.md"
    text = card.read_text(encoding="utf-8")
    name = re.search(r"path: ([\w./]+), sha256", text)
    assert name is not None
    digest = hashlib.sha256((root / "data_cards" / name[1]).read_bytes()).hexdigest()
    card.write_text(re.sub(r"sha256: [0-9a-f]{64}, rows: \d+", f"sha256: {digest}", text, count=1), encoding="utf-8")


def _messages(root: Path, stage: str) -> list[str]:
    """What each stage says, warnings too; stages go as far as they can, as the commands do."""
    found = Problems()
    try:
        if stage == "card":
            open_benchmark(load_card(root / "data_cards" / "toy.md", found), root / "data", found)
        else:
            files = load_audit(root / "audits" / "audit.yaml", found)
            if stage == "plan":
                jobs_of(files, max_jobs=100)
            elif stage == "answers":
                made = jobs_of(files)
                found.extend(made.files.warnings)
                open_data(made.files, made.roots, made.predictions)
            elif stage == "sides":
                sides = open_data(files, Roots())
                found.extend(sides.warnings)
                found.extend(budget_problems(files, len(sides.adaptation.train)))
    except DefinitionError as error:
        found.extend(error.problems)
    return [f"{p.severity}: {p}" for p in sorted(found, key=lambda p: p.order)]


@pytest.mark.parametrize("name", CASES)
def test_broken_definitions_give_their_messages(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole text is compared: code, place, what was found, what is allowed, what to do."""
    case = YAML(typ="safe", pure=True).load((ZOO / name / "case.yaml").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, toy_rows())
    _apply(tmp_path, case)

    messages = "\n".join(_messages(tmp_path, case["stage"])).replace(str(tmp_path), "PROJECT") + "\n"

    golden = ZOO / name / "expected.txt"
    if os.environ.get("FT_UPDATE_GOLDEN"):
        golden.write_text(messages, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == messages
    assert name.split("-")[0] in messages.replace("FT-", "")


def test_the_base_project_is_sound(tmp_path: Path) -> None:
    """The project all cases start from has no problem: what a case reports comes from its change."""
    files = load_audit(write_project(tmp_path))

    sides = open_data(files, Roots())

    assert jobs_of(files).jobs
    assert budget_problems(files, len(sides.adaptation.train)) == []
