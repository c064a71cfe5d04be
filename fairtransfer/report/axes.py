"""Axes of charts: scales from values to pixels, round numbers along them, and how both are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairtransfer import formats
from fairtransfer.report import svg
from fairtransfer.report.svg import GRID, SOFT

TICK = 5
BELOW = 38
"""Pixels that ticks, labels and title of a horizontal axis take."""

_BETWEEN = 6
"""Pixels between the labels of two ticks."""

_LEGEND_ROW, _LEGEND_GAP = 18, 14
_STEPS = (1, 2, 5, 10)
_NEAR = 1e-9
"""So close to a tick, in steps, a number is taken to lie on it."""

_NOTHING = 1e-200
"""A scale no longer than this is widened: steps of it would be below the smallest number."""


Ticks = Sequence[tuple[float, str]]
"""Values along an axis, each with its words."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values, `low` to `high`, to pixels, `start` to `end`; logarithmic or not."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high, place = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (place - low) / (high - low)


def step_for(low: float, high: float, most: int) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten of which at most so many lie between two numbers."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in _STEPS if step * power >= rough * (1 - _NEAR))


def rounded_out(scale: Scale, most: int) -> tuple[Scale, Ticks]:
    """Return a scale that begins and ends with one of its ticks, of which there are about so many."""
    low, high = (scale.low, scale.high) if scale.high - scale.low > _NOTHING else (scale.low - 0.5, scale.high + 0.5)
    step, last = step_for(low, high, most), 0.0
    while step != last:  # a wider scale may take a wider step
        low, high = step * math.floor(low / step + _NEAR), step * math.ceil(high / step - _NEAR)
        step, last = step_for(low, high, most), step
    rounded = replace(scale, low=low, high=high)
    return rounded, ticks(rounded, most)


def fitting(scale: Scale, most: int) -> tuple[Scale, Ticks]:
    """Return the same for a horizontal axis, with so few ticks that the words of all have room beside each other."""
    for steps in range(most, 2, -1):
        rounded, marked = rounded_out(scale, steps)
        if 2 * overhang(marked) + _BETWEEN <= (rounded.end - rounded.start) / (len(marked) - 1):
            return rounded, marked
    return rounded_out(scale, 2)


def ticks(scale: Scale, most: int) -> Ticks:
    """Return round values of a linear scale with their words."""
    step = step_for(scale.low, scale.high, most)
    first, last = math.ceil(scale.low / step - _NEAR), math.floor(scale.high / step + _NEAR)
    return [(i * step, formats.tick(i * step, step)) for i in range(first, last + 1)]


def overhang(marked: Ticks) -> float:
    """Return how far the words of a horizontal axis may reach beyond its ends."""
    return max(svg.text_width(words) for _, words in marked) / 2


def across(scale: Scale, marked: Ticks, top: float, bottom: float, title: str, *, grid: bool = True) -> str:
    """Return a horizontal axis below a plot, labels that would run into the one before left out."""
    elements, free = [], -math.inf
    for value, words in marked:
        x, half = scale.at(value), svg.text_width(words) / 2
        if grid:
            elements.append(svg.line((x, top), (x, bottom), GRID))
        elements.append(svg.line((x, bottom), (x, bottom + TICK), SOFT))
        if x - half >= free:
            elements.append(svg.text(x, bottom + TICK + 12, words, anchor="middle"))
            free = x + half + _BETWEEN
    elements.append(svg.line((scale.start, bottom), (scale.end, bottom), SOFT))
    middle = (scale.start + scale.end) / 2
    return svg.group("across", elements) + svg.text(middle, bottom + TICK + 28, title, anchor="middle")


def up(scale: Scale, marked: Ticks, left: float, right: float, title: str) -> str:
    """Return a vertical axis at the left of a plot; `scale` runs from its bottom to its top."""
    elements = []
    for value, words in marked:
        y = scale.at(value)
        elements += [svg.line((left, y), (right, y), GRID), svg.line((left - TICK, y), (left, y), SOFT)]
        elements.append(svg.text(left - TICK - 2, y + 4, words, anchor="end"))
    elements.append(svg.line((left, scale.start), (left, scale.end), SOFT))
    x, middle = left - beside(marked) + svg.FONT_SIZE, (scale.start + scale.end) / 2
    return svg.group("up", elements) + svg.text(x, middle, title, anchor="middle", turned=True)


def beside(marked: Ticks) -> float:
    """Return the pixels that ticks, labels and title of a vertical axis take."""
    return TICK + 2 + max(svg.text_width(words) for _, words in marked) + 6 + svg.FONT_SIZE


def legend(named: Sequence[tuple[str, str, str]], left: float, right: float) -> tuple[list[str], float]:
    """Return what marks mean, given as word, shape and colour, in as many rows as they need, and where the last of them ends."""
    elements, x, y = [], left, 12.0
    for word, shape, colour in named:
        taken = 16 + svg.text_width(word)
        if x > left and x + taken > right:
            x, y = left, y + _LEGEND_ROW
        elements.append(svg.symbol(shape, x + 6, y, 90, colour) + svg.text(x + 16, y + 4, word))
        x += taken + _LEGEND_GAP
    return [svg.group("legend", elements)], y + _LEGEND_ROW


def named(what: str, unit: str) -> str:
    """Return the title of an axis."""
    return f"{what} ({unit})" if unit else what
