"""How many people it takes: the tables that are published with the method, and the power the numbers really give."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial
from support.slow_limits import slow_change, slow_difference, slow_share

from fairtransfer.stats import planning as pl
from fairtransfer.stats.change_truths import PairedChange, TwoChanges
from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.exact import exact_change
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.power import SeedSpread, chance_to_fail, chance_to_pass, people_needed
from fairtransfer.stats.truths import OneRate, ShareOfRate, Truth, TwoRates

MARGINS = (0.02, 0.05, 0.10)

# Rate; people for a pass, for a pass on both sides, for a fail alone and among ten comparisons; the other is ten times as large.
TABLE = [
    (0.05, (808, 129, 32), (1119, 179, 45), (1700, 415, 151), (2884, 704, 256)),
    (0.10, (1530, 245, 61), (2120, 339, 85), (2539, 531, 172), (4307, 900, 292)),
    (0.20, (2720, 435, 109), (3768, 603, 151), (3893, 710, 201), (6603, 1203, 341)),
    (0.30, (3570, 571, 143), (4946, 791, 198), (4815, 819, 213), (8167, 1390, 361)),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"rate {row[0]}")
def test_people_needed_equal_the_table(row: tuple) -> None:
    """80 % power at 5 %; the table rounds to the nearest, people are whole."""
    p, passing, both, failing, among_ten = row

    assert [pl.n_difference(p, p, 10, d, 0.05) for d in MARGINS] == pytest.approx(passing, abs=1)
    assert [pl.n_difference(p, p, 10, d, 0.05, 0.9) for d in MARGINS] == pytest.approx(both, abs=1)
    assert [pl.n_difference(p + 2 * d, p, 10, d, pl.CLAIM) for d in MARGINS] == pytest.approx(failing, abs=1)
    assert [pl.n_difference(p + 2 * d, p, 10, d, pl.CLAIM / 10) for d in MARGINS] == pytest.approx(among_ten, abs=1)


@pytest.mark.parametrize(
    ("psi", "needed"), [(0.05, (3091, 773, 124)), (0.10, (6183, 1546, 247)), (0.20, (12365, 3091, 495))]
)
def test_pairs_needed_equal_the_table(psi: float, needed: tuple[int, int, int]) -> None:
    assert [pl.n_paired(psi, margin, 0.05) for margin in (0.01, 0.02, 0.05)] == pytest.approx(needed, abs=1)


@pytest.mark.parametrize(
    ("n", "ten", "one"),
    [
        (20, 0.257, 0.197),
        (50, 0.162, 0.125),
        (100, 0.115, 0.088),
        (200, 0.081, 0.062),
        (500, 0.051, 0.039),
        (1000, 0.036, 0.028),
        (5000, 0.016, 0.012),
    ],
)
def test_the_smallest_difference_that_shows_equals_the_table(n: int, ten: float, one: float) -> None:
    """At a rate of 10 %, among ten comparisons and alone."""
    assert [round(pl.detectable(0.1, n, m, 10), 3) for m in (10, 1)] == pytest.approx([ten, one], abs=1.01e-3)


@pytest.mark.parametrize(
    ("n", "change"), [(50, 0.125), (100, 0.089), (271, 0.054), (500, 0.040), (1000, 0.028), (5000, 0.013)]
)
def test_the_smallest_change_that_shows_equals_the_table(n: int, change: float) -> None:
    assert round(pl.detectable_change(0.1, n, 1), 3) == pytest.approx(change, abs=1e-9)


# --- what the numbers really give --------------------------------------------------------------------------------------


def slow_chances(truth: Truth, n: int, margin: float, alpha: float) -> tuple[float, float]:
    """To pass and to fail: every pair of counts, one after the other."""
    z, passes, fails = normal_quantile(1 - alpha), 0.0, 0.0
    if isinstance(truth, OneRate):
        outcomes = [(binom.pmf(x, n, truth.p), slow_share(x, n, z)) for x in range(n + 1)]
    elif isinstance(truth, TwoRates):
        m = round(n * truth.ratio)
        outcomes = [
            (binom.pmf(x, n, truth.p) * binom.pmf(y, m, truth.p_other), slow_difference(x, n, y, m, z))
            for x, y in itertools.product(range(n + 1), range(m + 1))
        ]
    elif isinstance(truth, ShareOfRate):
        m = round(n * truth.ratio)
        outcomes = []
        for x, y in itertools.product(range(n + 1), range(m + 1)):
            low, high = slow_difference(x, n, y, m, z, truth.tau)
            weight = binom.pmf(x, n, 1 - truth.without) * binom.pmf(y, m, truth.p_other)
            outcomes.append((weight, (-high, math.inf if x < 5 else -low)))
    else:
        assert isinstance(truth, PairedChange)
        shares = [truth.worse, truth.better, 1 - truth.worse - truth.better]
        outcomes = [
            (multinomial.pmf([b, c, n - b - c], n, shares), slow_change(b, c, n, z))
            for b in range(n + 1)
            for c in range(n + 1 - b)
        ]
    for weight, (low, high) in outcomes:
        passes, fails = passes + weight * (high < margin), fails + weight * (low > margin)
    return passes, fails


SAMPLES = [
    (TwoRates(0.05, 0.1, 4), 10, 0.3, 0.05),
    (TwoRates(0.6, 0.1, 1), 25, 0.1, 0.025),
    (TwoRates(0.0, 0.2, 3), 12, 0.1, 0.05),
    (TwoRates(1.0, 0.9, 1), 15, 0.4, 0.0025),
    (OneRate(0.1), 40, 0.25, 0.05),
    (OneRate(0.0), 60, 0.05, 0.05),
    (OneRate(0.97), 30, 0.9, 0.001),
    (ShareOfRate(0.7, 0.3, 0.8, 3), 20, 0.0, 0.05),
    (ShareOfRate(0.2, 0.8, 0.8, 1), 30, 0.0, 0.05),
    (ShareOfRate(0.9, 0.6, 0.5, 2), 15, 0.0, 0.0025),
    (ShareOfRate(1.0, 0.0, 0.8, 1), 20, 0.0, 0.05),
    (PairedChange(0.1, 0.2), 25, 0.1, 0.05),
    (PairedChange(0.4, 0.05), 30, 0.05, 0.01),
    (PairedChange(0.0, 0.0), 40, 0.1, 0.05),
    (PairedChange(0.5, 0.5), 20, 0.3, 0.05),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_chances_equal_their_slow_twin(sample: tuple) -> None:
    assert (chance_to_pass(*sample), chance_to_fail(*sample)) == pytest.approx(slow_chances(*sample), abs=1e-7)


CHANGES = [
    (TwoChanges(PairedChange(0.1, 0.1), PairedChange(0.1, 0.1), 1), 100, 0.1, 0.05),
    (TwoChanges(PairedChange(0.15, 0.05), PairedChange(0.1, 0.1), 3), 60, 0.1, 0.05),
    (TwoChanges(PairedChange(0.2, 0.0), PairedChange(0.1, 0.1), 0.5), 200, 0.1, 0.05),
    (TwoChanges(PairedChange(0.2, 0.1), PairedChange(0.02, 0.02), 0.3), 100, 0.1, 0.05),
    (TwoChanges(PairedChange(0.05, 0.05), PairedChange(0.05, 0.05), 1), 30, 0.2, 0.05),
]
"""Four counts, of which the other group's are looked at in a few places: the sums are a little off."""


