"""What the charts of a report have in common: the figure with its words, limits, colours and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtransfer import registry
from fairtransfer.spec.strategies import strategy_kind

PUBLISHED = "#6b6b6b"
"""The colour of the model as published."""

# Dark enough on white for 3:1 and more, and told apart by shape as well as by colour.
COLOURS = {
    "before": PUBLISHED,
    "after": "#0b5cad",
}
SHAPES = {"before": "circle", "after": "square"}
SPARE = ("#7a3e9d", "#00695c", "#9c2c2c", "#4b5d00", "#3949ab", "#795548")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its words; `table` names the anchor of the table that holds the same numbers."""

    anchor: str
    caption: str
    title: str
    description: str
    svg: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as it is drawn: where, and with which words."""

    at: float
    word: str


def palette(strategies: Sequence[str]) -> list[str]:
    """Return a colour for every strategy: its own, or the next spare one."""
    spare = iter(SPARE * (len(strategies) // len(SPARE) + 1))
    known = registry.names("strategies")
    return [strategy_kind(name).colour if name in known else next(spare) for name in strategies]


def contrast(colour: str, ground: str = "#ffffff") -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it."""

    def luminance(code: str) -> float:
        channels = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
