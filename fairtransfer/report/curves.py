"""Learning curves: what more labels buy, a small plot for everyone and for every group."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from fairtransfer import formats
from fairtransfer.formats import RATE, Wording
from fairtransfer.report import axes, svg
from fairtransfer.report.axes import Scale, Ticks
from fairtransfer.report.chart_data import CurvePoint, Published
from fairtransfer.report.charts import PUBLISHED, palette
from fairtransfer.report.svg import Drawing

COLUMNS = 3
WIDTH, HEIGHT = 205, 150
"""Of one plot."""

_EDGE, _GAP = 18, 24
_TITLE = 24
_DODGE = 4.0
"""Pixels between strategies with as many labels: side by side, no interval hides another."""


def learning_curves(
    points: Sequence[CurvePoint],
    before: Sequence[Published],
    panels: Sequence[str],
    strategies: Sequence[str],
    measure: str,
    budgets: Sequence[int],
    words: Wording = RATE,
) -> Drawing:
    """Return one small plot per group: the rate against the number of labels, a line per strategy, "before" dashed.

    Parameters
    ----------
    points, before
        In percent, or what `words` says; `before` of the model as published.
    panels
        The groups, in the order of their plots.
    budgets
        Numbers of labels, from few to many.
    """
    looks = dict(zip(strategies, zip(itertools.cycle(svg.SHAPES), palette(strategies)), strict=False))
    heights, marked = _heights(points, before, words)
    left = axes.beside(marked)
    columns = min(COLUMNS, len(panels))
    right = _EDGE + columns * (left + WIDTH + _GAP) - _GAP
    legend, top = axes.legend([(name, *look) for name, look in looks.items()], _EDGE + left, right)
    elements = list(legend)
    for number, panel in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        x, y = _EDGE + left + column * (left + WIDTH + _GAP), top + _TITLE + row * (_TITLE + HEIGHT + axes.BELOW + 12)
        placed = Scale(heights.low, heights.high, y + HEIGHT, y)
        mine = [point for point in points if point.panel == panel]
        frame = [
            svg.group("title", [svg.text(x, y - 10, svg.within(panel, WIDTH, 13), size=13)]),
            axes.across(
                _budgets(budgets, x), [(n, formats.count(n)) for n in budgets], y, y + HEIGHT, "labels", grid=False
            ),
            axes.up(placed, marked, x, x + WIDTH, axes.named(measure, words.axis)),
        ]
        published = [_published(placed.at(value.value), x) for value in before if value.panel == panel]
        elements.append(svg.group("panel", [*frame, *published, *_curves(mine, looks, _budgets(budgets, x), placed)]))
    rows = -(-len(panels) // COLUMNS)
    bottom = top + rows * (_TITLE + HEIGHT + axes.BELOW + 12)
    return Drawing(right + _EDGE, bottom, tuple(elements))


def _curves(points: Sequence[CurvePoint], looks: dict[str, tuple[str, str]], across: Scale, up: Scale) -> list[str]:
    """Return intervals, lines and marks of all strategies of a plot."""
    apart = _apart(sorted({across.at(point.labels) for point in points}), len(looks))
    intervals, lines, marks = [], [], []
    for number, (strategy, (shape, colour)) in enumerate(looks.items()):
        mine = sorted((point for point in points if point.strategy == strategy), key=lambda point: point.labels)
        shift = apart * (number - (len(looks) - 1) / 2)
        places = [(across.at(point.labels) + shift, up.at(point.span.value)) for point in mine]
        for (x, y), point in zip(places, mine, strict=True):
            ends = (x, up.at(point.span.low)), (x, up.at(point.span.high))
            intervals.append(svg.line(*ends, colour, 1.2, opacity=0.7))
            marks.append(svg.symbol(shape, x, y, 45, colour))
        if len(places) > 1:
            lines.append(svg.polyline(places, colour, 2))
    return [*intervals, *lines, svg.group("marks", marks)]


def _apart(places: Sequence[float], strategies: int) -> float:
    """Return how far strategies stand apart, so that all of them are nearest to their own number of labels."""
    closest = min((b - a for a, b in itertools.pairwise(places)), default=float(WIDTH))
    return min(_DODGE, 0.7 * closest / strategies)


def _published(y: float, left: float) -> str:
    return svg.line((left, y), (left + WIDTH, y), PUBLISHED, 1.8, dash="5,4")


def _budgets(budgets: Sequence[int], left: float) -> Scale:
    return Scale(min(budgets) * 0.8, max(budgets) * 1.25, left, left + WIDTH, log=True)


def _heights(points: Sequence[CurvePoint], before: Sequence[Published], words: Wording) -> tuple[Scale, Ticks]:
    """Return the scale of values: all percentages, or from 0 as far as the numbers go."""
    if words.axis == "%":
        return (scale := Scale(0, 100, HEIGHT, 0)), axes.ticks(scale, 5)
    lows, highs = zip(*((point.span.low, point.span.high) for point in points), strict=True)
    levels = [value.value for value in before]
    return axes.rounded_out(Scale(min(0.0, *lows, *levels), max(0.0, *highs, *levels), HEIGHT, 0), 5)
