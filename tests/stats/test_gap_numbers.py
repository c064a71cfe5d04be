"""Gaps, with what chance gives; the corrected variance and its interval; bounds for all groups; harm that averages hide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import ndtr
from support.simulation_error import ERRORS, errors_off
from support.slow_limits import slow_difference

from fairtransfer.stats import gap as gp
from fairtransfer.stats.intervals import bonett_price, normal_quantile

some_rates = st.lists(st.floats(0, 1), min_size=1, max_size=12)
groups = st.lists(
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=8
)


# --- the gap -----------------------------------------------------------------------------------------------------------


def test_the_gap_names_both_groups_and_knows_which_way_harm_lies() -> None:
    rates = [0.2, 0.5, 0.1]

    assert gp.spread(rates) == (0.4, 1, 2)
    assert gp.spread(rates, higher_is_worse=False) == (0.4, 2, 1)


@given(some_rates, st.data())
def test_a_copy_of_a_group_and_other_names_change_no_gap(rates: list[float], data: st.DataObject) -> None:
    copied, order = data.draw(st.sampled_from(rates)), data.draw(st.permutations(rates))

    assert gp.spread([*rates, copied]).gap == gp.spread(rates).gap
    assert gp.spread(order).gap == gp.spread(rates).gap


@given(some_rates, st.floats(0, 1))
def test_a_further_group_never_narrows_the_gap(rates: list[float], further: float) -> None:
    assert gp.spread([*rates, further]).gap >= gp.spread(rates).gap


@pytest.mark.parametrize(
    "measure",
    [gp.spread, lambda rates: gp.largest_deviation(rates, [1, 1]), lambda rates: gp.against_rest(rates, [1, 1])],
)
def test_groups_without_a_rate_are_refused_not_skipped(measure: Callable[[list[float]], object]) -> None:
    with pytest.raises(ValueError, match="1 of 2 groups have no rate: leave them out, and say so"):
        measure([0.1, float("nan")])


def range_of_normals(groups: int) -> float:
    """The expected range of as many standard normals, known as d2, by integration."""
    return quad(lambda x: 1 - ndtr(x) ** groups - (1 - ndtr(x)) ** groups, -10, 10)[0]


@pytest.mark.parametrize(
    ("groups", "d2", "floor"),
    [(2, 1.128, 0.057), (4, 2.059, 0.104), (8, 2.847, 0.144), (16, 3.532, 0.178), (32, 4.139, 0.209)],
)
def test_the_noise_floor_tends_to_its_normal_approximation(groups: int, d2: float, floor: float) -> None:
    """``d2 sqrt(p(1-p)/n)``: golden at n = 50; at n = 5,000 the simulation agrees to a hundredth."""
    assert_allclose(range_of_normals(groups), d2, atol=1e-3)
    assert_allclose(d2 * (0.15 * 0.85 / 50) ** 0.5, floor, atol=1e-3)
    assert_allclose(gp.noise_floor(0.15, [5000] * groups).mean, d2 * (0.15 * 0.85 / 5000) ** 0.5, rtol=0.025)


@pytest.mark.parametrize(
    ("groups", "n", "floor", "worst"),
    [
        (2, 50, 0.047, 0.124),
        (4, 50, 0.086, 0.145),
        (8, 50, 0.119, 0.164),
        (8, 200, 0.060, 0.131),
        (16, 50, 0.147, 0.180),
        (16, 1000, 0.033, 0.117),
    ],
)
def test_equal_groups_show_a_gap_and_a_worst_group_by_chance(groups: int, n: int, floor: float, worst: float) -> None:
    """At an error rate of 10 %, against 3,000 replicates simulated elsewhere."""
    rates = np.random.default_rng(5).binomial(n, 0.1, size=(4000, groups)) / n

    assert_allclose(gp.noise_floor(0.1, [n] * groups).mean, floor, atol=3e-3)
    assert_allclose(rates.max(axis=1).mean(), worst, atol=3e-3)
    assert errors_off(rates.max(axis=1) - rates.min(axis=1), gp.noise_floor(0.1, [n] * groups).mean) <= ERRORS


# --- ratio and deviation -----------------------------------------------------------------------------------------------


def test_a_ratio_is_stated_where_every_group_has_five_on_both_sides() -> None:
    assert gp.ratio([10, 8], [50, 50]) == pytest.approx(0.8)
    assert gp.ratio([5, 45], [50, 50]) == pytest.approx(1 / 9)


@pytest.mark.parametrize("events", [[4, 20], [46, 20], [0, 20], [50, 20]])
def test_no_ratio_rests_on_fewer_than_five(events: list[int]) -> None:
    assert gp.ratio(events, [50, 50]) is None


def test_the_ratio_of_equal_groups_is_far_below_one() -> None:
    """Two groups of 50 at 15 %: 0.69 on average over all samples, those without a ratio included at what they would show."""
    x = np.random.default_rng(6).binomial(50, 0.15, size=(4000, 2))

    assert_allclose((x.min(axis=1) / x.max(axis=1)).mean(), 0.69, atol=0.01)


def test_the_largest_deviation_is_signed_and_weighs_groups_by_size() -> None:
    group, by, overall = gp.largest_deviation([0.1, 0.4], [300, 100])

    assert (group, overall) == (1, pytest.approx(0.175))
    assert by == pytest.approx(0.225)
    assert gp.largest_deviation([0.9, 0.5, 0.9], [1, 1, 1]).by < 0


# --- bounds that hold together -----------------------------------------------------------------------------------------


def slow_against_rest(counts: list[tuple[int, int]], alpha: float) -> list[tuple[float, float, float]]:
    """One group at a time, its rest counted row by row."""
    found = []
    for place, (x, n) in enumerate(counts):
        others = [pair for other, pair in enumerate(counts) if other != place]
        rest_x, rest_n = sum(x for x, _ in others), sum(n for _, n in others)
        low, high = slow_difference(x, n, rest_x, rest_n, normal_quantile(1 - alpha / 2 / len(counts)))
        found.append((x / n - rest_x / rest_n, float(low), float(high)))
    return found


@given(groups, st.sampled_from([0.01, 0.05, 0.1]))
def test_bounds_against_the_rest_equal_their_slow_twin(counts: list[tuple[int, int]], alpha: float) -> None:
    x, n = np.array(counts).T

    found = gp.against_rest(x / n, n, alpha)

    assert_allclose(np.stack([found.differences, *found.limits], axis=1), slow_against_rest(counts, alpha), atol=1e-9)


@given(groups)
def test_limits_contain_the_difference_and_two_groups_mirror_each_other(counts: list[tuple[int, int]]) -> None:
    x, n = np.array(counts).T
    all_groups, two = gp.against_rest(x / n, n), gp.against_rest((x / n)[:2], n[:2])

    assert (all_groups.limits.low <= all_groups.differences + 1e-9).all()
    assert (all_groups.differences <= all_groups.limits.high + 1e-9).all()
    assert_allclose(two.limits.low[0], -two.limits.high[1], atol=1e-9)


@pytest.mark.parametrize("sizes", [[500] * 6, [100] * 12, [3000, 1500, 800, 400, 200, 100, 60, 40, 30, 20]])
def test_bounds_for_all_groups_hold_for_all_groups(sizes: list[int]) -> None:
    """Equal groups: in at least 95 % of the samples no group's limits miss the truth, 0."""
    x = np.random.default_rng(7).binomial(sizes, 0.2, size=(1000, len(sizes)))

    missed = [
        bool((limits.low > 0).any() or (limits.high < 0).any())
        for limits in (gp.against_rest(row / sizes, sizes).limits for row in x)
    ]

    assert np.mean(missed) <= 0.05 + ERRORS * (0.05 * 0.95 / 1000) ** 0.5


