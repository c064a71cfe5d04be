"""What `measure` prints: every metric asked for, every group of every view, on one screen's width."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.scored_tables import scored
from support.terminal import command_line

from fairtransfer.cli.show import stacked
from fairtransfer.measurement import measure
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.report.results import compact_tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import table

HEADINGS = ("", "Cases", "Before", "After", "Change, points", "Newly wrong\n/ right", "Smallest\nseen,\npoints")
CELLS = ("1,563", "18.2% (16.3 to 20.2)", "20.2% (18.2 to 22.2)", "0.0 (−24.5 to +24.5)", "50 / 19", "1.5")


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    scored(400).to_csv(tmp_path / "answers.csv", index=False)
    run = command_line(monkeypatch, capsys)
    names = (
        "--label",
        "y",
        "--before",
        "old",
        "--after",
        "new",
        "--groups",
        "region,age",
        "--intersections",
        "region*age",
    )
    scores = (
        "--positive",
        "yes",
        "--score",
        "s1",
        "--score-before",
        "s0",
        "--metrics",
        "error_rate,precision,auc,macro_f1",
    )
    code, out, err = run("measure", tmp_path / "answers.csv", *names, *scores)
    assert (code, err) == (0, "")
    return [line.rstrip() for line in out.splitlines()]


def test_every_metric_has_a_table_of_everyone_and_every_group(printed: list[str]) -> None:
    titles = [line for line in printed if "95% intervals" in line]
    assert [title.split(",")[0] for title in titles] == ["Error rate", "Precision of yes", "Macro F1", "AUC of yes"]
    for label in ("everyone", "by region and age", "  north & young", "by age", "  young  "):
        assert sum(line.removeprefix(" ").startswith(label) for line in printed) == len(titles), label


def test_tables_fit_a_screen_and_have_the_columns_that_they_need(printed: list[str]) -> None:
    assert max(map(len, printed)) <= 120
    heads = [line.split() for line in printed if "Before" in line and "After" in line]
    assert [head[-2] for head in heads] == ["right", "points", "Change", "Change"]
    assert [head[-1] for head in heads] == ["points", "points", "seen", "seen"]
    assert any("Newly wrong" in line for line in printed)


def test_the_smallest_difference_seen_stands_in_every_row_as_in_the_findings(tmp_path: Path) -> None:
    """The last number of a row is `minimum_detectable` of the change."""
    found = measure(
        scored(400),
        label="y",
        before="old",
        after="new",
        groups=["region"],
        metrics=["error_rate", "precision"],
        positive="yes",
    )
    rows = FindingIndex(found.findings)
    subject = Subject(found.study, rows, found.verdict, frozenset())
    (key, *_), groups = {row.benchmark for row in rows.all}, [{}]
    groups += rows.groups(key, ("region",))
    of_change, of_moving = compact_tables(subject)
    for printed, metric, of, stage in (
        (of_change, "error_rate", None, "change"),
        (of_moving, "precision", "yes", "change"),
    ):
        lines = [line for line in printed.rows if not line[0].startswith("by")]
        for line, group in zip(lines, groups, strict=True):
            told = rows.find(key, stage, metric, group, subject.strategy, subject.budget, of)
            assert told is not None
            assert line[-1] == f"{100 * told.minimum_detectable:.1f}"


@pytest.mark.parametrize("width", [60, 80, 90, 100, 120, 200])
def test_numbers_are_broken_only_where_a_terminal_is_too_narrow_for_them(width: int) -> None:
    """Nothing is lost on the way: without the breaks it is the same table."""
    wide = table("t", "t", HEADINGS, [("everyone", *CELLS), ("islands of the far west", *CELLS)])
    fitted = stacked(wide, width)

    assert ("\n" in fitted.rows[0][2]) == (width < 114)
    lines = [line for row in (fitted.headings, *fitted.rows) for cell in row[1:] for line in cell.split("\n")]
    assert max(map(len, lines)) <= {60: 9, 80: 9, 90: 16, 100: 16}.get(width, 21)
    assert [" ".join(cell.split()) for cell in fitted.rows[1]] == [" ".join(cell.split()) for cell in wide.rows[1]]


def test_one_model_has_no_columns_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored(400).to_csv(tmp_path / "answers.csv", index=False)
    run = command_line(monkeypatch, capsys)
    _, out, _ = run("measure", tmp_path / "answers.csv", "--label", "y", "--after", "new", "--groups", "region")
    assert "After" in out
    assert "Smallest" in out
    assert not any(word in out for word in ("Before", "Change", "Newly"))
