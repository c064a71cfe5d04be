"""Gates on predicted numbers: limits in the label's unit, three outcomes in closed form, and what an open one needs."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from support.contrasts import contrast, judge_contrasts, outcome
from support.given_project import given_audit, truth
from support.number_project import CLASSES, NUMBER, priced
from support.number_tables import NAMES, table
from support.plans import jobs_of
from support.toy import edit
from support.value_rows import once, seeded
from typer.testing import CliRunner

from fairtransfer import api
from fairtransfer.cli.app import app
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.numbers import NumberJobs
from fairtransfer.findings.estimates.means import DrawnMean, SkewedDifference
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.foresight import foresee
from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.sample_size import realistic
from fairtransfer.measurement import Measurement, measure
from fairtransfer.report.sentences import needed as in_words
from fairtransfer.report.sentences import way_out
from fairtransfer.spec import json_schema
from fairtransfer.spec.check import load_audit
from fairtransfer.stages import Planned
from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.estimate import UNBOUNDED
from fairtransfer.stats.intervals import Interval, normal_quantile, t_quantile
from fairtransfer.stats.mean_power import Values, largest_sd, shown, units_needed
from fairtransfer.stats.means import summarise
from fairtransfer.stats.skewed import skewed_mean

MAE = "metric=mean_absolute_error"
ALPHA = 0.05


def sample(values: Any) -> DrawnMean:
    """The mean of values of independent cases, as the evidence keeps it."""
    return DrawnMean(once(values), procedure=False, bounds=UNBOUNDED)


def slow(values: Any, level: float, units: Any = None) -> tuple[float, float]:
    """Limits of a mean from its rows, whatever sums are kept of them."""
    x = np.asarray(values, dtype=np.float64)
    names = np.arange(len(x)) if units is None else np.asarray(units)
    parts = [x[names == name] for name in np.unique(names)]
    cubes = sum((part.sum() - x.mean() * len(part)) ** 3 for part in parts)
    found = skewed_mean(summarise(x, units), float(cubes), level)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


# --- the rule ----------------------------------------------------------------------------------------------------------

numbers = st.integers(30, 120).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, 2**32 - 1), st.floats(-3, 3), st.sampled_from([0.0, 0.5, 1.5]))
)
"""Cases, seed, mean and skew of a sample."""


def drawn(about: tuple[int, int, float, float]) -> DrawnMean:
    n, seed, mean, skew = about
    rng = np.random.default_rng(seed)
    tail = rng.exponential(1 + skew, n) * skew * (1 if seed % 2 else -1)
    return sample(mean + rng.normal(0, 1, n) + tail)


samples = st.one_of(numbers.map(drawn), st.tuples(numbers, numbers).map(lambda two: SkewedDifference(*map(drawn, two))))
margins = st.floats(-5, 5)


@given(st.lists(st.tuples(samples, st.sampled_from([1, -1])), min_size=1, max_size=4), margins)
def test_exactly_one_outcome_and_never_pass_and_fail(found: list[tuple[Any, int]], margin: float) -> None:
    contrasts = [contrast(one, margin, sign=sign) for one, sign in found]

    result, each = outcome(*contrasts), judge_contrasts(contrasts, ALPHA)

    assert not any(j.passed and j.failed for j in each)
    assert (result.outcome == "pass") == all(j.passed for j in each)
    assert (result.outcome == "fail") == any(j.failed for j in each)


@given(samples, st.sampled_from([1, -1]), margins, margins)
def test_a_larger_margin_never_takes_a_pass_away(one: Any, sign: int, first: float, second: float) -> None:
    low, high = sorted((first, second))

    if outcome(contrast(one, low, sign=sign)).outcome == "pass":
        assert outcome(contrast(one, high, sign=sign)).outcome == "pass"
    if outcome(contrast(one, high, sign=sign)).outcome == "fail":
        assert outcome(contrast(one, low, sign=sign)).outcome == "fail"


@given(samples, st.sampled_from([1, -1]), margins, st.sampled_from([0.0001, 0.0025, 0.05]))
def test_a_smaller_alpha_never_makes_a_verdict_conclusive(one: Any, sign: int, margin: float, alpha: float) -> None:
    if outcome(contrast(one, margin, sign=sign), alpha=0.1).outcome == "inconclusive":
        assert outcome(contrast(one, margin, sign=sign), alpha=alpha).outcome == "inconclusive"


@given(numbers, st.floats(0.01, 1000))
def test_the_unit_decides_nothing(about: tuple[int, int, float, float], factor: float) -> None:
    """Hours or days: the same limits, times the factor."""
    rng = np.random.default_rng(about[1])
    values = about[2] + rng.normal(0, 1, about[0]) + rng.exponential(2, about[0])
    low, high = sample(values).limits(0.95)

    assert_allclose(sample(values * factor).limits(0.95), (low * factor, high * factor), rtol=1e-6, atol=1e-9 * factor)


# --- how often it is wrong ---------------------------------------------------------------------------------------------


def stays(rng: np.random.Generator, n: int, harm: float) -> np.ndarray:
    """Changes of the size of an error that spread with the length of stay; their mean is the harm."""
    length = rng.gamma(2, 4, n)
    return harm + np.abs(rng.normal(0, 0.3, n) * length) - np.abs(rng.normal(0, 0.3, n) * length)


def shares(harm: float, margin: float, runs: int, sizes: tuple[int, ...], seed: int) -> tuple[float, float]:
    """How often a gate on groups of these sizes passes and fails; the harm is the first group's, nobody else has any."""
    rng, passed, failed = np.random.default_rng(seed), 0, 0
    for _ in range(runs):
        found = [sample(stays(rng, n, harm if place == 0 else 0.0)) for place, n in enumerate(sizes)]
        result = outcome(*(contrast(one, margin, name=str(place)) for place, one in enumerate(found)))
        passed, failed = passed + (result.outcome == "pass"), failed + (result.outcome == "fail")
    return passed / runs, failed / runs


