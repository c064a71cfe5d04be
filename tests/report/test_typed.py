"""The report works on types: no value is picked out of an object by a string, where a misspelt or forgotten key says nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairtransfer.report

pytestmark = pytest.mark.fast

ROOM = Path(fairtransfer.report.__file__).parent
EXCEPTIONS: dict[str, str] = {}
"""``file: key`` -> why it is picked by a string."""


def picked(source: str) -> Iterator[str]:
    """The strings by which a file picks values: ``row["ci"]``, ``row[f"n_{name}"]``, ``row.get("ci")``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript):
            key: ast.expr | None = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
            key = node.args[0] if node.args else None
        else:
            continue
        if isinstance(key, ast.JoinedStr) or (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            yield ast.unparse(key)


def test_the_report_picks_nothing_by_a_string() -> None:
    found = {f"{path.name}: {key}" for path in sorted(ROOM.rglob("*.py")) for key in picked(path.read_text())}

    assert found == set(EXCEPTIONS)


def test_a_string_that_picks_is_seen() -> None:
    """The twin."""
    source = (
        'a = row["ci"], row[f"n_{side}"], row.get("n"), rows[0], words[side], Literal["a", "b"], row.pop("x", None)\n'
    )

    assert sorted(picked(source)) == ["'ci'", "'n'", "'x'", "f'n_{side}'"]


def test_templates_ask_for_attributes() -> None:
    """What a template shows is an attribute of the document, a table or a figure."""
    texts = [path.read_text() for path in (ROOM.parents[1] / "templates").glob("*.j2")]

    assert texts
    assert not [text for text in texts if "['" in text or '["' in text]
