"""What must not come out of a report: code hidden in names and texts, and the numbers of groups too small to show."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from support.finished_runs import HOSTILE, finished, with_regions
from support.html_page import Page, malformed, reaches_out
from support.toy import edit

from fairtransfer import api, formats
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.gates.results import ContrastResult, GateResult
from fairtransfer.report.render import render
from fairtransfer.report.suppress import public_gate

ALL = {
    "<script>alert(7)</script> | [x](javascript:alert(8)) _t_\n\n# more",
    "<img src=x onerror=alert(9)> `sort` | words",
    "<script>alert(5)</script> | [x](javascript:alert(6))",
    *HOSTILE,
}


def text(run: Path, kind: str) -> str:
    return (run / "report" / f"report.{kind}").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished("hostile", tmp_path_factory)


# --- names and texts that would do harm --------------------------------------------------------------------------------


def test_hostile_names_are_words_in_html(hostile: Path) -> None:
    """Nothing of a title, a purpose, a group, a gap or a card's prose is anything but words on the page."""
    page = Page(text(hostile, "html"))

    assert malformed(page) == []
    assert reaches_out(page) == []
    assert [words for words in ALL if " ".join(words.split()) not in page.visible] == []
    links = {a.attributes["href"] for a in page.all("a") if not a.attributes["href"].startswith("#")}
    assert links == {"https://example.org/card", "https://example.org/x.png"}, (
        "of a card's prose, links to the web stay"
    )
    assert "<script>alert(2)</script>" in page.visible
    assert "{{ 7*7 }}" in page.visible


def test_unescaped_names_would_be_noticed(hostile: Path) -> None:
    """The twin: the same page with its escapes undone."""
    assert len(reaches_out(Page(html.unescape(text(hostile, "html"))))) > 10


def alive(markdown: str) -> list[str]:
    """What in a Markdown text is more than words: HTML, pictures, emphasis, and links whatever a parser thinks of them."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {"html_block", "html_inline", "link_open", "image", "em_open"}
    return [token.type for token in [*tokens, *inline] if token.type in kinds] + re.findall(r"(?<!\\)\]\(", markdown)


def test_hostile_names_are_words_in_markdown(hostile: Path) -> None:
    written = text(hostile, "md")
    page = Page(MarkdownIt("commonmark").enable("table").render(written))

    assert alive(written) == []
    assert len(page.all("h1")) == 1
    assert [words for words in ALL if " ".join(words.split()) not in page.root.text] == []


def test_unescaped_markdown_would_be_noticed(hostile: Path) -> None:
    """The twin: the same text without its backslashes."""
    assert {"html_inline", "em_open", "]("} <= set(alive(text(hostile, "md").replace("\\", "")))


def test_json_keeps_hostile_names_as_they_are(hostile: Path) -> None:
    groups = {value for row in read_json(hostile / "report" / "report.json")["rows"] for value in row["group"].values()}

    assert set(HOSTILE) <= groups


@pytest.mark.parametrize(
    ("name", "code"),
    [("nor\u202eth", "FT-Y010"), ("nor\u200bth", "FT-Y010"), ("nor\x1b[31mth", "FT-Y010"), ("x" * 129, "FT-G017")],
)
def test_names_that_hide_or_reorder_text_never_reach_a_report(name: str, code: str, tmp_path: Path) -> None:
    """They are refused where they are declared, before anything is run."""
    audit = with_regions(tmp_path, ("south", name), lambda person: person % 2)

    with pytest.raises(DefinitionError) as refused:
        api.load_audit(audit)

    assert code in {problem.code for problem in refused.value.problems}
    assert name not in str(refused.value), "nor does the message repeat them"


# --- groups too small to show ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished("small", tmp_path_factory)


def hidden(run: Path, *, yes: bool = True) -> list[dict[str, Any]]:
    """The rows of findings.json that the report hides, with their numbers; or the others."""
    shown = read_json(run / "report" / "report.json")["rows"]
    found = read_json(run / "findings.json")["rows"]
    return [row for row, public in zip(found, shown, strict=True) if (public["status"] == "suppressed") == yes]


def whole_groups(run: Path) -> list[dict[str, Any]]:
    """Rows about groups that are hidden as a whole, not only their few cases of a class."""
    return [row for row in hidden(run) if row["metric"] == "error_rate"]


def hidden_regions(run: Path) -> set[str]:
    rows = (row for row in whole_groups(run) if row["group"].keys() == {"region"} and row["level"] != "gap")
    return {row["group"]["region"] for row in rows}


LONG = re.compile(r"(?<![\d.])-?\d+\.\d{11,}(?![\de])")


def unrounded(rows: list[dict[str, Any]]) -> set[str]:
    """Numbers so long that they are nobody else's."""
    return {n for row in rows for key in ("estimate", "ci", "details") for n in LONG.findall(json.dumps(row[key]))}


