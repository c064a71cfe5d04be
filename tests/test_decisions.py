"""Decisions can be used: each has a date and a status, what was reversed says by what, and the index lists them all.

``FT_UPDATE_GOLDEN=1 pytest tests/test_decisions.py`` writes the index anew.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.fast

DOCS = Path(__file__).parents[1] / "docs"
INDEX = DOCS / "decisions.md"
BEGIN = "<!-- The index: written by tests/test_decisions.py -->\n"
STATUS = re.compile(r"(\d{4}-\d\d-\d\d): (stands|measured|failed|reversed by|reversed in part by)\b(.*)\.")
LINK = re.compile(r"\[[^\]]*\]\(([^)#]*)#([^)]*)\)")


class Entry(NamedTuple):
    """One decision: its page without suffix, its heading, the line below it, and its reasons."""

    page: str
    title: str
    line: str
    reasons: str

    @property
    def place(self) -> tuple[str, str]:
        return self.page, slug(self.title)

    def links(self, part: str) -> list[tuple[str, str]]:
        """The places that a part of the line below the heading points to."""
        return [(Path(page).stem or self.page, anchor) for page, anchor in LINK.findall(part)]

    def reversed_by(self) -> list[tuple[str, str]]:
        status, _, _ = self.line.partition("; revises ")
        return self.links(status) if "reversed" in status else []

    def revises(self) -> list[tuple[str, str]]:
        _, _, revised = self.line.partition("; revises ")
        return self.links(revised)


def slug(title: str) -> str:
    """The anchor that readers of Markdown give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def entries_of(page: str, text: str) -> list[Entry]:
    parts = (part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.M)[1:])
    found = ((title, body.strip().partition("\n")) for title, body in parts)
    return [Entry(page, title, line, reasons.strip()) for title, (line, _, reasons) in found]


def pages() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "decisions").glob("*.md"))}


def faults(entries: list[Entry]) -> list[str]:
    """Entries without date, status or reason; told twice; reversed by nothing; links that lead nowhere or one way only."""
    by_place = {entry.place: entry for entry in entries}
    named_twice = (title for title, times in Counter(entry.title for entry in entries).items() if times > 1)
    found = [f"told twice: {title}" for title in named_twice]
    for entry in entries:
        status = STATUS.fullmatch(entry.line)
        if status is None:
            found.append(f"no date or status: {entry.title}")
        elif not entry.reasons:
            found.append(f"no reason: {entry.title}")
        elif status[2].endswith("by") and not entry.reversed_by():
            found.append(f"reversed by what: {entry.title}")
        for place in entry.reversed_by() + entry.revises():
            if place not in by_place:
                found.append(f"leads nowhere: {entry.title} -> {'#'.join(place)}")
        back = ((p, "reversed_by", "revises") for p in entry.reversed_by())
        forth = ((p, "revises", "reversed_by") for p in entry.revises())
        for place, _, answer in (*back, *forth):
            if place in by_place and entry.place not in getattr(by_place[place], answer)():
                found.append(f"one way only: {entry.title} -> {'#'.join(place)}")
    return found


def index(texts: dict[str, str]) -> str:
    """The index below its introduction: a table for every page."""
    parts = [BEGIN]
    for page, text in texts.items():
        title = re.sub(r"Decisions: ", "", text.split("\n", 1)[0].removeprefix("# "))
        rows = [
            f"| {entry.line[:10]} | [{entry.title}](decisions/{page}.md#{slug(entry.title)}) | {_short(entry)} |"
            for entry in entries_of(page, text)
        ]
        heading = f"\n## [{title[0].upper() + title[1:]}](decisions/{page}.md)\n"
        parts += [heading, "\n| date | decision | status |\n|---|---|---|\n", "\n".join(rows) + "\n"]
    return "".join(parts)


def _short(entry: Entry) -> str:
    found = STATUS.fullmatch(entry.line)
    return found[2].removesuffix(" by") if found else "?"


def test_every_decision_has_a_date_a_status_and_a_reason() -> None:
    entries = [entry for page, text in pages().items() for entry in entries_of(page, text)]

    assert len(entries) > 80
    assert faults(entries) == []


def test_the_index_lists_every_decision() -> None:
    text = INDEX.read_text(encoding="utf-8")
    before, begin, _ = text.partition(BEGIN)
    assert begin
    fresh = before + index(pages())
    if os.environ.get("FT_UPDATE_GOLDEN"):
        INDEX.write_text(fresh, encoding="utf-8")
        return

    assert text == fresh, "the index is old: FT_UPDATE_GOLDEN=1 pytest tests/test_decisions.py"


PAGE = """\
# Decisions: things

## A is so

2026-11-22: reversed by [b](#b-is-so-after-all).

Because.

## B is so, after all

2026-11-23: stands; revises [a](#a-is-so).

Because not.
"""


def test_an_entry_is_read() -> None:
    a, b = entries_of("things", PAGE)

    assert (a.title, a.reasons, a.reversed_by()) == ("A is so", "Because.", [("things", "b-is-so-after-all")])
    assert (b.line[:10], b.revises()) == ("2026-11-23", [a.place])
    assert "| 2026-11-22 | [A is so](decisions/things.md#a-is-so) | reversed |" in index({"things": PAGE})


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("2026-11-23: stands", "2026-11-23: holds", "no date or status: B is so, after all"),
        ("2026-11-23: stands", "stands", "no date or status: B is so, after all"),
        ("Because.\n", "", "no reason: A is so"),
        ("by [b](#b-is-so-after-all)", "by b", "reversed by what: A is so"),
        ("#b-is-so-after-all", "#c", "leads nowhere: A is so -> things#c"),
        ("; revises [a](#a-is-so)", "", "one way only: A is so -> things#b-is-so-after-all"),
        ("reversed by [b](#b-is-so-after-all)", "stands", "one way only: B is so, after all -> things#a-is-so"),
        ("## B is so, after all", "## A is so", "told twice: A is so"),
    ],
)
def test_a_faulty_entry_is_found(old: str, new: str, fault: str) -> None:
    assert faults(entries_of("things", PAGE)) == []
    assert old in PAGE
    assert fault in faults(entries_of("things", PAGE.replace(old, new)))
