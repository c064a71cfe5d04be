"""Intervals: published and recomputed values, other implementations, laws that hold for all of them, and their coverage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import binom, binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fairtransfer.stats import intervals as iv
from fairtransfer.stats.intervals import Interval, normal_quantile

pytestmark = pytest.mark.fast

Z95, Z90 = normal_quantile(0.975), normal_quantile(0.95)


def limits(interval: Interval) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


# --- golden values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "both", "one_sided"),
    [
        (81, 263, (0.2553, 0.3662), (0.2633, 0.3566)),
        (15, 148, (0.0624, 0.1605), (0.0674, 0.1496)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1192)),
        (1, 29, (0.0061, 0.1718), (0.0077, 0.1407)),
    ],
)
def test_wilson_has_its_published_values(
    x: int, n: int, both: tuple[float, float], one_sided: tuple[float, float]
) -> None:
    assert_allclose(limits(iv.wilson(x / n, n, Z95)), both, atol=1e-4)
    assert_allclose(limits(iv.wilson(x / n, n, Z90)), one_sided, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "upper"),
    [(5, 0.434), (10, 0.278), (20, 0.161), (30, 0.114), (50, 0.071), (100, 0.037), (300, 0.013), (385, 0.0099)],
)
def test_no_errors_in_a_small_group_still_allow_many(n: int, upper: float) -> None:
    assert_allclose(limits(iv.wilson(0, n, Z95)), (0, upper), atol=5e-4)


DIFFERENCES = [
    # x1, n1, x2, n2, newcombe, agresti-caffo, envelope 95 %, envelope 90 %
    (56, 70, 48, 80, (0.0524, 0.3339), (0.0525, 0.3358), (0.0524, 0.3358), (0.0752, 0.3136)),
    (9, 10, 3, 10, (0.1705, 0.8090), (0.1600, 0.8400), (0.1600, 0.8400), (0.2147, 0.7896)),
    (10, 10, 0, 20, (0.6791, 1.0), (0.6922, 1.0502), (0.6791, 1.0), (0.7210, 1.0)),
    (0, 15, 30, 300, (-0.1392, 0.1059), (-0.1608, 0.0731), (-0.1608, 0.1059), (-0.1420, 0.0548)),
    (1, 20, 15, 300, (-0.0514, 0.1871), (-0.0848, 0.1607), (-0.0848, 0.1871), (-0.0651, 0.1470)),
]


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row[0]}/{row[1]} - {row[2]}/{row[3]}")
def test_differences_have_their_golden_values(row: tuple) -> None:
    x1, n1, x2, n2, newcombe, caffo, envelope, gate = row
    given_ = (x1 / n1, n1, x2 / n2, n2)

    assert_allclose(limits(iv.newcombe(*given_, Z95)), newcombe, atol=1e-4)
    assert_allclose(limits(iv.agresti_caffo(*given_, Z95)), caffo, atol=1e-4)
    assert_allclose(limits(iv.envelope(*given_, Z95)), envelope, atol=1e-4)
    assert_allclose(limits(iv.envelope(*given_, Z90)), gate, atol=1e-4)


@pytest.mark.parametrize(
    ("b", "c", "n", "both", "one_sided"),
    [
        (5, 1, 30, (-0.0427, 0.2927), (-0.0158, 0.2658)),
        (12, 4, 200, (-0.0012, 0.0804), (0.0054, 0.0738)),
        (0, 0, 20, (-0.1260, 0.1260), (-0.1057, 0.1057)),
    ],
)
def test_paired_changes_have_their_golden_values(b: int, c: int, n: int, both: tuple, one_sided: tuple) -> None:
    assert_allclose(limits(iv.bonett_price(b, c, n, Z95)), both, atol=1e-4)
    assert_allclose(limits(iv.bonett_price(b, c, n, Z90)), one_sided, atol=1e-4)


@pytest.mark.parametrize(("b", "c", "p"), [(5, 1, 0.125), (12, 4, 0.0490), (0, 0, 1), (6, 0, 0.015625), (3, 3, 1)])
def test_mcnemar_mid_p_has_its_golden_values(b: int, c: int, p: float) -> None:
    """b = c = 3 gives 1: half the probability is taken off before the value is cut."""
    assert_allclose(iv.mcnemar_midp(b, c), p, atol=1e-4)


# --- other implementations ---------------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.data())
def test_wilson_equals_scipy_and_statsmodels(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    mine = limits(iv.wilson(x / n, n, Z95))

    scipy = binomtest(x, n).proportion_ci(method="wilson")

    assert_allclose(mine, (scipy.low, scipy.high), atol=1e-9)
    assert_allclose(mine, proportion_confint(x, n, method="wilson"), atol=1e-9)


counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_differences_equal_statsmodels(one: tuple[int, int], two: tuple[int, int]) -> None:
    (x1, n1), (x2, n2) = one, two
    mine = iv.newcombe(x1 / n1, n1, x2 / n2, n2, Z95), iv.agresti_caffo(x1 / n1, n1, x2 / n2, n2, Z95)

    theirs = [
        confint_proportions_2indep(x1, n1, x2, n2, method=method, compare="diff")
        for method in ("newcomb", "agresti-caffo")
    ]

    assert_allclose(limits(mine[0]), theirs[0], atol=1e-8)
    assert_allclose(limits(mine[1]), theirs[1], atol=1e-8)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mid_p_lies_below_the_exact_test(b: int, c: int) -> None:
    exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0

    assert iv.mcnemar_midp(b, c) <= exact + 1e-12


# --- laws: one table drives them all -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Method:
    """A method with what it estimates, as functions of two samples' counts."""

    name: str
    interval: Callable[[int, int, int, int, float], Interval]
    point: Callable[[int, int, int, int], float]
    brackets: bool = True


