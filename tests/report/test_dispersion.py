"""How far groups lie apart, and groups in order: what the tables say is what the findings hold, and nothing that is hidden."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.finished_runs import finished
from support.html_page import Page

from fairtransfer import formats
from fairtransfer.findings.gap_details import GapDetails
from fairtransfer.measurement import Measurement, measure
from fairtransfer.report.dispersion import apart_tables, compact_apart
from fairtransfer.report.document import public
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table
from fairtransfer.spec.gates import Policy

RATES = {"north": (40, 0.5), "south": (200, 0.3), "west": (300, 0.2), "isles": (60, 0.2)}


def answers(rates: dict[str, tuple[int, float]] = RATES) -> pd.DataFrame:
    """Answers of two models, of which the second is wrong in these shares of the regions' cases."""
    rows = [(region, i < round(n * share), i % 2) for region, (n, share) in rates.items() for i in range(n)]
    frame = pd.DataFrame(rows, columns=["region", "wrong", "y"])
    return frame.assign(old=frame.y, new=np.where(frame.wrong, 1 - frame.y, frame.y)).drop(columns="wrong")


def seen(frame: pd.DataFrame, **beside: Any) -> Measurement:
    return measure(frame, label="y", before="old", after="new", groups=["region"], **beside)


def shown(found: Measurement) -> Subject:
    return public(found.study, found.findings, found.verdict)


def named(tables: list[Table], beginning: str) -> Table:
    (one,) = (table for table in tables if table.caption.startswith(beginning))
    return one


def gap_of(found: Measurement, stage: str = "after", metric: str = "error_rate") -> GapDetails:
    rows = (row for row in found.findings if row.level == "gap")
    details = next(row.details for row in rows if (row.stage, row.metric) == (stage, metric))
    assert isinstance(details, GapDetails)
    return details


def test_groups_stand_in_the_order_of_the_rates_that_borrow_strength_beside_their_own() -> None:
    found = seen(answers())
    table = named(list(apart_tables(shown(found))), "Groups in order")
    told = gap_of(found)

    assert table.headings[-1] == "For ordering only"
    assert [row[0] for row in table.rows] == [e.group["region"] for e in told.ranked]
    assert [row[-1] for row in table.rows] == [formats.percent(e.rate) for e in told.ranked]
    assert table.rows[0][0] == "north"
    assert table.rows[0][1:3] == ("40", "50.0% (33.8 to 66.2)")
    north = next(e for e in told.against_rest if e.group == {"region": "north"})
    assert table.rows[0][3] == f"{formats.points(north.difference, unit=False)} ({formats.points_interval(north.ci)})"
    assert "no estimate to act on" in table.note
    assert "no verdict uses it" in table.note
    assert not re.search(r"\(", "".join(row[-1] for row in table.rows)), "no limits: they would not hold"


def test_the_gap_stands_beside_what_chance_alone_would_show_and_what_it_leaves() -> None:
    found = seen(answers())
    table = named(list(apart_tables(shown(found))), "How far groups lie apart")
    after, told = table.rows[1], gap_of(found)

    assert after[:3] == ("region (4 of 4)", "new", "north")
    assert after[4] == "30.0"
    assert after[5] == f"{100 * told.noise_floor.mean:.1f} / {100 * told.noise_floor.p95:.1f}"
    sd, low, high = (max(v, 0) ** 0.5 for v in (told.between.variance, *told.between.ci))
    assert after[6] == f"{100 * sd:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    assert "not that groups are served alike" in table.note


def test_a_negative_variance_is_a_spread_of_0() -> None:
    """Of the model before nobody is wrong; of groups nearly alike sampling explains more than all of the spread."""
    found = seen(answers(dict.fromkeys("abcd", (100, 0.2)) | {"e": (100, 0.21)}))
    table = named(list(apart_tables(shown(found))), "How far groups lie apart")

    assert gap_of(found).between.variance < 0
    assert table.rows[1][6].startswith("0.0 (0.0 to ")
    assert "−" not in table.rows[1][6]


def test_where_no_group_errs_neither_chance_nor_spread_can_be_told() -> None:
    """No draw from a rate of 0 is anything but 0: limits of 0 to 0 would be certainty that nobody has."""
    found = seen(answers())
    tables = list(apart_tables(shown(found)))

    assert gap_of(found, "before").between.ci == (0.0, 0.0)
    assert named(tables, "How far").rows[0][2:] == ("–", "–", "0.0", "cannot be computed", "cannot be computed")
    same = named(list(apart_tables(shown(seen(answers(dict.fromkeys("abcd", (50, 0.0))))))), "Groups")
    assert same.caption.startswith("Groups against the others"), "nobody comes first"


