"""The HTML report: well-formed, reachable, readable without colour, complete in one file, and drawn as it is told."""

from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finished_runs import KINDS, finished
from support.html_page import Page, bad_figures, bad_tables, badly_headed, malformed, reaches_out

from fairtransfer import api, formats
from fairtransfer.evidence.canonical import read_json
from fairtransfer.report import charts
from fairtransfer.report.templating import prose_html
from fairtransfer.spec.strategies import STRATEGY_OPTIONS

CHECKERS = (malformed, badly_headed, bad_tables, bad_figures, reaches_out)


@functools.cache
def read(report: Path) -> Page:
    return Page(report.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=sorted(KINDS))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of every kind."""
    return finished(request.param, tmp_path_factory)


@pytest.fixture
def page(run: Path) -> Page:
    return read(run / "report" / "report.html")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A report with everything in it, to be doctored."""
    return read(finished("open", tmp_path_factory) / "report" / "report.html")


# --- one file, for everyone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checker", CHECKERS)
def test_every_report_is_well_made(page: Page, checker: Callable[[Page], list[str]]) -> None:
    """Tags, ids, headings, tables and pictures are as they should be, and nothing runs or is loaded."""
    assert checker(page) == []


@pytest.mark.parametrize(
    ("checker", "old", "new"),
    [
        (malformed, "</main>", ""),
        (malformed, "<p>Made-up words.</p>", "<p>Made-up <b>words.</p></b>"),
        (malformed, 'id="gates"', 'id="costs"'),
        (malformed, 'id="gates"', 'id="the gates"'),
        (malformed, 'href="#main"', 'href="#nowhere"'),
        (malformed, "before</text>", "before & after</text>"),
        (badly_headed, ' lang="en"', ""),
        (badly_headed, "<title>.*?</title>", ""),
        (badly_headed, "<h1>(.*?)</h1>", r"<h2>\1</h2>"),
        (badly_headed, '<h2 id="method">Method</h2>', '<h1 id="method">Method</h1>'),
        (badly_headed, "<h3>(Why this verdict)</h3>", r"<h4>\1</h4>"),
        (bad_tables, "<caption>The gates.*?</caption>", ""),
        (bad_tables, '<th scope="col" role="columnheader">Gate</th>', "<th>Gate</th>"),
        (bad_tables, '<th scope="row">Auditor</th>', "<td>Auditor</td>"),
        (bad_tables, '<th scope="row">Auditor</th>', ""),
        (bad_tables, 'class="scroll" tabindex="0"', 'class="scroll"'),
        (bad_figures, "<title id=.*?</title>", ""),
        (bad_figures, "<desc id=.*?</desc>", "<desc></desc>"),
        (bad_figures, 'role="img"', ""),
        (bad_figures, "<figcaption>.*?</figcaption>", ""),
        (reaches_out, "</body>", "<script>1</script></body>"),
        (reaches_out, "<main", '<main onclick="x"'),
        (reaches_out, 'href="#main"', 'href="javascript:x"'),
        (reaches_out, "</body>", '<img src="https://example.org/x.png"></body>'),
        (reaches_out, "h1 {", "h1 { background: url(https://example.org/x.png);"),
        (reaches_out, ":root", "@import 'x.css'; :root"),
        (reaches_out, "default-src 'none'", "default-src *"),
    ],
)
def test_a_badly_made_report_is_noticed(whole: Page, checker: Callable[[Page], list[str]], old: str, new: str) -> None:
    """The twin: the same report with one thing wrong."""
    doctored = re.sub(old, new, whole.html, count=1, flags=re.DOTALL)

    assert doctored != whole.html
    assert checker(Page(doctored))


@pytest.mark.parametrize("prose", ["# One\n\n### Three\n\n# One", "### Three\n\n# One\n\n## Two", "## Two\n\n## Two"])
def test_headings_of_a_card_fit_below_the_benchmark_they_belong_to(prose: str) -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", str(prose_html(prose)))]

    assert levels[0] == 4
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), levels


# --- colours -----------------------------------------------------------------------------------------------------------


