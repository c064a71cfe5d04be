"""Reading a data card: Markdown whose front matter is strict YAML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fairtransfer.errors import Problem, Problems, did_you_mean, relative, shown
from fairtransfer.spec.card import CardFile, LoadedCard
from fairtransfer.spec.document import Document, Place
from fairtransfer.spec.document_reading import parse_document, read_text
from fairtransfer.spec.strict import details_of, problems_of

EXPECTED_CARD = "data card;`pretty_name, license, fairtransfer`"

_GOVERNANCE = {
    ("license",): "licence",
    ("fairtransfer", "provenance"): "source",
    ("fairtransfer", "provenance", "source"): "source",
}
_GOVERNANCE |= {("fairtransfer", "consent"): "consent basis", ("fairtransfer", "consent", "basis"): "consent basis"}
_GOVERNANCE |= {("fairtransfer", "attributes"): "sensitive columns"}


def read_card(path: Path, problems: Problems) -> LoadedCard | None:
    """Read a data card; add everything wrong with it to `problems` and return None if anything is."""
    name = relative(path)
    text = read_text(path, name, problems, limit=1024 * 1024)
    if text is None:
        return None
    parts = _front_matter(text)
    if parts is None:
        problems.add(
            Problem("FT-D053", "no front matter found", "a first line `---`, YAML, and a line `---`", "", name, 1)
        )
        return None
    before = len(problems.errors)
    document = parse_document(parts[0], name, problems, expected=EXPECTED_CARD, first_line=2)
    if document is None:
        return None
    found = Problems()
    head = _validate(document, found)
    problems.extend(p for p in found if not document.told_already(p))
    return (
        None
        if head is None or len(problems.errors) > before
        else LoadedCard(head.fairtransfer, head, parts[1].strip(), document, path)
    )


def _front_matter(text: str) -> tuple[str, str] | None:
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    return None if end is None else ("\n".join(lines[1:end]) + "\n", "\n".join(lines[end + 1 :]))


def _validate(document: Document, problems: Problems) -> CardFile | None:
    try:
        head = CardFile.model_validate(document.data)
    except ValidationError as error:
        found = problems_of(error, CardFile, document)
        problems.extend(_governance(p, detail, document) for p, detail in zip(found, details_of(error), strict=True))
        _columns_check(document, problems)
        return None
    _columns_check(document, problems)
    _cross_check(head, document, problems)
    return head


def _governance(problem: Problem, detail: Any, document: Document) -> Problem:
    """Give a missing licence, source, consent or list of sensitive columns the code of its own."""
    field = _GOVERNANCE.get(tuple(detail["loc"]))
    if detail["type"] != "missing" or field is None:
        return problem
    required = "required fields: licence, source, consent basis, sensitive columns"
    return document.problem(
        "FT-D046", tuple(detail["loc"]), f"field `{field}` missing", required, "add it; write what is not known as such"
    )


def _cross_check(head: CardFile, document: Document, problems: Problems) -> None:
    """Check that a card says where the rows are, keeps the label from the model, and names each attribute once."""
    card = head.fairtransfer
    if bool(card.files) == (card.datasets is not None):
        found = "a card names either `files` or `datasets`" + ("" if card.files else ", this one names neither")
        problems.add(document.problem("FT-D054", ("fairtransfer",), found))
    if card.label.column in (value for key, value in card.input.model_dump().items() if key == "text"):
        found = f"column `{card.label.column}` determines the label: it is the label"
        problems.add(
            document.problem("FT-D029", ("fairtransfer", "input"), found, "", "let the model read another column")
        )
    names = [a.name for a in card.attributes]
    for index, name in enumerate(names):
        if name in names[:index]:
            problems.add(
                document.problem(
                    "FT-D056", ("fairtransfer", "attributes", index, "name"), f"attribute `{name}` is listed twice"
                )
            )


def _columns_check(document: Document, problems: Problems) -> None:
    """Check that every column a card speaks of is declared; as far as it can be read, whatever else is wrong with it."""
    card = document.data.get("fairtransfer")
    columns = card.get("columns") if isinstance(card, dict) else None
    if not isinstance(columns, dict):
        return
    declared = set(columns) | ({"split"} if card.get("datasets") else set())
    for path, column in _columns_used(card):
        if isinstance(column, str) and column not in declared:
            at, hint = ("fairtransfer", *path), did_you_mean(column, declared)
            found, allowed = f"column `{shown(column)}` is not declared", f"declared: {', '.join(sorted(declared))}"
            do = hint if hint.startswith("did") else "add it to `columns`"
            problems.add(document.problem("FT-D055", at, found, allowed, do))


def _columns_used(card: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Yield every place of a card that names a column, with what stands there."""
    yield ("item",), card.get("item")
    yield from _named_in(card, "label", "column")
    for key in ("text", "image", "index"):
        yield from (((("input",)), column) for _, column in _named_in(card, "input", key))
    attributes = card.get("attributes")
    for index, attribute in enumerate(attributes if isinstance(attributes, tuple) else ()):
        if isinstance(attribute, dict):
            yield ("attributes", index, "column"), attribute.get("column")
    unit = card.get("unit")
    yield from ((("unit",), name) for name in (unit if isinstance(unit, tuple) else () if unit == "none" else (unit,)))
    yield from _named_in(card, "splits", "column")


def _named_in(card: dict[str, Any], part: str, key: str) -> Iterator[tuple[Place, Any]]:
    inner = card.get(part)
    if isinstance(inner, dict):
        yield (part, key), inner.get(key)