def phrases(rows: list[dict[str, Any]]) -> set[str]:
    """Intervals as documents write them."""
    intervals = [row["ci"] for row in rows if row["ci"] and row["status"] == "ok"]
    return {show(i) for i in intervals for show in (formats.percent_interval, formats.points_interval)}


def numbers_in(document: str) -> set[str]:
    """Numbers and intervals of a document, whole."""
    number = r"[+−-]?\d+(?:\.\d+)?(?:e-?\d+)?"
    return set(re.findall(rf"{number} to {number}", document)) | set(re.findall(number, document))


def test_a_small_group_and_its_neighbour_are_hidden(small: Path) -> None:
    assert "east" in hidden_regions(small)
    assert len(hidden_regions(small)) == 2, "with its own number alone hidden, subtraction would tell it"


def test_the_numbers_of_hidden_groups_are_in_no_document(small: Path) -> None:
    """Not one estimate, bound or interval of theirs, unrounded in JSON or as people read it."""
    rest = hidden(small, yes=False)
    secret = unrounded(hidden(small)) - unrounded(rest)
    told = phrases(hidden(small)) - phrases(rest)

    assert len(secret) > 20
    assert len(told) > 20
    for kind in ("html", "md", "json"):
        numbers = numbers_in(text(small, kind))
        assert (secret | told) & numbers == set(), kind
        assert (unrounded(rest) | phrases(rest)) & numbers, "others' numbers are there"


def test_without_suppression_they_are_there(small: Path, tmp_path: Path) -> None:
    """The twin: the same evidence under a policy that hides nothing."""
    secret, told = unrounded(hidden(small)), phrases(hidden(small))
    open_run = shutil.copytree(small, tmp_path / "run")
    edit(open_run / "audit.yaml", ("suppress_below: 11", "suppress_below: 0"))

    render(open_run)

    assert secret <= numbers_in(text(open_run, "json"))
    assert len(told & numbers_in(text(open_run, "html"))) > 20


def test_rows_about_hidden_groups_have_words_only(small: Path) -> None:
    """In every table, for every model and metric."""
    names = {formats.group_label(row["group"]) for row in whole_groups(small) if row["level"] != "gap"}
    cells = [
        [cell.text for cell in row.all("th", "td")]
        for table in Page(text(small, "html")).all("table")
        if table.attributes.get("id", "")[:2] in ("r-", "t-", "n-")
        for row in table.all("tr")
    ]
    about = [row for row in cells if names & set(row[:2])]

    assert len(about) > 50
    assert not any(re.search(r"\d", cell) for row in about for cell in row[2 if row[1] in names else 1 :])


def test_the_public_verdict_says_nothing_of_hidden_groups(small: Path) -> None:
    """Not in the lists of a gate, and not in the margin at which it would have passed."""
    secret = [row["group"] for row in whole_groups(small)]
    public = read_json(small / "report" / "report.json")["verdict"]["gates"]
    whole = read_json(small / "verdict.json")["gates"]

    for gate, full in zip(public, whole, strict=True):
        entries = [*gate["decided_by"], *gate["needed"], *gate["contrasts"]]
        assert not [entry for entry in entries if entry["group"] in secret]
        assert len(gate["contrasts"]) < len(full["contrasts"])
        assert gate["smallest_margin"] is None
        assert gate["outcome"] == full["outcome"], "the verdict used them in full"


def test_a_margin_decided_by_a_hidden_group_is_hidden() -> None:
    """The smallest margin of a gate is a bound of one of its groups."""
    numbers = {"n": 50, "harm": 0.1, "upper": 0.2, "lower": 0.0, "margin": 0.3, "p_adjusted": 1.0}
    entries = tuple(
        ContrastResult(
            "toy", {"region": name}, "the limit", None, **numbers, blocked=(), side="over", outcome="pass", recorded={}
        )
        for name in ("north", "east")
    )
    gate = GateResult("no_harm:error_rate:region", "no_harm", "pass", "fine", (), (), (), 0.123, entries, 0.3, 1, ())
    east = frozenset({("region", "east")})

    assert public_gate(gate, {("toy@1", east)}, {"toy": "toy@1"}).smallest_margin is None
    assert public_gate(gate, set(), {"toy": "toy@1"}).smallest_margin == 0.123


def test_no_sentence_names_a_hidden_group_with_a_number(small: Path) -> None:
    whole = json.loads(text(small, "json"))
    told = [*whole["findings"], whole["figures"][0]["caption"], whole["figures"][0]["description"]]

    assert "west" in " ".join(told), "others are named"
    assert not [sentence for sentence in told for name in hidden_regions(small) if re.search(rf"\b{name}\b", sentence)]
