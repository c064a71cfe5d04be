"""Reading numbers back from the pictures of a report: where the marks stand, measured with the picture's own axes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from support.html_page import Element, Page

Tick = tuple[str, float]


@dataclass(frozen=True)
class Mark:
    """A symbol: its place in the panel, its colour and its shape."""

    x: float
    y: float
    fill: str
    path: str


@dataclass(frozen=True)
class Panel:
    """One plot: its title, the ticks of its axes and its symbols."""

    title: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    marks: tuple[Mark, ...]

    def value(self, at: float, ticks: tuple[Tick, ...]) -> float:
        """The number at a place of an axis with a linear scale."""
        (a, left), (b, right) = ((number(text), place) for text, place in (ticks[0], ticks[-1]))
        return a + (at - left) * (b - a) / (right - left)

    def nearest(self, at: float, ticks: tuple[Tick, ...]) -> str:
        """The word that stands at a place of an axis."""
        return min(ticks, key=lambda tick: abs(tick[1] - at))[0]


def number(text: str) -> float:
    """A number as people read it: ``37.5%``, ``−10.2``, ``1,204``."""
    return float(text.replace("−", "-").replace("%", "").replace(",", ""))


def place(node: ET.Element) -> tuple[float, float]:
    found = re.match(r"translate\(([-\d.e]+),([-\d.e]+)\)", node.get("transform", ""))
    assert found, node.attrib
    return float(found[1]), float(found[2])


def groups(node: ET.Element, kind: str) -> list[ET.Element]:
    return [g for g in node.iter("g") if g.get("class") == f"chart-{kind}"]


def words(node: ET.Element, kind: str) -> list[ET.Element]:
    return [text for g in groups(node, kind) for text in g.iter("text")]


def panels(svg: str) -> list[Panel]:
    """The plots of a picture."""
    root = ET.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))
    return [_panel(group) for group in groups(root, "panel")]


def legend(svg: str) -> dict[str, str]:
    """Colour to word."""
    root = ET.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))
    symbols = [path.get("fill", "") for g in groups(root, "legend") for path in g.iter("path")]
    return dict(zip(symbols, (text.text or "" for text in words(root, "legend")), strict=True))


def _panel(group: ET.Element) -> Panel:
    across = tuple((text.text or "", float(text.get("x", ""))) for text in words(group, "across"))
    up = tuple((text.text or "", float(text.get("y", "")) - 4) for text in words(group, "up"))
    title = "".join(text.text or "" for text in words(group, "title"))
    symbols = (path for g in groups(group, "marks") for path in g.iter("path"))
    marks = tuple(Mark(*place(path), path.get("fill", ""), path.get("d", "")[:4]) for path in symbols)
    return Panel(title, across, up, marks)


Cells = dict[str, dict[str, str]]


def table(page: Page, anchor: str) -> list[dict[str, str]]:
    """The rows of a table, each from heading to cell."""
    found = next(t for t in page.all("table") if t.attributes.get("id") == anchor)
    head, *rows = [[c.text for c in row.children if isinstance(c, Element)] for row in found.all("tr")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def wrong_dots(page: Page, svg: str, anchor: str) -> list[str]:
    """What the picture of before, after and change says otherwise than the table beside it."""
    view = table(page, anchor)
    rows = {next(iter(row.values())): row for row in view}
    left, right = panels(svg)
    stages = {colour: word.capitalize() for colour, word in legend(svg).items()}
    drawn = {}
    for mark in left.marks:
        label = left.nearest(mark.y, left.up)
        name, people = re.fullmatch(r"(.*) \(n=([\d,]+)\)", label).groups()  # type: ignore[union-attr]
        drawn[name, "Cases"] = number(people)
        drawn[name, stages[mark.fill]] = left.value(mark.x, left.across)
    for mark in right.marks:
        name = left.nearest(mark.y, left.up).split(" (n=")[0]
        drawn[name, "Change, points"] = right.value(mark.x, right.across)
    told = {
        (name, column): number(row[column].split(" ")[0])
        for name, row in rows.items()
        for column in ("Cases", "Before", "After", "Change, points")
        if name != "everyone" and row[column][:1] in "0123456789+−"
    }
    return compare(drawn, told)


def wrong_curves(page: Page, svg: str, anchors: tuple[str, ...]) -> list[str]:
    """What the learning curves say otherwise than the full tables."""
    names = legend(svg)
    drawn = {
        (panel.title, f"{names[mark.fill]} on {panel.nearest(mark.x, panel.across)} labels"): panel.value(
            mark.y, panel.up
        )
        for panel in panels(svg)
        for mark in panel.marks
    }
    told = {}
    for anchor in anchors:
        for row in table(page, anchor):
            model, group, _, rate, *_ = row.values()
            if model != "as published" and rate[0].isdigit():
                told[group, model] = number(rate.split(" ")[0])
    return compare(drawn, told)


def compare(drawn: dict[tuple[str, str], float], told: dict[tuple[str, str], float]) -> list[str]:
    """Numbers agree when the drawn one rounds to the told one."""
    faults = [f"{' '.join(key)}: only one of picture and table has it" for key in sorted(drawn.keys() ^ told.keys())]
    both = sorted(drawn.keys() & told.keys())
    wrong = [key for key in both if abs(drawn[key] - told[key]) > 0.0501]
    return faults + [f"{' '.join(key)}: {drawn[key]:.2f} drawn, {told[key]:.2f} told" for key in wrong]
