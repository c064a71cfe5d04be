"""A report's HTML as a tree, and what is wrong with it: every checker returns faults in words, none for a good page."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
ACTIVE = {
    "script",
    "iframe",
    "object",
    "embed",
    "form",
    "base",
    "img",
    "link",
    "audio",
    "video",
    "foreignobject",
    "use",
}
SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.walk() if element.tag in tags]

    def inside(self, *tags: str) -> bool:
        return self.parent is not None and (self.parent.tag in tags or self.parent.inside(*tags))

    @property
    def text(self) -> str:
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join("".join(parts).split())

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class Page(HTMLParser):
    """A strict reading: what a browser would forgive is a fault."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html, self.faults = html, list[str]()
        self.root = self._open = Element("", {})
        self.feed(html)
        self.close()
        if self._open is not self.root:
            self.faults.append(f"<{self._open.tag}> is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = Counter(name for name, _ in attrs)
        self.faults += [f"<{tag}> has {name} twice" for name, n in names.items() if n > 1]
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open.tag != tag or self._open.parent is None:
            self.faults.append(f"</{tag}> closes <{self._open.tag}>")
            return
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)

    def all(self, *tags: str) -> list[Element]:
        return self.root.all(*tags)

    @property
    def visible(self) -> str:
        """The words a reader sees."""
        return " ".join(body.text for body in self.all("body"))


def malformed(page: Page) -> list[str]:
    """Tags that do not match, ids that are no ids, and references to nowhere."""
    ids = Counter(e.attributes["id"] for e in page.root.walk() if "id" in e.attributes)
    faults = page.faults + [f"id {name!r} stands {n} times" for name, n in ids.items() if n > 1]
    faults += [f"id {name!r} holds white space" for name in ids if not name or re.search(r"\s", name)]
    for element in page.root.walk():
        wanted = element.attributes.get("aria-labelledby", "").split()
        if element.attributes.get("href", "").startswith("#"):
            wanted.append(element.attributes["href"][1:])
        faults += [f"<{element.tag}> points to #{name}, which is nowhere" for name in wanted if name not in ids]
    for svg in SVG.findall(page.html):
        try:
            ET.fromstring(svg)
        except ET.ParseError as error:
            faults.append(f"an svg is no XML: {error}")
    return faults


def badly_headed(page: Page) -> list[str]:
    """Language, title, one h1, and headings that never skip a level on the way down."""
    faults = [] if page.all("html")[0].attributes.get("lang") else ["html has no lang"]
    titles = [e for e in page.all("title") if e.inside("head")]
    if len(titles) != 1 or not titles[0].text:
        faults.append("the head has no title of its own")
    levels = [int(e.tag[1]) for e in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    if levels[:1] != [1] or levels.count(1) != 1:
        faults.append(f"not one h1 at the beginning: {levels}")
    return faults + [f"h{a} is followed by h{b}" for a, b in itertools.pairwise(levels) if b > a + 1]


def bad_tables(page: Page) -> list[str]:
    """Every table of the tool has a caption, scoped headings and rows of the same length; a card's own tables only the last."""
    faults = []
    for table in page.all("table"):
        name = next((c.text for c in table.all("caption")), "")
        rows = [[cell for cell in row.children if isinstance(cell, Element)] for row in table.all("tr")]
        if len({len(row) for row in rows}) != 1:
            faults.append(f"{name}: rows of {sorted({len(row) for row in rows})} cells")
        if any("prose" in e.classes for e in page.root.walk() if table in e.all("table")):
            continue
        if not name:
            faults.append("a table has no caption")
        if any(cell.tag != "th" or cell.attributes.get("scope") != "col" for cell in rows[0]):
            faults.append(f"{name}: a column's heading is no th with scope")
        if any(row[0].tag != "th" or row[0].attributes.get("scope") != "row" for row in rows[1:]):
            faults.append(f"{name}: a row's heading is no th with scope")
        if table.parent is not None and "scroll" in table.parent.classes:
            around = table.parent.attributes
            if around.get("tabindex") != "0" or around.get("role") != "region" or not around.get("aria-label"):
                faults.append(f"{name}: the part that scrolls cannot be reached with the keyboard, or has no name")
    return faults


def bad_figures(page: Page) -> list[str]:
    """Every figure has a caption; every picture a title, a description and the role of an image."""
    faults = [f"figure {f.attributes.get('id')}: no caption" for f in page.all("figure") if not _first(f, "figcaption")]
    for svg in page.all("svg"):
        named = {e.attributes.get("id") for e in svg.all("title", "desc") if e.text}
        if not _first(svg, "title") or not _first(svg, "desc"):
            faults.append("an svg has no title or no description")
        if svg.attributes.get("role") != "img" or set(svg.attributes.get("aria-labelledby", "").split()) != named:
            faults.append("an svg does not say what it shows")
        if svg.all("image"):
            faults.append("a picture of text")
    return faults


def _first(element: Element, tag: str) -> str:
    return next((e.text for e in element.all(tag)), "")


def reaches_out(page: Page) -> list[str]:
    """Anything that runs, or loads something from elsewhere; links a reader may follow are no fault."""
    faults = []
    for element in page.root.walk():
        tag, attributes = element.tag, element.attributes
        if tag in ACTIVE:
            faults.append(f"<{tag}>")
        faults += [f"<{tag} {name}>" for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"):
            value = attributes.get(name, "#")
            followed = tag == "a" and name == "href" and re.match(r"https?://", value)
            if not value.startswith("#") and not followed:
                faults.append(f"<{tag} {name}={value}>")
        if attributes.get("http-equiv", "").lower() == "refresh":
            faults.append("the page sends its reader elsewhere")
        faults += [f"css: {found}" for found in loads(attributes.get("style", ""))]
    css = "\n".join(e.text for e in page.all("style"))
    policies = [e.attributes.get("content", "") for e in page.all("meta") if "http-equiv" in e.attributes]
    if not any("default-src 'none'" in policy for policy in policies):
        faults.append("no content security policy")
    return faults + [f"css: {found}" for found in loads(css)]


def loads(css: str) -> list[str]:
    """What a style sheet would load."""
    return [url for url in re.findall(r"url\(\s*['\"]?([^)'\"]*)", css) if not url.startswith("#")] + re.findall(
        r"@import[^;]*", css
    )