def test_no_outcome_is_told_by_colour_alone(page: Page, run: Path) -> None:
    """The outcome is words, wherever it is told."""
    verdict = read_json(run / "verdict.json")
    word = formats.POLICY_WORDS[verdict["outcome"]]
    gates = next((t for t in page.all("table") if t.attributes.get("id") == "gates"), None)

    assert page.all("title")[0].text.startswith(f"{word}: ")
    assert next(e.text for e in page.all("h2")) == word
    assert len(gates.all("tr")) - 1 == len(verdict["gates"]) if gates else verdict["gates"] == []
    for row, gate in zip(gates.all("tr")[1:] if gates else (), verdict["gates"], strict=True):
        assert row.all("td")[1].text == formats.OUTCOME_WORDS[gate["outcome"]]


def pale(css: str) -> list[str]:
    """Text colours of a style sheet that are hard to read on one of its grounds, by day and in the dark."""
    day, dark = (
        dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    assert day.keys() == dark.keys()
    faults = []
    for names in (day, dark):
        inks = {names[name] for name in re.findall(r"[;{\s]color: var\(--(\w+)\)", css)}
        grounds = {names[name] for name in re.findall(r"background: var\(--(\w+)\)", css)}
        if names is day:  # what has a colour of its own has it on paper, or around a picture that has texts of its own
            inks |= {full(colour) for colour in re.findall(r"[;{\s]color: (#\w+)", css)}
            grounds |= {full(colour) for colour in re.findall(r"background: (#\w+)", css)}
        assert len(inks) > 4
        assert len(grounds) > 1
        faults += [f"{ink} on {ground}" for ink in inks for ground in grounds if charts.contrast(ink, ground) < 4.5]
    return faults


def full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])


def test_text_can_be_read_by_people_who_see_little(whole: Page) -> None:
    """4.5:1 for text, outcomes included, on every ground; 3:1 for marks; measured as WCAG does."""
    assert (charts.contrast("#000000"), charts.contrast("#ffffff")) == (21, 1)
    assert charts.contrast("#777777") == pytest.approx(4.48, abs=0.005), (
        "a value of its own, known from WCAG's examples"
    )
    assert pale(whole.all("style")[0].text) == []
    assert all(charts.contrast(full(e.attributes["fill"])) >= 4.5 for svg in whole.all("svg") for e in svg.all("text"))
    paths = [e.attributes for svg in whole.all("svg") for e in svg.all("path")]
    marks = {
        path.get("stroke", path["fill"]) for path in paths if "fill" in path
    }  # hollow marks are seen by their outline
    assert all(
        charts.contrast(colour) >= 3
        for colour in {*marks, *charts.COLOURS.values(), *charts.palette(list(STRATEGY_OPTIONS)), *charts.SPARE}
        - {"none"}
    )


def test_pale_text_is_noticed(whole: Page) -> None:
    """The twin: one colour lighter by day, one darker in the dark."""
    css = whole.all("style")[0].text

    assert len(pale(css.replace("--open: #7a4d00", "--open: #b07000"))) == 2
    assert len(pale(css.replace("--open: #e8b55f", "--open: #7a4d00"))) == 2


# --- the same evidence, the same bytes ---------------------------------------------------------------------------------


def test_the_same_evidence_gives_the_same_bytes_anywhere(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rendered again by another process in another place, time zone and language, with other hashes."""
    run = finished("hostile", tmp_path_factory)
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANGUAGE": "sw"}
    environment = {**os.environ, **changed, "PYTHONPATH": str(Path(__file__).parents[2])}

    subprocess.run(
        [sys.executable, "-m", "fairtransfer", "report", str(run), "--out", "again"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )

    for name in ("report.html", "report.md", "report.json"):
        assert (tmp_path / "again" / name).read_bytes() == (run / "report" / name).read_bytes()


def test_other_evidence_gives_other_bytes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The twin."""
    one, two = (finished(kind, tmp_path_factory) for kind in ("pass", "fail"))

    assert all(
        (one / "report" / n).read_bytes() != (two / "report" / n).read_bytes() for n in ("report.md", "report.json")
    )


def test_rendering_again_changes_nothing_in_a_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = finished("open", tmp_path_factory)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    api.render(run)

    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
