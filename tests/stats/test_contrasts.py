"""Ratios against a limit and changes against changes: golden values, laws, and how often they are wrong at the limit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import binom

from fairtransfer.stats.contrasts import (
    FOUR_FIFTHS,
    correlated_difference,
    difference_of_changes,
    ratio_bounds,
    ratio_contrast,
)
from fairtransfer.stats.intervals import Interval, bonett_price, newcombe, normal_quantile, wilson

pytestmark = pytest.mark.fast

Z95, Z90 = normal_quantile(0.975), normal_quantile(0.95)


def limits(interval: Interval) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pairs = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)).filter(lambda t: t[0] + t[1] <= t[2])
)


# --- ratios ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [(12, 50, (-0.0917, 0.1159)), (30, 50, (0.2383, 0.4711)), (2, 50, (-0.2449, -0.1190)), (0, 20, (-0.2761, -0.1163))],
)
def test_ratios_have_their_golden_values(x: int, n: int, expected: tuple[float, float]) -> None:
    """Against 90 of 300, bounds at 95 %: undecided, above four fifths, below, and below with nobody selected at all."""
    assert_allclose(limits(ratio_contrast(x / n, n, 0.3, 300, FOUR_FIFTHS, Z90)), expected, atol=1e-4)


def slow_ratio(x_a: int, n_a: int, x_b: int, n_b: int, tau: float, z: float) -> tuple[float, float]:
    """The formula as written, in plain numbers."""
    p_a, p_b = x_a / n_a, x_b / n_b
    l_a, u_a = limits(wilson(p_a, n_a, z))
    l_b, u_b = limits(wilson(p_b, n_b, z))
    theta = p_a - tau * p_b
    low = theta - math.sqrt((p_a - l_a) ** 2 + tau**2 * (u_b - p_b) ** 2)
    return low, theta + math.sqrt((u_a - p_a) ** 2 + tau**2 * (p_b - l_b) ** 2)


@given(counts, counts, st.floats(0.1, 2))
def test_a_ratio_equals_its_slow_twin_and_stays_in_range(one: tuple, two: tuple, tau: float) -> None:
    found = limits(ratio_contrast(one[0] / one[1], one[1], two[0] / two[1], two[1], tau, Z95))

    assert_allclose(found, slow_ratio(*one, *two, tau, Z95), atol=1e-12)
    point = one[0] / one[1] - tau * (two[0] / two[1])
    assert -tau - 1e-9 <= found[0] <= point <= found[1] <= 1 + 1e-9


@given(counts, counts)
def test_a_ratio_of_one_is_a_difference(one: tuple, two: tuple) -> None:
    """Newcombe's, exactly."""
    rates = (one[0] / one[1], one[1], two[0] / two[1], two[1])

    assert_allclose(limits(ratio_contrast(*rates, 1.0, Z95)), limits(newcombe(*rates, Z95)), atol=1e-12)


@given(counts, counts, st.floats(0.2, 1.5), st.floats(0.01, 0.5))
def test_a_larger_limit_is_harder_to_be_above(one: tuple, two: tuple, tau: float, more: float) -> None:
    def decided(limit: float) -> tuple[bool, bool]:
        low, high = limits(ratio_contrast(one[0] / one[1], one[1], two[0] / two[1], two[1], limit, Z90))
        return low > 0, high < 0

    assert decided(tau)[0] >= decided(tau + more)[0]
    assert decided(tau)[1] <= decided(tau + more)[1]


def test_ratios_broadcast() -> None:
    found = ratio_contrast(np.array([0.24, 0.6, 0.04]), 50, 0.3, 300, FOUR_FIFTHS, Z90)

    assert_allclose(found.low, [-0.0917, 0.2383, -0.2449], atol=1e-4)


def test_two_empty_selections_decide_nothing() -> None:
    low, high = limits(ratio_contrast(0, 40, 0, 400, FOUR_FIFTHS, Z90))

    assert low < 0 < high