@pytest.mark.parametrize("sample", CHANGES, ids=str)
def test_chances_of_two_changes_are_those_of_drawn_ones(sample: tuple[TwoChanges, int, float, float]) -> None:
    """The slow twin: both groups drawn, 100,000 times."""
    truth, n, margin, alpha = sample
    rng, m, z = np.random.default_rng(3), math.ceil(truth.ratio * n), normal_quantile(1 - alpha)

    def drawn(change: PairedChange, people: int) -> tuple[np.ndarray, Interval]:
        moved = rng.multinomial(people, [change.worse, change.better, 1 - change.moved], size=100_000)
        return (moved[:, 0] - moved[:, 1]) / people, exact_change(moved[:, 0] / people, moved[:, 1] / people, people, z)

    found = difference_of_changes(*drawn(truth.first, n), *drawn(truth.second, m))
    chances = chance_to_pass(*sample), chance_to_fail(*sample)

    assert chances == pytest.approx(((found.high < margin).mean(), (found.low > margin).mean()), abs=0.006)


def test_one_change_against_a_group_without_end_is_that_change_alone() -> None:
    """Where the others are many and hardly move, the difference is judged like the change of one group."""
    change = PairedChange(0.1, 0.1)
    two = TwoChanges(change, PairedChange(0.001, 0.001), 1000)

    assert chance_to_pass(two, 200, 0.1, 0.05) == pytest.approx(chance_to_pass(change, 200, 0.1, 0.05), abs=0.01)
    assert two.detectable(200, 3, 0.025) == pytest.approx(change.detectable(200, 3, 0.025), rel=0.01)


