"""Charts by themselves: marks stand where numbers say, axes are round, words have room, and the same is drawn twice."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chart_reading import Panel, legend, number, panels

from fairtransfer.formats import RATE, in_unit
from fairtransfer.report import axes, svg
from fairtransfer.report.axes import Scale
from fairtransfer.report.chart_data import CurvePoint, Dot, Move, Published, Span
from fairtransfer.report.charts import Limit
from fairtransfer.report.curves import learning_curves
from fairtransfer.report.dots import before_after

pytestmark = pytest.mark.fast

DAYS = in_unit("days")
percentages = st.lists(st.integers(0, 1000).map(lambda n: n / 10), min_size=3, max_size=3).map(sorted)
amounts = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 9)), min_size=3, max_size=3).map(sorted)


def span(ordered: list[float]) -> Span:
    low, value, high = ordered
    return Span(value, low, high)


def drawn(picture: svg.Drawing) -> str:
    return svg.document(picture, "f-1", "title", "description")


def labels(count: int) -> list[str]:
    return [f"group {i} (n={10 * i})" for i in range(count)]


def width_of(panel: Panel) -> float:
    """What one pixel is worth, in the unit of the axis, and a little more for rounding."""
    (a, left), (b, right) = panel.across[0], panel.across[-1]
    return 0.002 * (number(b) - number(a)) / (right - left) + 1e-12


@given(
    st.lists(st.tuples(percentages, percentages, st.booleans()), min_size=1, max_size=6),
    st.none() | st.integers(0, 100),
)
def test_dots_stand_where_their_values_are(
    rows: list[tuple[list[float], list[float], bool]], limit: int | None
) -> None:
    order = labels(len(rows))
    dots = [
        Dot(label, stage, span(v))
        for label, row in zip(order, rows, strict=True)
        for stage, v in zip(("before", "after"), row[:2], strict=True)
    ]  # type: ignore[arg-type]
    moves = [Move(label, span(row[0]), row[2]) for label, row in zip(order, rows, strict=True)]
    at = None if limit is None else Limit(limit, f"limit {limit}%")

    left, right = panels(drawn(before_after(dots, moves, order, "error rate", at, at)))

    seen = [(left.nearest(mark.y, left.up), left.value(mark.x, left.across)) for mark in left.marks]
    assert [label for label, _ in seen] == [dot.label for dot in dots]
    assert all(abs(x - dot.span.value) < width_of(left) for (_, x), dot in zip(seen, dots, strict=True))
    changed = [right.value(mark.x, right.across) for mark in right.marks]
    assert all(abs(x - move.span.value) < width_of(right) for x, move in zip(changed, moves, strict=True))
    assert [mark.fill == "#ffffff" for mark in right.marks] == [not move.clear for move in moves]


@given(st.lists(amounts, min_size=1, max_size=5))
def test_numbers_in_a_unit_have_an_axis_from_zero(rows: list[list[float]]) -> None:
    order = labels(len(rows))
    dots = [Dot(label, "after", span(row)) for label, row in zip(order, rows, strict=True)]

    (panel,) = panels(drawn(before_after(dots, [], order, "mean error", None, None, words=DAYS)))

    places = [place for _, place in panel.across]
    ends = [number(text) for text, _ in (panel.across[0], panel.across[-1])]
    near = 1e-6 * (ends[1] - ends[0])
    assert ends[0] <= min(0, *(row[0] for row in rows)) + near
    assert ends[1] >= max(0, *(row[2] for row in rows)) - near
    assert places == sorted(places)
    assert all(
        abs(panel.value(m.x, panel.across) - row[1]) < width_of(panel) for m, row in zip(panel.marks, rows, strict=True)
    )


STRATEGIES = ["probe", "full", "lp_ft", "scratch", "partial", "bitfit", "l2_sp", "gradual", "lora"]


@given(
    st.lists(percentages, min_size=1, max_size=9),
    st.lists(st.integers(1, 5000), min_size=2, max_size=5, unique=True).map(sorted),
)
def test_curves_stand_where_their_values_are(rows: list[list[float]], budgets: list[int]) -> None:
    strategies = STRATEGIES[: len(rows)]
    points = [CurvePoint("everyone", s, n, span(row)) for s, row in zip(strategies, rows, strict=True) for n in budgets]

    picture = drawn(
        learning_curves(points, [Published("everyone", 50.0)], ["everyone"], strategies, "error rate", budgets)
    )

    (panel,), names = panels(picture), legend(picture)
    assert list(names.values()) == strategies
    seen = [(names[mark.fill], panel.value(mark.y, panel.up)) for mark in panel.marks]
    told = [(s, row[1]) for s, row in zip(strategies, rows, strict=True) for _ in budgets]
    assert all(a == b and abs(x - y) < 0.01 for (a, x), (b, y) in zip(seen, told, strict=True))
    for strategy in strategies:
        places = [mark.x for mark in panel.marks if names[mark.fill] == strategy]
        assert places == sorted(places)


def test_strategies_with_as_many_labels_stand_side_by_side_and_nearest_to_their_number() -> None:
    points = [CurvePoint("a", s, n, Span(20, 10, 30)) for s in STRATEGIES for n in (100, 128, 1000)]

    (panel,) = panels(drawn(learning_curves(points, [], ["a"], STRATEGIES, "error rate", [100, 128, 1000])))

    places = sorted(mark.x for mark in panel.marks)
    groups = [places[i : i + len(STRATEGIES)] for i in range(0, len(places), len(STRATEGIES))]
    assert len(set(places)) == len(places)
    assert all(b[0] - a[-1] > b[1] - b[0] for a, b in itertools.pairwise(groups))


@given(st.floats(0, 1), st.floats(1e-9, 1e12), st.integers(3, 12))
def test_a_rounded_axis_begins_and_ends_with_a_tick(below_zero: float, wide: float, most: int) -> None:
    low, high = -below_zero * wide, (1 - below_zero) * wide

    scale, marked = axes.rounded_out(Scale(low, high, 0, 100), most)

    found, slack = [value for value, _ in marked], 1e-6 * wide
    assert scale.low <= low + slack
    assert scale.high >= high - slack
    assert 1 < len(found) <= most + 1
    assert (found[0], found[-1]) == (pytest.approx(scale.low, abs=slack), pytest.approx(scale.high, abs=slack))
    (step,) = {float(f"{b - a:.5g}") for a, b in itertools.pairwise(found)}
    assert f"{step:.3e}"[:5] in ("1.000", "2.000", "5.000")
    assert len({words for _, words in marked}) == len(marked)


def test_one_value_alone_has_an_axis() -> None:
    scale, _ = axes.rounded_out(Scale(3, 3, 0, 100), 5)
    assert scale.low < 3 < scale.high


def test_words_of_ticks_never_touch() -> None:
    """Of numbers of labels close to each other, only those are told that have room."""
    drawn_ = axes.across(
        Scale(10, 1000, 0, 200, log=True), [(n, f"{n:,}") for n in (10, 11, 12, 900, 1000)], 0, 10, "labels"
    )
    texts = [t for t in ET.fromstring(f"<svg>{drawn_}</svg>").iter("text") if t.text != "labels"]

    assert [t.text for t in texts] == ["10", "900"]


@pytest.mark.parametrize(
    "words", ["iiiiiiiiiiiiiiii", "MMMMMMMMMMMM", "日本語の方言グループ名", "a long name & more, of a group (n=1,204)"]
)
def test_words_are_cut_to_their_room(words: str) -> None:
    cut = svg.within(words, 60)

    assert svg.text_width(cut) <= 60
    assert cut == words or (cut.endswith("…") and words.startswith(cut[:-1]))
    assert svg.within(words, 1000) == words


def test_the_same_numbers_are_the_same_picture() -> None:
    dots, moves = (
        [Dot("a (n=20)", "after", Span(1 / 3, 0.1, 2 / 3))],
        [Move("a (n=20)", Span(-0.1, -0.2, 0.0), clear=True)],
    )

    first, second = (
        drawn(before_after(dots, moves, ["a (n=20)"], "error rate", None, None, words=RATE)) for _ in range(2)
    )

    assert first == second


def test_a_dot_elsewhere_is_noticed() -> None:
    """The twin: two tenths of a point are a place of their own."""
    order = ["a (n=20)"]
    one, two = (
        panels(drawn(before_after([Dot(order[0], "after", Span(v, 5, 30))], [], order, "error rate", None, None)))[0]
        for v in (20.0, 20.2)
    )

    assert abs(one.value(one.marks[0].x, one.across) - two.value(two.marks[0].x, two.across)) > 0.1
