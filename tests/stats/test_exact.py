"""Exact limits of shares and what is combined from them: known values, a slow twin, laws, and errors by listing every outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import bdtr, bdtrc
from scipy.stats import binom, binomtest

from fairtransfer.stats import exact as ex
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.contrasts import ratio_bounds, ratio_contrast
from fairtransfer.stats.intervals import Interval, normal_quantile

Z95, Z90 = normal_quantile(0.975), normal_quantile(0.95)

counts = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pairs = st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(0, n // 2), st.integers(0, n // 2), st.just(n)))


def limits(interval: Interval) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


# --- one share ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "both"),
    [
        (81, 263, (0.2527, 0.3676)),
        (15, 148, (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1684)),
        (1, 29, (0.0009, 0.1776)),
        (0, 300, (0.0, 0.0122)),
    ],
)
def test_clopper_pearson_has_its_published_values(x: int, n: int, both: tuple[float, float]) -> None:
    assert_allclose(limits(ex.clopper_pearson(x / n, n, Z95)), both, atol=1e-4)


@given(counts, st.sampled_from([0.9, 0.95, 0.995]))
def test_clopper_pearson_equals_scipy(one: tuple[int, int], level: float) -> None:
    x, n = one
    other = binomtest(x, n).proportion_ci(level, method="exact")

    assert_allclose(limits(ex.clopper_pearson(x / n, n, normal_quantile(0.5 + level / 2))), other, atol=1e-9)


@given(st.floats(0, 1), st.floats(0.5, 200))
def test_limits_of_fractions_hold_the_share_and_mirror(p: float, n: float) -> None:
    """Effective sizes are no whole numbers."""
    low, high = limits(ex.clopper_pearson(p, n, Z95))

    assert 0 <= low <= p <= high <= 1
    assert_allclose(limits(ex.clopper_pearson(1 - p, n, Z95)), (1 - high, 1 - low), atol=1e-7)


# --- two shares --------------------------------------------------------------------------------------------------------


def slow_share(x: int, n: int, alpha: float) -> tuple[float, float]:
    """By halving: the shares at which as many events or more (or fewer) have a chance of alpha."""

    def root(over: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if over(middle) else (middle, high)
        return low

    lower = 0.0 if x == 0 else root(lambda p: bdtrc(x - 1, n, p) > alpha)
    upper = 1.0 if x == n else root(lambda p: bdtr(x, n, p) < alpha)
    return lower, upper


def slow_contrast(
    one: tuple[int, int], two: tuple[int, int], alpha: float, tau: float, r: float
) -> tuple[float, float]:
    p, q = one[0] / one[1], two[0] / two[1]
    (pl, pu), (ql, qu) = slow_share(*one, alpha), slow_share(*two, alpha)
    below = (p - pl) ** 2 + (tau * (qu - q)) ** 2 - 2 * r * (p - pl) * tau * (qu - q)
    above = (pu - p) ** 2 + (tau * (q - ql)) ** 2 - 2 * r * (pu - p) * tau * (q - ql)
    return p - tau * q - math.sqrt(max(below, 0)), p - tau * q + math.sqrt(max(above, 0))


@given(counts, counts, st.sampled_from([1.0, 0.8]), st.sampled_from([0.0, 0.6, 1.0]))
def test_contrasts_equal_their_slow_twin(one: tuple[int, int], two: tuple[int, int], tau: float, r: float) -> None:
    sides = (one[0] / one[1], one[1], two[0] / two[1], two[1])
    found = limits(ex.exact_contrast(*sides, Z90, tau=tau, correlation=r))

    assert_allclose(found, slow_contrast(one, two, 0.05, tau, r), atol=1e-7)


@given(pairs)
def test_changes_equal_their_slow_twin(group: tuple[int, int, int]) -> None:
    b, c, n = group
    up, down = b / n, c / n
    r = -math.sqrt(up * down / ((1 - up) * (1 - down))) if b and c else 0.0

    low, high = slow_contrast((b, n), (c, n), 0.05, 1.0, r)

    assert_allclose(limits(ex.exact_change(up, down, n, Z90)), (max(low, -1), min(high, 1)), atol=1e-7)


@pytest.mark.parametrize(("b", "c", "n"), [(5, 1, 30), (12, 4, 200), (0, 0, 20), (20, 0, 20), (10, 10, 20)])
def test_changes_mirror_and_hold_the_change(b: int, c: int, n: int) -> None:
    low, high = limits(ex.exact_change(b / n, c / n, n, Z95))

    assert -1 <= low <= (b - c) / n <= high <= 1
    assert_allclose(limits(ex.exact_change(c / n, b / n, n, Z95)), (-high, -low), atol=1e-12)


@given(counts, counts)
def test_a_higher_level_is_wider_and_swapping_mirrors(one: tuple[int, int], two: tuple[int, int]) -> None:
    sides = (one[0] / one[1], one[1]), (two[0] / two[1], two[1])
    wide, narrow = (limits(ex.exact_contrast(*sides[0], *sides[1], z)) for z in (Z95, Z90))
    mirrored = limits(ex.exact_contrast(*sides[1], *sides[0], Z95))

    assert wide[0] <= narrow[0] + 1e-9
    assert wide[1] >= narrow[1] - 1e-9
    assert_allclose(wide, (-mirrored[1], -mirrored[0]), atol=1e-9)


@given(counts, counts)
def test_ratio_limits_are_the_ratios_at_which_the_contrast_decides(one: tuple[int, int], two: tuple[int, int]) -> None:
    """Just below the lower one the contrast lies above zero, just above it no longer; and so for the upper one."""

    def contrast(tau: float) -> tuple[float, float]:
        return limits(ex.exact_contrast(one[0] / one[1], one[1], two[0] / two[1], two[1], Z90, tau=tau))

    low, high = ex.ratio_limits(contrast)

    assert low == 0 or contrast(low * 0.999)[0] > 0
    assert contrast(max(low, 1e-6) * 1.001)[0] <= 0
    if high is not None:
        assert high == 0 or contrast(high * 0.999)[1] >= 0
        assert contrast(max(high, 1e-6) * 1.001)[1] < 0
    if one[0] > 0 and two[0] > 0:
        assert low <= one[0] / one[1] / (two[0] / two[1]) <= (math.inf if high is None else high)


def test_ratio_limits_of_wilsons_distances_are_the_closed_form() -> None:
    """The same search on another contrast gives what the quadratic gives."""
    sides = [(0.3, iv.wilson(0.3, 50, Z90)), (0.4, iv.wilson(0.4, 200, Z90))]

    found = ex.ratio_limits(lambda tau: limits(ratio_contrast(0.3, 50, 0.4, 200, tau, Z90)))

    expected = ratio_bounds(*sides[0], *sides[1])
    assert_allclose((found.low, found.high), (expected.low, expected.high), rtol=1e-9)


def test_everything_broadcasts() -> None:
    found = ex.exact_contrast(np.array([0.1, 0.5])[:, None], 20, np.array([0.2, 0.3, 0.4]), [10, 20, 30], Z95)

    assert found.low.shape == (2, 3)
    assert float(found.low[1, 2]) == pytest.approx(limits(ex.exact_contrast(0.5, 20, 0.4, 30, Z95))[0])


# --- errors, by listing every outcome ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "alpha"), list(product((10, 40, 150), (0.05, 0.0025))))
def test_a_limit_errs_no_more_often_than_it_says(n: int, alpha: float) -> None:
    """At every true rate, on either side; and Wilson's, the twin, does."""
    x, rates, z = np.arange(n + 1), np.linspace(0.002, 0.5, 250)[:, None], normal_quantile(1 - alpha)
    weight = binom.pmf(x, n, rates)

    def misses(interval: Interval) -> tuple[float, float]:
        below, above = weight * (interval.high < rates), weight * (interval.low > rates)
        return float(below.sum(axis=1).max()), float(above.sum(axis=1).max())

    assert max(misses(ex.clopper_pearson(x / n, n, z))) <= alpha + 1e-9
    assert misses(iv.wilson(x / n, n, z))[1] > 1.3 * alpha


@pytest.mark.parametrize("n", [20, 80, 200])
def test_a_change_that_only_breaks_passes_no_more_often_than_it_says(n: int) -> None:
    """A model that mends nothing, at margins of 2, 5 and 10 points; Bonett and Price's limit lets it pass in up to 9 %."""
    b = np.arange(n + 1)
    found, other = [], []
    for margin in (0.02, 0.05, 0.1):
        weight = binom.pmf(b, n, margin)
        found.append(float((weight * (ex.exact_change(b / n, 0 * b, n, Z90).high < margin)).sum()))
        other.append(float((weight * (iv.bonett_price(b, 0 * b, n, Z90).high < margin)).sum()))

    assert max(found) <= 0.05
    assert max(other) > 0.06 or n == 20