RATES_AND_MARGINS = [(p, margin) for p in (0.05, 0.10, 0.20, 0.30) for margin in (0.05, 0.10)]


@pytest.mark.parametrize(("p", "margin"), RATES_AND_MARGINS)
def test_the_people_a_formula_plans_for_a_fail_give_its_power(p: float, margin: float) -> None:
    n = pl.n_difference(p + 2 * margin, p, 10, margin, pl.CLAIM)
    assert n is not None

    assert 0.78 <= chance_to_fail(TwoRates(p + 2 * margin, p, 10), n, margin, pl.CLAIM) <= 0.86


@pytest.mark.parametrize(("p", "margin"), RATES_AND_MARGINS)
def test_the_people_a_formula_plans_for_a_pass_are_too_few_and_mended(p: float, margin: float) -> None:
    """The interval that verdicts use is wider than the formula's: less likely than not at worst; the mended number holds."""
    truth = TwoRates(p, p, 10)
    formula, mended = pl.n_difference(p, p, 10, margin, 0.05), people_needed(truth, "pass", margin, 0.05)
    assert formula is not None
    assert mended is not None

    assert 0.45 < chance_to_pass(truth, formula, margin, 0.05) < 0.80
    assert 0.80 <= chance_to_pass(truth, mended, margin, 0.05) < 0.82
    assert formula < mended <= 2 * formula


PLANNED = [
    (TwoRates(0.1, 0.1, 4), "pass", 0.05, 0.05),
    (TwoRates(0.2, 0.1, 4), "fail", 0.05, 0.005),
    (OneRate(0.1), "pass", 0.15, 0.05),
    (OneRate(0.3), "fail", 0.25, 0.01),
    (ShareOfRate(0.5, 0.5, 0.8, 3), "pass", 0.0, 0.05),
    (ShareOfRate(0.8, 0.5, 0.8, 3), "fail", 0.0, 0.01),
    (PairedChange(0.1, 0.1), "pass", 0.05, 0.0025),
    (PairedChange(0.18, 0.04), "fail", 0.05, 0.05),
    (TwoChanges(PairedChange(0.1, 0.1), PairedChange(0.1, 0.1), 3), "pass", 0.1, 0.05),
    (TwoChanges(PairedChange(0.22, 0.02), PairedChange(0.1, 0.1), 3), "fail", 0.1, 0.01),
]


@pytest.mark.parametrize("planned", PLANNED, ids=str)
def test_one_person_fewer_is_too_few(planned: tuple) -> None:
    truth, side, margin, alpha = planned
    chance = chance_to_pass if side == "pass" else chance_to_fail
    n = people_needed(truth, side, margin, alpha)
    assert n is not None

    assert chance(truth, n - 1, margin, alpha) < 0.8 <= chance(truth, n, margin, alpha) < 0.85
    more = people_needed(truth, side, margin, alpha, 0.95)
    assert more is not None
    assert more > n


