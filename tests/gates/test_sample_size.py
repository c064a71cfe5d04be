"""What is promised before a run and beside an open gate is kept by the gates: simulated, and judged by the real thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.contrasts import NO_HARM, contrast, level, outcome, paired

from fairtransfer.findings.estimates.averages import MacroAverage
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.changes import PairedDifference
from fairtransfer.findings.estimates.rates import RateDifference
from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.gap import Gap
from fairtransfer.gates.results import GateResult
from fairtransfer.gates.sample_size import realistic
from fairtransfer.gates.worst_group import WorstGroup
from fairtransfer.measurement import measure
from fairtransfer.report.sentences import needed as told
from fairtransfer.report.sentences import room, way_out
from fairtransfer.spec.gates import GateSpec
from fairtransfer.stats import gate_simulation as rh
from fairtransfer.stats import power
from fairtransfer.stats.change_truths import PairedChange
from fairtransfer.stats.planning import detectable, detectable_change, power_for_all
from fairtransfer.stats.power import chance_to_fail, chance_to_pass, people_needed
from fairtransfer.stats.truths import OneRate, ShareOfRate, Truth, TurnedShare, TwoRates

MARGIN, ALPHA = 0.05, 0.05
ERROR = 3 * (0.05 * 0.95 / rh.SIMULATIONS) ** 0.5
"""Three standard errors of a simulated chance near alpha."""

NEAR = 3 * (0.8 * 0.2 / rh.SIMULATIONS) ** 0.5
GAP = GateSpec(Gap(by=("region",), margin=MARGIN))
WORST = GateSpec(WorstGroup(by=("region",), at_most=0.25))

SIZES = [
    [500] * 2,
    [500] * 8,
    [3000, 200],
    [2000, 1500, 800, 400, 200, 100, 60, 30],
]


def rest(sizes: Sequence[int]) -> rh.GateLayout:
    return rh.GateLayout(sizes, [(place, None) for place in range(len(sizes))])


# --- errors at the boundary (at most alpha), and the power that was planned ----------------------------------------------


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("harmed", [0, -1])
def test_at_the_margin_a_gap_rarely_passes_or_fails_by_mistake(sizes: list[int], harmed: int) -> None:
    """The others have an error of 10 %, one group 15 %: the largest one, or the smallest."""
    rates = np.full(len(sizes), 0.10)
    rates[harmed] += MARGIN

    found = rh.simulate_gaps(rest(sizes), rates, MARGIN, ALPHA, len(sizes))

    assert found.passes <= ALPHA + ERROR
    assert found.fails <= ALPHA + ERROR


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_at_the_margin_a_change_and_a_rate_rarely_pass_or_fail_by_mistake(sizes: list[int]) -> None:
    worse, limits = np.full(len(sizes), 0.05), np.full(len(sizes), 0.10)
    worse[-1] += MARGIN
    limits[-1] = 0.25

    changes = rh.simulate_changes(sizes, worse, 0.05, MARGIN, ALPHA, len(sizes))
    rates = rh.simulate_rates(sizes, limits, 0.25, ALPHA, len(sizes))

    for found in (changes, rates):
        assert found.passes <= ALPHA + ERROR
        assert found.fails <= ALPHA + ERROR


def test_a_rule_without_an_interval_is_caught() -> None:
    """The twin: judged by the bare estimate (alpha of one half), mistakes at the margin are the rule."""
    sizes, rates = [500] * 8, [0.15, *[0.10] * 7]

    found = rh.simulate_gaps(rest(sizes), rates, MARGIN, 0.499, 1)

    assert found.fails > ALPHA + ERROR


@pytest.mark.parametrize("groups", [2, 8])
def test_with_the_people_planned_all_groups_pass_and_twice_the_margin_is_found(groups: int) -> None:
    """Each as likely as planned, for every kind of gate; and not by far more people than it takes."""
    together = power_for_all(groups)
    kinds: list[tuple[Truth, Truth, float, Callable[[Truth, int, int], rh.Chances]]] = [
        (TwoRates(0.1, 0.1, groups - 1), TwoRates(0.2, 0.1, groups - 1), MARGIN, gaps),
        (PairedChange(0.06, 0.06), PairedChange(0.13, 0.03), MARGIN, changes),
        (OneRate(0.1), OneRate(0.3), 0.2, rates),
    ]
    for fair, harmed, margin, simulate in kinds:
        to_pass = people_needed(fair, "pass", margin, ALPHA, together)
        to_fail = people_needed(harmed, "fail", margin, ALPHA / groups)
        assert to_pass is not None
        assert to_fail is not None

        assert 0.8 - NEAR <= simulate(fair, to_pass, groups).passes <= 0.9
        assert 0.8 - NEAR <= simulate(harmed, to_fail, groups).fails <= 0.9


def gaps(truth: Truth, n: int, groups: int) -> rh.Chances:
    """The first group has the truth's rate, all others the other one's."""
    assert isinstance(truth, TwoRates)
    found = [truth.p, *[truth.p_other] * (groups - 1)]
    return rh.simulate_gaps(rest([n] * groups), found, MARGIN, ALPHA, groups)


def changes(truth: Truth, n: int, groups: int) -> rh.Chances:
    """The first group has the truth's change; where that is harm, the others change as often without any."""
    assert isinstance(truth, PairedChange)
    other = 0.06
    worse, better = [truth.worse, *[other] * (groups - 1)], [truth.better, *[other] * (groups - 1)]
    return rh.simulate_changes([n] * groups, worse, better, MARGIN, ALPHA, groups)


