"""What a report says: no phrase that claims too much, no rate without its count and its interval."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from support.finished_runs import KINDS, finished
from support.html_page import Element, Page

from fairtransfer import formats, resources

BANNED = (
    r"\bno bias\b",
    r"\bbias[- ]free\b",
    r"\bunbiased\b",
    r"\bfair model\b",
    r"\bis fair\b",
    r"\bproves?\b",
    r"not (statistically )?significant,? so no difference",
    r"\bcompliant\b",
    r"passed the 80 ?% rule",
    r"statistically significant(?![^.]*\d)",
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=sorted(KINDS))
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of a finished run of every kind."""
    return finished(request.param, tmp_path_factory) / "report"


def page(report: Path) -> Page:
    return Page((report / "report.html").read_text(encoding="utf-8"))


# --- phrases -----------------------------------------------------------------------------------------------------------


def overclaims(text: str) -> list[str]:
    """Phrases that claim more than an audit can show."""
    plain = " ".join(html.unescape(text).split())
    return [found[0] for pattern in BANNED for found in re.finditer(pattern, plain, re.IGNORECASE)]


def test_no_report_claims_what_no_audit_can_show(report: Path) -> None:
    for path in report.iterdir():
        assert overclaims(path.read_text(encoding="utf-8")) == [], path.name


def test_nothing_that_reports_are_made_of_can_claim_it() -> None:
    """Templates, the words of the tool and the audits and cards that come with it."""
    sources = [p for name in ("templates", "audits", "data_cards") for p in (ROOT / name).rglob("*") if p.is_file()]
    sources += [*(ROOT / "fairtransfer" / "report").glob("*.py"), *(ROOT / "fairtransfer" / "gates").glob("*.py")]
    sources += [ROOT / "fairtransfer" / "formats.py"]

    assert len(sources) > 20
    assert resources.resource("templates") == ROOT / "templates"
    for path in sources:
        assert overclaims(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize(
    "phrase",
    [
        "The audit found no bias.",
        "a bias-free model",
        "this is a fair model",
        "which proves that",
        "not significant, so no difference",
        "the system is compliant with",
        "it passed the 80% rule",
        "the change is statistically significant.",
    ],
)
def test_such_a_phrase_is_noticed(phrase: str) -> None:
    """The twin; the words of the tool do not trip it, nor does significance told with its size."""
    assert len(overclaims(phrase)) == 1
    assert overclaims("Pretraining improves it; statistically significant, by 3 points.") == []


def test_verdicts_have_words_that_promise_nothing() -> None:
    assert set(formats.POLICY_WORDS.values()) == {
        "MEETS POLICY",
        "DOES NOT MEET POLICY",
        "NOT ENOUGH EVIDENCE",
        "NOTHING TO JUDGE",
        "COULD NOT RUN",
    }


# --- numbers -----------------------------------------------------------------------------------------------------------


def bare_rates(page: Page) -> list[str]:
    """Rates without the number of cases they are of, in tables and in sentences of the findings."""
    faults = []
    for table in page.all("table"):
        head, *rows = [[c.text for c in row.children if isinstance(c, Element)] for row in table.all("tr")]
        for row in rows:
            rates = [cell for cell in row if re.match(r"[\d.]+% \(", cell)]
            if rates and not re.fullmatch(r"[\d,]+", dict(zip(head, row, strict=True)).get("Cases", "")):
                faults.append(" | ".join(row))
    for item in (e for key in page.all("ul") if "key" in key.classes for e in key.all("li")):
        if re.search(r"\d%|of every 100", item.text.replace("95%", "")) and not re.search(r"\d cases\)", item.text):
            faults.append(item.text)
    return faults


def test_no_rate_stands_without_its_count(report: Path) -> None:
    assert bare_rates(page(report)) == []


def test_a_rate_without_its_count_is_noticed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The twin, in a table and in a sentence."""
    text = (finished("fail", tmp_path_factory) / "report" / "report.html").read_text()

    assert bare_rates(Page(text.replace(">Cases<", ">People<")))
    assert bare_rates(Page(re.sub(r"; \d+ cases\)", ")", text)))


def test_every_rate_has_an_interval_or_a_word_for_why_not(report: Path) -> None:
    rate = r"[\d.]+% \([\d.]+ to [\d.]+\)|–|" + "|".join(map(re.escape, formats.STATUS_WORDS.values()))
    cells = [
        row["After"]
        for table in page(report).all("table")
        if table.attributes.get("id", "").startswith("r-")
        for row in rows_of(table)
    ]

    assert cells
    assert all(re.fullmatch(rate, cell) for cell in cells), cells


def rows_of(table: Element) -> list[dict[str, str]]:
    head, *rows = [[c.text for c in row.children if isinstance(c, Element)] for row in table.all("tr")]
    return [dict(zip(head, row, strict=True)) for row in rows]