def test_a_truth_without_chance_needs_as_many_as_its_interval() -> None:
    """Nobody is ever harmed: as soon as the exact bound for no harm is below the limit, it always is."""
    assert people_needed(OneRate(0.0), "pass", 0.05, 0.05) == 59
    assert chance_to_pass(OneRate(0.0), 58, 0.05, 0.05) == 0.0
    assert chance_to_pass(OneRate(0.0), 59, 0.05, 0.05) == 1.0


def test_seeds_that_differ_cost_people() -> None:
    """And none are enough where their part alone reaches the margin."""
    truth = PairedChange(0.05, 0.05)
    plain, seeded = (people_needed(truth, "pass", 0.05, 0.05, spread=s) for s in (SeedSpread(), SeedSpread(0.02, 0.01)))
    assert plain is not None
    assert seeded is not None

    assert plain < seeded
    assert people_needed(truth, "pass", 0.05, 0.05, spread=SeedSpread(0.05, 0.03)) is None


def test_seeds_are_averaged_over_like_a_simulation_of_them() -> None:
    """The slow twin: 200 estimates moved by normal deviations, each judged at its own margin."""
    truth, rng, spread = TwoRates(0.1, 0.1, 4), np.random.default_rng(1), SeedSpread(0.0, 0.01)
    moved = [chance_to_pass(truth, 400, 0.05 - d, 0.05) for d in rng.normal(0, 0.01, 200)]

    assert chance_to_pass(truth, 400, 0.05, 0.05, spread) == pytest.approx(float(np.mean(moved)), abs=0.03)


def test_a_pass_at_the_margin_stays_as_rare_as_its_level() -> None:
    """Where the true difference is the margin itself, at most about alpha; a fail is rarer still."""
    sample = (TwoRates(0.15, 0.10, 10), 200, 0.05, 0.05)

    assert chance_to_pass(*sample) <= 0.05
    assert chance_to_fail(*sample) <= 0.057


def test_where_the_search_ends_the_formula_is_as_good() -> None:
    assert people_needed(TwoRates(0.1, 0.1, 10), "pass", 0.001, 0.05) == pl.n_difference(0.1, 0.1, 10, 0.001, 0.05)
    assert chance_to_pass(TwoRates(0.1, 0.1, 10), 612_093, 0.001, 0.05) == pytest.approx(0.8, abs=0.002)
    for truth in (TwoRates(0.3, 0.3, 1), PairedChange(0.05, 0.05)):
        formula, found = truth.formula(0.0035, 0.05, 0.8), people_needed(truth, "pass", 0.0035, 0.05)
        assert formula is not None
        assert found == pytest.approx(formula, rel=0.02)


def test_all_groups_pass_as_often_as_planned() -> None:
    """Eight independent groups: at 80 % each all eight pass in 17 %, at the power for all in at least 80 %."""
    each = pl.power_for_all(8)

    assert 0.8**8 < 0.17
    assert each**8 >= 0.8
    assert pl.n_difference(0.1, 0.1, 10, 0.05, 0.05, each) == pytest.approx(
        (normal_quantile(0.95) + normal_quantile(0.975)) ** 2 * 0.09 * 1.1 / 0.05**2, abs=1
    )
    assert pl.power_for_all(1) == pl.POWER


@pytest.mark.parametrize(("seeds", "times"), [(3, 4.8), (5, 2.6), (10, 2.0)])
def test_twenty_evaluations_cost_few_seeds_more_than_people(seeds: int, times: float) -> None:
    """Student's t at 0.0025 and 0.05: 14.09 and 2.92 with two degrees of freedom, 5.60 and 2.13 with four."""
    assert pl.price_in_seeds(20, 0.05, seeds) == pytest.approx(times, abs=0.05)
    assert pl.price_in_seeds(1, 0.05, seeds) == 1


