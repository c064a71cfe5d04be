"""Charts as inline SVG: no script, no remote font, text as text, and a title and description for people who do not see them."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairtransfer import registry
from fairtransfer.formats import RATE, Wording
from fairtransfer.report.chart_data import CurvePoint, Dot, Move, Published
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
FONT = "Helvetica, Arial, sans-serif"
ROW_HEIGHT = 25

LONGEST = 48
"""Characters of a group's label; of a longer one, the beginning and the end with its number of cases."""

_NO_TEXT = re.compile(r"\\u(?:00[01][0-9a-f]|fff[ef])")
"""What JSON can write and SVG cannot hold; the converter ends the process there."""


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


def svg(chart: Any, anchor: str, title: str, description: str) -> str:
    """Return a chart as accessible inline SVG with ids of its own."""
    import vl_convert

    text = str(vl_convert.vegalite_to_svg(_NO_TEXT.sub(r"\\ufffd", chart.to_json())))
    text = text[text.index("<svg") :]
    text = re.sub(r'\b(id="|url\(#|href="#)((?:clip|gradient|pattern)[\w-]*)', rf"\g<1>{anchor}-\g<2>", text)
    size = re.search(r'<svg[^>]*?width="([\d.]+)"[^>]*?height="([\d.]+)"', text)
    box = f' viewBox="0 0 {size[1]} {size[2]}"' if size else ""
    style = f"width:100%;height:auto;max-width:{size[1] if size else 900}px"
    named = f'role="img" aria-labelledby="{anchor}-t {anchor}-d"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {named}{box} style="{style}">'
    words = (
        f'<title id="{anchor}-t">{html.escape(title)}</title><desc id="{anchor}-d">{html.escape(description)}</desc>'
    )
    body = re.sub(r'(?:role|aria-roledescription|aria-label|aria-hidden)="[^"]*"', "", text[text.index(">") + 1 :])
    return head + words + body


def _configured(chart: Any) -> Any:
    return (
        chart.configure(font=FONT, background="white", padding={"left": 18, "right": 18, "top": 4, "bottom": 4})
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor="#e3e3e3",
            domainColor="#6b6b6b",
            labelLimit=330,
        )
        .configure_legend(labelFontSize=12, titleFontSize=12, orient="top", symbolSize=90)
        .configure_title(fontSize=13, anchor="start", fontWeight="normal", offset=8)
        .configure_header(labelFontSize=12, titleFontSize=12, labelFontWeight="bold")
    )


def before_after(
    dots: Sequence[Dot],
    changes: Sequence[Move],
    order: Sequence[str],
    measure: str,
    limit: Limit | None,
    margin: Limit | None,
    worse: str = "right",
    words: Wording = RATE,
) -> Any:
    """Return dots with whiskers per group, before and after, and beside them the paired change.

    Parameters
    ----------
    dots
        In percent, or what `words` says.
    changes
        In points, or the same. Where there are none, nothing is drawn beside the values.
    limit, margin
        The policy's limit on the rate and on the change, drawn as lines.
    worse
        On which side of zero a change is harm, ``right`` or ``left``.
    """
    import altair as alt

    one = _values(dots, order, measure, limit, words)
    if not changes:
        return _configured(one)
    two = _moves(changes, order, margin, worse, words)
    return _configured(alt.hconcat(one, two, spacing=24).resolve_scale(color="independent", shape="independent"))


def _values(dots: Sequence[Dot], order: Sequence[str], measure: str, limit: Limit | None, words: Wording) -> Any:
    """Return the values before and after, with their intervals."""
    import altair as alt

    stages = [stage for stage in ("before", "after") if any(dot.stage == stage for dot in dots)]
    scale = alt.Scale(domain=stages, range=[COLOURS[stage] for stage in stages])
    shapes = alt.Scale(domain=stages, range=[SHAPES[stage] for stage in stages])
    legend = alt.Undefined if len(stages) > 1 else None  # one stage needs no telling apart
    axis = alt.Axis(ticks=False, domain=False, labelPadding=8, labelExpr=_SHORT)
    y = alt.Y("label:N", sort=list(order), title=None, axis=axis)
    offset = alt.YOffset("stage:N", sort=stages, scale=alt.Scale(paddingOuter=0.4))
    base = alt.Chart(alt.Data(values=[dot.record for dot in dots])).encode(
        y=y, yOffset=offset, color=alt.Color("stage:N", scale=scale, sort=stages, title=None, legend=legend)
    )
    whisker = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=_axis(measure, words.axis), scale=_reaching(dots, limit, words)), x2="high:Q"
    )
    marks = base.mark_point(filled=True, size=65, opacity=1).encode(
        x="value:Q", shape=alt.Shape("stage:N", scale=shapes, sort=stages, title=None, legend=legend)
    )
    lines = [_limit(limit)] if limit is not None else []
    return alt.layer(whisker, marks, *lines).properties(width=380, height=_height(order))