# --- the corrected variance --------------------------------------------------------------------------------------------

GOLDEN = ([0.1, 0.2, 0.15, 0.3], [50, 40, 100, 20])


def slow_corrected(rates: list[float], sizes: list[int], coefficients: list[float]) -> float:
    """Variance less the mean of ``coefficient * e(1-e)/n``."""
    mean = sum(rates) / len(rates)
    variance = sum((e - mean) ** 2 for e in rates) / (len(rates) - 1)
    return variance - sum(c * e * (1 - e) / n for c, e, n in zip(coefficients, rates, sizes, strict=True)) / len(rates)


def test_the_corrected_variance_and_its_coefficients_have_their_golden_values() -> None:
    rates, sizes = GOLDEN

    assert_allclose(np.var(rates, ddof=1), 0.0072917, atol=1e-7)
    assert_allclose(gp.corrected_variance(rates, sizes), 0.0027217, atol=1e-7)
    assert_allclose(gp.double_coefficient(sizes), [2.061641, 2.077581, 2.030405, 2.160665], atol=1e-6)


@given(groups.map(lambda counts: [(x, n + 2) for x, n in counts]))
def test_corrections_equal_their_slow_twins(counts: list[tuple[int, int]]) -> None:
    sizes = [n for _, n in counts]
    rates = [x / n for x, n in counts]
    once, twice = [n / (n - 1) for n in sizes], [n * (2 * n - 1) / (n - 1) ** 2 for n in sizes]

    assert gp.corrected_variance(rates, sizes) == pytest.approx(slow_corrected(rates, sizes, once), abs=1e-12)
    assert gp.double_corrected([rates], sizes)[0] == pytest.approx(slow_corrected(rates, sizes, twice), abs=1e-12)


def test_equal_groups_have_a_gap_and_no_corrected_variance() -> None:
    """Over many samples the corrected variance averages 0, below it as often as not; the gap averages its noise floor."""
    rates = np.random.default_rng(8).binomial(50, 0.15, size=(4000, 8)) / 50

    corrected = np.array([gp.corrected_variance(row, [50] * 8) for row in rates])

    assert errors_off(corrected, 0.0) <= ERRORS
    assert (corrected < 0).mean() > 0.4
    assert errors_off(np.array([gp.spread(row).gap for row in rates]), gp.noise_floor(0.15, [50] * 8).mean) <= ERRORS
    assert rates.var(axis=1, ddof=1).mean() > 2e-3


