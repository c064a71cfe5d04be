"""Reading a data card: Markdown whose front matter is strict YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fairtransfer.errors import Problem, Problems, relative
from fairtransfer.spec.card import CardFile, LoadedCard
from fairtransfer.spec.document import Document
from fairtransfer.spec.document_reading import parse_document, read_text
from fairtransfer.spec.strict import details_of, problems_of

EXPECTED = "data card;`pretty_name, license, fairtransfer`"

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
    document = parse_document(parts[0], name, problems, expected=EXPECTED, first_line=2)
    if document is None:
        return None
    head = _validate(document, problems)
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
        return None
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
    """Check that every column a card speaks of is declared, and that it says where the rows are."""
    card = head.fairtransfer
    if bool(card.files) == (card.datasets is not None):
        found = "a card names either `files` or `datasets`" + ("" if card.files else ", this one names neither")
        problems.add(document.problem("FT-D054", ("fairtransfer",), found))
    declared = set(card.columns) | ({"split"} if card.datasets else set())
    for path, column in _columns_used(head):
        if column not in declared:
            found = f"column `{column}` is not declared"
            problems.add(
                document.problem(
                    "FT-D055",
                    ("fairtransfer", *path),
                    found,
                    f"declared: {', '.join(sorted(declared))}",
                    "add it to `columns`",
                )
            )
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


def _columns_used(head: CardFile) -> list[tuple[tuple[str | int, ...], str]]:
    card = head.fairtransfer
    used: list[tuple[tuple[str | int, ...], str]] = [(("item",), card.item), (("label", "column"), card.label.column)]
    used += [(("input",), value) for key, value in card.input.model_dump().items() if key in ("text", "image", "index")]
    used += [(("attributes", i, "column"), a.column) for i, a in enumerate(card.attributes)]
    used += [(("unit",), column) for column in card.unit]
    if column := getattr(card.splits, "column", None):
        used.append((("splits", "column"), column))
    return used