METHODS = [
    Method("wilson", lambda a, m, b, n, z: iv.wilson(a / m, m, z), lambda a, m, b, n: a / m),
    Method("newcombe", lambda a, m, b, n, z: iv.newcombe(a / m, m, b / n, n, z), lambda a, m, b, n: a / m - b / n),
    Method(
        "agresti-caffo",
        lambda a, m, b, n, z: iv.agresti_caffo(a / m, m, b / n, n, z),
        lambda a, m, b, n: a / m - b / n,
        False,
    ),
    Method("envelope", lambda a, m, b, n, z: iv.envelope(a / m, m, b / n, n, z), lambda a, m, b, n: a / m - b / n),
    Method(
        "bonett-price", lambda a, m, b, n, z: iv.bonett_price(a / 3, (m - a) / 3, m, z), lambda a, m, b, n: 0.0, False
    ),
]
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


@every
@given(counts, counts)
def test_limits_are_ordered_and_bracket_the_estimate(
    method: Method, one: tuple[int, int], two: tuple[int, int]
) -> None:
    low, high = limits(method.interval(*one, *two, Z95))

    assert low <= high
    if method.brackets:
        assert low - 1e-12 <= method.point(*one, *two) <= high + 1e-12


@every
@given(counts, counts)
def test_a_higher_level_gives_a_wider_interval(method: Method, one: tuple[int, int], two: tuple[int, int]) -> None:
    narrow, wide = limits(method.interval(*one, *two, Z90)), limits(method.interval(*one, *two, Z95))

    assert wide[0] <= narrow[0] + 1e-12
    assert wide[1] >= narrow[1] - 1e-12


@every
@given(counts, counts)
def test_four_times_the_data_about_halves_the_width(method: Method, one: tuple[int, int], two: tuple[int, int]) -> None:
    def width(k: int) -> float:
        low, high = limits(method.interval(k * one[0], k * one[1], k * two[0], k * two[1], Z95))
        return high - low

    if 0 < one[0] < one[1] and 0 < two[0] < two[1]:
        assert 0.4 <= width(400) / width(100) <= 0.6


@given(counts, counts)
def test_swapping_groups_mirrors_a_difference(one: tuple[int, int], two: tuple[int, int]) -> None:
    forward = limits(iv.envelope(one[0] / one[1], one[1], two[0] / two[1], two[1], Z95))
    backward = limits(iv.envelope(two[0] / two[1], two[1], one[0] / one[1], one[1], Z95))

    assert_allclose(forward, (-backward[1], -backward[0]), atol=1e-12)


