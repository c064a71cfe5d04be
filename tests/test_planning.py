"""How many people it takes: the tables that are published with the method, and the power the numbers really give."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from fairtransfer.stats import planning as pl
from fairtransfer.stats.intervals import bonett_price, envelope, normal_quantile
from fairtransfer.stats.power import chance_to_fail, chance_to_pass, people_to_pass

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

    assert [pl.n_pass(p, p, 10, d, 0.05) for d in MARGINS] == pytest.approx(passing, abs=1)
    assert [pl.n_equivalent(p, p, 10, d, 0.05) for d in MARGINS] == pytest.approx(both, abs=1)
    assert [pl.n_fail(p, 10, d, 1) for d in MARGINS] == pytest.approx(failing, abs=1)
    assert [pl.n_fail(p, 10, d, 10) for d in MARGINS] == pytest.approx(among_ten, abs=1)


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


def slow_chances(n: int, n_other: int, p: float, p_other: float, margin: float, alpha: float) -> tuple[float, float]:
    """To pass and to fail: every pair of counts, one after the other."""
    z, passes, fails = normal_quantile(1 - alpha), 0.0, 0.0
    for x, y in itertools.product(range(n + 1), range(n_other + 1)):
        weight = binom.pmf(x, n, p) * binom.pmf(y, n_other, p_other)
        low, high = envelope(x / n, n, y / n_other, n_other, z)
        passes, fails = passes + weight * (high < margin), fails + weight * (low > margin)
    return passes, fails


@pytest.mark.parametrize("sample", [(12, 40, 0.05, 0.1, 0.3, 0.05), (25, 25, 0.6, 0.1, 0.1, 0.025)])
def test_chances_equal_their_slow_twin(sample: tuple) -> None:
    assert (chance_to_pass(*sample), chance_to_fail(*sample)) == pytest.approx(slow_chances(*sample), abs=1e-9)


RATES_AND_MARGINS = [(p, margin) for p in (0.05, 0.10, 0.20, 0.30) for margin in (0.05, 0.10)]


@pytest.mark.parametrize(("p", "margin"), RATES_AND_MARGINS)
def test_the_people_planned_for_a_fail_give_its_power(p: float, margin: float) -> None:
    n = pl.n_fail(p, 10, margin, 1)
    assert n is not None

    assert 0.80 <= chance_to_fail(n, 10 * n, p + 2 * margin, p, margin, pl.CLAIM) <= 0.86


@pytest.mark.parametrize(("p", "margin"), RATES_AND_MARGINS)
def test_the_people_planned_for_a_pass_are_too_few_and_mended(p: float, margin: float) -> None:
    """The interval that verdicts use is wider than the formula's: half as likely as not at worst; the mended number holds."""
    formula, mended = pl.n_pass(p, p, 10, margin, 0.05), people_to_pass(p, p, 10, margin, 0.05)
    assert formula is not None
    assert mended is not None

    assert 0.50 < chance_to_pass(formula, 10 * formula, p, p, margin, 0.05) < 0.80
    assert 0.80 <= chance_to_pass(mended, 10 * mended, p, p, margin, 0.05) < 0.82
    assert formula < mended < 2 * formula


def test_a_pass_at_the_margin_stays_as_rare_as_its_level() -> None:
    """Where the true difference is the margin itself, at most about alpha; a fail is rarer still."""
    sample = (200, 2000, 0.15, 0.10, 0.05, 0.05)

    assert chance_to_pass(*sample) <= 0.05
    assert chance_to_fail(*sample) <= 0.057


@pytest.mark.parametrize(("psi", "margin"), [(0.10, 0.05), (0.20, 0.05)])
def test_the_pairs_planned_for_a_pass_give_its_power(psi: float, margin: float) -> None:
    """As many made worse as better."""
    n = pl.n_paired(psi, margin, 0.05)
    assert n is not None
    b, c = np.meshgrid(np.arange(n // 2), np.arange(n // 2), indexing="ij")

    weight = binom.pmf(b, n, psi / 2) * binom.pmf(c, n - b, psi / 2 / (1 - psi / 2))

    chance = (weight * (bonett_price(b, c, n, normal_quantile(0.95)).high < margin)).sum()
    assert 0.75 <= chance <= 0.85


def test_all_groups_pass_as_often_as_planned() -> None:
    """Eight independent groups: at 80 % each all eight pass in 17 %, at the power for all in at least 80 %."""
    each = pl.power_for_all(8)

    assert 0.8**8 < 0.17
    assert each**8 >= 0.8
    assert pl.n_pass(0.1, 0.1, 10, 0.05, 0.05, each) == pytest.approx(
        (normal_quantile(0.95) + normal_quantile(0.975)) ** 2 * 0.09 * 1.1 / 0.05**2, abs=1
    )
    assert pl.power_for_all(1) == pl.POWER


def test_twenty_evaluations_on_one_benchmark_cost_twice_the_people() -> None:
    assert pl.price_of_reuse(20, 0.05) == pytest.approx(((2.81 + 0.84) / (1.645 + 0.84)) ** 2, abs=0.01)
    assert pl.price_of_reuse(1, 0.05) == 1.0


# --- laws --------------------------------------------------------------------------------------------------------------

rates, margins = st.floats(0.01, 0.5), st.floats(0.01, 0.2)


@given(rates, margins, st.floats(1, 50), st.floats(0.01, 0.2))
def test_stricter_questions_take_more_people(p: float, margin: float, ratio: float, alpha: float) -> None:
    """A smaller margin, a smaller level, more power, a smaller other group, both sides, more comparisons."""
    n = pl.n_pass(p, p, ratio, margin, alpha)
    harder = [
        pl.n_pass(p, p, ratio, margin / 2, alpha),
        pl.n_pass(p, p, ratio, margin, alpha / 2),
        pl.n_pass(p, p, ratio, margin, alpha, 0.9),
        pl.n_pass(p, p, ratio / 2, margin, alpha),
        pl.n_equivalent(p, p, ratio, margin, alpha),
    ]
    failing, among_many = pl.n_fail(p, ratio, margin, 1), pl.n_fail(p, ratio, margin, 12)

    assert n is not None
    assert all(other is not None and other >= n for other in harder)
    assert failing is not None
    assert among_many is not None
    assert failing <= among_many


@given(rates, st.integers(20, 5000), st.integers(1, 20))
def test_the_difference_that_n_people_show_needs_n_people(p: float, n: int, comparisons: int) -> None:
    """One formula solved for the other number."""
    shown = pl.detectable(p, n, comparisons, 10)

    assert pl.n_difference(p, p, 10, shown, pl.CLAIM / comparisons) == pytest.approx(n, abs=1)


def test_no_number_of_people_shows_what_is_not_there() -> None:
    """No margin, or a harm that a rate near 1 leaves no room for."""
    assert pl.n_pass(0.1, 0.1, 10, 0.0, 0.05) is None
    assert pl.n_equivalent(0.1, 0.1, 10, -0.1, 0.05) is None
    assert pl.n_fail(0.95, 10, 0.05, 1) is None
    assert pl.n_fail(0.1, 10, 0.0, 1) is None
    assert pl.n_pass(0.1, 0.1, 10, 1e-6, 0.05) is None
    assert people_to_pass(0.1, 0.1, 10, 1e-6, 0.05) is None
    assert people_to_pass(0.1, 0.1, 10, 1e-3, 0.05) is None
    assert people_to_pass(0.1, 0.1, 10, 0.0, 0.05) is None
    assert math.isclose(pl.detectable(0.1, 100, 1), pl.detectable(0.1, 100, 1, 1e12), rel_tol=1e-9)
