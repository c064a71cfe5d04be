"""Multiplicity, planning and gaps: the numbers a verdict and its advice rest on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.stats.multitest import multipletests

from fairtransfer.stats.gap import corrected_variance, noise_floor
from fairtransfer.stats.holm import holm, p_value_of_bound
from fairtransfer.stats.intervals import normal_quantile, normal_tail
from fairtransfer.stats.planning import detectable, detectable_change, n_difference, n_paired


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 3.0, 5.0])
def test_the_p_value_of_a_bound_is_the_level_at_which_it_touches(distance: float) -> None:
    """For a normal bound the answer is known: the tail beyond the distance in standard errors."""
    margin = 0.1

    found = p_value_of_bound(lambda alpha: margin + distance - normal_quantile(1 - alpha), margin, 0.45)

    assert_allclose(found, normal_tail(distance), rtol=5e-6)


def test_a_bound_that_never_passes_has_p_one() -> None:
    assert p_value_of_bound(lambda alpha: 0.0, 0.1, 0.05) == 1.0


@pytest.mark.parametrize(
    ("psi", "needed"),
    [(0.05, (3091, 773, 124)), (0.10, (6183, 1546, 247)), (0.20, (12365, 3091, 495))],
)
def test_people_needed_for_a_paired_pass(psi: float, needed: tuple[int, int, int]) -> None:
    """80 % power, one-sided 5 %, margins 1, 2 and 5 points."""
    assert [n_paired(psi, delta, 0.05) for delta in (0.01, 0.02, 0.05)] == pytest.approx(needed, abs=1)


@pytest.mark.parametrize(
    ("p", "needed"),
    [(0.05, (808, 129, 32)), (0.10, (1530, 245, 61)), (0.20, (2720, 435, 109)), (0.30, (3570, 571, 143))],
)
def test_people_needed_for_a_difference(p: float, needed: tuple[int, int, int]) -> None:
    """The smaller group, the other ten times larger."""
    assert [n_difference(p, p, 10, delta, 0.05) for delta in (0.02, 0.05, 0.10)] == pytest.approx(needed, abs=1)


@pytest.mark.parametrize(
    ("n", "many", "one"), [(20, 0.257, 0.197), (50, 0.162, 0.125), (100, 0.115, 0.088), (1000, 0.036, 0.028)]
)
def test_the_smallest_difference_that_would_show(n: int, many: float, one: float) -> None:
    """At an error rate of 10 %, over ten comparisons and over one, against ten times as many."""
    assert_allclose([detectable(0.1, n, 10, 10), detectable(0.1, n, 1, 10)], [many, one], atol=2e-3)


@pytest.mark.parametrize(
    ("n", "change"), [(50, 0.125), (100, 0.089), (271, 0.054), (500, 0.040), (1000, 0.028), (5000, 0.013)]
)
def test_the_smallest_change_that_would_show(n: int, change: float) -> None:
    assert_allclose(detectable_change(0.1, n, 1), change, atol=1e-3)


def test_no_number_of_people_settles_a_change_at_the_margin() -> None:
    assert n_paired(0.2, 0.0, 0.05) is None
    assert n_paired(0.2, 1e-9, 0.05) is None


@pytest.mark.parametrize(("groups", "floor"), [(2, 0.057), (4, 0.104), (8, 0.142), (16, 0.175), (32, 0.207)])
def test_equal_groups_of_fifty_show_this_gap_by_chance(groups: int, floor: float) -> None:
    """At an error rate of 15 % (simulated elsewhere with 3,000 replicates)."""
    assert_allclose(noise_floor(0.15, [50] * groups).mean, floor, atol=3e-3)


def test_the_noise_floor_is_the_same_every_time() -> None:
    assert noise_floor(0.15, [50, 20, 100]) == noise_floor(0.15, [50, 20, 100])


def test_the_corrected_variance_has_its_golden_value() -> None:
    assert_allclose(corrected_variance([0.1, 0.2, 0.15, 0.3], [50, 40, 100, 20]), 0.0027217, atol=1e-7)


def test_the_corrected_variance_of_equal_groups_averages_zero_and_may_be_negative() -> None:
    """The naive variance of the same groups does not average zero: that is what the correction is for."""
    rng = np.random.default_rng(3)
    draws = rng.binomial(50, 0.15, size=(4000, 8)) / 50

    corrected = [corrected_variance(row, [50] * 8) for row in draws]

    assert abs(np.mean(corrected)) < 5 * np.std(corrected) / 4000**0.5
    assert min(corrected) < 0
    assert draws.var(axis=1, ddof=1).mean() > 2e-3