def slack(runs: int) -> float:
    return 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_at_the_margin_a_false_pass_is_rare_and_without_harm_a_false_failure() -> None:
    """Half a day of harm against a margin of half a day; and no harm against hardly any margin, in four groups."""
    runs = 600
    at_margin, _ = shares(0.5, 0.5, runs, (60, 4000), seed=1)
    _, no_harm = shares(0.0, 1e-9, runs, (40, 40, 80, 300), seed=2)

    assert at_margin <= ALPHA + slack(runs)
    assert no_harm <= ALPHA + slack(runs)


def test_the_simulation_would_notice_a_bound_that_promises_too_much() -> None:
    """Its twin: half of each limit's reach would pass far more often than alpha."""
    rng, runs = np.random.default_rng(1), 600
    passed = 0
    for _ in range(runs):
        one = sample(stays(rng, 60, 0.5))
        reach = one.limits(1 - ALPHA)[1] - one.estimate
        passed += one.estimate + reach / 2 < 0.5
    assert passed / runs > ALPHA + slack(runs)


def test_the_slow_twin_judges_whole_tables_and_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same question asked of rows through `measure`; without draws, which no verdict rests on."""
    monkeypatch.setattr("fairtransfer.stats.number_errors.MOST_DRAWN", 0)
    rng, runs, passed, failed = np.random.default_rng(1), 40, 0, 0
    for _ in range(runs):
        frames = []
        for place, n in enumerate((60, 400)):
            y = rng.gamma(2, 4, n)
            old, new = (np.abs(rng.normal(0, 0.3, n) * y) for _ in range(2))
            frames.append(pd.DataFrame({"g": f"g{place}", "y": y, "old": y + old, "new": y + new + (0.5, 0.0)[place]}))
        frame = pd.concat(frames, ignore_index=True)
        found = measure(frame, **NAMES, groups=["g"], metrics=["mean_error"], gates=[f"no_harm:by=g,{MAE},margin=0.5"])
        result = found.verdict.gates[0]
        passed, failed = passed + (result.outcome == "pass"), failed + (result.outcome == "fail")
        for told in result.contrasts:
            mine = frame[frame.g == told.group["g"]]
            low, high = slow((mine.new - mine.y).abs() - (mine.old - mine.y).abs(), 1 - ALPHA)
            assert (told.lower, told.upper) == pytest.approx((low, high), rel=1e-7)
    assert passed / runs <= ALPHA + slack(runs)
    assert failed / runs <= ALPHA + slack(runs)


# --- against the rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [None, "person"])
@pytest.mark.parametrize("most", [2000, 50])
def test_bounds_are_those_of_the_groups_own_rows(unit: str | None, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels, changes and distances, from rows and from the sums that stand for large groups, at the gate's own level."""
    monkeypatch.setattr("fairtransfer.evidence.table.numbers.MOST_DRAWN", most)
    frame = table(900).assign(place=lambda f: f.index % 3)
    gates = [
        f"no_harm:by=region,{MAE},margin=1",
        f"worst_group:by=region,{MAE},at_most=9",
        f"gap:by=region,{MAE},margin=1",
    ]
    gates += ["worst_group:by=region,metric=mean_error,at_most=9"]
    found = measure(frame, **NAMES, groups=["region"], unit=unit, gates=gates).verdict.gates
    size, old = (frame.new - frame.y).abs(), (frame.old - frame.y).abs()
    values = [size - old, size, size, frame.new - frame.y]
    for gate, x in zip(found, values, strict=True):
        for told in gate.contrasts:
            mine = frame.region == told.group["region"]
            names = [None if unit is None else frame.loc[rows, unit].to_numpy() for rows in (mine, ~mine)]
            low, high = slow(x[mine], 1 - ALPHA, names[0])
            if gate.kind == "gap":
                rest = slow(x[~mine], 1 - ALPHA, names[1])
                limits = [Interval(np.asarray(a), np.asarray(b)) for a, b in ((low, high), rest)]
                low, high = map(float, difference_of_changes(x[mine].mean(), limits[0], x[~mine].mean(), limits[1]))
            if told.against == "the limit below 0":
                low, high = -high, -low
            assert (told.lower, told.upper) == pytest.approx((low, high), rel=1e-6, abs=1e-9)