def rates(truth: Truth, n: int, groups: int) -> rh.Chances:
    return rh.simulate_rates([n] * groups, [truth.harm, *[0.1] * (groups - 1)], 0.2, ALPHA, groups)


def test_a_simulation_says_the_same_every_time_and_agrees_with_the_sum_over_outcomes() -> None:
    sizes = [300, 900]
    drawn = rh.simulate_gaps(rh.GateLayout(sizes, [(0, 1)]), 0.1, MARGIN, ALPHA, 1)

    assert drawn == rh.simulate_gaps(rh.GateLayout(sizes, [(0, 1)]), 0.1, MARGIN, ALPHA, 1)
    summed = power.chance_to_pass(TwoRates(0.1, 0.1, 3), 300, MARGIN, ALPHA)
    assert drawn.passes == pytest.approx(summed, abs=4 * (0.25 / rh.SIMULATIONS) ** 0.5)


def test_simulated_ratios_agree_with_the_sum_over_outcomes_and_rest_on_five() -> None:
    """Equal rates pass as often as outcomes add up to; four people never pass, whatever they are given."""
    drawn = rh.simulate_ratios(rh.GateLayout([150, 450], [(0, 1)]), 0.5, 0.8, 0.0, ALPHA, 1)

    summed = power.chance_to_pass(ShareOfRate(0.5, 0.5, 0.8, 3), 150, 0.0, ALPHA)
    assert drawn.passes == pytest.approx(summed, abs=4 * (0.25 / rh.SIMULATIONS) ** 0.5)
    assert rh.simulate_ratios(rh.GateLayout([4, 4000], [(0, 1)]), [1.0, 0.001], 0.8, 0.0, ALPHA, 1).passes == 0.0


# --- what an open gate says it needs, fed back to the real gate ----------------------------------------------------------


def judged(gate: GateSpec, samples: Sequence[Estimate], margin: float) -> GateResult:
    return outcome(*[contrast(s, margin, f"g{i}") for i, s in enumerate(samples)], gate=gate)


def share(gate: GateSpec, margin: float, wanted: str, draw: Callable[[np.random.Generator], list[Estimate]]) -> float:
    """How often the real gate comes out as wanted."""
    rng = np.random.default_rng(25)
    return sum(judged(gate, draw(rng), margin).outcome == wanted for _ in range(500)) / 500


def pairs_like(rng: np.random.Generator, b: int, c: int, n: int, people: int) -> PairedDifference:
    worse, better, _ = rng.multinomial(people, [b / n, c / n, 1 - (b + c) / n])
    return paired(int(worse), int(better), people)


def gap_like(rng: np.random.Generator, rates_: tuple[float, float], people: int, ratio: float) -> RateDifference:
    others = round(ratio * people)
    x, y = (int(rng.binomial(n, p)) for p, n in zip(rates_, (people, others), strict=True))
    return RateDifference(level(x, people), level(y, others))


KEPT = (0.75, 0.9)


@pytest.mark.parametrize(("b", "c", "n", "wanted"), [(4, 4, 80, "pass"), (20, 8, 300, "pass"), (16, 6, 120, "fail")])
def test_the_people_no_harm_needs_settle_it(b: int, c: int, n: int, wanted: str) -> None:
    (entry,) = judged(NO_HARM, [paired(b, c, n)], MARGIN).needed

    assert entry.settles == wanted
    found = share(NO_HARM, MARGIN, wanted, lambda rng: [pairs_like(rng, b, c, n, entry.people)])
    assert KEPT[0] <= found <= KEPT[1]