def test_double_corrected_resamples_average_the_corrected_variance() -> None:
    rates, sizes = GOLDEN
    resampled = np.random.default_rng(9).binomial(sizes, rates, size=(100_000, 4)) / sizes

    assert errors_off(gp.double_corrected(resampled, sizes), gp.corrected_variance(rates, sizes)) <= ERRORS


def test_resamples_corrected_once_are_too_wide_apart() -> None:
    """The twin: half the correction leaves the resampling's own noise in."""
    rates, sizes = GOLDEN
    resampled = np.random.default_rng(9).binomial(sizes, rates, size=(20_000, 4)) / sizes

    once = np.mean([gp.corrected_variance(row, sizes) for row in resampled])

    assert once > gp.corrected_variance(rates, sizes) + 0.001


def test_the_interval_of_the_variance_covers_equal_and_unequal_groups() -> None:
    """Eight groups of 50 at 20 %, or spread with a standard deviation of 4.4 points: at least 95 of 100 intervals cover."""
    rng = np.random.default_rng(10)
    for truth in ([0.2] * 8, np.clip(rng.normal(0.2, 0.05, 8), 0.02, 0.6)):
        found = [gp.between_groups(rng.binomial(50, truth) / 50, [50] * 8, rng, draws=400) for _ in range(300)]
        between = np.var(truth, ddof=1)

        assert np.mean([one.low <= between <= one.high for one in found]) >= 0.95


def test_a_negative_variance_is_kept_and_shown_as_no_spread() -> None:
    found = gp.between_groups([0.2] * 4, [20] * 4, np.random.default_rng(0), draws=200)

    assert found.variance < 0
    assert found.low <= found.variance <= found.high
    assert found.sd == 0


# --- what a better number hides ----------------------------------------------------------------------------------------


def lower_limits(harmed: list[int], helped: list[int], sizes: list[int]) -> np.ndarray:
    """Limits that hold for all groups together."""
    return bonett_price(harmed, helped, sizes, normal_quantile(1 - 0.05 / len(sizes))).low


def test_a_gap_that_closes_from_above_is_levelling_down() -> None:
    lower = lower_limits([90, 10], [0, 10], [500, 500])

    found = gp.levelling_down([0.10, 0.30], [0.28, 0.30], lower)

    assert found == (True, pytest.approx(0.20), pytest.approx(0.02), 0, pytest.approx(0.18))


def test_a_gap_that_closes_from_below_is_not() -> None:
    lower = lower_limits([5, 0], [5, 90], [500, 500])

    assert not gp.levelling_down([0.10, 0.30], [0.10, 0.12], lower).flag


def test_a_rise_that_chance_explains_is_not_called_levelling_down() -> None:
    lower = lower_limits([3, 2], [1, 2], [20, 20])

    found = gp.levelling_down([0.10, 0.30], [0.20, 0.30], lower)

    assert found.gap_after < found.gap_before
    assert not found.flag


def test_a_best_group_that_loses_while_the_gap_grows_is_another_story() -> None:
    lower = lower_limits([50, 150], [0, 0], [500, 500])

    assert not gp.levelling_down([0.10, 0.30], [0.20, 0.60], lower).flag


def test_of_two_groups_served_best_the_one_that_fares_worst_now_counts() -> None:
    lower = lower_limits([0, 90, 0], [0, 0, 0], [500, 500, 500])

    found = gp.levelling_down([0.10, 0.10, 0.30], [0.10, 0.28, 0.30], lower)

    assert found.best == 1
    assert not found.flag  # the gap did not close: another group is still served as well as before


def test_an_average_that_improves_can_hide_a_group() -> None:
    lower = lower_limits([10, 30], [200, 2], [5000, 100])

    assert gp.hidden_harm(-0.03, lower) == (True, -0.03, (1,))


@pytest.mark.parametrize(("average", "harmed"), [(0.01, 30), (0.0, 30), (-0.03, 4)])
def test_no_harm_is_hidden_where_the_average_shows_it_or_nobody_surely_fares_worse(average: float, harmed: int) -> None:
    lower = lower_limits([10, harmed], [200, 2], [5000, 100])

    assert not gp.hidden_harm(average, lower).flag


def test_without_a_change_neither_flag_is_raised_more_often_than_alpha() -> None:
    """Eight groups whose rows change at random, 5 % each way: some group is surely worse in at most 5 % of the samples."""
    changes = np.random.default_rng(11).multinomial(60, [0.05, 0.05, 0.9], size=(2000, 8))

    raised = [any(lower_limits(row[:, 0], row[:, 1], [60] * 8) > 0) for row in changes]

    assert np.mean(raised) <= 0.05 + ERRORS * (0.05 * 0.95 / 2000) ** 0.5
