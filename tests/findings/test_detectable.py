"""Every row about a group says what it could not have seen: the published table, and no row left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.contrasts import level, paired

import fairtransfer as ft
from fairtransfer.findings.estimates.averages import MacroAverage
from fairtransfer.findings.estimates.rates import RateDifference

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("n", "seen"), [(20, 0.197), (50, 0.125), (100, 0.088), (200, 0.062), (500, 0.039), (1000, 0.028), (5000, 0.012)]
)
def test_a_rate_of_a_tenth_shows_what_the_table_says(n: int, seen: float) -> None:
    """Against ten times as many, in one comparison."""
    assert level(n // 10, n).detectable(10 * n) == pytest.approx(seen, abs=1e-3)
    assert RateDifference(level(n // 10, n), level(n, 10 * n)).detectable() == pytest.approx(seen, abs=1e-3)


@pytest.mark.parametrize(("n", "seen"), [(50, 0.125), (100, 0.089), (500, 0.040), (1000, 0.028), (5000, 0.013)])
def test_a_change_shows_what_the_table_says(n: int, seen: float) -> None:
    assert paired(n // 20, n // 10 - n // 20, n).detectable() == pytest.approx(seen, abs=1e-3)


def test_seeds_and_averages_leave_room_too() -> None:
    apart = replace(paired(5, 5, 100), gained=(5, 9, 2), lost=(5, 2, 8), before=(5,) * 3, after=(5,) * 3)
    both = MacroAverage((level(10, 100), level(30, 100)), independent=True)

    assert replace(apart, procedure=True).detectable() > apart.detectable()
    assert 0 < both.detectable() < level(30, 100).detectable()


def test_every_row_with_an_interval_says_what_it_could_have_seen() -> None:
    """A group without a single error included; a gap has no interval, and too few cases no estimate."""
    size = {"north": 60, "south": 30, "tiny": 5}
    rows = [
        {
            "y": i % 2,
            "old": (i + (i % 5 == 0)) % 2,
            "new": (i + (i % 7 == 0)) % 2 if place == "north" else i % 2,
            "region": place,
        }
        for place, n in size.items()
        for i in range(n)
    ]
    metrics = ("error_rate", "balanced_accuracy", "recall:per_class", "macro_f1")

    found = ft.measure(pd.DataFrame(rows), label="y", before="old", after="new", groups=["region"], metrics=metrics)

    known = [row for row in found.findings if row.ci is not None]
    assert len(known) > 20
    assert all(row.minimum_detectable is not None and 0 < row.minimum_detectable < 1 for row in known)
    assert all(row.minimum_detectable is None for row in found.findings if row.ci is None)
    south = next(r for r in known if r.group == {"region": "south"} and r.stage == "after" and r.metric == "error_rate")
    assert south.estimate == 0.0
    assert south.minimum_detectable == pytest.approx(
        2.8016 * ((1 / 32) * (31 / 32) / 30 * (1 + 30 / 65)) ** 0.5, abs=1e-4
    )


def test_the_report_shows_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [0, 1] * 50, "new": [0, 1] * 45 + [1, 0] * 5, "region": ["a", "b"] * 50})
    found = ft.measure(frame, label="y", after="new", groups=["region"])
    found.report(tmp_path)

    row = next(r for r in found.findings if r.group == {"region": "a"} and r.metric == "error_rate")
    assert row.minimum_detectable is not None
    assert f"{100 * row.minimum_detectable:.1f}" in (tmp_path / "table.md").read_text().replace("\\", "")