@pytest.mark.parametrize(("k", "n", "wanted"), [(8, 40, "pass"), (30, 150, "pass"), (15, 45, "fail")])
def test_the_people_worst_group_needs_settle_it(k: int, n: int, wanted: str) -> None:
    (entry,) = judged(WORST, [level(k, n)], 0.25).needed

    assert entry.settles == wanted
    people = entry.people
    found = share(WORST, 0.25, wanted, lambda rng: [level(int(rng.binomial(people, k / n)), people)])
    assert KEPT[0] <= found <= KEPT[1]


@pytest.mark.parametrize(
    ("x", "n", "y", "m", "wanted"),
    [(10, 100, 90, 900, "pass"), (6, 50, 30, 300, "pass"), (18, 100, 90, 900, "fail"), (20, 200, 10, 100, "pass")],
)
def test_the_people_a_gap_needs_settle_it(x: int, n: int, y: int, m: int, wanted: str) -> None:
    (entry,) = judged(GAP, [RateDifference(level(x, n), level(y, m))], MARGIN).needed

    assert (entry.settles, entry.have) == (wanted, n)
    found = share(GAP, MARGIN, wanted, lambda rng: [gap_like(rng, (x / n, y / m), entry.people, m / n)])
    assert KEPT[0] <= found <= KEPT[1]


def test_several_open_groups_are_advised_so_that_all_pass_together() -> None:
    """Each alone at 80 % would pass together half the time."""
    open_ = [(6, 6, 100), (5, 5, 90), (4, 5, 80)]
    entries = judged(NO_HARM, [paired(*counts) for counts in open_], MARGIN).needed

    def draw(rng: np.random.Generator) -> list[Estimate]:
        return [pairs_like(rng, *counts, e.people) for counts, e in zip(open_, entries, strict=True)]

    assert KEPT[0] <= share(NO_HARM, MARGIN, "pass", draw) <= KEPT[1]
    alone = judged(NO_HARM, [paired(*open_[0])], MARGIN).needed[0].people
    assert alone < entries[0].people


def test_the_formula_alone_would_promise_too_much() -> None:
    """The twin: with the people of the closed form the gap passes clearly less often than 80 %."""
    people = TwoRates(0.05, 0.05, 4).formula(0.10, ALPHA, 0.8)
    assert people is not None

    assert share(GAP, 0.10, "pass", lambda rng: [gap_like(rng, (0.05, 0.05), people, 4)]) < 0.7


def seeded(b: Sequence[int], c: Sequence[int], n: int) -> PairedDifference:
    one = paired(0, 0, n)
    net = [x - y for x, y in zip(b, c, strict=True)]
    moments = one.moments._replace(m=n * len(b), x=sum(net), xx=sum(b) + sum(c), mm=n * len(b) ** 2, xm=sum(net))
    return replace(
        one, gained=tuple(b), lost=tuple(c), before=tuple(c), after=tuple(b), moments=moments, procedure=True
    )


def test_where_seeds_stand_in_the_way_seeds_are_asked_for_and_the_cases_they_would_take() -> None:
    spread = judged(NO_HARM, [seeded((20, 40, 10), (20, 22, 28), 400)], MARGIN).needed[0]
    close = judged(NO_HARM, [seeded((10, 11, 10, 11, 10), (10, 10, 11, 10, 10), 60)], MARGIN).needed[0]

    assert spread.seeds > 3
    assert close.seeds is None
    assert close.people > 60


def test_an_average_over_classes_is_told_how_many_people_it_takes() -> None:
    """No outcomes are counted here: its interval narrows with the root of their number."""
    (entry,) = judged(NO_HARM, [MacroAverage((paired(4, 4, 80), paired(5, 4, 80)), independent=True)], MARGIN).needed

    assert 80 < entry.people < 400


def test_the_gap_of_an_average_is_told_how_many_people_it_takes() -> None:
    one, two = (MacroAverage((level(k, 80), level(k, 80)), independent=True) for k in (12, 12))
    (entry,) = judged(GAP, [one.less(two)], MARGIN).needed

    assert 80 < entry.people < 4000


def test_a_rate_that_is_good_to_have_needs_as_many_as_its_opposite() -> None:
    floor = GateSpec(WorstGroup(by=("region",), metric="accuracy", at_least=0.75))
    good = replace(level(8, 40), complement=True)

    (high,) = outcome(contrast(good, -0.75, sign=-1), gate=floor).needed
    (low,) = judged(WORST, [level(8, 40)], 0.25).needed

    assert high.people == low.people


