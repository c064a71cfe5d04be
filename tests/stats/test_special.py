"""Special functions, against scipy's and against sums in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special as oracle

from fairtransfer.stats import intervals
from fairtransfer.stats.special import (
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    log_gamma,
    log_logistic,
    logistic,
    student_quantile,
)

pytestmark = pytest.mark.fast

Floats = NDArray[np.float64]

SIZES = [(-1, 1, 1e-12), (0, 2, 1e-12), (1, 3.5, 2e-12), (3, 5, 6e-12), (4, 7, 4e-11), (-1, 6, 1e-11)]
"""Powers of ten between which both parameters lie, and how far the smaller tail may be off."""


def drawn(low: float, high: float, n: int = 4000) -> tuple[Floats, Floats, Floats]:
    """Parameters of many sizes, and places within twenty standard deviations of the mean."""
    rng = np.random.default_rng(7)
    a, b = 10 ** rng.uniform(low, high, n), 10 ** rng.uniform(low, high, n)
    mean = a / (a + b)
    place = mean + np.sqrt(mean * (1 - mean) / (a + b + 1)) * rng.uniform(-20, 20, n)
    return a, b, np.clip(place, 1e-12, 1 - 1e-12)


def off(found: Floats, right: Floats) -> float:
    return float(np.max(np.abs(found - right) / np.maximum(right, 1e-290)))


@pytest.mark.parametrize(("low", "high", "allowed"), SIZES)
def test_the_beta_distribution_is_scipys(low: float, high: float, allowed: float) -> None:
    a, b, x = drawn(low, high)

    found = beta_cdf(a, b, x)

    assert off(found, oracle.betainc(a, b, x)) < allowed
    assert off(beta_cdf(b, a, 1 - x), oracle.betainc(b, a, 1 - x)) < allowed


@pytest.mark.parametrize(("low", "high", "allowed"), SIZES)
def test_its_quantiles_are_where_scipy_says_that_they_are(low: float, high: float, allowed: float) -> None:
    """Asked backwards: scipy's own quantile is not a number at some of these."""
    a, b, _ = drawn(low, high)
    rng = np.random.default_rng(8)
    tail = 10 ** rng.uniform(-10, -0.31, len(a))
    level = np.where(rng.random(len(a)) < 0.5, tail, 1 - tail)

    place = beta_quantile(a, b, level)

    told = (place > 1e-290) & (place < 0.9)  # closer to 1 a place has not the digits to be asked back
    assert told.mean() > 0.2
    back = oracle.betainc(a, b, place)
    assert (np.abs(back - level) < 100 * allowed * tail + 1e-15)[told].all()
    exact = level >= 0.5  # one minus it loses no digits
    assert np.abs(place - (1 - beta_quantile(b, a, 1 - level)))[exact].max() < 1e-12


@given(st.floats(0.5, 1e6), st.floats(1e-9, 1 - 1e-9))
def test_student_quantiles_are_where_scipy_says_that_they_are(degrees: float, level: float) -> None:
    t = float(student_quantile(level, degrees))

    tail = min(level, 1 - level)
    assert oracle.stdtr(degrees, -abs(t)) == pytest.approx(tail, rel=1e-9)
    assert math.copysign(1, t) == (-1 if level < 0.5 else 1)


@pytest.mark.parametrize("level", [0.001, 0.2, 0.5, 0.75, 0.95, 0.975, 1 - 1e-6])
def test_student_quantiles_that_have_a_closed_form(level: float) -> None:
    """Of one degree of freedom and of two."""
    one, two = math.tan(math.pi * (level - 0.5)), (2 * level - 1) / math.sqrt(2 * level * (1 - level))

    assert student_quantile(level, [1, 2]).tolist() == pytest.approx([one, two], rel=1e-9, abs=1e-15)
    assert [intervals.t_quantile(level, n) for n in (1, 2)] == pytest.approx([one, two], rel=1e-9, abs=1e-15)


def test_student_quantiles_of_the_tables() -> None:
    table = {3: 3.182, 4: 2.776, 9: 2.262, 29: 2.045, 10**9: 1.960, math.inf: 1.960}

    assert {n: round(intervals.t_quantile(0.975, n), 3) for n in table} == table


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.03), (40, 0.25), (300, 0.98), (1500, 0.5)])
def test_binomial_sums_are_the_sums(n: int, p: float) -> None:
    """The slow twin adds up fractions."""
    chance, total = Fraction(p), Fraction(0)
    exact = []
    for k in range(n):
        total += math.comb(n, k) * chance**k * (1 - chance) ** (n - k)
        exact.append(float(total))
    right = np.array([*exact, 1.0])
    possible = right > 1e-300

    found = binomial_cdf(np.arange(n + 1), n, p)

    assert off(found[possible], right[possible]) < 1e-11 if n < 1000 else 1e-10
    assert (np.diff(found) >= 0).all()


def test_binomial_sums_at_the_ends() -> None:
    assert binomial_cdf([-1, -0.5, 0, 2.9, 3, 7], 3, 0.5).tolist() == pytest.approx([0, 0, 1 / 8, 7 / 8, 1, 1])
    assert binomial_cdf([0, 1, 2], 2, 0.0).tolist() == [1, 1, 1]
    assert binomial_cdf([0, 1, 2], 2, 1.0).tolist() == [0, 0, 1]
    assert binomial_cdf([0], 0, 0.3).tolist() == [1]
    assert binomial_cdf([0, 10**6], 10**7, [1.0, 0.0]).tolist() == [0, 1]


def test_ends_of_the_beta_distribution() -> None:
    assert beta_cdf(2, 3, [-1, 0, 1, 2]).tolist() == [0, 0, 1, 1]
    assert beta_cdf(1, 1, [0.25, 0.5]).tolist() == pytest.approx([0.25, 0.5], rel=1e-14)
    assert math.isnan(beta_cdf(1, 1, math.nan))
    assert beta_quantile(2, 3, [0, 1]).tolist() == [0, 1]


@given(st.floats(1e-15, 1 - 1e-15))
def test_normal_quantiles_are_scipys(level: float) -> None:
    assert intervals.normal_quantile(level) == pytest.approx(float(oracle.ndtri(level)), rel=1e-13, abs=1e-15)


@given(st.floats(-30, 30))
def test_normal_tails_and_the_logistic_curve_are_scipys(z: float) -> None:
    assert intervals.normal_tail(z) == pytest.approx(float(oracle.ndtr(-z)), rel=1e-12)
    assert float(logistic(20 * z)) == pytest.approx(float(oracle.expit(20 * z)), rel=1e-14)
    assert float(log_logistic(20 * z)) == pytest.approx(float(oracle.log_expit(20 * z)), rel=1e-14)


@given(st.floats(1e-3, 1e8))
def test_the_log_of_the_gamma_function_is_scipys(z: float) -> None:
    assert float(log_gamma(z)) == pytest.approx(float(oracle.gammaln(z)), rel=1e-12, abs=1e-13)


def test_ends_of_the_normal_distribution() -> None:
    ends = [intervals.normal_quantile(level) for level in (0, 1, -0.1, 1.1)]

    assert ends[:2] == [-math.inf, math.inf]
    assert all(map(math.isnan, ends[2:]))


def test_a_wrong_place_is_noticed() -> None:
    """The twin: what these tests allow is far less than one of the formulas' usual slips would cost."""
    a, b, x = drawn(0, 2)

    assert off(beta_cdf(a + 1e-9, b, x), oracle.betainc(a, b, x)) > 1e-12