def verdict(frame: pd.DataFrame, *gates: str, **more: Any) -> Measurement:
    return measure(frame, **NAMES, groups=["region"], gates=gates, measured_in="days", **more)


def test_half_a_day_of_harm_fails_a_margin_of_an_hour_and_passes_one_of_a_week() -> None:
    frame = table(900)
    far = np.random.default_rng(0).uniform(0.4, 0.6, len(frame))
    frame["new"] = frame.old + far * (frame.region == "west") * np.sign(frame.old - frame.y)
    outcomes = [verdict(frame, f"no_harm:by=region,{MAE},margin={m}").verdict.outcome for m in ("0.0416", "0.49", "7")]
    # North and south are answered alike before and after: how far they may change is not known.
    assert outcomes == ["fail", "fail", "inconclusive"]
    frame["new"] += np.random.default_rng(1).normal(0, 0.05, len(frame))
    assert verdict(frame, f"no_harm:by=region,{MAE},margin=7").verdict.outcome == "pass"


@pytest.mark.parametrize(("cases", "result"), [(10, "inconclusive"), (29, "inconclusive"), (30, "pass")])
def test_a_small_group_never_passes(cases: int, result: str) -> None:
    frame = table(900).assign(region=lambda f: np.where(f.index < cases, "east", "north"))
    gate = verdict(frame, f"no_harm:by=region,{MAE},margin=50").verdict.gates[0]

    assert gate.outcome == result
    if result == "inconclusive":
        assert gate.reason_codes == ("few_for_a_mean",)
        assert [(e.people, e.have) for e in gate.needed] == [(30, cases)]
        assert "east" in gate.reason


def test_few_units_never_pass_however_many_cases_they_have() -> None:
    frame = table(900).assign(person=lambda f: np.where(f.region == "west", f.index % 29, 100 + f.index))
    gate = verdict(frame, f"no_harm:by=region,{MAE},margin=50", unit="person").verdict.gates[0]

    assert gate.outcome == "inconclusive"
    assert [(e.units, e.have_units) for e in gate.needed] == [(30, 29)]