@pytest.mark.parametrize("tau", [0.0, -0.8, math.nan])
def test_a_ratio_is_compared_with_a_number_above_zero(tau: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        ratio_contrast(0.2, 50, 0.3, 300, tau, Z90)


@pytest.mark.parametrize("selected", [0.1, 0.3, 0.5])
@pytest.mark.parametrize(("n_a", "n_b"), [(10, 300), (20, 300), (50, 300), (200, 1000)])
def test_at_exactly_four_fifths_few_samples_are_decided(selected: float, n_a: int, n_b: int) -> None:
    """Every outcome enumerated: at most 6.5 % pass and 5.8 % fail; the bare ratio says fail in about half of them."""
    x_a, x_b = np.arange(n_a + 1)[:, None], np.arange(n_b + 1)[None, :]
    weight = binom.pmf(x_a, n_a, FOUR_FIFTHS * selected) * binom.pmf(x_b, n_b, selected)

    found = ratio_contrast(x_a / n_a, n_a, x_b / n_b, n_b, FOUR_FIFTHS, Z90)

    assert 0.05 < (weight * (found.low > 0)).sum() < 0.065
    assert (weight * (found.high < 0)).sum() < 0.058
    assert 0.46 <= (weight * (5 * x_a * n_b < 4 * x_b * n_a)).sum() <= 0.55


# --- changes against changes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("z", "expected"), [(Z95, (-0.0873, 0.2580)), (Z90, (-0.0596, 0.2302))])
def test_a_difference_of_changes_has_its_golden_values(z: float, expected: tuple[float, float]) -> None:
    found = difference_of_changes(4 / 30, bonett_price(5, 1, 30, z), 8 / 200, bonett_price(12, 4, 200, z))

    assert_allclose(limits(found), expected, atol=1e-4)


def slow_changes(a: float, limits_a: tuple, b: float, limits_b: tuple) -> tuple[float, float]:
    low = a - b - math.hypot(max(a - limits_a[0], 0), max(limits_b[1] - b, 0))
    return low, a - b + math.hypot(max(limits_a[1] - a, 0), max(b - limits_b[0], 0))


@given(pairs, pairs, st.sampled_from([normal_quantile(0.7), Z90, Z95]))
@example((3, 0, 3), (0, 3, 3), normal_quantile(0.7))
def test_a_difference_of_changes_equals_its_slow_twin(one: tuple, two: tuple, z: float) -> None:
    """Brackets the raw difference, although at tiny n neither adjusted interval need bracket its own change."""
    a, b = (one[0] - one[1]) / one[2], (two[0] - two[1]) / two[2]
    limits_a, limits_b = bonett_price(*one, z), bonett_price(*two, z)

    found = limits(difference_of_changes(a, limits_a, b, limits_b))

    assert_allclose(found, slow_changes(a, limits(limits_a), b, limits(limits_b)), atol=1e-12)
    assert -2 <= found[0] <= a - b <= found[1] <= 2


@given(pairs, pairs)
def test_swapping_groups_mirrors_a_difference_of_changes(one: tuple, two: tuple) -> None:
    a, b = (one[0] - one[1]) / one[2], (two[0] - two[1]) / two[2]
    limits_a, limits_b = bonett_price(*one, Z95), bonett_price(*two, Z95)

    low, high = limits(difference_of_changes(a, limits_a, b, limits_b))

    assert_allclose(limits(difference_of_changes(b, limits_b, a, limits_a)), (-high, -low), atol=1e-12)


def test_limits_that_miss_their_own_change_need_the_floor() -> None:
    """Three pairs, all made worse: the raw change is 1, the adjusted upper limit at 80 % below it."""
    z, exactly_zero = normal_quantile(0.8), Interval(np.zeros(()), np.zeros(()))
    adjusted = bonett_price(3, 0, 3, z)
    assert float(adjusted.high) < 1

    low, high = limits(difference_of_changes(1.0, adjusted, 0.0, exactly_zero))

    assert (low, high) == (pytest.approx(float(adjusted.low), rel=1e-15), 1.0)


@pytest.mark.parametrize(("n_a", "n_b"), [(15, 500), (30, 500), (60, 500), (200, 1000)])
def test_a_difference_of_changes_covers(n_a: int, n_b: int) -> None:
    """3,000 samples of three patterns of harm and repair: at least 95 %, less Monte-Carlo error."""
    rng = np.random.default_rng(21)
    for (harm_a, fix_a), (harm_b, fix_b) in [
        ((0.08, 0.03), (0.03, 0.05)),
        ((0.02, 0.10), (0.02, 0.10)),
        ((0.15, 0.05), (0.05, 0.05)),
    ]:
        a = rng.multinomial(n_a, [harm_a, fix_a, 1 - harm_a - fix_a], size=3000)
        b = rng.multinomial(n_b, [harm_b, fix_b, 1 - harm_b - fix_b], size=3000)
        found = difference_of_changes(
            (a[:, 0] - a[:, 1]) / n_a,
            bonett_price(a[:, 0], a[:, 1], n_a, Z95),
            (b[:, 0] - b[:, 1]) / n_b,
            bonett_price(b[:, 0], b[:, 1], n_b, Z95),
        )
        truth = harm_a - fix_a - harm_b + fix_b
        assert ((found.low <= truth) & (truth <= found.high)).mean() >= 0.945


# --- estimates from the same people ------------------------------------------------------------------------------------


def slow_correlated(a: float, limits_a: tuple, b: float, limits_b: tuple, r: float) -> tuple[float, float]:
    """With the errors of the two written as sides of a triangle."""

    def third(one: float, two: float) -> float:
        return math.sqrt(max(0.0, one * one + two * two - 2 * r * one * two))

    return a - b - third(a - limits_a[0], limits_b[1] - b), a - b + third(limits_a[1] - a, b - limits_b[0])


@given(counts, counts, st.floats(-1, 1))
def test_a_correlated_difference_equals_its_slow_twin(one: tuple, two: tuple, r: float) -> None:
    a, b = one[0] / one[1], two[0] / two[1]
    limits_a, limits_b = wilson(a, one[1], Z95), wilson(b, two[1], Z95)

    found = limits(correlated_difference(a, limits_a, b, limits_b, r))

    assert_allclose(found, slow_correlated(a, limits(limits_a), b, limits(limits_b), r), atol=1e-12)


@given(counts, counts, st.floats(-1, 0.99), st.floats(0, 1))
def test_the_more_two_estimates_move_together_the_surer_their_difference(
    one: tuple, two: tuple, correlation: float, more: float
) -> None:
    def width(r: float) -> float:
        a, b = one[0] / one[1], two[0] / two[1]
        low, high = limits(correlated_difference(a, wilson(a, one[1], Z95), b, wilson(b, two[1], Z95), r))
        return high - low

    assert width(min(1.0, correlation + more)) <= width(correlation) + 1e-12


def test_an_estimate_differs_from_itself_by_nothing() -> None:
    """Exactly where its interval is symmetric, almost where it is not."""
    same = wilson(0.3, 50, Z95)

    assert_allclose(limits(correlated_difference(0.3, same, 0.3, same, 1.0)), (0, 0), atol=0.03)
    symmetric = wilson(0.5, 50, Z95)
    assert_allclose(limits(correlated_difference(0.5, symmetric, 0.5, symmetric, 1.0)), (0, 0), atol=1e-7)


def test_a_correlated_difference_covers_where_an_independent_one_is_too_wide() -> None:
    """Two means of 40 cases with correlated errors of known spread: 95 % against more than 99 %."""
    rng = np.random.default_rng(4)
    errors = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=4000) / math.sqrt(40)
    spread = Z95 / math.sqrt(40)
    around = [Interval(e - spread, e + spread) for e in errors.T]

    paired, apart = (correlated_difference(errors[:, 0], around[0], errors[:, 1], around[1], r) for r in (0.8, 0.0))

    assert ((paired.low <= 0) & (paired.high >= 0)).mean() == pytest.approx(0.95, abs=0.012)
    assert ((apart.low <= 0) & (apart.high >= 0)).mean() > 0.99


