"""Pictures as SVG text: lines, marks and words, with a title and a description for people who do not see them."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

FONT = "Helvetica, Arial, sans-serif"
INK, SOFT, GRID = "#1a1a1a", "#6b6b6b", "#e3e3e3"
FONT_SIZE = 12

_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""

_NARROW, _WIDE, _CAPITAL, _OTHER = 0.3, 0.9, 0.7, 0.56
"""Shares of the font's size, as in Helvetica or a little more: what they measure gets room and is not cut."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Elements, each SVG text, on a white ground of this size in pixels."""

    width: float
    height: float
    elements: tuple[str, ...]


def document(picture: Drawing, anchor: str, title: str, description: str) -> str:
    """Return a picture as SVG to stand within HTML, with ids that begin with its anchor."""
    width, height = number(picture.width), number(picture.height)
    named = f'role="img" aria-labelledby="{anchor}-t {anchor}-d"'
    style = f"width:100%;height:auto;max-width:{width}px"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {named} viewBox="0 0 {width} {height}" style="{style}">'
    words = f'<title id="{anchor}-t">{escaped(title)}</title><desc id="{anchor}-d">{escaped(description)}</desc>'
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return f'{head}{words}{ground}<g font-family="{FONT}">{"".join(picture.elements)}</g></svg>'


def group(kind: str, elements: Sequence[str]) -> str:
    """Return elements as one, named for what they are."""
    return f'<g class="chart-{kind}">{"".join(elements)}</g>'


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = FONT_SIZE,
    fill: str = "#000",
    turned: bool = False,
) -> str:
    """Return words with their base line at `y`; turned ones run upwards."""
    turn = f' transform="rotate(-90 {number(x)} {number(y)})"' if turned else ""
    align = f' text-anchor="{anchor}"' if anchor != "start" else ""
    place = f'x="{number(x)}" y="{number(y)}"'
    return f'<text {place} font-size="{size}" fill="{fill}"{align}{turn}>{escaped(words)}</text>'


def line(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    width: float = 1,
    *,
    dash: str = "",
    opacity: float = 1,
) -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = start, end
    more = (f' stroke-dasharray="{dash}"' if dash else "") + (f' stroke-opacity="{opacity}"' if opacity != 1 else "")
    place = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
    return f'<line {place} stroke="{colour}" stroke-width="{number(width)}"{more}/>'


def polyline(places: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    """Return a line through places."""
    through = " ".join(f"{number(x)},{number(y)}" for x, y in places)
    return f'<polyline points="{through}" fill="none" stroke="{colour}" stroke-width="{number(width)}"/>'


def symbol(shape: str, x: float, y: float, area: float, fill: str, stroke: str = "") -> str:
    """Return a mark of `SHAPES` with its middle at a place; `area` in square pixels."""
    outline = f' stroke="{stroke}" stroke-width="1.5"' if stroke else ""
    return f'<path transform="translate({number(x)},{number(y)})" d="{_path(shape, area)}" fill="{fill}"{outline}/>'


_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "triangle-up": ((0, -0.7), (0.76, 0.61), (-0.76, 0.61)),
    "diamond": ((0, -0.76), (0.66, 0), (0, 0.76), (-0.66, 0)),
    "cross": tuple(
        (x / 4.47, y / 4.47)
        for x, y in (
            (-1, -3),
            (1, -3),
            (1, -1),
            (3, -1),
            (3, 1),
            (1, 1),
            (1, 3),
            (-1, 3),
            (-1, 1),
            (-3, 1),
            (-3, -1),
            (-1, -1),
        )
    ),
    "triangle-down": ((0, 0.7), (0.76, -0.61), (-0.76, -0.61)),
    "triangle-right": ((0.7, 0), (-0.61, 0.76), (-0.61, -0.76)),
    "triangle-left": ((-0.7, 0), (0.61, 0.76), (0.61, -0.76)),
}
"""Corners of marks whose area is about 1."""

SHAPES = ("circle", *_CORNERS)


def _path(shape: str, area: float) -> str:
    if shape == "circle":
        r = number(math.sqrt(area / math.pi))
        return f"M{r},0A{r},{r},0,1,1,-{r},0A{r},{r},0,1,1,{r},0Z"
    size = math.sqrt(area)
    return "M" + "L".join(f"{number(size * x)},{number(size * y)}" for x, y in _CORNERS[shape]) + "Z"


def number(value: float) -> str:
    """Return a length to a thousandth of a pixel, so that a picture can be measured to the digits of its table."""
    told = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if told == "-0" else told


def escaped(words: str) -> str:
    """Return text as SVG can hold it; what no XML can hold is a sign for that."""
    return html.escape(_NO_TEXT.sub("\ufffd", words))


def text_width(words: str, size: int = FONT_SIZE) -> float:
    """Return about how wide words are, in pixels, and rather more than less."""
    return size * sum(map(_share, words))


def _share(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1
    if character in "fijltrI .,:;'|!()[]{}/\\-`":
        return _NARROW
    if character in "mwMW@%":
        return _WIDE
    return _CAPITAL if character.isupper() else _OTHER


def within(words: str, room: float, size: int = FONT_SIZE) -> str:
    """Return words, cut with an ellipsis where they are wider than the room."""
    if text_width(words, size) <= room:
        return words
    kept = words
    while kept and text_width(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept}…"
