"""The formats of a report say the same: Markdown, HTML and JSON hold the same words and the same numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from markdown_it import MarkdownIt
from support.finished_runs import KINDS, finished
from support.html_page import Page

from fairtransfer.evidence.canonical import read_json
from fairtransfer.findings.rows import Stage


@pytest.fixture(scope="module", params=sorted(KINDS))
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of a finished run of every kind."""
    return finished(request.param, tmp_path_factory) / "report"


def page(report: Path) -> Page:
    return Page((report / "report.html").read_text(encoding="utf-8"))


def markdown(report: Path) -> Page:
    """The Markdown as its readers' tools show it."""
    text = (report / "report.md").read_text(encoding="utf-8")
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


# --- the same in every format ------------------------------------------------------------------------------------------


def told(page: Page) -> list[list[str]]:
    """Every table's cells, but for the one people fill in and those in a card's own text."""
    prose = [table for e in page.root.walk() if "prose" in e.classes for table in e.all("table")]
    tables = [t for t in page.all("table") if "sign" not in t.classes and t not in prose]
    return [[cell.text for cell in table.all("th", "td")] for table in tables]


def test_markdown_and_html_hold_the_same_tables(report: Path) -> None:
    """Read back by a Markdown parser: the same cells in the same order, whatever characters names hold."""
    assert told(markdown(report)) == told(page(report))


def test_markdown_tables_have_rows_of_one_length(report: Path) -> None:
    """By the plain rule of every Markdown dialect: the same number of unescaped bars in all lines of a table."""
    text = (report / "report.md").read_text(encoding="utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)

    assert len(tables) > 3
    assert ragged(tables) == []


def ragged(tables: list[str]) -> list[str]:
    return [table for table in tables if len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) != 1]


def test_a_bar_in_a_name_would_be_noticed() -> None:
    """The twin."""
    assert ragged(["| a\\|b | 1 |\n| --- | --- |\n"]) == []
    assert len(ragged(["| a|b | 1 |\n| --- | --- |\n"])) == 1


def test_sentences_are_the_same_in_every_format(report: Path) -> None:
    whole = read_json(report / "report.json")
    said = " ".join(markdown(report).root.text.split())

    for sentence in [whole["question"], *whole["findings"], *whole["unknowns"]]:
        assert sentence in page(report).visible
        assert sentence in said
    assert whole["headline"] in said


# --- JSON --------------------------------------------------------------------------------------------------------------

GATE = {
    "type": "object",
    "required": ["id", "outcome", "reason", "decided_by", "needed"],
    "properties": {
        "outcome": {"enum": ["pass", "fail", "inconclusive", "not_applicable", "error"]},
        "reason": {"type": "string", "minLength": 1},
        "decided_by": {"type": "array", "items": {"type": "object", "required": ["benchmark", "group"]}},
        "needed": {"type": "array"},
    },
}
# A gap is of groups with counts of their own.
COUNTED = {"n": {"type": "number"}, "level": {"const": "gap"}, "status": {"not": {"const": "ok"}}}
ROW = {
    "type": "object",
    "required": [
        "benchmark",
        "stage",
        "strategy",
        "label_budget",
        "group",
        "metric",
        "n",
        "k",
        "estimate",
        "ci",
        "status",
    ],
    "properties": {
        "stage": {"enum": list(get_args(Stage))},
        "against": {"type": ["object", "string", "null"]},
        "group": {"type": "object", "additionalProperties": {"type": "string"}},
        "status": {"enum": ["ok", "suppressed", "too_small", "undefined", "not_measured"]},
        "estimate": {"type": ["number", "null"]},
        "ci": {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    },
    "if": {"properties": {"status": {"const": "ok"}}},
    "then": {"properties": {"estimate": {"type": "number"}}},
    "else": {"properties": {"estimate": {"type": "null"}, "ci": {"type": "null"}}},
    "anyOf": [{"properties": {name: value}} for name, value in COUNTED.items()],
}
SHAPE = {
    "type": "object",
    "required": ["schema", "audit_id", "run_id", "rows", "verdict", "evidence"],
    "properties": {
        "schema": {"const": "1"},
        "rows": {"type": "array", "items": ROW},
        "verdict": {
            "type": "object",
            "required": ["outcome", "gates"],
            "properties": {"outcome": GATE["properties"]["outcome"], "gates": {"type": "array", "items": GATE}},  # type: ignore[index]
        },
    },
}


def test_the_json_has_the_documented_shape(report: Path) -> None:
    """Rows with a number have an `n`; rows without one have a status and null, never a zero."""
    text = (report / "report.json").read_text(encoding="utf-8")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    jsonschema.validate(json.loads(text, parse_constant=refuse), SHAPE)


@pytest.mark.parametrize(
    "change",
    [{"status": "fine"}, {"estimate": None}, {"n": None}, {"status": "suppressed"}, {"ci": [0.1]}, {"stage": "later"}],
)
def test_another_shape_is_noticed(change: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The twin: one field of one row."""
    whole = read_json(finished("fail", tmp_path_factory) / "report" / "report.json")
    whole["rows"][0].update(change)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(whole, SHAPE)


def test_the_json_keeps_numbers_as_they_were_found(report: Path) -> None:
    """Unrounded, row by row those of findings.json, but for what is hidden (and what other rows that are hidden would tell)."""

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        details = {
            k: v for k, v in (row["details"] or {}).items() if "if_unknown_belonged" not in k and k != "screening"
        }
        return {**row, "details": details}

    found = read_json(report.parent / "findings.json")["rows"]
    shown = read_json(report / "report.json")["rows"]

    assert len(shown) == len(found)
    assert [plain(row) for row in shown if row["status"] != "suppressed"] == [
        plain(row) for other, row in zip(shown, found, strict=True) if other["status"] != "suppressed"
    ]