def _moves(changes: Sequence[Move], order: Sequence[str], margin: Limit | None, worse: str, words: Wording) -> Any:
    """Return the paired changes, with their intervals; hollow where they are not clear."""
    import altair as alt

    moved = alt.Chart(alt.Data(values=[change.record for change in changes])).encode(
        y=alt.Y("label:N", sort=list(order), title=None, axis=None)
    )
    tone = alt.condition("datum.clear", alt.value("#1a1a1a"), alt.value("#767676"))
    spread = moved.mark_rule(strokeWidth=2).encode(
        x=alt.X(
            "low:Q",
            title=f"{_axis('change', words.unit)}; {worse} of zero is worse",
            axis=alt.Axis(tickCount=6, labelSeparation=6),
        ),
        x2="high:Q",
        color=tone,
    )
    inside = alt.condition("datum.clear", alt.value("#1a1a1a"), alt.value("#ffffff"))
    point = moved.mark_point(filled=True, size=75, shape="diamond", opacity=1, strokeWidth=1.5).encode(
        x="value:Q", fill=inside, stroke=tone
    )
    lines = [_limit(margin)] if margin is not None else []
    hollow = " (hollow: not clear)" if not all(change.clear for change in changes) else ""
    return alt.layer(_rule(0.0, "#6b6b6b", [1, 0]), spread, point, *lines).properties(
        width=260, height=_height(order), title=f"Change, same cases{hollow}"
    )


def _height(order: Sequence[str]) -> int:
    return ROW_HEIGHT * len(order) + 6


_SHORT = f"length(datum.label) > {LONGEST} ? slice(datum.label, 0, {LONGEST - 18}) + '…' + slice(datum.label, -17) : datum.label"


def _reaching(dots: Sequence[Dot], limit: Limit | None, words: Wording) -> Any:
    """Return the scale of values: percentages from 0 to the ten above the highest drawn, other numbers from 0."""
    import altair as alt

    if words.axis != "%":
        return alt.Scale(zero=True)
    highest = max([dot.span.high for dot in dots] + ([limit.at] if limit else []))
    return alt.Scale(domain=[0, min(100, 10 * math.floor(highest / 10) + 10)])


def _axis(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit else what


def _span(words: Wording) -> Any:
    """Return the scale of values: all percentages, or from 0 as far as the numbers go."""
    import altair as alt

    return alt.Scale(domain=[0, 100]) if words.axis == "%" else alt.Scale(zero=True)


_LIMIT_COLOUR = "#b00020"


def _limit(limit: Limit) -> Any:
    """Return a dashed line with its words above the rows, where no mark stands."""
    import altair as alt

    words = alt.Chart(alt.Data(values=[{"at": limit.at, "word": limit.word}])).mark_text(
        align="center", baseline="bottom", dy=-3, color=_LIMIT_COLOUR, fontSize=11
    )
    return _rule(limit.at, _LIMIT_COLOUR, [5, 4]) + words.encode(x="at:Q", y=alt.value(0), text="word:N")


def _rule(at: float, colour: str, dash: list[int]) -> Any:
    import altair as alt

    rule = alt.Chart(alt.Data(values=[{"at": at}])).mark_rule(color=colour, strokeWidth=1.5, strokeDash=dash)
    return rule.encode(x="at:Q")


def learning_curves(
    points: Sequence[CurvePoint],
    before: Sequence[Published],
    panels: Sequence[str],
    strategies: Sequence[str],
    measure: str,
    budgets: Sequence[int],
    words: Wording = RATE,
) -> Any:
    """Return one small panel per group: the rate against the number of labels, a line per strategy, "before" dashed.

    Parameters
    ----------
    points, before
        In percent, or what `words` says; `before` of the model as published.
    """
    import altair as alt

    colours = dict(zip(strategies, palette(strategies), strict=True))
    marks = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"]
    scale = alt.Scale(domain=list(strategies), range=list(colours.values()))
    shapes = alt.Scale(domain=list(strategies), range=[marks[i % len(marks)] for i in range(len(strategies))])
    x = alt.X(
        "labels:Q",
        title="labels",
        scale=alt.Scale(type="log", domain=[min(budgets) * 0.8, max(budgets) * 1.25]),
        axis=alt.Axis(values=list(budgets), grid=False),
    )
    y = alt.Y("value:Q", title=_axis(measure, words.axis), scale=_span(words))
    cells = []
    for panel in panels:
        mine = [point.record for point in points if point.panel == panel]
        base = alt.Chart(alt.Data(values=mine)).encode(
            x=x, color=alt.Color("strategy:N", scale=scale, sort=list(strategies), title=None)
        )
        line = base.mark_line(strokeWidth=2).encode(y=y)
        bars = base.mark_rule(strokeWidth=1.2, opacity=0.7).encode(y=alt.Y("low:Q"), y2="high:Q")
        dots = base.mark_point(filled=True, size=45, opacity=1).encode(
            y=y, shape=alt.Shape("strategy:N", scale=shapes, sort=list(strategies), title=None)
        )
        level = [value._asdict() for value in before if value.panel == panel]
        published = (
            alt.Chart(alt.Data(values=level))
            .mark_rule(color=PUBLISHED, strokeDash=[5, 4], strokeWidth=1.8)
            .encode(y="value:Q")
        )
        title = alt.Title(panel, limit=215)  # a longer name would run into the next panel's
        cells.append(alt.layer(published, bars, line, dots).properties(width=205, height=150, title=title))
    return _configured(alt.concat(*cells, columns=3, spacing=18).resolve_scale(x="shared", y="shared"))


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
