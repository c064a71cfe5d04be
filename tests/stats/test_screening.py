"""Adjusted p-values of exploratory tables: other implementations, a slow twin, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.stats.multitest import multipletests

from fairtransfer.stats.holm import holm
from fairtransfer.stats.screening import benjamini_hochberg

pytestmark = pytest.mark.fast

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def slow(p_values: list[float]) -> list[float]:
    """The least, over the larger p-values, of ``m·p/rank``."""
    m = len(p_values)
    return [min(1.0, *(m * q / sum(r <= q for r in p_values) for q in p_values if q >= p)) for p in p_values]


@given(p_lists)
def test_adjusted_values_equal_statsmodels_and_their_slow_twin(p_values: list[float]) -> None:
    found = benjamini_hochberg(p_values)

    assert_allclose(found, multipletests(p_values, method="fdr_bh")[1], atol=1e-12)
    assert_allclose(found, slow(p_values), atol=1e-12)


@given(p_lists)
def test_screening_is_more_generous_than_a_verdict(p_values: list[float]) -> None:
    """Between the bare p-values and Holm's."""
    found = benjamini_hochberg(p_values)

    assert (found >= np.array(p_values) - 1e-12).all()
    assert (found <= np.array(holm(p_values)) + 1e-12).all()


@given(p_lists, st.lists(st.integers(0, 30), max_size=5))
def test_comparisons_that_could_not_be_made_do_not_count(p_values: list[float], places: list[int]) -> None:
    holed = list(p_values)
    for place in places:
        holed.insert(min(place, len(holed)), math.nan)

    found = benjamini_hochberg(holed)

    assert np.isnan(found).tolist() == np.isnan(holed).tolist()
    assert_allclose(found[~np.isnan(found)], benjamini_hochberg(p_values), atol=1e-12)


def test_a_table_without_comparisons_stays_empty() -> None:
    assert np.isnan(benjamini_hochberg([math.nan, math.nan])).all()
    assert len(benjamini_hochberg([])) == 0


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([0.5, p])


def test_of_what_is_kept_few_are_false_but_one_of_them_often_is() -> None:
    """30 true among 100: at q = .1 at most 7 % of the kept are false on average, yet most tables hold a false one."""
    rng = np.random.default_rng(1)
    false_share, any_false = [], []
    for _ in range(300):
        z = rng.normal(0, 1, 100)
        z[:30] += 3
        kept = benjamini_hochberg([math.erfc(abs(v) / math.sqrt(2)) for v in z]) <= 0.1
        false_share.append(kept[30:].sum() / max(kept.sum(), 1))
        any_false.append(kept[30:].any())

    assert np.mean(false_share) <= 0.085
    assert np.mean(any_false) > 0.5
