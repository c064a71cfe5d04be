"""Quantiles of one distribution at a time: the same as the arrays', and as scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaincinv, stdtrit

from fairtransfer.stats.beta_number import beta_quantile_of_one, student_quantile_of_one
from fairtransfer.stats.exact import clopper_pearson, limits_of_counts
from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.special import beta_quantile, student_quantile

pytestmark = pytest.mark.fast

parameters = st.floats(0.1, 5_000)
levels = st.one_of(st.floats(1e-9, 1 - 1e-9), st.sampled_from([0.025, 0.05, 0.0025, 0.975, 0.95, 0.9975, 0.5]))


@given(parameters, parameters, levels)
@settings(max_examples=300, deadline=None)
def test_one_quantile_is_that_of_an_array(a: float, b: float, level: float) -> None:
    assert beta_quantile_of_one(a, b, level) == pytest.approx(float(beta_quantile(a, b, level)), rel=1e-11, abs=1e-300)


@given(st.floats(0.5, 10_000), levels)
@settings(max_examples=300, deadline=None)
def test_one_quantile_of_student_is_that_of_an_array(degrees: float, level: float) -> None:
    assert student_quantile_of_one(level, degrees) == pytest.approx(
        float(student_quantile(level, degrees)), rel=1e-10, abs=1e-12
    )


def test_scipy_has_the_same() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        a, b, level = 10 ** rng.uniform(-0.5, 3), 10 ** rng.uniform(-0.5, 3), rng.uniform(0.001, 0.999)
        assert beta_quantile_of_one(a, b, level) == pytest.approx(betaincinv(a, b, level), rel=1e-9, abs=1e-15)
        assert student_quantile_of_one(level, a) == pytest.approx(stdtrit(a, level), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("level", [0, 1])
def test_at_the_ends_there_is_all_or_nothing(level: float) -> None:
    assert beta_quantile_of_one(2, 3, level) == level


@pytest.mark.parametrize("size", [10, 50, 400, 5_000])
@pytest.mark.parametrize("level", [0.95, 0.975, 0.9975, 0.9999])
def test_limits_for_plans_are_near_enough(size: int, level: float) -> None:
    counts, z = np.arange(size + 1), normal_quantile(level)
    exact, near = clopper_pearson(counts / size, size, z), limits_of_counts(counts, size, z)
    for side in ("low", "high"):
        width = np.abs(getattr(exact, side) - counts / size)
        assert (np.abs(getattr(near, side) - getattr(exact, side)) <= 0.003 * width).all()
    few = (counts < 20) | (counts > size - 20)
    np.testing.assert_allclose(near.high[few], exact.high[few], rtol=1e-10)
    np.testing.assert_allclose(near.low[few], exact.low[few], rtol=1e-10)


def test_limits_one_by_one_are_those_of_all_at_once() -> None:
    size, z = 1_000, normal_quantile(0.975)
    shares = np.arange(size + 1) / size
    together = clopper_pearson(shares, size, z)
    for count in range(0, size + 1, 37):
        one = clopper_pearson(count / size, size, z)
        assert float(one.low) == pytest.approx(float(together.low[count]), rel=1e-11)
        assert float(one.high) == pytest.approx(float(together.high[count]), rel=1e-11)