# --- bounds of ratios --------------------------------------------------------------------------------------------------


@given(counts, counts)
def test_bounds_of_a_ratio_are_where_its_contrast_changes_sign(one: tuple, two: tuple) -> None:
    """Slow twin: bisection on the contrast."""
    a, b = one[0] / one[1], two[0] / two[1]

    def above(tau: float) -> bool:
        return limits(ratio_contrast(a, one[1], b, two[1], tau, Z90))[0] > 0

    def below(tau: float) -> bool:
        return limits(ratio_contrast(a, one[1], b, two[1], tau, Z90))[1] < 0

    def change(found: Callable[[float], bool], low: float, high: float) -> float:
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if found(middle) else (low, middle)
        return low

    low, high = ratio_bounds(a, wilson(a, one[1], Z90), b, wilson(b, two[1], Z90))

    assert low == pytest.approx(change(above, 1e-12, 1e4), rel=1e-6, abs=1e-9)
    if high is None or high > 1e4:
        assert not below(1e4)
    else:
        assert high == pytest.approx(change(lambda tau: not below(tau), 1e-12, 2e4), rel=1e-6, abs=1e-9)


def test_nothing_limits_a_ratio_to_nothing() -> None:
    assert ratio_bounds(0.3, wilson(0.3, 50, Z90), 0.0, wilson(0.0, 50, Z90)).high is None
    assert ratio_bounds(0.0, wilson(0.0, 50, Z90), 0.0, wilson(0.0, 50, Z90)) == (0.0, None)
