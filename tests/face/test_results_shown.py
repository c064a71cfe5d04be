"""What results show of themselves: a screen of text, a page for a notebook, and no small group's numbers in either."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.given_project import given_project
from support.html_page import ACTIVE, Page, malformed
from support.tables import table

import fairtransfer as ft
from fairtransfer.display import MOST_LINES, WIDTH
from fairtransfer.errors import DefinitionError, IntegrityError
from fairtransfer.evidence.canonical import read_json

NAMES = {"label": "y", "before": "old", "after": "new"}


def small(cases: int = 7) -> pd.DataFrame:
    """A large group, and one that documents hide."""
    return table(600).assign(region=lambda t: np.where(np.arange(len(t)) < cases, "islands", "mainland"))


def of_numbers() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    truth = rng.normal(20, 5, 300)
    return table(300).assign(y=truth, old=truth + rng.normal(0, 3, 300), new=truth + rng.normal(0, 2, 300))


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given_project(tmp_path_factory.mktemp("p"), people=120)


@pytest.fixture(scope="module")
def run(audit: Path, tmp_path_factory: pytest.TempPathFactory) -> ft.Run:
    return ft.run(audit, workspace=tmp_path_factory.mktemp("w"), progress=False)


@pytest.fixture(scope="module")
def results(audit: Path, run: ft.Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    both = ft.measure(
        table(600), **NAMES, groups="region,age", gates=["no_harm:by=region,margin=0.02", "gap:by=age,margin=0.1"]
    )
    many = table(600).assign(place=[f"place number {n % 90}" for n in range(600)])
    numbers = {
        "target": "number",
        "measured_in": "days",
        "gates": "no_harm:by=age,metric=mean_absolute_error,margin=0.5",
    }
    return {
        "measurement": both,
        "measurement of 90 groups": ft.measure(many, **NAMES, groups="place", metrics="error_rate,recall:per_class"),
        "measurement of numbers": ft.measure(of_numbers(), **NAMES, groups="age", **numbers),
        "measurement of one model": ft.measure(table(100), label="y", after="new", groups="age"),
        "findings": both.findings,
        "no findings": both.findings.where(stage="after").where(group={}, by=("age",)),
        "finding": both.findings[4],
        "finding without a value": run.findings.where(status="too_small")[0],
        "verdict": both.verdict,
        "run": run,
        "plan": ft.plan(audit, workspace=tmp_path_factory.mktemp("v"), probe=False),
    }  # fmt: skip


def test_results_take_a_screen_at_most(results: dict[str, Any]) -> None:
    for name, result in results.items():
        lines = repr(result).split("\n")
        assert len(lines) <= MOST_LINES == 25, name
        assert max(map(len, lines)) <= WIDTH == 100, name


def test_pages_are_whole_and_do_nothing(results: dict[str, Any]) -> None:
    for name, result in results.items():
        html = result._repr_html_()
        page = Page(html)
        assert malformed(page) == [], name
        assert not ACTIVE & {element.tag for element in page.root.walk()}, name
        assert not re.search(r"""(src|href)=["']?(https?:)?//|@import""", html), f"{name} loads something"


def test_the_verdict_comes_first_then_chart_and_tables(results: dict[str, Any]) -> None:
    for name in ("measurement", "run", "measurement of numbers"):
        headline = {"pass": "MEETS", "fail": "DOES NOT MEET", "inconclusive": "NOT ENOUGH"}[
            results[name].verdict.outcome
        ]
        page = Page(results[name]._repr_html_())
        assert repr(results[name]).startswith(headline), name
        assert page.all("p")[0].text.strip().startswith(headline), name
        assert len(page.all("svg")) == 1, name
        assert page.all("svg")[0].all("title")[0].text, f"{name}: a chart has words for who does not see it"
        assert "everyone" in repr(results[name]), name


def test_what_is_not_judged_says_so(results: dict[str, Any]) -> None:
    assert repr(results["measurement of one model"]).startswith("MEASURED, NOT JUDGED")


def test_two_charts_of_a_notebook_have_ids_of_their_own(results: dict[str, Any]) -> None:
    both = "".join(results[name]._repr_html_() for name in ("measurement", "measurement of 90 groups", "run"))
    assert malformed(Page(both)) == []


