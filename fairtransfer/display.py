"""How a result shows itself: a few lines on a console, and in a notebook a small page that needs nothing from elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from textwrap import wrap

from fairtransfer.errors import visible
from fairtransfer.formats import count
from fairtransfer.resources import resource

WIDTH = 100
"""Columns of a console that a result takes at most."""

MOST_LINES = 25
"""Lines that a result takes at most; what is left out is counted."""

NARROWEST = 24
"""To this width a column of words may be cut, before columns are left out."""

MOST_SENTENCES = 6

MOST_ROWS = 30
"""Rows of a table in a notebook."""

MOST_OPEN = 40
"""Rows of all tables that stand open in a notebook; the tables after them are folded, and open with a click or a key."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A small table of text.

    Attributes
    ----------
    words
        How many columns, from the first on, hold words; the others hold numbers and stand flush right.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Display:
    """What a result shows.

    Attributes
    ----------
    headline, outcome
        The verdict in words, and its name, which gives it a colour; empty where nothing is judged.
    title
        What it is about, in a line.
    sentences
        What is to be known beside the tables.
    more
        Where the rest is found.
    """

    title: str
    headline: str = ""
    outcome: str = "none"
    sentences: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Illustration:
    """A chart as accessible SVG, with its message in a sentence."""

    svg: str
    caption: str


class Displayed:
    """A result that shows itself on a console and in a notebook."""

    __slots__ = ()

    def display(self) -> Display:
        """Return what is shown."""
        raise NotImplementedError

    def illustration(self) -> Illustration | None:
        """Return a chart for a notebook; None where there is none."""
        return None

    def __repr__(self) -> str:
        return as_text(self.display())

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return as_html(self.display(), self.illustration())


def as_text(shown: Display) -> str:
    """Return at most `MOST_LINES` lines of at most `WIDTH` columns."""
    head = f"{shown.headline}: {shown.title}" if shown.headline else shown.title
    lines = [line for text in (head, *shown.sentences[:MOST_SENTENCES]) for line in _sentence(text)]
    if (left := len(shown.sentences) - MOST_SENTENCES) > 0:
        lines.append(f"  and {count(left)} more")
    last = _sentence(shown.more) if shown.more else []
    room = MOST_LINES - len(lines) - len(last)
    for number, grid in enumerate(shown.grids):
        share = room if number == len(shown.grids) - 1 else min(room, max(8, room // (len(shown.grids) - number)))
        drawn = _drawn(grid, share)
        lines += drawn
        room -= len(drawn)
    return "\n".join([*lines, *last])


def _sentence(text: str) -> list[str]:
    """Return a sentence on at most two lines."""
    lines = wrap(_plain(text), WIDTH, subsequent_indent="  ", max_lines=2, placeholder=" …")
    return [_cut(line, WIDTH) for line in lines]


def _drawn(grid: Grid, room: int) -> list[str]:
    """Return a table's lines: caption, headings and as many rows as there is room for; none where there is hardly any."""
    table = [[_plain(cell) for cell in row] for row in (grid.headings, *grid.rows)]
    widths = _widths(table, grid.words)
    heading, *rows = (list(_row(row, widths, grid.words)) for row in table)
    lines = [*([_cut(_plain(grid.caption), WIDTH)] if grid.caption else []), *heading]
    if room < len(lines) + 2:
        return []
    fits = _fitting(rows, room - len(lines))
    while 0 < fits < len(rows) and _is_heading(grid.rows[fits - 1]):
        fits -= 1
    lines += [line for row in rows[:fits] for line in row]
    return lines if fits == len(rows) else [*lines, f"  … {_rows_left(grid.rows[fits:])}"]


def _fitting(rows: Sequence[Sequence[str]], room: int) -> int:
    """Return how many rows there is room for; where it is not all, a line is left that says so."""
    if sum(map(len, rows)) <= room:
        return len(rows)
    return sum(end < room for end in accumulate(map(len, rows)))


def _is_heading(row: Sequence[str]) -> bool:
    """Tell whether a row holds nothing but the name of a part of its table."""
    return len(row) > 1 and not any(row[1:])


def _rows_left(rows: Sequence[Sequence[str]]) -> str:
    """Return how many rows are not shown; headings are none."""
    left = sum(not _is_heading(row) for row in rows)
    return f"{count(left)} more row{'' if left == 1 else 's'}"


def _row(row: Sequence[str], widths: Sequence[int], words: int) -> Iterator[str]:
    """Yield a row: on one line, or on two where its last words are long."""
    cells = [
        _set(cell, width, right=number >= words) for number, (cell, width) in enumerate(zip(row, widths, strict=False))
    ]
    if words < len(row) or _columns(row[-1]) <= widths[-1]:
        yield "  ".join(cells).rstrip()
        return
    first, *rest = wrap(row[-1], widths[-1], max_lines=2, placeholder=" …") or [""]
    yield "  ".join([*cells[:-1], _cut(first, widths[-1])]).rstrip()
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    yield from (" " * indent + _cut(line, widths[-1]) for line in rest)


def _plain(text: str) -> str:
    """Return a text on one line, with nothing in it that could command a terminal."""
    return visible(re.sub(r"\s", " ", text))


def _widths(table: Sequence[Sequence[str]], words: int) -> list[int]:
    """Return the widths of as many columns as fit: words are cut first, then the last columns are left out."""
    widths = [max(map(_columns, column)) for column in zip(*table, strict=True)]
    for number in sorted(range(words), key=lambda number: -widths[number]):
        over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
        widths[number] = max(min(widths[number], NARROWEST), widths[number] - max(0, over))
    while len(widths) > 1 and sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        widths.pop()
    return widths


def _set(cell: str, width: int, *, right: bool) -> str:
    cut = _cut(cell, width)
    space = " " * (width - _columns(cut))
    return space + cut if right else cut + space


def _cut(text: str, width: int) -> str:
    """Return a text cut to a width, with a sign that it was."""
    if _columns(text) <= width:
        return text
    while text and _columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _columns(text: str) -> int:
    """Return how many columns of a console a text takes: wide characters two, marks above others none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def as_html(shown: Display, illustration: Illustration | None = None) -> str:
    """Return the page for a notebook: its own style, no script, nothing loaded; readable on light and on dark ground."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(resource("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    svg = Markup(illustration.svg) if illustration else ""  # noqa: S704  # made by `charts.svg`, which escapes what it is given
    caption = illustration.caption if illustration else ""
    page = environment.get_template("notebook.html.j2")
    return page.render(
        d=shown, svg=svg, caption=caption, grids=list(_folded(shown.grids)), most=MOST_ROWS, left=_rows_left
    )


def _folded(grids: Sequence[Grid]) -> Iterator[tuple[Grid, bool]]:
    """Yield tables that hold something, and whether they are folded: those after the first that do not fit beside it."""
    room = MOST_OPEN
    for number, grid in enumerate(grid for grid in grids if grid.rows):
        room -= min(len(grid.rows), MOST_ROWS)
        yield grid, number > 0 and room < 0
