"""The examples of the documentation do what they say: those of every exported name, and the README's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from support.given_project import given_project
from support.tables import table

import fairtransfer as ft
from fairtransfer.findings.collection import Findings
from fairtransfer.findings.metric_table import MetricTable

README = Path(__file__).parents[2] / "README.md"
TYPES = ("Columns", "Finding", "Measurement", "Plan", "Policy", "Run", "Verdict")
SHOWN = {**{name: getattr(ft, name) for name in (*TYPES, "measure")}, "Findings": Findings, "MetricTable": MetricTable}
FORGIVING = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the examples expect it: a table of answers, and an audit whose predictions are given."""
    given_project(tmp_path).rename(tmp_path / "audits" / "first.yaml")
    table(1200).to_csv(tmp_path / "answers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failures(name: str, text: str) -> list[str]:
    """What an example prints and what it says it prints, where these differ."""
    told: list[str] = []
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    doctest.DocTestRunner(verbose=False, optionflags=FORGIVING).run(example, out=told.append)
    return told


@pytest.mark.parametrize("name", SHOWN)
def test_examples_print_what_they_say(name: str, here: Path) -> None:
    text = SHOWN[name].__doc__ or ""

    assert "\n    Examples\n    --------\n" in text, "every name that is exported shows how it is used"
    assert failures(name, text) == []


def test_an_example_that_says_something_else_is_found(here: Path) -> None:
    assert failures("x", ">>> 1 + 1\n2\n") == []
    assert failures("x", ">>> 1 + 1\n3\n") != []


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def test_the_readme_runs(here: Path) -> None:
    code = blocks(README.read_text(encoding="utf-8"))
    known: dict[str, Any] = {}
    for block in code:
        exec(compile(block, "README", "exec"), known)

    assert len(code) == 1
    assert known["found"].verdict.outcome in ("pass", "fail", "inconclusive")
    assert (here / "report" / "table.html").is_file()
    assert known["run"].report_file.is_file()
