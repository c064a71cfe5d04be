"""What can be said of an audit that cannot be read whole: its cards are read all the same, and groups looked for in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.spec.audit import project_folder
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_reading import read_card
from fairtransfer.spec.document import Document, Place
from fairtransfer.spec.document_reading import read_document


def look_around(path: Path, problems: Problems) -> None:
    """Add what is wrong with the cards an unreadable audit names, and groups that none of them has.

    Only what does not depend on the parts that could not be read is looked at: a person then mends an audit and its cards in
    one go. Cards that are not there, or not in the project, are told once the audit can be read.
    """
    document = read_document(path, Problems(), expected="audit")
    if document is None:
        return
    read: dict[Path, LoadedCard | None] = {}
    cards = []
    for at, entry in _entries(document):
        card = _card(path, entry, read, problems)
        if card is not None and at[0] == "benchmarks":
            cards.append(card)
            problems.extend(_groups(document, at, entry, card))
    asked = document.data.get("benchmarks")
    if cards and isinstance(asked, tuple) and len(cards) == len(asked):
        problems.extend(_judged(document, cards))


def _entries(document: Document) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield every entry that names a card."""
    listed = document.data.get("benchmarks")
    places: list[tuple[Place, Any]] = [
        (("benchmarks", i), entry) for i, entry in enumerate(listed if isinstance(listed, tuple) else ())
    ]
    places.append((("adapt_on",), document.data.get("adapt_on")))
    yield from ((at, entry) for at, entry in places if isinstance(entry, dict) and isinstance(entry.get("card"), str))


def _card(
    path: Path, entry: dict[str, Any], read: dict[Path, LoadedCard | None], problems: Problems
) -> LoadedCard | None:
    place = (path.resolve().parent / entry["card"]).resolve()
    if place not in read:
        inside = place.is_relative_to(project_folder(path)) and place.is_file()
        read[place] = read_card(place, problems) if inside else None
    return read[place]


def _groups(document: Document, at: Place, entry: dict[str, Any], card: LoadedCard) -> Iterator[Problem]:
    groups = entry.get("groups")
    known = [attribute.name for attribute in card.card.attributes]
    for index, name in enumerate(groups if isinstance(groups, tuple) else ()):
        if isinstance(name, str) and name not in known:
            yield not_a_group(document, (*at, "groups", index), name, [card.card.id], known)


def _judged(document: Document, cards: list[LoadedCard]) -> Iterator[Problem]:
    """Yield the attributes that gates name and no card has."""
    known = sorted({attribute.name for card in cards for attribute in card.card.attributes})
    gates = document.data.get("gates")
    for index, gate in enumerate(gates if isinstance(gates, tuple) else ()):
        for kind, options in gate.items() if isinstance(gate, dict) else ():
            by = options.get("by") if isinstance(options, dict) else None
            for name in by if isinstance(by, tuple) else (by,):
                if isinstance(name, str) and name not in known:
                    at = ("gates", index, kind, "by")
                    yield not_a_group(document, at, name, [card.card.id for card in cards], known)


def not_a_group(document: Document, at: Place, name: str, cards: list[str], known: list[str]) -> Problem:
    """Return the problem of a name that is no attribute of these cards."""
    where, groups = ", ".join(f"`{card}`" for card in cards), ", ".join(f"`{group}`" for group in known)
    found = f"`{shown(name)}` not a group column of {where} ({groups})"
    return document.problem("FT-Y033", at, found, "", did_you_mean(name, known))
