"""Templates: how documents become text. They fail on anything undefined, and escape everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fairtransfer.report.form import AnyDocument
from fairtransfer.report.markdown import markdown_text
from fairtransfer.resources import resource

_ABOVE_PROSE = 3
"""The level of the heading over a card's prose."""


def through_template(name: str, document: AnyDocument) -> bytes:
    """Return a document as a template writes it (there as `d`), and a line feed."""
    text: str = _environment().get_template(name).render(d=document)
    return f"{text}\n".encode()


def _environment() -> Any:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Autoescape is always on (not by file name, which leaves `.j2` and `.md` unescaped); Markdown escapes by its own filter.
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(resource("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "md": markdown_text,
        "prose": prose_html,
        "measured": measured_html,
    }
    environment.filters.update(filters)
    return environment


_MEASURED = re.compile(r"(\S.*) (\([^()]*\d[^()]*\))")


def measured_html(text: str) -> Any:
    """Return a cell of numbers with its interval marked, so that the two are set apart and neither is broken in two."""
    from markupsafe import Markup

    parts = _MEASURED.fullmatch(text)
    if parts is None:
        return text
    return Markup('<span class="v">{}</span> <span class="ci">{}</span>').format(*parts.groups())  # escaped by format


def prose_html(markdown: str) -> Any:
    """Return a card's prose as HTML: no raw HTML, no images, links only to http and https, headings below its own."""
    import nh3
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(markdown)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    ranks = {tag: rank for rank, tag in enumerate(sorted({token.tag for token in headings}))}
    level = _ABOVE_PROSE
    for token in headings:
        if token.type == "heading_open":
            level = min(6, level + 1, _ABOVE_PROSE + 1 + ranks[token.tag])  # never skips one on the way down
        token.tag = f"h{level}"
    html = parser.renderer.render(tokens, parser.options, {})
    tags = {
        "p",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "code",
        "pre",
        "blockquote",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
    }
    return Markup(nh3.clean(html, tags=tags, attributes={"a": {"href"}}, url_schemes={"http", "https"}))  # noqa: S704  # cleaned