def test_what_is_needed_is_told_with_what_could_not_be_seen() -> None:
    (entry,) = judged(GAP, [RateDifference(level(5, 50), level(90, 900))], MARGIN).needed

    assert entry.detectable == pytest.approx(detectable(0.1, 50, 1, 18))
    assert told(entry, several=False) == f"g0: about {entry.people} cases, not 50"
    assert room(entry) == "today's cases could not have shown a difference below 12.2 points"
    (failing,) = judged(GAP, [RateDifference(level(18, 100), level(90, 900))], MARGIN).needed
    assert told(failing, several=False).endswith(", and as it looks today it would fail")
    (change,) = judged(NO_HARM, [paired(4, 4, 80)], MARGIN).needed
    assert change.detectable == pytest.approx(detectable_change(0.1, 80, 1))


def test_what_cannot_be_judged_yet_is_told_the_least_it_takes() -> None:
    (few,) = judged(NO_HARM, [paired(0, 0, 9)], MARGIN).needed

    assert (few.settles, few.detectable, room(few)) == (None, None, "")
    assert told(few, several=False) == "g0: at least 10 cases, not 9"


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [(25, "on_limit", "no realistic number of cases would settle it"), (20, "wide_ci", "more cases would narrow them")],
)
def test_the_reason_of_a_gate_agrees_with_what_would_settle_it(harm: int, code: str, words: str) -> None:
    """More cases are named as the way out where a number of them is, and nowhere else."""
    result = outcome(Contrast("g", "b", {"a": "x"}, "t", level(harm, 100), 1, 0.25, 10), gate=WORST)

    assert result.reason_codes == (code,)
    assert words in result.reason
    assert ("more cases would" in result.reason) == (result.needed[0].people is not None)
    assert ("no realistic number" in told(result.needed[0], several=False)) == (code == "on_limit")


def test_a_contrast_at_its_limit_has_no_number() -> None:
    (entry,) = outcome(Contrast("g", "b", {"a": "x"}, "t", level(25, 100), 1, 0.25, 10), gate=WORST).needed

    assert entry.people is None
    assert "no realistic number of cases (more than 10,000 cases, not 100)" in told(entry, several=False)
    assert "a wider margin before fresh data" in way_out([entry])


NEARLY = [paired(30, 5, 499), level(1248, 4999), level(124_999, 500_000)]
"""Harm a hair beside the limit: 5.01 % against 5 %, 24.96 % and nearly 25 % against 25 %."""