def test_twenty_evaluations_on_one_benchmark_cost_twice_the_people() -> None:
    assert pl.price_of_reuse(20, 0.05) == pytest.approx(((2.81 + 0.84) / (1.645 + 0.84)) ** 2, abs=0.01)
    assert pl.price_of_reuse(1, 0.05) == 1.0


# --- laws --------------------------------------------------------------------------------------------------------------

rates, margins = st.floats(0.01, 0.5), st.floats(0.01, 0.2)


@settings(max_examples=30, deadline=None)
@given(rates, margins, st.floats(1, 50), st.floats(0.01, 0.2))
def test_stricter_questions_take_more_people(p: float, margin: float, ratio: float, alpha: float) -> None:
    """A smaller margin, a smaller level, more power, a smaller other group; up to the steps of whole counts.

    One error more in the whole group takes about ``1 / margin`` people more, so the chance falls and rises in teeth of
    that width, and where the last tooth under the power lies is chance.
    """
    n = people_needed(TwoRates(p, p, ratio), "pass", margin, alpha)
    harder = [
        people_needed(TwoRates(p, p, ratio), "pass", margin / 2, alpha),
        people_needed(TwoRates(p, p, ratio), "pass", margin, alpha / 2),
        people_needed(TwoRates(p, p, ratio), "pass", margin, alpha, 0.9),
        people_needed(TwoRates(p, p, ratio / 2), "pass", margin, alpha),
    ]

    assert n is not None
    assert all(other is not None and other >= 0.9 * n - 2 / margin for other in harder)


@given(st.floats(0.06, 0.5), st.integers(20, 5000), st.integers(1, 20))
def test_the_difference_that_n_people_show_needs_n_people(p: float, n: int, comparisons: int) -> None:
    """One formula solved for the other number."""
    shown = pl.detectable(p, n, comparisons, 10)

    assert pl.n_difference(p, p, 10, shown, pl.CLAIM / comparisons) == pytest.approx(n, abs=1)


def test_no_number_of_people_shows_what_is_not_there() -> None:
    """No margin, or a harm that a rate near 1 leaves no room for."""
    assert pl.n_difference(0.1, 0.1, 10, 0.0, 0.05) is None
    assert pl.n_difference(0.1, 0.1, 10, -0.1, 0.05) is None
    assert pl.n_difference(0.1, 0.1, 10, 1e-6, 0.05) is None
    assert people_needed(TwoRates(0.1, 0.1, 10), "pass", 1e-6, 0.05) is None
    assert people_needed(TwoRates(0.1, 0.1, 10), "pass", 0.0, 0.05) is None
    assert people_needed(TwoRates(0.1, 0.1, 10), "fail", 0.05, 0.05) is None
    assert people_needed(OneRate(0.3), "pass", 0.3, 0.05) is None
    assert math.isclose(pl.detectable(0.1, 100, 1), pl.detectable(0.1, 100, 1, 1e12), rel_tol=1e-9)


def test_no_harm_seen_is_no_proof_that_there_is_none() -> None:
    """A rate of 0 among few people still leaves room, and less among more."""
    room = [pl.detectable(0.0, n, 1) for n in (10, 100, 1000)]

    assert room[0] > room[1] > room[2] > 0
    assert pl.detectable(0.0, 50, 1) == pytest.approx(pl.detectable(1.0, 50, 1))
    assert pl.detectable(0.0, 50, 1) == pytest.approx(pl.detectable(1 / 52, 50, 1))
    assert pl.detectable_change(0.0, 50, 1) == pytest.approx(pl.detectable_change(2 / 52, 50, 1))


@given(st.floats(0.06, 0.5), st.integers(20, 5000))
def test_the_difference_by_width_is_that_by_formula_for_a_plain_interval(p: float, n: int) -> None:
    half = normal_quantile(0.975) * math.sqrt(p * (1 - p) / n)

    assert pl.detectable_by_width(half, 0.975) == pytest.approx(pl.detectable(p, n, 1))