def test_few_cases_of_few_people_in_one_seed_are_told_all_three() -> None:
    """A mean that cannot be told at all says what it takes: of cases, of people who share them, and of seeds."""
    few = NotEstimable("too_small", "6 cases, fewer than 30", 6.0, 30, 4, seeds=1)
    (entry,) = outcome(contrast(few, 1.0)).needed

    assert (entry.people, entry.units, entry.have_units, entry.seeds, entry.have_seeds) == (30, 30, 4, 3, 1)
    assert in_words(entry, several=False) == (
        "g: at least 30 units (people, documents or what else rows share), not 4 and at least 3 seeds, not 1 "
        "and at least 30 cases, not 6"
    )
    frame = table(900).assign(region=lambda f: np.where(f.index < 6, "east", "north"), person=lambda f: f.index // 2)
    gate = verdict(frame, f"no_harm:by=region,{MAE},margin=50", unit="person").verdict.gates[0]
    assert [(e.people, e.units, e.have_units) for e in gate.needed] == [(30, 30, 3)]


def test_a_group_in_which_nothing_changes_stays_open_and_says_why() -> None:
    frame = table(600).assign(new=lambda f: f.old)
    gate = verdict(frame, f"no_harm:by=region,{MAE},margin=1").verdict.gates[0]

    assert (gate.outcome, gate.reason_codes) == ("inconclusive", ("no_spread",))
    assert all(entry.people is None for entry in gate.needed)
    assert way_out(gate.needed) == "", "its spread is not known: nothing says that it lies near the limit"


def test_a_larger_minimum_of_the_policy_counts() -> None:
    found = measure(
        table(900),
        **NAMES,
        groups=["region"],
        gates=[f"no_harm:by=region,{MAE},margin=50"],
        policy={"min_group": 400},
    )
    assert found.verdict.gates[0].reason_codes == ("below_min_n",)


def test_seeds_widen_what_a_recipe_is_judged_by() -> None:
    rows = seeded((0.0, 1.0, 2.0), 100, 0.1)
    one = DrawnMean(rows, procedure=True, bounds=UNBOUNDED)
    alone = DrawnMean(rows, procedure=False, bounds=UNBOUNDED)

    low, high = one.limits(0.95)

    assert alone.limits(0.95)[1] == pytest.approx(1 + t_quantile(0.95, 99) * 0.1)
    assert high == pytest.approx(1 + math.hypot(t_quantile(0.95, 99) * 0.1, t_quantile(0.95, 2) / math.sqrt(3)))
    assert low == pytest.approx(2 - high)


# --- what it takes -----------------------------------------------------------------------------------------------------


@given(st.floats(0.1, 10), st.floats(-2, 2), st.floats(0.05, 3), st.sampled_from([0.05, 0.0025]))
def test_the_number_needed_is_the_smallest_that_shows_the_distance(
    sd: float, skew: float, distance: float, alpha: float
) -> None:
    parts = [Values(sd, skew)]
    found = units_needed(parts, distance, alpha, 0.8)

    assert found is not None
    assert shown(parts, found, alpha, 0.8) <= distance
    assert found == 30 or shown(parts, found - 1, alpha, 0.8) > distance


def test_without_skew_and_with_many_cases_it_is_the_textbook_number() -> None:
    z = normal_quantile(0.95) + normal_quantile(0.8)

    assert units_needed([Values(3.0)], 0.1, 0.05, 0.8) == pytest.approx((z * 3 / 0.1) ** 2, rel=1e-3)
    pair = [Values(3.0), Values(3.0, ratio=2.0)]
    assert units_needed(pair, 0.1, 0.05, 0.8) == pytest.approx((z * 3 / 0.1) ** 2 * 1.5, rel=1e-3)
    assert units_needed([Values(3.0)], 0.0, 0.05, 0.8) is None
    assert units_needed([Values(3.0)], 1e-9, 0.05, 0.8) is None


@pytest.mark.parametrize("units", [30, 145, 5000])
def test_the_largest_spread_is_the_one_with_which_so_many_are_needed(units: int) -> None:
    sd = largest_sd(units, 0.5, 0.05, 0.8)

    assert sd is not None
    assert units_needed([Values(sd * (1 - 1e-9))], 0.5, 0.05, 0.8) == units
    assert largest_sd(29, 0.5, 0.05, 0.8) is None


@pytest.mark.parametrize(("harm", "margin", "side"), [(0.0, 0.5, "pass"), (1.0, 0.5, "fail")])
def test_as_many_cases_as_an_open_gate_asks_for_settle_it_four_times_in_five(
    harm: float, margin: float, side: str
) -> None:
    """The advice of one audit, taken at its word by others drawn from the same people."""
    rng = np.random.default_rng(8)
    pilot = stays(rng, 4000, 0.0)
    few = (pilot - pilot.mean())[:60]
    few = harm + (few - few.mean()) * pilot.std() / few.std()
    (entry,) = outcome(contrast(sample(few), margin)).needed
    assert entry.settles == side
    settled = [outcome(contrast(sample(stays(rng, entry.people, harm)), margin)).outcome == side for _ in range(400)]

    assert 0.72 <= np.mean(settled) <= 0.9


@pytest.mark.parametrize("distance", [0.01, 0.2])
def test_a_mean_a_hair_beside_its_limit_asks_for_no_absurd_number_of_cases(distance: float) -> None:
    """As of rates: 60 stays a hundredth of a standard deviation beside the limit would ask for about 60,000 more."""
    few = np.random.default_rng(3).normal(0, 1, 60)
    few = (few - few.mean()) / few.std()
    (entry,) = outcome(contrast(sample(few), distance)).needed

    assert (entry.people is None) == entry.lies_on_limit == (distance == 0.01)
    assert (way_out([entry]) != "") == (distance == 0.01)
    assert distance == 0.01 or 60 < entry.people <= realistic(60)


# --- definitions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "good"),
    [
        ({"no_harm": {"by": "a", "metric": "mean_absolute_error", "margin": 3}}, True),
        ({"no_harm": {"by": "a", "metric": "mean_absolute_error", "margin": 0}}, False),
        ({"no_harm": {"by": "a", "metric": "root_mean_squared_error", "margin": 3}}, False),
        ({"no_harm": {"by": "a", "margin": 3}}, False),
        ({"worst_group": {"by": "a", "metric": "mean_error", "at_most": 12.5}}, True),
        ({"worst_group": {"by": "a", "at_most": 12.5}}, False),
        ({"gap": {"by": "a", "metric": "mean_absolute_error", "margin": 1.5}}, True),
        ({"gap": {"by": "a", "metric": "error_rate", "margin": 1.5}}, False),
    ],
)
def test_editors_are_told_the_range_that_goes_with_the_metric(gate: dict[str, Any], *, good: bool) -> None:
    schema = json_schema()
    gates = {"$defs": schema["$defs"], **schema["properties"]["gates"]}
    assert jsonschema.Draft202012Validator(gates).is_valid([gate]) == good