@pytest.mark.parametrize("sample", NEARLY, ids=["change", "rate", "large"])
def test_nearly_on_the_limit_no_board_is_asked_for_a_million_cases(
    sample: Estimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, margin = (NO_HARM, MARGIN) if isinstance(sample, PairedDifference) else (WORST, 0.25)
    (entry,) = judged(gate, [sample], margin).needed

    assert (entry.people, entry.seeds) == (None, None)
    assert told(entry, several=False).endswith("as the measured value lies too close to the limit")
    assert "it would fail" not in told(entry, several=False)
    assert way_out([entry])
    monkeypatch.setattr(
        "fairtransfer.gates.sample_size.MOST_TIMES", 10**9
    )  # the twin: a number there is, and an absurd one
    monkeypatch.setattr("fairtransfer.gates.sample_size.MOST", 10**12)
    monkeypatch.setattr("fairtransfer.stats.planning.MOST", 10**12)
    (absurd,) = judged(gate, [sample], margin).needed
    assert absurd.people > 100 * entry.have


@pytest.mark.parametrize(("b", "c", "n"), [(1, 1, 10), (0, 0, 12), (2, 1, 20), (4, 4, 80), (20, 5, 400)])
def test_a_number_that_can_be_collected_is_told_however_few_cases_there_are(b: int, c: int, n: int) -> None:
    (entry,) = judged(NO_HARM, [paired(b, c, n)], 0.02 if n <= 20 else MARGIN).needed

    assert n < entry.people <= max(10_000, 100 * n)
    assert way_out([entry]) == ""


@pytest.mark.parametrize("have", [10, 100, 499, 20_000, 500_000, 50_000_000])
def test_the_most_that_is_advice_is_a_hundred_times_and_ten_thousand_always(have: int) -> None:
    assert realistic(have) == {10: 10_000, 100: 10_000, 499: 49_900, 20_000: 2_000_000}.get(have, 10_000_000)


def test_no_seeds_are_asked_for_where_they_would_still_leave_absurd_numbers_of_cases() -> None:
    """Seeds that hardly differ, and an estimate on the limit: more of either would settle nothing."""
    nearly = seeded((30, 30, 30, 31, 30), (5, 5, 5, 6, 5), 499)
    (entry,) = judged(NO_HARM, [nearly], MARGIN).needed

    assert (entry.people, entry.seeds) == (None, None)
    assert "no realistic number of cases or seeds" in told(entry, several=False)


@pytest.mark.parametrize(
    ("gate", "whose"),
    [
        ("no_harm:by=g,metric=recall,class=a,margin=0.05", "cases of the class, not"),
        ("no_harm:by=g,metric=false_positive_rate,class=a,margin=0.05", "cases outside the class, not"),
        ("worst_group:by=g,metric=precision,class=a,at_least=0.7", "cases put into the class, not"),
        ("worst_group:by=g,metric=macro_f1,at_least=0.8", "cases of the rarest class, not"),
        ("worst_group:by=g,metric=balanced_accuracy,at_least=0.8", "cases of the rarest class, not"),
        ("worst_group:by=g,metric=error_rate,at_most=0.2", "cases, not"),
    ],
)
def test_needed_cases_are_those_that_count(gate: str, whose: str) -> None:
    rng = np.random.default_rng(2)
    truth = rng.choice(list("abc"), 150)
    frame = pd.DataFrame({"y": truth, "g": rng.choice(["north", "south"], 150)})
    for name in ("old", "new"):
        frame[name] = np.where(rng.random(150) < 0.75, truth, rng.choice(list("abc"), 150))
    found = measure(frame, label="y", before="old", after="new", groups="g", gates=[gate])
    (result,) = found.verdict.gates
    assert result.needed
    assert all(whose in told(entry, several=False) for entry in result.needed)


# --- gates that look at both sides ---------------------------------------------------------------------------------------


def two_rates(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Three groups served alike: n cases of the class and n outside it each, a fifth of either answered wrong."""
    parts = []
    for group in "abc":
        y = np.arange(2 * n) < n
        parts.append(pd.DataFrame({"y": y, "p": y ^ (rng.random(2 * n) < 0.2), "g": group}))
    return pd.concat(parts, ignore_index=True).replace({True: "yes", False: "no"})


def test_equalized_odds_is_planned_on_both_rates_and_both_sides() -> None:
    """As the gate really comes out; the twin: one rate on one side would promise far more."""
    gate, sizes = "equalized_odds:by=g,class=yes,margin=0.1", [300] * 3
    rng, null = np.random.default_rng(1), TwoRates(0.2, 0.2, 1.0)
    layouts = [rh.GateLayout(sizes, [(place, None) for place in range(3)], both) for both in (True, False)]
    both, one = (null.simulate([null] * 3, layout, 0.1, ALPHA, 12).passes for layout in layouts)

    found = [
        measure(two_rates(300, rng), label="y", after="p", groups="g", positive="yes", gates=gate) for _ in range(30)
    ]

    share = sum(one.verdict.outcome == "pass" for one in found) / 30
    assert abs(share - both**2) < 0.2
    assert one - both**2 > 0.12


@given(given_=st.floats(0.2, 0.95), n=st.integers(20, 400), times=st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=25)
def test_the_other_side_of_a_ratio_is_the_same_with_the_groups_changed_over(
    given_: float, n: int, times: float
) -> None:
    n = n // 2 * 2  # so that half of it is whole
    turned, straight = TurnedShare(1 - given_, given_, 0.8, times), ShareOfRate(1 - given_, given_, 0.8, 1 / times)
    assert chance_to_pass(turned, n, 0.0, ALPHA) == pytest.approx(
        chance_to_pass(straight, round(n * times), 0.0, ALPHA)
    )
    assert chance_to_fail(turned, n, 0.0, ALPHA) == pytest.approx(
        chance_to_fail(straight, round(n * times), 0.0, ALPHA)
    )


def test_both_sides_of_a_ratio_are_drawn_at_once() -> None:
    """A small group is as easily too high as too low: both sides are passed less often than either."""
    sizes = [60, 300, 300]
    one, both = (
        rh.simulate_ratios(rh.GateLayout(sizes, [(p, None) for p in range(3)], two), 0.6, 0.8, 0.0, ALPHA, 6)
        for two in (False, True)
    )
    assert both.passes < one.passes
    assert both.fails >= one.fails
