"""Dots with whiskers: every group before and after, and beside them the change on the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairtransfer.formats import RATE, Wording
from fairtransfer.report import axes, svg
from fairtransfer.report.axes import Scale, Ticks
from fairtransfer.report.chart_data import Dot, Move
from fairtransfer.report.charts import COLOURS, SHAPES, Limit
from fairtransfer.report.svg import INK, SOFT, Drawing

LONGEST = 48
"""Characters of a group's label; of a longer one, the beginning and the end with its number of cases."""

ROW_HEIGHT = 25
VALUES, CHANGES = 380, 260
"""Widths of the two plots."""

_EDGE, _GAP = 18, 36
_BESIDE = 4.5
"""How far before and after stand above and below the middle of their row."""

_UNCLEAR, _LIMIT = "#767676", "#b00020"


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that both plots share, one for each label."""

    order: tuple[str, ...]
    top: float

    @property
    def bottom(self) -> float:
        return self.top + ROW_HEIGHT * len(self.order) + 6

    def at(self, label: str) -> float:
        """Return the middle of a row."""
        return self.top + 3 + ROW_HEIGHT * (self.order.index(label) + 0.5)


def before_after(
    dots: Sequence[Dot],
    changes: Sequence[Move],
    order: Sequence[str],
    measure: str,
    limit: Limit | None,
    margin: Limit | None,
    worse: str = "right",
    words: Wording = RATE,
) -> Drawing:
    """Return dots with whiskers per group, before and after, and beside them the paired change.

    Parameters
    ----------
    dots
        In percent, or what `words` says.
    changes
        In points, or the same. Where there are none, nothing is drawn beside the values.
    order
        The labels of the groups, from above.
    limit, margin
        The policy's limit on the rate and on the change, drawn as lines.
    worse
        On which side of zero a change is harm, ``right`` or ``left``.
    """
    header = 28 if changes or len(_stages(dots)) > 1 else 10
    rows = _Rows(tuple(order), header + (16 if limit or margin else 0))
    left = _EDGE + max(svg.text_width(_short(label)) for label in order) + 8
    names = [svg.text(left - 8, rows.at(label) + 4, _short(label), anchor="end") for label in order]
    scale, marked = _reaching(dots, limit, words, left)
    axis = axes.across(scale, marked, rows.top, rows.bottom, axes.named(measure, words.axis))
    panels = [svg.group("panel", [axis, svg.group("up", names), *_line(limit, scale, rows), *_dots(dots, scale, rows)])]
    if changes:
        apart = axes.overhang(marked) + 10
        scale, marked = _moving(changes, margin)
        start = left + VALUES + max(_GAP, apart + axes.overhang(marked))
        scale = replace(scale, start=start, end=start + CHANGES)
        title = f"{axes.named('change', words.unit)}; {worse} of zero is worse"
        axis = axes.across(scale, marked, rows.top, rows.bottom, title)
        panels.append(svg.group("panel", [axis, *_moves(changes, scale, rows, margin)]))
    right = scale.end + max(_EDGE, axes.overhang(marked) + 2)
    return Drawing(right, rows.bottom + axes.BELOW + 4, (*_legend(dots, left), *panels))


def _moving(changes: Sequence[Move], margin: Limit | None) -> tuple[Scale, Ticks]:
    """Return the scale of the changes, zero and the margin included."""
    ends = [0.0] if margin is None else [0.0, margin.at]
    ends += [end for move in changes for end in (move.span.low, move.span.high)]
    return axes.fitting(Scale(min(ends), max(ends), 0, CHANGES), 6)


def _dots(dots: Sequence[Dot], scale: Scale, rows: _Rows) -> list[str]:
    beside = dict(zip(_stages(dots), (-_BESIDE, _BESIDE), strict=False)) if len(_stages(dots)) > 1 else {}
    places = [(dot, rows.at(dot.label) + beside.get(dot.stage, 0)) for dot in dots]
    whiskers = [
        svg.line((scale.at(dot.span.low), y), (scale.at(dot.span.high), y), COLOURS[dot.stage], 2) for dot, y in places
    ]
    marks = [svg.symbol(SHAPES[d.stage], scale.at(d.span.value), y, 65, COLOURS[d.stage]) for d, y in places]
    return [*whiskers, svg.group("marks", marks)]


def _moves(changes: Sequence[Move], scale: Scale, rows: _Rows, margin: Limit | None) -> list[str]:
    """Return the paired changes; hollow where they are not clear."""
    zero = svg.line((scale.at(0), rows.top), (scale.at(0), rows.bottom), SOFT, 1.5)
    whiskers, marks = [], []
    for move in changes:
        y, tone = rows.at(move.label), INK if move.clear else _UNCLEAR
        whiskers.append(svg.line((scale.at(move.span.low), y), (scale.at(move.span.high), y), tone, 2))
        marks.append(svg.symbol("diamond", scale.at(move.span.value), y, 75, INK if move.clear else "#ffffff", tone))
    hollow = " (hollow: not clear)" if not all(move.clear for move in changes) else ""
    title = svg.group("title", [svg.text(scale.start, 16, f"Change, same cases{hollow}", size=13)])
    return [title, zero, *_line(margin, scale, rows), *whiskers, svg.group("marks", marks)]


def _line(limit: Limit | None, scale: Scale, rows: _Rows) -> list[str]:
    """Return a dashed line with its words above the rows, where no mark stands."""
    if limit is None:
        return []
    x, half = scale.at(limit.at), svg.text_width(limit.word, 11) / 2
    return [
        svg.line((x, rows.top), (x, rows.bottom), _LIMIT, 1.5, dash="5,4"),
        svg.text(min(x, scale.end + _EDGE - half), rows.top - 4, limit.word, anchor="middle", size=11, fill=_LIMIT),
    ]


def _legend(dots: Sequence[Dot], left: float) -> list[str]:
    """Return what the marks mean; one stage needs no telling apart."""
    stages = _stages(dots)
    named = [(stage, SHAPES[stage], COLOURS[stage]) for stage in stages]
    return axes.legend(named, left, left + VALUES)[0] if len(stages) > 1 else []


def _stages(dots: Sequence[Dot]) -> list[str]:
    return [stage for stage in SHAPES if any(dot.stage == stage for dot in dots)]


def _reaching(dots: Sequence[Dot], limit: Limit | None, words: Wording, left: float) -> tuple[Scale, Ticks]:
    """Return the scale of values: percentages from 0 to the ten above the highest drawn, other numbers from 0."""
    lows, highs = [dot.span.low for dot in dots], [dot.span.high for dot in dots] + ([limit.at] if limit else [])
    if words.axis != "%":
        return axes.fitting(Scale(min(0.0, *lows), max(0.0, *highs), left, left + VALUES), 10)
    scale = Scale(0, min(100, 10 * math.floor(max(highs) / 10) + 10), left, left + VALUES)
    return scale, axes.ticks(scale, 10)


def _short(label: str) -> str:
    return f"{label[: LONGEST - 18]}…{label[-17:]}" if len(label) > LONGEST else label
