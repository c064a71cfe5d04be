"""The packaged benchmark is what its card says: so many messages and patterns, none twice, and built from the patterns alone."""

from __future__ import annotations

import csv
import runpy
import shutil
from collections import Counter
from pathlib import Path

import pytest

from fairtransfer.resources import resource
from fairtransfer.spec import load_card

pytestmark = pytest.mark.fast

HOME = resource("data_cards") / "clinic_intents"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (HOME / "messages.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_intent_and_language_has_its_patterns(rows: list[dict[str, str]]) -> None:
    """Ten formal and ten informal patterns for each of 12 intents in six languages, two messages from each."""
    label = load_card(resource("data_cards") / "clinic_intents.md").card.label
    patterns = {row["pattern"]: (row["intent"], row["language"], row["register"]) for row in rows}
    cells = Counter(patterns.values())

    assert {intent for intent, _, _ in cells} == set(label.classes)
    assert len(cells) == 12 * 6 * 2
    assert set(cells.values()) == {10}
    assert set(Counter(row["pattern"] for row in rows).values()) == {2}


def test_no_message_stands_twice(rows: list[dict[str, str]]) -> None:
    """However it is spelled in capitals: 2,880 messages, and as many different ones."""
    texts = {" ".join(row["text"].casefold().split()) for row in rows}

    assert len(rows) == len(texts) == 2880
    assert len({row["id"] for row in rows}) == len(rows)


def test_the_messages_are_built_from_the_patterns_and_nothing_else(tmp_path: Path) -> None:
    """To the byte, in another place; one word changed in a pattern changes the messages."""
    for name in ("build.py", "patterns"):
        copy = shutil.copytree if (HOME / name).is_dir() else shutil.copy
        copy(HOME / name, tmp_path / name)

    runpy.run_path(str(tmp_path / "build.py"), run_name="__main__")
    assert (tmp_path / "messages.csv").read_bytes() == (HOME / "messages.csv").read_bytes()

    page = tmp_path / "patterns" / "en.yaml"
    page.write_text(page.read_text(encoding="utf-8").replace("appointment", "visit", 1), encoding="utf-8")
    runpy.run_path(str(tmp_path / "build.py"), run_name="__main__")
    assert (tmp_path / "messages.csv").read_bytes() != (HOME / "messages.csv").read_bytes()
