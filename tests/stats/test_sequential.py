"""Looking more than once: golden widths and levels, and how often limits err over twenty looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.sequential import sequence_half_width, spent_at

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("n", "best_at", "width", "price"),
    [(1000, 1000, 0.08788, 1.69), (5000, 1000, 0.04094, 1.76), (5000, 5000, 0.03930, 1.69)],
)
def test_widths_have_their_golden_values(n: int, best_at: int, width: float, price: float) -> None:
    """In standard deviations at one-sided 5 %, and against the width of a single look."""
    found = float(sequence_half_width(n, 1.0, 0.05, best_at))

    assert found == pytest.approx(width, abs=1e-5)
    assert found / (normal_quantile(0.95) / math.sqrt(n)) == pytest.approx(price, abs=5e-3)


@pytest.mark.parametrize(("k", "z"), [(1, 1.88), (5, 3.03), (20, 3.79), (50, 4.22), (100, 4.52), (500, 5.16)])
def test_levels_have_their_golden_values(k: int, z: float) -> None:
    assert normal_quantile(1 - spent_at(k, 0.05)) == pytest.approx(z, abs=5e-3)


@pytest.mark.parametrize(("planned", "z"), [(20, 2.81), (100, 3.29)])
def test_equal_shares_are_cheaper_where_the_number_is_known(planned: int, z: float) -> None:
    assert normal_quantile(1 - 0.05 / planned) == pytest.approx(z, abs=5e-3)
    assert spent_at(planned, 0.05) < 0.05 / planned


def test_all_evaluations_together_never_spend_more_than_alpha() -> None:
    spent = math.fsum(spent_at(k, 0.05) for k in range(1, 200_000))

    assert 0.04999 < spent < 0.05


def slow_width(n: int, alpha: float, best_at: float) -> float:
    """The formula as written, in plain numbers."""
    r2 = (-2 * math.log(2 * alpha) + math.log(-2 * math.log(2 * alpha) + 1)) / best_at
    return math.sqrt(2 * (n * r2 + 1) / (n**2 * r2) * math.log(1 + math.sqrt(n * r2 + 1) / (2 * alpha)))


@given(st.integers(1, 10**6), st.floats(0.001, 0.4), st.integers(1, 10**5), st.floats(0, 10))
def test_widths_equal_their_slow_twin_scale_and_shrink(n: int, alpha: float, best_at: int, spread: float) -> None:
    found = sequence_half_width([n, 2 * n], spread, alpha, best_at)

    assert_allclose(found, [spread * slow_width(m, alpha, best_at) for m in (n, 2 * n)], rtol=1e-12)
    assert found[1] <= found[0]
    narrowest = [float(sequence_half_width(best_at, spread, level, best_at)) for level in (alpha, alpha / 2)]
    assert narrowest[0] <= narrowest[1]


def looks(replicates: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Means at 20 looks, 250 cases each, of a harm that lies exactly at its limit 0."""
    sums = np.random.default_rng(9).normal(0, math.sqrt(250), (replicates, 20)).cumsum(axis=1)
    n = 250 * np.arange(1, 21)
    return sums / n, n


@pytest.mark.parametrize("best_at", [1000, 5000])
def test_over_twenty_looks_a_false_pass_stays_rare(best_at: int) -> None:
    means, n = looks()

    passed = (means + sequence_half_width(n, 1.0, 0.05, best_at) < 0).any(axis=1).mean()

    assert passed <= 0.05


def test_limits_of_one_look_pass_falsely_in_one_of_five() -> None:
    """The twin: looked at twenty times, 5 % become more than 20 %."""
    means, n = looks()

    passed = (means + normal_quantile(0.95) / np.sqrt(n) < 0).any(axis=1).mean()

    assert passed == pytest.approx(0.216, abs=0.03)


def test_what_has_no_limits_is_refused() -> None:
    for n, alpha, best_at in ((0, 0.05, 100), (10, 0.0, 100), (10, 0.5, 100), (10, 0.05, 0)):
        with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
            sequence_half_width(n, 1.0, alpha, best_at)
    with pytest.raises(ValueError, match="from 1"):
        spent_at(0, 0.05)
