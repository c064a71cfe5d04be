"""How results show themselves: never more than a screen, nothing left out without a line that counts it, and safe HTML."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.html_page import ACTIVE, Page, malformed

from fairtransfer.display import MOST_LINES, MOST_OPEN, MOST_ROWS, WIDTH, Display, Grid, as_html, as_text

pytestmark = pytest.mark.fast

CELLS = st.text(st.characters(codec="utf-8"), max_size=60)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    columns = draw(st.integers(1, 9))
    row = st.tuples(*[CELLS] * columns)
    return Grid(draw(CELLS), draw(row), tuple(draw(st.lists(row, max_size=60))), draw(st.integers(1, columns)))


DISPLAYS = st.builds(
    Display,
    title=st.text(st.characters(codec="utf-8"), max_size=300),
    headline=st.sampled_from(["", "MEETS POLICY", "DOES NOT MEET POLICY"]),
    outcome=st.sampled_from(["pass", "fail", "none"]),
    sentences=st.lists(st.text(st.characters(codec="utf-8"), max_size=400), max_size=12).map(tuple),
    grids=st.lists(grids(), max_size=5).map(tuple),
    more=CELLS,
)


def columns(line: str) -> int:
    """Counted plainly: wide characters twice, what is set above another not at all."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line if not unicodedata.combining(c))


@given(DISPLAYS)
@settings(max_examples=60, deadline=None)
def test_no_result_takes_more_than_a_screen(shown: Display) -> None:
    lines = as_text(shown).split("\n")

    assert len(lines) <= MOST_LINES
    assert max(map(columns, lines)) <= WIDTH
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", "".join(lines)), "nothing commands a terminal"


@given(DISPLAYS)
@settings(max_examples=30, deadline=None)
def test_no_result_is_malformed_html_or_does_anything(shown: Display) -> None:
    page = Page(as_html(shown))

    assert malformed(page) == []
    assert not ACTIVE & {element.tag for element in page.root.walk()}
    assert not any(name.startswith("on") for element in page.root.walk() for name in element.attributes)


def rows(number: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"group {n}", str(n)) for n in range(number))


def test_rows_that_are_left_out_are_counted() -> None:
    text = as_text(Display("Title", grids=(Grid("Table", ("Group", "Cases"), rows(100)),)))
    shown = len(re.findall(r"^group \d+", text, re.M))

    assert f"… {100 - shown} more rows" in text
    assert as_text(Display("Title", grids=(Grid("Table", ("Group", "Cases"), rows(10)),))).count("group ") == 10
    page = Page(as_html(Display("Title", grids=(Grid("Table", ("Group", "Cases"), rows(100)),))))
    assert len(page.all("tbody")[0].all("tr")) == MOST_ROWS
    assert f"{100 - MOST_ROWS} more rows" in page.root.text


def test_a_heading_is_no_row_and_stands_with_a_row_of_its_part() -> None:
    parts = tuple(row for part in range(12) for row in ((f"by {part}", ""), *((f"  group {n}", "1") for n in range(3))))
    lines = as_text(Display("Title", grids=(Grid("Table", ("Group", "Cases"), parts),))).split("\n")
    shown = sum(line.startswith("  group") for line in lines)

    assert lines[-1] == f"  … {36 - shown} more rows"
    assert not lines[-2].startswith("by")
    page = Page(as_html(Display("Title", grids=(Grid("Table", ("Group", "Cases"), parts),))))
    assert f"{36 - (MOST_ROWS - MOST_ROWS // 4 - 1)} more rows" in page.root.text


def test_tables_after_a_long_one_are_folded_in_a_notebook() -> None:
    def folded(*numbers: int) -> list[str]:
        tables = tuple(Grid(f"Table {n}", ("Group", "Cases"), rows(n)) for n in numbers)
        return [summary.text for summary in Page(as_html(Display("Title", grids=tables))).all("summary")]

    assert folded(1000) == []
    assert folded(5, 6, 7) == []
    assert folded(MOST_OPEN - 1, 200, 3) == ["Table 200", "Table 3"]


def test_sentences_that_are_left_out_are_counted() -> None:
    text = as_text(Display("Title", sentences=tuple(f"Sentence {n}." for n in range(10))))

    assert "Sentence 5." in text
    assert "and 4 more" in text
    assert "Sentence 6." not in text


def test_every_table_has_its_share_of_the_lines() -> None:
    """The first does not push the second out."""
    both = (Grid("First", ("Gate", ""), rows(50)), Grid("Second", ("Group", "Cases"), rows(50)))
    text = as_text(Display("Title", grids=both))

    assert "First" in text
    assert "Second" in text
    assert text.count("more rows") == 2


def test_numbers_stand_flush_right_and_words_left() -> None:
    grid = Grid("", ("Group", "Cases"), (("a", "1"), ("a longer name", "1,000")))

    assert as_text(Display("Title", grids=(grid,))).split("\n")[1:] == [
        "Group          Cases",
        "a                  1",
        "a longer name  1,000",
    ]


def test_words_are_cut_before_columns_of_numbers_are_left_out() -> None:
    row = ("x" * 90, *["12.3% (10.2 to 14.4)"] * 3)
    line = as_text(Display("Title", grids=(Grid("", ("Group", "Before", "After", "Change"), (row,)),))).split("\n")[-1]

    assert line.count("12.3%") == 3
    assert line.startswith("x" * 20)
    assert "…" in line


def test_html_says_what_is_what() -> None:
    grid = Grid("Error rate", ("Group", "Cases"), rows(2))
    page = Page(as_html(Display("Title", "MEETS POLICY", "pass", ("A sentence.",), (grid,), "More: findings")))
    table = page.all("table")[0]

    assert page.root.children[0].attributes["aria-label"] == "MEETS POLICY: Title"  # type: ignore[union-attr]
    assert [head.attributes["scope"] for head in table.all("th")] == ["col", "col", "row", "row"]
    assert table.all("caption")[0].text == "Error rate"
    assert "A sentence." in page.root.text
    assert not re.search(r"https?:|url\(|@import", as_html(Display("Title", grids=(grid,)))), "nothing is loaded"


def contrast(one: str, two: str) -> float:
    def light(colour: str) -> float:
        colour = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((light(one), light(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_colours_can_be_read_on_light_and_dark_ground() -> None:
    """Verdicts bring a ground of their own; all other text has the notebook's colour."""
    style = as_html(Display("Title"))
    pairs: list[Any] = re.findall(r"background: (#[0-9a-f]{3,6}); color: (#[0-9a-f]{3,6})", style)

    assert len(pairs) == 5
    assert all(contrast(ground, ink) >= 4.5 for ground, ink in pairs)
    assert len(re.findall(r"(?<!-)color: #", style)) == len(pairs)