@given(counts)
def test_the_complement_mirrors_a_rate(one: tuple[int, int]) -> None:
    rate, n = one[0] / one[1], one[1]
    low, high = limits(iv.wilson(rate, n, Z95))

    assert_allclose(limits(iv.wilson(1 - rate, n, Z95)), (1 - high, 1 - low), atol=1e-12)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(60, 200))
def test_swapping_before_and_after_mirrors_a_change(b: int, c: int, n: int) -> None:
    low, high = limits(iv.bonett_price(b, c, n, Z95))

    assert_allclose(limits(iv.bonett_price(c, b, n, Z95)), (-high, -low), atol=1e-12)


def test_mover_of_two_wilsons_is_newcombe() -> None:
    """The general combination gives the special one."""
    rates, sizes = np.array([0.8, 0.6]), np.array([70, 80])
    pieces = iv.wilson(rates, sizes, Z95)

    combined = iv.mover(rates, pieces, [1.0, -1.0])

    assert_allclose(limits(combined), limits(iv.newcombe(0.8, 70, 0.6, 80, Z95)), atol=1e-12)


# --- coverage, by enumerating every outcome ----------------------------------------------------------------------------


PAIRS = [
    (0.05, 0.05),
    (0.1, 0.1),
    (0.2, 0.2),
    (0.3, 0.3),
    (0.15, 0.1),
    (0.2, 0.1),
    (0.3, 0.1),
    (0.1, 0.02),
    (0.02, 0.1),
    (0.4, 0.2),
]


def coverage(n1: int, n2: int, p1: float, p2: float) -> tuple[float, float, float]:
    """Coverage and both one-sided misses of the envelope, exactly."""
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(min(n2, 170) + 1)[None, :]
    weight = binom.pmf(x1, n1, p1) * binom.pmf(x2, n2, p2)
    interval = iv.envelope(x1 / n1, n1, x2 / n2, n2, Z95)
    truth = p1 - p2
    below, above = float((weight * (interval.high < truth)).sum()), float((weight * (interval.low > truth)).sum())
    return 1 - below - above, below, above


@pytest.mark.parametrize("n1", [5, 10, 20, 30, 50])
def test_the_envelope_covers_in_small_groups(n1: int) -> None:
    """Against a reference of 300, coverage at least .945 and neither side misses in more than 4 % of the cases."""
    found = [coverage(n1, 300, *pair) for pair in PAIRS]

    assert min(c for c, _, _ in found) >= 0.945
    assert max(max(below, above) for _, below, above in found) <= 0.04


def test_wald_does_not_cover_in_small_groups() -> None:
    """The twin: the same enumeration finds the textbook interval at fault."""
    n, p = 10, 0.05
    x = np.arange(n + 1)
    rate = x / n
    half = Z95 * np.sqrt(rate * (1 - rate) / n)

    covered = float((binom.pmf(x, n, p) * ((rate - half <= p) & (p <= rate + half))).sum())

    assert covered < 0.45


CHANGES = [
    (0.02, 0.02),
    (0.05, 0.05),
    (0.1, 0.1),
    (0.05, 0.02),
    (0.1, 0.05),
    (0.15, 0.05),
    (0.03, 0.10),
    (0.05, 0.15),
    (0, 0.05),
    (0.05, 0),
]


@pytest.mark.parametrize("n", [10, 20, 30, 50])
def test_bonett_price_covers_in_small_groups(n: int) -> None:
    """Every table of worse and better, weighted by its probability."""
    for harm, fix in CHANGES:
        b, c = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        weight = np.where(b + c <= n, binom.pmf(b, n, harm) * binom.pmf(c, np.maximum(n - b, 0), fix / (1 - harm)), 0.0)
        interval = iv.bonett_price(b, c, n, Z95)
        covered = float((weight * ((interval.low <= harm - fix) & (harm - fix <= interval.high))).sum())
        assert covered >= 0.945