def test_groups_that_are_not_compared_are_counted() -> None:
    frame = answers(RATES | {"east": (8, 0.5), "far": (9, 0.5)})
    tables = list(apart_tables(shown(seen(frame))))

    assert named(tables, "How far").rows[0][0] == "region (4 of 6)"
    assert named(tables, "Groups in order").note.endswith("for too few cases or none: 2 groups.")


def test_two_groups_have_no_order() -> None:
    two = {name: RATES[name] for name in ("north", "south")}
    table = named(list(apart_tables(shown(seen(answers(two))))), "Groups against the others")

    assert "For ordering only" not in table.headings
    assert "ordering" not in table.note


def test_the_terminal_tells_the_reports_metric_in_few_columns() -> None:
    found = seen(answers(), metrics=["error_rate", "accuracy"])
    subject = Subject(found.study, FindingIndex(found.findings), found.verdict, frozenset())
    (table,) = compact_apart(subject)

    assert len(table.headings) == 4
    assert [row[0] for row in table.rows] == ["region, old", "region, new"]


def test_no_front_page_and_no_verdict_tells_of_ordering(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = finished("fail", tmp_path_factory)
    page = (run / "report" / "report.html").read_text()
    decision, tables = page[: page.index('id="findings"')], page[page.index('id="tables"') :]

    for words in ("For ordering only", "Left after chance"):
        assert words not in decision
        assert words in tables
        assert words in (run / "report" / "report.md").read_text()
    assert "for_ranking" not in json.dumps(json.loads((run / "verdict.json").read_text()))
    rows = json.loads((run / "report" / "report.json").read_text())["rows"]
    assert any("variance_between_corrected" in (row["details"] or {}) for row in rows)


# --- what is hidden -----------------------------------------------------------------------------------------------------


def test_a_hidden_group_is_in_none_of_the_tables(tmp_path: Path) -> None:
    """Ten cases are enough to be compared and too few to be shown: then nothing is told of any group of the view."""
    found = seen(answers(RATES | {"east": (10, 0.7)}))
    found.report(tmp_path)
    tables = list(apart_tables(shown(found)))

    assert not [table for table in tables if table.caption.startswith("Groups")]
    assert {row[4] for row in named(tables, "How far").rows} == {"hidden (small group)"}
    assert not re.search(r"\d", "".join(itertools.chain.from_iterable(named(tables, "How far").rows)))
    assert "adjusted_for_ranking_only" not in (tmp_path / "table.json").read_text()


def test_without_hiding_it_would_be_there() -> None:
    """The twin: the same answers under a policy that hides nothing."""
    found = seen(answers(RATES | {"east": (10, 0.7)}), policy=Policy(planned_evaluations=1, suppress_below=0))

    table = named(list(apart_tables(shown(found))), "Groups in order")
    assert ("east", "10", "70.0% (34.8 to 93.3)") in [row[:3] for row in table.rows]


def precise() -> pd.DataFrame:
    """In the north ten cases are put into class c, and what is right among them nobody is to know."""
    put = {"north": (60, 50, 10), "south": (60, 50, 40), "west": (60, 50, 35)}
    rows = [
        (region, of, of if i % 10 < 7 else "b" if of == "a" else "a")
        for region, numbers in put.items()
        for of, n in zip("abc", numbers, strict=True)
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["region", "new", "y"])


def precision(below: int) -> Measurement:
    policy = Policy(planned_evaluations=1, suppress_below=below)
    metrics = ["precision:per_class", "error_rate"]
    return measure(
        precise(), label="y", after="new", groups=["region"], metrics=metrics, classes=list("abc"), policy=policy
    )


@pytest.mark.parametrize("below", [0, 11])
def test_a_gap_tells_of_no_group_whose_own_row_is_hidden(below: int) -> None:
    """The group is large and shown; only its few answers of a class are hidden, and those of the class left over."""
    subject = shown(precision(below))
    rows = [row for row in subject.rows.all if row.metric == "precision" and row.class_]
    hidden = {(row.class_, *row.group.values()) for row in rows if row.status == "suppressed"}
    gaps = {row.class_ for row in rows if row.level == "gap" and row.status == "ok"}
    anchors = (re.fullmatch(r"o-table-precision-(.)-region", t.anchor) for t in apart_tables(subject))
    order = {found[1] for found in anchors if found}

    assert (("c", "north") in hidden) == (below > 0)
    assert gaps == ({"a"} if below else set("abc"))
    assert order == gaps


def test_hidden_tables_of_a_run_hold_no_number(tmp_path_factory: pytest.TempPathFactory) -> None:
    page = Page((finished("small", tmp_path_factory) / "report" / "report.html").read_text())
    apart = [t for t in page.all("table") if t.attributes.get("id", "").startswith("a-")]
    cells = [[c.text for c in row.all("td")] for t in apart for row in t.all("tr")]

    told = [row for row in cells if "hidden (small group)" in row]
    assert told
    assert not any(re.search(r"\d", cell) for row in told for cell in row[2:])
