"""Rendering: one document, through the templates, into each format. Templates fail on anything undefined."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairtransfer.errors import DefinitionError, Problem, did_you_mean
from fairtransfer.evidence.atomic import write_atomic
from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.evidence.run_file import read_environment
from fairtransfer.findings.run_record import RunRecord, load_record
from fairtransfer.gates.results import read_results
from fairtransfer.report.document import RunDocument, build
from fairtransfer.report.markdown import markdown_text
from fairtransfer.report.table_document import TableDocument
from fairtransfer.resources import resource
from fairtransfer.version import VERSION

FORMATS: dict[str, str] = {"html": "report.html", "md": "report.md", "json": "report.json"}
"""Format -> file name; the template of each is the same name with `.j2`."""

_ABOVE_PROSE = 3
"""The level of the heading over a card's prose."""


def render(folder: Path, formats: tuple[str, ...] = ("html", "md", "json"), out: Path | None = None) -> list[Path]:
    """Render a run's report and return the files written.

    Parameters
    ----------
    folder
        A run's folder; `findings.json` and `verdict.json` are read, nothing is computed again.
    out
        Where to write; default: `report/` in the run's folder.
    """
    if not formats:
        raise DefinitionError([Problem("FT-R011", "no format is named", f"known: {', '.join(FORMATS)}")])
    for name in formats:
        if name not in FORMATS:
            raise DefinitionError(
                [
                    Problem(
                        "FT-R011",
                        f"unknown format `{name}`",
                        f"known: {', '.join(FORMATS)}",
                        hint if (hint := did_you_mean(name, FORMATS)).startswith("did") else "",
                    )
                ]
            )
    document = document_of(load_record(folder))
    target = out or folder / "report"
    target.mkdir(parents=True, exist_ok=True)
    environment = _environment()
    written = []
    for name in formats:
        path = target / FORMATS[name]
        write_atomic(path, (environment.get_template(f"{FORMATS[name]}.j2").render(d=document) + "\n").encode())
        written.append(path)
    return written


def document_of(record: RunRecord) -> RunDocument:
    """Return the report of a run, before any format."""
    path = record.folder / "findings.json"
    found = read_results(path)
    environment = read_environment(record.folder)
    return build(record, found.rows, found.verdict, file_digest(path), VERSION, environment)


def render_table(document: TableDocument, out: Path) -> list[Path]:
    """Write the report of a measured table (`table.html`, `table.md`) and its public numbers (`table.json`) into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    environment = _environment()
    written = [out / name for name in ("table.html", "table.md", "table.json")]
    for path in written[:2]:
        write_atomic(path, (environment.get_template(f"{path.name}.j2").render(d=document) + "\n").encode())
    write_atomic(written[2], canonical(document.content) + b"\n")
    return written


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
        "json_rows": json_document,
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


def json_document(document: RunDocument) -> Any:
    """Return the public JSON of a report: what the documents show, suppressed rows suppressed."""
    from markupsafe import Markup

    keys = ("audit_id", "run_id", "title", "verdict", "question", "findings", "unknowns", "evidence")
    whole = {key: getattr(document, key) for key in keys}
    figures = [{k: v for k, v in asdict(figure).items() if k != "svg"} for figure in document.figures]
    content = {
        "schema": "1",
        **whole,
        "figures": figures,
        "rows": [row.to_json() for row in document.rows],
        "verdict": document.judged.to_json(),
    }
    content |= {"trials": dict(document.trials)}
    content |= {"headline": document.verdict, "tally": document.front.tally, "steps": document.front.steps}
    return Markup(canonical(_plain(content)).decode())  # noqa: S704  # JSON, not HTML


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
