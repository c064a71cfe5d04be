"""The exploratory table: one family, adjusted together, shown as what it is, and in no verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control
from support.finished_runs import finished
from support.tables import GROUPS, NAMES, table

from fairtransfer import api
from fairtransfer.findings import screening
from fairtransfer.findings.details import ChangeDetails
from fairtransfer.findings.estimates.changes import PairedDifference
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.run_record import load_record
from fairtransfer.gates.verdict import judge
from fairtransfer.measurement import Measurement, measure
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import mcnemar_midp

pytestmark = pytest.mark.fast

GATE = "no_harm:by=region,margin=0.05"


def seen(frame: pd.DataFrame | None = None, **more: Any) -> Measurement:
    return measure(table(600) if frame is None else frame, **NAMES, **GROUPS, **more)


def looked(found: Measurement) -> list[Finding]:
    return [row for row in found.findings if isinstance(row.details, ChangeDetails) and row.details.screening]


def test_the_family_is_every_group_and_intersection_and_not_everyone() -> None:
    frame = table(600)
    rows = looked(seen(frame))
    groups = {tuple(row.group.values()) for row in rows}
    both = {(r, a) for r, a in zip(frame.region, frame.age, strict=True)}
    assert groups == {(r,) for r in set(frame.region)} | {(a,) for a in set(frame.age)} | both
    assert {(row.stage, row.metric) for row in rows} == {("change", "error_rate")}


def test_adjusted_values_equal_those_of_scipy_on_mid_p_from_the_rows() -> None:
    frame = table(600)
    rows = looked(seen(frame))
    p_values = []
    for row in rows:
        mine = frame[np.all([frame[name] == value for name, value in row.group.items()], axis=0)]
        wrong = [(mine[name] != mine.y).to_numpy() for name in ("old", "new")]
        p_values.append(mcnemar_midp(int((wrong[1] & ~wrong[0]).sum()), int((wrong[0] & ~wrong[1]).sum())))
        assert row.details.screening.p == p_values[-1]
        assert row.details.screening.method == screening.MIDP
    expected = false_discovery_control(p_values, method="bh")
    assert [row.details.screening.adjusted for row in rows] == pytest.approx(expected.tolist(), abs=1e-12)


def test_json_and_table_say_what_it_is() -> None:
    found = seen()
    about = found.to_json()["screening"]
    assert (about["label"], about["adjusted_by"]) == ("screening, not a verdict", "benjamini-hochberg")
    assert (about["metric"], about["comparisons"]) == ("error_rate", len(looked(found)))
    frame = found.to_frame()
    kept = frame[frame.screening_adjusted.notna()]
    assert len(kept) == len(looked(found))
    assert (kept.screening_adjusted >= kept.screening_p).all()
    assert measure(table(), label="y", after="new", groups=["age"]).to_json()["screening"] is None


def test_the_metric_is_the_first_that_has_a_paired_change() -> None:
    assert {row.metric for row in looked(seen(metrics=["precision", "recall", "accuracy"], positive="yes"))} == {
        "recall"
    }
    assert {row.metric for row in looked(seen(metrics=["precision", "recall", "accuracy"]))} == {"accuracy"}
    assert looked(seen(metrics=["balanced_accuracy"])) == []


def test_no_verdict_hears_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the table says, the verdict of a table and of a run stay as they are."""
    plain = seen(gates=[GATE]).verdict.to_json()
    run = finished("pass", tmp_path_factory)
    kept = json.loads((run / "verdict.json").read_text())
    for value in (0.0, 1.0):
        monkeypatch.setattr(screening, "benjamini_hochberg", lambda p, v=value: np.full(len(p), v))
        changed = seen(gates=[GATE])
        assert {row.details.screening.adjusted for row in looked(changed)} == {value}
        assert changed.verdict.to_json() == plain
        assert judge(load_record(run)).to_json() == kept


def test_what_is_hidden_does_not_show_through_what_is_shown(tmp_path: Path) -> None:
    """The hidden group has the smallest p-value by far; without it the others' adjusted values are another family's."""
    frame = table(600).query("region != 'west'")
    few = frame[:10].assign(region="island", old=frame.y[:10], new=frame.y[:10].map({"yes": "no", "no": "yes"}))
    found = measure(pd.concat([frame, few]), **NAMES, groups=["region", "age"])
    found.report(tmp_path)
    public = [r for r in json.loads((tmp_path / "table.json").read_text())["rows"] if r["details"]]
    shown = [row["details"]["screening"] for row in public if "screening" in row["details"]]
    assert len(shown) < len(looked(found))
    expected = false_discovery_control([entry["p"] for entry in shown], method="bh")
    assert [entry["adjusted"] for entry in shown] == pytest.approx(expected.tolist())


def paired(b: int, c: int, n: int, **more: Any) -> PairedDifference:
    d = Moments(n, n, b - c, n, b - c, b + c)
    return PairedDifference((b,), (c,), (c,), (b,), n, d, clustered=False, procedure=False, **more)


def test_an_implied_p_value_is_where_the_interval_begins_to_exclude_nothing() -> None:
    for b, c, n in ((12, 4, 200), (3, 40, 300), (7, 1, 30)):
        sample = paired(b, c, n)
        p = screening.two_sided(sample)
        inside, outside = (sample.limits(1 - p * factor / 2) for factor in (0.999, 1.001))
        assert inside[0] < 0 < inside[1]
        assert not outside[0] < 0 < outside[1]
        assert screening.two_sided(paired(c, b, n)) == pytest.approx(p)
    assert screening.two_sided(paired(5, 5, 100)) == 1.0


def test_runs_over_seeds_are_screened_by_their_intervals(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = finished("pass", tmp_path_factory)
    told = json.loads((run / "findings.json").read_text())
    rows = [row for row in told["rows"] if row["details"] and "screening" in row["details"]]
    assert told["screening"]["comparisons"] == len(rows) > 0
    assert {row["details"]["screening"]["method"] for row in rows} == {screening.IMPLIED}
    assert {row["label_budget"] for row in rows} == {told["verdict"]["candidate"]["label_budget"]}
    for row in rows:
        significant = row["details"]["screening"]["p"] < 0.05
        assert significant == (not row["ci"][0] <= 0 <= row["ci"][1])
    text = (run / "report" / "report.html").read_text()
    assert "Screening, not a verdict" in text
    assert api.verify(run)
