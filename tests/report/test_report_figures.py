"""The pictures of a report: they show the numbers of the tables, claim no more than they show, and need no colour."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from support.chart_reading import groups, legend, panels, wrong_curves, wrong_dots
from support.finished_runs import KINDS, finished
from support.html_page import SVG, Page

from fairtransfer.measurement import measure
from fairtransfer.report.document import public
from fairtransfer.report.results import result_tables
from fairtransfer.report.svg import Drawing, document, text


@pytest.fixture(scope="module", params=sorted(KINDS))
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a finished run of every kind."""
    return read(finished(request.param, tmp_path_factory))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A report to be doctored."""
    return read(finished("open", tmp_path_factory))


def read(run: Path) -> Page:
    return Page((run / "report" / "report.html").read_text(encoding="utf-8"))


def pictures(page: Page, kind: str) -> list[tuple[str, str]]:
    """Name and SVG of the figures of a kind: `f` before and after, `c` learning curves."""
    found = [(re.findall(r'aria-labelledby="(\S+)-t ', svg)[0], svg) for svg in SVG.findall(page.html)]
    return [(name[2:], svg) for name, svg in found if name.startswith(f"{kind}-")]


def test_pictures_show_the_numbers_of_the_tables(page: Page) -> None:
    """Measured in the picture: every dot stands where the table beside it says, and every number of it has a dot."""
    for name, svg in pictures(page, "f"):
        assert wrong_dots(page, svg, f"r-{name}") == []
    for name, svg in pictures(page, "c"):
        assert wrong_curves(page, svg, (f"t-{name}-error_rate-all", f"t-{name}-error_rate-region")) == []


def test_a_dot_in_the_wrong_place_is_noticed(whole: Page) -> None:
    """The twin: one mark of each picture moved by a pixel."""
    (name, dots), (about, curves) = pictures(whole, "f")[0], pictures(whole, "c")[0]

    def moved(svg: str, by: tuple[float, float]) -> str:
        marks = re.search(r"chart-marks.*?translate\(([\d.]+),([\d.]+)\)", svg, re.DOTALL)
        assert marks
        x, y = float(marks[1]) + by[0], float(marks[2]) + by[1]
        return svg[: marks.start(1)] + f"{x},{y}" + svg[marks.end(2) :]

    assert len(wrong_dots(whole, moved(dots, (1, 0)), f"r-{name}")) == 1
    tables = (f"t-{about}-error_rate-all", f"t-{about}-error_rate-region")
    assert len(wrong_curves(whole, moved(curves, (0, 1)), tables)) == 1


def test_no_plot_is_empty(page: Page) -> None:
    """A group whose numbers are hidden has no plot, rather than one that looks like zero."""
    for _, svg in [*pictures(page, "f"), *pictures(page, "c")]:
        assert all(panel.marks for panel in panels(svg))


@pytest.mark.parametrize(
    ("kind", "caption"),
    [
        ("without_gates", "Adaptation clearly helps, by error rate, north; for no other group a clear change is shown"),
        ("fail", "Adaptation clearly harms, by error rate, south and helps north"),
        ("open", "Adaptation clearly helps, by error rate, north; for no other group a clear change is shown"),
    ],
)
def test_a_picture_says_its_message_and_nothing_about_groups_it_does_not_show(
    kind: str, caption: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the open run two of three groups are hidden: `every group` would be a claim about them."""
    page = read(finished(kind, tmp_path_factory))

    assert page.all("figcaption")[0].text == caption


def test_a_sentence_about_the_worst_says_among_whom(tmp_path_factory: pytest.TempPathFactory) -> None:
    told = {kind: read(finished(kind, tmp_path_factory)).visible for kind in ("open", "pass")}

    assert "Worst served after adaptation, of the groups shown: north" in told["open"]
    assert "pretraining helps" not in told["open"], "most and least take two"
    assert "Worst served after adaptation: " in told["pass"]


# --- without colour ----------------------------------------------------------------------------------------------------


def test_what_has_a_colour_of_its_own_has_a_shape_of_its_own(page: Page) -> None:
    assert [same_shapes(svg) for _, svg in [*pictures(page, "f"), *pictures(page, "c")] if same_shapes(svg)] == []


def same_shapes(svg: str) -> list[str]:
    """Colours of the legend that share a shape."""
    (found,) = groups(ET.fromstring(re.sub(r' xmlns="[^"]*"', "", svg)), "legend")
    shapes = [re.sub(r"[\d.]+", "", path.get("d", "")) for path in found.iter("path")]
    return [word for word, shape in zip(legend(svg).values(), shapes, strict=True) if shapes.count(shape) > 1]


def test_two_stages_of_one_shape_are_noticed(whole: Page) -> None:
    """The twin: squares made circles."""
    svg = pictures(whole, "f")[0][1]
    circle = re.findall(r'd="(M[\d.]+,0A[^"]*)"', svg)[0]

    assert same_shapes(re.sub(r'd="M-[\d.]+,-[\d.]+L[^"]*"', f'd="{circle}"', svg)) == ["before", "after"]


def test_a_character_that_svg_cannot_hold_is_a_sign_for_that() -> None:
    """Signs beyond the basic plane stay what they are."""
    picture = Drawing(100, 20, (text(0, 10, "a\x1bb\ud800 <🦊>"),))

    drawn = document(picture, "f-1", "title \x00", "description")

    assert "a\ufffdb\ufffd &lt;🦊&gt;" in drawn
    assert [*ET.fromstring(drawn).itertext()] == ["title \ufffd", "description", "a\ufffdb\ufffd <🦊>"]


def test_a_table_of_the_auc_tells_how_groups_rank_against_the_others() -> None:
    """Against a walk over all pairs of a positive and a negative of different people."""
    rng = np.random.default_rng(1)
    y, g, score = rng.choice(["no", "yes"], 120), rng.choice(["north", "south"], 120), rng.random(120).round(2)
    frame = pd.DataFrame({"y": y, "g": g, "s": score, "new": np.where(score > 0.5, "yes", "no")})
    found = measure(frame, label="y", after="new", groups="g", score="s", positive="yes", metrics="auc,error_rate")

    def above(positives: np.ndarray, negatives: np.ndarray) -> str:
        pairs = [(p > n) + (p == n) / 2 for p in positives for n in negatives]
        return f"{np.mean(pairs):.3f}"

    (auc,) = [
        t
        for t in result_tables(public(found.study, found.findings, found.verdict))
        if "AUC" in t.caption and t.caption.endswith("by g")
    ]
    assert auc.headings[4:6] == ("BPSN AUC", "BNSP AUC")
    for row in auc.rows:
        mine, yes = g == row[1], y == "yes"
        assert row[4:6] == (
            above(score[~mine & yes], score[mine & ~yes]),
            above(score[mine & yes], score[~mine & ~yes]),
        )
    assert not any(
        "BPSN AUC" in t.headings
        for t in result_tables(public(found.study, found.findings, found.verdict))
        if "Error" in t.caption
    )
