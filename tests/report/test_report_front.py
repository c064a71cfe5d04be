"""The decision page: short whatever the audit, true to what stands behind it, and nothing lost on the way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from support.contrasts import outcome
from support.finished_runs import KINDS, finished
from support.html_page import SVG, Element, Page

from fairtransfer import formats
from fairtransfer.evidence.canonical import read_json
from fairtransfer.gates.results import OtherModel, Outcome, read_results
from fairtransfer.measurement import measure
from fairtransfer.report import front
from fairtransfer.report.sentences import MOST_NAMED
from fairtransfer.report.templating import measured_html

GROUPS = 39


@pytest.fixture(scope="module", params=sorted(KINDS))
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of a finished run of every kind."""
    return finished(request.param, tmp_path_factory) / "report"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a table with many groups, with long names that begin and end alike."""
    folder, rng = tmp_path_factory.mktemp("many"), np.random.default_rng(5)
    share = np.repeat(np.linspace(0.1, 0.6, GROUPS), 60)
    name = "people whose first language is number {} of the languages that were asked about"
    table = pd.DataFrame(
        {
            "y": "yes",
            "old": np.where(rng.random(60 * GROUPS) < 0.3, "no", "yes"),
            "new": np.where(rng.random(60 * GROUPS) < share, "no", "yes"),
            "language": np.repeat([name.format(i) for i in range(GROUPS)], 60),
        }
    )
    found = measure(table, label="y", before="old", after="new", groups=["language"], classes=["yes", "no"])
    found.report(folder)
    return Page((folder / "table.html").read_text(encoding="utf-8"))


def read(report: Path) -> Page:
    return Page((report / "report.html").read_text(encoding="utf-8"))


def section(page: Page) -> Element:
    return next(e for e in page.all("section") if "decision" in e.classes)


# --- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([], ""),
        (["pass"], "The one gate passes."),
        (["inconclusive"], "The one gate lacks evidence."),
        (["pass", "pass"], "Both gates pass."),
        (["fail"] * 3, "All 3 gates fail."),
        (["pass", "fail", "inconclusive", "fail"], "Of 4 gates, 2 fail, 1 lacks evidence and 1 passes."),
        (["not_applicable", "error", "pass"], "Of 3 gates, 1 could not be run, 1 does not apply and 1 passes."),
    ],
)
def test_gates_are_counted_in_one_sentence(outcomes: list[Outcome], told: str) -> None:
    assert front.tally([replace(outcome(), outcome=wanted) for wanted in outcomes]) == told


def test_the_count_is_that_of_the_verdict(report: Path) -> None:
    gates = read_results(report.parent / "findings.json").verdict.gates
    told = [e.text for e in read(report).all("p") if "tally" in e.classes]

    assert told == ([front.tally(gates)] if gates else [])


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("pass", "Set the conditions, the time of validity and the next review"),
        ("fail", "More cases are no way out for what failed"),
        ("open", "To settle "),
        ("without_gates", "Nothing was judged: set limits"),
        ("some_failed", "Run again: 1 job ended without a result"),
        ("all_failed", "Run again: "),
    ],
)
def test_what_to_do_follows_from_the_outcome(kind: str, steps: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = read_json(finished(kind, tmp_path_factory) / "report" / "report.json")

    assert whole["steps"][0].startswith(steps)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([], []),
        (["pass", "fail"], ["Look at s0 on 8 labels: of the 2 other adapted models, met by every gate."]),
        (["fail"], ["The one other adapted model would not have met every gate."]),
        (
            ["inconclusive", "fail"],
            ["None of the 2 other adapted models would have met every gate; s0 on 8 labels failed no gate."],
        ),
    ],
)
def test_other_models_are_told_of_as_the_verdict_has_them(outcomes: list[Outcome], told: list[str]) -> None:
    others = [OtherModel(f"s{i}", "8", came_out, {}) for i, came_out in enumerate(outcomes)]

    assert list(front._others(tuple(others))) == told


# --- that it is short --------------------------------------------------------------------------------------------------


def too_long(page: Page) -> list[str]:
    """What of a decision page has no room there."""
    lists = [[item.text for item in found.all("li")] for found in section(page).all("ul")]
    faults = [f"{len(items)} lines" for items in lists if len(items) > 2 * front.LEAST_FINDINGS]
    named = re.compile(r"[+−]?[\d.]+ points \([^)]*\)")
    faults += [line for items in lists for line in items if len(named.findall(line)) > MOST_NAMED]
    return faults + [f"{n} rows drawn" for n in map(rows_drawn, pictures(section(page))) if n > 8]


def pictures(part: Element) -> list[Element]:
    return part.all("svg")


def rows_drawn(svg: Element) -> int:
    """Groups named beside a picture."""
    return sum(" (n=" in text.text for text in svg.all("text"))


def test_the_page_is_short(report: Path, many: Page) -> None:
    assert too_long(read(report)) == []
    assert too_long(many) == []


def test_a_long_page_is_noticed(many: Page) -> None:
    """The twin: the picture of all groups on the page, and a list of everything."""
    figure = re.findall(r"<figure.*?</figure>", many.html, re.DOTALL)[1]
    more = figure + "<ul>" + 7 * "<li>a</li>" + "</ul>"

    assert too_long(Page(many.html.replace("</section>", f"{more}</section>", 1))) == [
        "7 lines",
        f"{GROUPS} rows drawn",
    ]


def test_lines_that_do_not_fit_stand_in_a_later_section(report: Path) -> None:
    """Each finding and each limit exactly once, on the page or after it."""
    page, whole = read(report), read_json(report / "report.json")
    items = [e.text for e in page.all("li")]

    for line in [*whole["findings"], *whole["unknowns"]]:
        assert items.count(" ".join(line.split())) == 1, line


@pytest.mark.parametrize(
    ("lengths", "shown"), [([], 3), ([10] * 9, 6), ([300] * 9, 3), ([100] * 9, 4), ([10, 10, 900], 3)]
)
def test_few_long_lines_or_more_short_ones_have_room(lengths: Sequence[int], shown: int) -> None:
    assert front._fitting(["x" * n for n in lengths]) == shown


# --- the picture -------------------------------------------------------------------------------------------------------


def test_of_many_groups_the_page_shows_those_served_worst(many: Page) -> None:
    """Of the others, and with them, the next picture tells."""
    (first,) = pictures(section(many))
    names = {e.attributes.get("aria-labelledby", "")[:1]: rows_drawn(e) for e in many.all("svg")}
    table = [
        row.all("td")[2].text
        for row in next(t for t in many.all("table") if t.attributes["id"][:2] == "r-").all("tr")[2:]
    ]
    worst = sorted((float(cell.split("%")[0]) for cell in table), reverse=True)[:8]

    assert names == {"p": 8, "f": GROUPS}
    assert "the 8 worst served of 39" in section(many).all("figcaption")[0].text
    assert f"{worst[0]:.1f}% with new" in first.all("desc")[0].text


def test_no_two_labels_of_a_picture_overlap(many: Page) -> None:
    """Rows of text are further apart than they are high, and none is longer than the room beside the plot."""
    for svg in SVG.findall(many.html):
        root = ET.fromstring(re.sub(r' xmlns="[^"]*"', "", svg))
        texts = [t for t in root.iter("text") if " (n=" in (t.text or "")]
        places = sorted(float(t.get("y", "")) for t in texts)

        assert all(b - a >= 14 for a, b in itertools.pairwise(places))
        assert all(len(t.text or "") <= 48 for t in texts)
        assert all((t.text or "").endswith("(n=60)") for t in texts), "the count is never what is cut"


# --- cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["64.1% (62.6 to 65.5)", "+4.9 (+1.5 to +8.2)", "too few cases to tell (0.12 or more)", "<b> (1 to 2)"]
)
def test_an_interval_is_marked_and_no_word_changed(cell: str) -> None:
    page = Page(f"<td>{measured_html(cell)}</td>")

    assert page.root.text == cell
    assert [e.classes for e in page.all("span")] == [["v"], ["ci"]]


@pytest.mark.parametrize("cell", ["–", "1,204", "hidden (small group)", "12 / 41"])
def test_a_cell_without_an_interval_stays_as_it_is(cell: str) -> None:
    assert measured_html(cell) == cell


def test_long_lists_say_how_many_are_left_out() -> None:
    assert formats.listing(list("abc"), 3) == "a, b and c"
    assert formats.listing(list("abcde"), 3) == "a, b, c and 2 more"
    assert formats.listing(list("abcde")) == "a, b, c, d and e"
