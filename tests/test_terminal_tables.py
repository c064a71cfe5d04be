"""What `measure` prints: every metric asked for, every group of every view, on one screen's width."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import command_line
from test_scores import scored


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
    assert max(map(len, printed)) <= 110
    heads = [line.split() for line in printed if "Before" in line and "After" in line]
    assert [head[-1] for head in heads] == ["right", "After", "Change", "Change"]
    assert any(line.endswith("Newly wrong") for line in printed)


def test_one_model_has_no_columns_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored(400).to_csv(tmp_path / "answers.csv", index=False)
    run = command_line(monkeypatch, capsys)
    _, out, _ = run("measure", tmp_path / "answers.csv", "--label", "y", "--after", "new", "--groups", "region")
    assert "After" in out
    assert not any(word in out for word in ("Before", "Change", "Newly"))