def test_tables_that_would_fill_the_notebook_are_folded_and_counted(results: dict[str, Any]) -> None:
    page = Page(results["measurement of 90 groups"]._repr_html_())

    assert len(page.all("tbody")[0].all("tr")) == 30
    assert "62 more rows" in page.root.text, "90 groups and everyone; the heading is no row"
    assert len(page.all("details")) == len(page.all("table")) - 1 > 0
    assert not Page(results["measurement"]._repr_html_()).all("details")


def test_numbers_of_small_groups_are_in_no_view() -> None:
    """As in documents; one who has the data has them in `findings`."""
    found = ft.measure(small(), **NAMES, groups="region", gates="worst_group:by=region,at_most=0.9")
    value = found.findings.one(stage="after", metric="error_rate", group="region=islands")
    page = Page(found._repr_html_())
    rows = [row for row in page.all("tr") if "islands" in row.text]

    assert value.n == 7
    assert "hidden" in repr(found)
    assert rows
    for text in (*[line for line in repr(found).split("\n") if "islands" in line], *[row.text for row in rows]):
        assert not re.search(r"\d", text), text
    assert "islands (n=" not in page.root.text
    assert ".findings has them" in repr(found)


def test_a_group_that_is_large_enough_is_shown() -> None:
    found = ft.measure(small(60), **NAMES, groups="region")
    assert re.search(r"islands +60 +\d", repr(found))


def test_a_run_that_was_finished_earlier_is_opened(run: ft.Run) -> None:
    again = ft.Run.open(run.folder)

    assert (again.verdict, again.findings, again.fresh) == (run.verdict, run.findings, 0)
    assert repr(again) == repr(run)
    assert list(again.findings.to_frame()["estimate"].dropna()) == [
        row["estimate"] for row in read_json(run.folder / "findings.json")["rows"] if row["estimate"] is not None
    ]


def test_a_run_whose_files_changed_is_not_opened(audit: Path, tmp_path: Path) -> None:
    folder = ft.run(audit, workspace=tmp_path, progress=False).folder
    (folder / "findings.json").write_text("{}")
    with pytest.raises(IntegrityError):
        ft.Run.open(folder)


def test_a_report_is_written_again_where_one_wants_it(run: ft.Run, tmp_path: Path) -> None:
    written = run.report(tmp_path, "md")

    assert [path.suffix for path in written] == [".md"]
    assert all(path.parent == tmp_path for path in written)
    assert run.report_file.is_file()


def test_a_runs_metric_frame_is_the_candidates(run: ft.Run) -> None:
    frame = run.to_metricframe("region")
    asked = {"stage": "after", "strategy": "full", "metric": "error_rate"}
    for region in ("north", "south"):
        value = run.findings.one(**asked, group={"region": region}).estimate
        assert frame.by_group.loc[region, "error_rate"] == value
    other = run.to_metricframe("region", strategy="probe").by_group
    assert (
        other.loc["north", "error_rate"]
        == run.findings.one(**{**asked, "strategy": "probe"}, group="region=north").estimate
    )
    assert run.to_metricframe("region", "before").overall["error_rate"] == run.findings.one(
        stage="before", metric="error_rate", group="everyone"
    ).estimate  # fmt: skip


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "attribute": ({"by": "regio"}, "did you mean `region`?"),
    "stage": ({"by": "region", "stage": "afer"}, "did you mean `after`?"),
    "metric": ({"by": "region", "metrics": "acuracy"}, "there are: error_rate"),
    "strategy": ({"by": "region", "strategy": "ful"}, "strategy FT-P043: no finding has `ful, 16`; there are: "),
    "label budget": ({"by": "region", "label_budget": 32}, "no finding has `full, 32`; there are: "),
    "benchmark": (
        {"by": "region", "benchmark": "toi"},
        "benchmark FT-P043: no finding has `toi`; there are: toy; did you mean",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_run_has_not_is_told_with_what_it_has(name: str, run: ft.Run) -> None:
    asked, told = WRONG[name]
    with pytest.raises(DefinitionError) as caught:
        run.to_metricframe(**asked)
    assert told in str(caught.value)
    assert [problem.code for problem in caught.value.problems] == ["FT-P043"]
