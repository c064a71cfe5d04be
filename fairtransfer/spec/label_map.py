"""Label maps: which of a card's labels each class of the audit means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from fairtransfer.errors import Problem, shown

if TYPE_CHECKING:
    from fairtransfer.spec.card import Card
    from fairtransfer.spec.document import Document, Place

LabelMap = dict[str, tuple[str, ...] | Literal["rest"]]
"""Class -> the card's labels that mean it; `rest` takes all others."""


def mapped_classes(card: Card, labels: LabelMap | None) -> tuple[str, ...]:
    """Return the classes of a card after a label map."""
    return card.label.classes if labels is None else tuple(labels)


def label_map_problems(document: Document, labels: LabelMap | None, card: Card, at: Place) -> Iterator[Problem]:
    """Yield labels the card does not have, and those that lead to no class or to several."""
    listed = [label for sources in (labels or {}).values() if sources != "rest" for label in sources]
    for label in listed:
        if label not in card.label.classes:
            yield document.problem(
                "FT-D031",
                at,
                f"label `{shown(label)}` is not a declared class of `{card.id}`",
                f"declared: {', '.join(card.label.classes[:12])}",
            )
        if listed.count(label) > 1:
            yield document.problem("FT-Y044", at, f"label `{shown(label)}` is mapped twice")
    rests = [name for name, sources in (labels or {}).items() if sources == "rest"]
    left = [label for label in card.label.classes if label not in listed]
    if len(rests) > 1:
        yield document.problem("FT-Y044", at, f"`rest` is given to {len(rests)} classes", "at most one")
    if labels and left and not rests:
        yield document.problem(
            "FT-Y044", at, f"labels without a class: {', '.join(left[:8])}", "", "map them, or give `rest` to one class"
        )
