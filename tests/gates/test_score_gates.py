"""Gates on metrics made of scores: three outcomes from closed forms, and a reason where a metric cannot be judged."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.contrasts import contrast, judge_contrasts, outcome
from support.scored_tables import SCORES, scored
from support.value_rows import once

from fairtransfer.errors import DefinitionError
from fairtransfer.findings.estimates.means import BoundedMean
from fairtransfer.findings.estimates.rankings import Ranking, RankingChange
from fairtransfer.findings.sums import PerSeed
from fairtransfer.gates.contrast import Contrast
from fairtransfer.measurement import Measurement, measure

Sample = BoundedMean | Ranking | RankingChange


def mean_of(values: list[float], bounds: tuple[float, float]) -> BoundedMean:
    return BoundedMean(once(values), procedure=False, bounds=bounds)


def ranks(n: tuple[int, int], **values: float) -> PerSeed:
    row = {
        "seed": None,
        "n": sum(n),
        "positives": n[0],
        "units": sum(n),
        "units_positive": n[0],
        "units_negative": n[1],
    }
    return PerSeed((row | values,), None)


def ranking(n: tuple[int, int], auc: float, variance: float) -> Ranking:
    return Ranking(ranks(n, value=auc, variance=variance), procedure=False, bounds=(0.0, 1.0))


def change(n: tuple[int, int], old: float, new: float, variance: float, r: float) -> RankingChange:
    parts = {"auc_before": old, "auc_after": new, "variance_before": variance, "covariance": r * variance}
    answers = ranks(n, value=new - old, variance=variance, **parts)
    return RankingChange(answers, procedure=False, bounds=(-1.0, 1.0))


unit, signed = st.floats(0, 1), st.floats(-1, 1)
# An AUC is a count of pairs over their number; one of 1e-198 would ask for limits finer than rounding.
rate = st.integers(0, 100_000).map(lambda pairs: pairs / 100_000)
classes = st.tuples(st.integers(10, 400), st.integers(10, 400))
spread = st.floats(0, 0.02)
brier = st.lists(unit, min_size=10, max_size=60).map(lambda v: mean_of(v, (0.0, 1.0)))
moved = st.lists(signed, min_size=10, max_size=60).map(lambda v: mean_of(v, (-1.0, 1.0)))
aucs = st.builds(ranking, classes, rate, spread)
changed = st.builds(change, classes, rate, rate, spread, signed)
samples = st.one_of(brier, moved, aucs, changed)


def judged(sample: Sample, margin: float, sign: int = 1) -> Contrast:
    return contrast(sample, margin, sign=sign)


# --- the rule ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(samples, st.sampled_from([1, -1])), min_size=1, max_size=5), st.floats(-1, 1))
def test_exactly_one_outcome_and_never_pass_and_fail(found: list[tuple[Sample, int]], margin: float) -> None:
    contrasts = [judged(sample, margin, sign) for sample, sign in found]

    result, each = outcome(*contrasts), judge_contrasts(contrasts, 0.05)

    assert result.outcome in ("pass", "fail", "inconclusive")
    assert not any(j.passed and j.failed for j in each)
    assert (result.outcome == "pass") == all(j.passed for j in each)
    assert (result.outcome == "fail") == any(j.failed for j in each)


@given(samples, st.sampled_from([1, -1]), st.floats(-1, 1), st.floats(-1, 1))
def test_a_larger_margin_never_takes_a_pass_away(sample: Sample, sign: int, one: float, two: float) -> None:
    low, high = sorted((one, two))

    if outcome(judged(sample, low, sign)).outcome == "pass":
        assert outcome(judged(sample, high, sign)).outcome == "pass"
    if outcome(judged(sample, high, sign)).outcome == "fail":
        assert outcome(judged(sample, low, sign)).outcome == "fail"


@given(
    samples,
    st.sampled_from([1, -1]),
    st.integers(-500, 500).map(lambda m: m / 1000),
    st.sampled_from([0.001, 0.01, 0.05]),
)
def test_a_smaller_alpha_never_makes_a_verdict_conclusive(
    sample: Sample, sign: int, margin: float, alpha: float
) -> None:
    if outcome(judged(sample, margin, sign), alpha=0.1).outcome == "inconclusive":
        assert outcome(judged(sample, margin, sign), alpha=alpha).outcome == "inconclusive"


@given(st.integers(10, 300), st.floats(-0.9, 0.9), st.floats(0, 0.09), st.floats(0, 0.5))
def test_more_harm_of_the_same_spread_never_mends_a_failure(n: int, mean: float, more: float, margin: float) -> None:
    low, high = (mean_of([m - 0.01, m + 0.01] * n, (-1.0, 1.0)) for m in (mean, mean + more))

    if outcome(judged(low, margin)).outcome == "fail":
        assert outcome(judged(high, margin)).outcome == "fail"
    if outcome(judged(high, margin)).outcome == "pass":
        assert outcome(judged(low, margin)).outcome == "pass"


def test_at_the_margin_a_false_pass_and_a_false_fail_are_rare() -> None:
    """An AUC of 0.8 against a floor of 0.8, and a bias of 0 against limits that lie at 0; 30 cases of each class."""
    rng = np.random.default_rng(5)
    seen = {"pass": 0, "fail": 0, "inconclusive": 0}
    for _ in range(400):
        won = rng.normal(np.sqrt(2) * 0.8416, 1, (30, 1)) > rng.normal(0, 1, (1, 30))
        v = won.mean(axis=1).var(ddof=1) / 30 + won.mean(axis=0).var(ddof=1) / 30
        seen[outcome(judged(ranking((30, 30), float(won.mean()), float(v)), -0.8, -1)).outcome] += 1
    assert seen["pass"] / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert seen["fail"] / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    bias = [rng.uniform(-0.5, 0.5, 40).tolist() for _ in range(400)]
    passes = sum(outcome(judged(mean_of(v, (-1.0, 1.0)), 0.0)).outcome == "pass" for v in bias)
    assert passes / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


# --- tables ------------------------------------------------------------------------------------------------------------


def verdict(frame: pd.DataFrame, *gates: str, **more: Any) -> Measurement:
    names = {"label": "y", "before": "old", "after": "new", "groups": ["region"], **SCORES, **more}
    return measure(frame, **names, gates=gates)


def outcomes(frame: pd.DataFrame, *gates: str, **more: Any) -> list[str]:
    return [gate.outcome for gate in verdict(frame, *gates, **more).verdict.gates]


def large() -> pd.DataFrame:
    frame = scored(3000)
    return frame.assign(region=np.where(frame.index % 2, "north", "south"))


def test_floors_ceilings_and_changes_come_out_as_the_scores_are() -> None:
    frame = large()
    gates = ("no_harm:by=region,metric=auc,margin=0.02", "no_harm:by=region,metric=brier_score,margin=0.01")
    levels = ("worst_group:by=region,metric=auc,at_least=0.7", "worst_group:by=region,metric=brier_score,at_most=0.25")
    assert outcomes(frame, *levels, *gates) == ["pass"] * 4
    assert outcomes(frame, "worst_group:by=region,metric=auc,at_least=0.95") == ["fail"]
    worse = frame.assign(s0=frame.s1, s1=frame.s0)
    assert outcomes(worse, *gates) == ["fail", "fail"]


@pytest.mark.parametrize("shift", [0.2, -0.2])
def test_a_bias_fails_on_either_side_and_passes_only_inside_both(shift: float) -> None:
    """Half of the cases are of the class; a probability of a half is right, on average."""
    rng = np.random.default_rng(0)
    y = np.where(rng.random(2000) < 0.5, "yes", "no")
    frame = pd.DataFrame({"y": y, "old": y, "new": y, "s0": 0.5, "s1": 0.5 + shift, "region": "north"})
    gate = "worst_group:by=region,metric=calibration_bias,at_most=0.1"
    found = verdict(frame, gate).verdict.gates[0]
    assert (found.outcome, len(found.contrasts)) == ("fail", 2)
    assert found.decided_by[0].against == f"the limit {'below' if shift > 0 else 'above'} 0"
    assert outcomes(frame.assign(s1=0.5), gate) == ["pass"]


def test_what_only_a_gate_asks_is_told_as_if_it_stood_under_metrics() -> None:
    """The metric, and the class the gate is about; what is asked for besides stays as it is."""
    gate = "worst_group:by=region,metric=auc,at_least=0.7"
    alone, beside = (verdict(large(), gate, metrics=names) for names in (["error_rate"], ["error_rate", "auc"]))
    bare = measure(large(), label="y", before="old", after="new", groups=["region"], metrics=["error_rate"])

    assert alone.verdict.outcome == "pass"
    assert {row.metric for row in alone.findings} == {"error_rate", "auc"}
    assert [row.to_json() for row in alone.findings] == [row.to_json() for row in beside.findings]
    assert [r.to_json() for r in alone.findings if r.metric == "error_rate"] == [r.to_json() for r in bare.findings]
    of_class = verdict(large(), "worst_group:by=region,metric=recall,class=no,at_least=0.5", metrics=["error_rate"])
    assert {(row.metric, row.class_) for row in of_class.findings} == {("error_rate", None), ("recall", "no")}


def test_judged_bounds_are_the_ends_of_the_interval_that_is_told() -> None:
    frame = large()
    found = verdict(frame, "worst_group:by=region,metric=auc,at_least=0.5", metrics=["auc"])
    for entry in found.verdict.gates[0].contrasts:
        group = entry.group
        row = next(f for f in found.findings if f.group == group and (f.stage, f.metric) == ("after", "auc"))
        assert entry.harm == -row.estimate
        assert row.ci[0] < -entry.upper < row.estimate < -entry.lower < row.ci[1]


def test_few_cases_of_a_class_are_inconclusive_and_say_how_many() -> None:
    frame = scored(300).assign(region=["tiny"] * 15 + ["large"] * 285)
    gate = verdict(frame, "worst_group:by=region,metric=auc,at_least=0.2").verdict.gates[0]
    assert (gate.outcome, gate.reason_codes) == ("inconclusive", ("below_min_n",))
    assert "fewer cases than the policy's minimum (tiny)" in gate.reason
    few = min((frame[:15].y == "yes").sum(), (frame[:15].y == "no").sum())
    assert gate.needed[0].have == few


def test_a_group_of_one_class_cannot_be_ranked_and_never_passes() -> None:
    frame = scored(300)
    frame["region"] = np.where((frame.y == "yes") & (frame.index % 2 == 0), "only yes", "others")
    gate = verdict(frame, "worst_group:by=region,metric=auc,at_least=0").verdict.gates[0]
    assert (gate.outcome, gate.reason_codes) == ("inconclusive", ("undefined_metric",))


def test_open_questions_say_about_how_many_cases_would_settle_them() -> None:
    frame = scored(120).assign(region="north")
    gate = verdict(frame, "worst_group:by=region,metric=auc,at_least=0.85").verdict.gates[0]
    assert gate.outcome == "inconclusive"
    assert gate.needed[0].people > gate.needed[0].have > 10


def test_the_report_tells_numbers_as_numbers(tmp_path: Any) -> None:
    found = verdict(
        large(), "worst_group:by=region,metric=auc,at_least=0.95", "no_harm:by=region,metric=auc,margin=0.02"
    )
    found.report(tmp_path)
    text = (tmp_path / "table.md").read_text()
    assert "below the limit of 0.950" in text.replace("\\", "")
    assert "\u22120.020" in text.replace("\\", ""), "less of an AUC is harm"
    assert json.loads((tmp_path / "table.json").read_text())["verdict"]["outcome"] == "fail"


REFUSED = {
    "log loss": ("worst_group:by=region,metric=log_loss,at_most=0.5", "FT-G030", "brier_score"),
    "slope": ("worst_group:by=region,metric=calibration_slope,at_most=0.5", "FT-G030", "calibration_bias"),
    "error of calibration": ("no_harm:by=region,metric=debiased_ece,margin=0.1", "FT-G030", "calibration_bias"),
    "raw error of calibration": ("no_harm:by=region,metric=ece,margin=0.1", "FT-Y038", "calibration_bias"),
    "change of a bias": ("no_harm:by=region,metric=calibration_bias,margin=0.1", "FT-G032", "worst_group"),
    "gap of biases": ("gap:by=region,metric=calibration_bias,margin=0.1", "FT-G035", "brier_score"),
    "wrong way": ("worst_group:by=region,metric=auc,at_most=0.9", "FT-G018", "at_least"),
    "another class": ("worst_group:by=region,metric=auc,at_least=0.9,class=no", "FT-P071", "`class` out"),
    "no such class": ("worst_group:by=region,metric=recall,at_least=0.9,class=maybe", "FT-P073", "maybe"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_judged_is_refused_with_what_can(name: str) -> None:
    gate, code, instead = REFUSED[name]
    with pytest.raises(DefinitionError) as caught:
        verdict(scored(60), gate)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert instead in str(caught.value)


def test_scores_and_classes_that_gates_need_are_asked_for() -> None:
    gate = "no_harm:by=region,metric=auc,margin=0.1"
    for missing, code in (({"score": None, "score_before": None}, "FT-P023"), ({"score_before": None}, "FT-P072")):
        with pytest.raises(DefinitionError) as caught:
            verdict(scored(60), gate, **missing)
        assert [problem.code for problem in caught.value.problems] == [code]
    with pytest.raises(DefinitionError) as caught:
        measure(scored(60), label="y", after="new", groups=["region"], gates=["gap:by=region,metric=recall,margin=0.1"])
    assert [problem.code for problem in caught.value.problems] == ["FT-P070"]


def test_a_gate_without_a_class_is_about_the_positive_one() -> None:
    frame = large()
    named = verdict(frame, "gap:by=region,metric=recall,class=yes,margin=0.1").verdict.gates[0]
    meant = verdict(frame, "gap:by=region,metric=recall,margin=0.1").verdict.gates[0]
    assert meant.contrasts == named.contrasts
    assert meant.contrasts[0].n == min((frame[frame.region == r].y == "yes").sum() for r in ("north", "south"))


# --- groups compared ---------------------------------------------------------------------------------------------------


def judged_gap(frame: pd.DataFrame, metric: str, margin: float, **more: Any) -> Any:
    return verdict(frame, f"gap:by=region,metric={metric},margin={margin}", **more).verdict.gates[0]


@pytest.mark.parametrize("metric", ["brier_score", "auc"])
@pytest.mark.parametrize("unit", [None, "person"])
def test_a_gap_is_a_group_against_the_rows_of_everyone_else(metric: str, unit: str | None) -> None:
    """Every group measured alone, and everyone outside it as one group."""
    frame = large().reset_index(drop=True)
    frame = frame.assign(person=[f"p{i // 2}" for i in range(len(frame))])
    gate = judged_gap(frame, metric, 0.3, unit=unit)

    for told in gate.contrasts:
        inside = frame.region == told.group["region"]
        apart = frame.assign(region=inside.map({True: "inside", False: "outside"}))
        (expected,) = (
            found for found in judged_gap(apart, metric, 0.3, unit=unit).contrasts if found.group["region"] == "inside"
        )
        assert told.harm == pytest.approx(expected.harm, abs=1e-9)
        assert told.upper == pytest.approx(expected.upper, abs=1e-9)
        levels = {
            f.group["region"]: f.estimate
            for f in verdict(apart, unit=unit, metrics=[metric]).findings
            if f.stage == "after" and f.level == "group"
        }
        worse = levels["inside"] - levels["outside"]
        assert told.harm == pytest.approx(worse if metric == "brier_score" else -worse, abs=1e-9)


@pytest.mark.parametrize("metric", ["brier_score", "auc"])
def test_a_group_whose_scores_are_noise_fails_the_gap(metric: str) -> None:
    frame = large().reset_index(drop=True)
    noise = np.random.default_rng(1).random(len(frame))
    first = frame.region == frame.region.iloc[0]

    assert judged_gap(frame, metric, 0.3).outcome == "pass"
    assert judged_gap(frame.assign(s1=frame.s1.where(~first, noise)), metric, 0.05).outcome == "fail"


def test_gaps_and_how_they_moved_are_told_of_scores() -> None:
    told = {
        (f.metric, f.stage): f for f in verdict(large(), metrics=["auc", "brier_score"]).findings if f.level == "gap"
    }

    assert {("auc", "after"), ("brier_score", "before"), ("brier_score", "change")} <= set(told)
    assert told["brier_score", "after"].details.noise_floor is not None