# --- audits of predictions ---------------------------------------------------------------------------------------------

GATES = """gates:
  - no_harm: {by: region, metric: mean_absolute_error, margin: 0.5}
  - worst_group: {by: region, metric: mean_error, at_most: 3}
"""


def project(root: Path, odd: str = "", people: int = 480) -> Path:
    """Prices with two models' answers; the newer one is better for most and worse in the south."""
    audit = given_audit(root, people)
    text = audit.read_text()
    start, end = text.index("gates:\n"), text.index("policy:")
    audit.write_text(text[:start] + GATES + text[end:])
    edit(audit, ("metrics: [error_rate, {recall: {per_class: true}}]", "metrics: [mean_absolute_error, mean_error]"))
    edit(audit, ("claim: procedure", "claim: artifact"), ("candidate: {strategy: full}\n", ""))
    rows = priced(people)
    from support.toy import rewrite_table

    rewrite_table(root, rows)
    edit(root / "data_cards" / "toy.md", (CLASSES, NUMBER))
    rng, south = np.random.default_rng(2), {row["id"]: row["region"] == "south" for row in rows}
    with (root / "audits" / "answers.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["item", "before", "after"])
        for item, y in truth(root).items():
            new = float(y) + rng.normal(0, 0.5) + 4.5 * south[item]
            out.writerow([item, float(y) + rng.normal(0, 3 if south[item] else 8), odd or f"{new:.3f}"])
            odd = ""
    return audit


def test_an_audit_of_predicted_numbers_is_judged_and_verified(tmp_path: Path) -> None:
    done = api.run(project(tmp_path), workspace=tmp_path / "runs")
    found = read_json(done.folder / "verdict.json")
    moved = [
        r for r in read_json(done.folder / "findings.json")["rows"] if (r["level"], r["stage"]) == ("gap", "change")
    ]
    report = (done.folder / "report" / "report.md").read_text().replace("\\", "")

    assert [(g["outcome"], g["measured_in"]) for g in found["gates"]] == [("fail", "euros"), ("fail", "euros")]
    assert "over the limit of +0.500 euros: south +" in found["gates"][0]["reason"]
    assert "3.00 euros" in found["gates"][1]["reason"]
    by_region = next(r for r in moved if set(r["group"]) == {"region"})
    assert by_region["details"]["hidden_harm"]
    assert by_region["details"]["surely_harmed"] == [{"region": "south"}]
    assert by_region["details"]["measured_in"] == "euros"
    assert (
        "Clearly worse off by mean absolute error with the model after although everyone together is better off: south"
        in report
    )
    assert "| at most +0.500 euros | FAIL |" in report
    api.verify(done.folder)
    assert api.judge(done.folder).to_json()["gates"] == found["gates"]


def test_an_answer_that_is_no_number_is_refused_not_counted(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"FT-P061.*`a week`"):
        api.run(project(tmp_path, odd="a week"), workspace=tmp_path / "runs")


def test_what_it_takes_is_not_known_before_and_plan_says_so(tmp_path: Path) -> None:
    audit = project(tmp_path)
    made = jobs_of(load_audit(audit))
    seen = foresee(Planned(made, tmp_path / "runs").opened())
    told = CliRunner().invoke(app, ["plan", str(audit), "--no-probe", "--workspace", str(tmp_path / "runs")])

    assert [gate.about for gate in seen.numbers] == ["changes", "errors"]
    north, *_ = (group for group in seen.numbers[0].groups if group.group == {"region": "north"})
    assert north.largest_sd == pytest.approx(largest_sd(north.units, 0.5, 0.05, 1 - 0.2 / 3))
    assert told.exit_code == 0, told.output
    words = " ".join(told.output.split())
    assert "not known before an audit" in words
    assert "limit +0.500 euros" in words


def test_the_terminal_states_the_unit_and_what_is_needed(tmp_path: Path) -> None:
    table(300).to_csv(tmp_path / "stay.csv", index=False)
    asked = ["--label", "y", "--before", "old", "--after", "new", "--groups", "region", "--target", "number"]
    gate = ["--gate", f"worst_group:by=region,{MAE},at_most=2.5"]
    with_unit, without = (
        " ".join(CliRunner().invoke(app, ["measure", str(tmp_path / "stay.csv"), *asked, *gate, *unit]).output.split())
        for unit in (["--measured-in", "days"], [])
    )

    assert "limit of 2.50 days" in with_unit
    assert "needs west: about" in with_unit
    assert " days" in with_unit[with_unit.index("could not have shown") :]
    assert "limit of 2.50 in the label's unit" in without


def test_every_pair_of_groups_is_told_in_the_labels_unit(tmp_path: Path) -> None:
    found = verdict(table(900), f"gap:by=region,{MAE},margin=1,contrast=all_pairs")
    rows = [f for f in found.findings if f.stage in ("difference", "difference_of_changes")]
    found.report(tmp_path)

    assert len(rows) == 2 * 6
    assert all(row.status == "ok" for row in rows)
    frame = table(900)
    size = (frame.new - frame.y).abs()
    apart = size[frame.region == "west"].mean() - size[frame.region == "north"].mean()
    one = next(
        r for r in rows if (r.stage, r.group, r.against) == ("difference", {"region": "west"}, {"region": "north"})
    )
    assert one.estimate == pytest.approx(apart)
    assert "in days, 95% intervals in brackets" in (tmp_path / "table.md").read_text().replace("\\", "")


def test_a_contrast_of_numbers_is_an_ordinary_one() -> None:
    assert isinstance(contrast(sample(np.arange(30.0)), 1.0), Contrast)


def test_everyone_outside_a_group_is_kept_for_every_seed() -> None:
    """What seeds do to a group and to the others alike cancels in their distance."""
    rng = np.random.default_rng(6)
    g, y = np.repeat(["a", "b", "c"], [40, 50, 60]), rng.gamma(2, 4, 150)
    answers = {seed: y + rng.normal(seed, 1, 150) for seed in (0, 1, 2)}
    items = pa.table({"item": [f"i{i}" for i in range(150)], "unit": [f"i{i}" for i in range(150)], "y": y, "g": g})
    jobs, model = NumberJobs(items), ("after", "full", "all")
    for seed, pred in answers.items():
        jobs.add("b", (*model, seed), pa.table({"item": items["item"], "y": y, "pred": pred}))
    rows = list(jobs.levels(model, [0, 1, 2], [("g",)], ["mean_absolute_error"], {}))
    for name in "abc":
        outside = [row for row in rows if row["group"] == f'{{"g":"{name}"}}' and row["side"] == "rest"]
        mine = {row["seed"]: row for row in outside}
        rest = [np.abs(pred - y)[g != name] for pred in answers.values()]
        assert [mine[seed]["x"] / mine[seed]["m"] for seed in (0, 1, 2)] == pytest.approx([x.mean() for x in rest])
        averaged, means = mine[None], np.mean(rest, axis=0)
        assert averaged["x"] / averaged["m"] == pytest.approx(means.mean())
        assert averaged["spread"] == pytest.approx(((means - means.mean()) ** 2).sum())
        assert averaged["cubes"] == pytest.approx(((means - means.mean()) ** 3).sum())
