"""How much rows, units and weights are worth: against sums written out, known values, and what small samples do not show."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fairtransfer.stats.effective import Moments, effective_size, t_correction
from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.worth import DOUBT, Alike, worth_of_change, worth_of_rate

LEVEL = 0.975


def moments(sizes: list[float], values: list[float]) -> Moments:
    """Sums over units of rows (or weights) m and of values x."""
    m, x = np.array(sizes, dtype=float), np.array(values, dtype=float)
    return Moments(len(m), m.sum(), x.sum(), (m * m).sum(), (m * x).sum(), (x * x).sum())


def slow_worth(sizes: list[float], values: list[float], squares: float, e: float, bounds: tuple[int, int]) -> float:
    """Variance of one value over that of the mean, with two more units of size e whose values are at the bounds, by hand."""
    units = [*zip(sizes, values, strict=True), *((e, e * bound) for bound in bounds)]
    rows, total = sum(m for m, _ in units), sum(x for _, x in units)
    mean = total / rows
    together = sum((x - mean * m) ** 2 for m, x in units) * len(sizes) / (len(sizes) - 1)
    single = (squares + e * sum(bound * bound for bound in bounds)) / rows - mean**2
    return single / (together / rows**2) * sum(sizes) / rows


votes = st.integers(2, 5).flatmap(
    lambda seeds: st.tuples(st.just(seeds), st.lists(st.integers(0, seeds), min_size=3, max_size=30))
)


@given(votes)
def test_rows_answered_by_several_seeds_equal_their_slow_twin(sample: tuple[int, list[int]]) -> None:
    """Values are shares of seeds that err."""
    seeds, by_row = sample
    found = worth_of_rate(moments([seeds] * len(by_row), by_row), seeds, "rows", LEVEL)
    shares = [vote / seeds for vote in by_row]

    slow = slow_worth([1.0] * len(shares), shares, sum(shares), 1.0, (0, 1))

    assert float(found) == pytest.approx(min(max(slow, len(shares)), seeds * len(shares)))


def test_a_known_sample_has_its_value() -> None:
    """40 rows, errors of three seeds at 0-5, 0-3 and 2-9: worth 56.1 rows with two imaginary ones, 59.9 without."""
    by_row = [0] * 40
    for wrong in (range(6), range(4), range(2, 10)):
        for row in wrong:
            by_row[row] += 1
    mean, squares = Fraction(6 + 1, 42), Fraction(sum(v * v for v in by_row), 9) + 1
    variance = (squares / 42 - mean**2) * Fraction(40, 39)

    found = worth_of_rate(moments([3] * 40, by_row), 3, "rows", LEVEL)

    assert float(found) == pytest.approx(float(mean * (1 - mean) / variance * 40))
    assert float(found) == pytest.approx(56.0959, abs=1e-4)


@given(st.lists(st.sampled_from([0, 1]), min_size=2, max_size=60))
def test_rows_of_one_model_are_worth_their_number(rows: list[int]) -> None:
    assert float(worth_of_rate(moments([1] * len(rows), rows), 1, "rows", LEVEL)) == pytest.approx(len(rows))


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=60))
def test_pairs_of_one_model_are_worth_their_number(rows: list[int]) -> None:
    found = worth_of_change(moments([1] * len(rows), rows), sum(map(abs, rows)), 1, "rows", LEVEL)

    assert float(found) == pytest.approx(len(rows))


@given(st.lists(st.sampled_from([0, 1]), min_size=3, max_size=40), st.integers(2, 8))
def test_copies_of_a_seed_buy_nothing(rows: list[int], seeds: int) -> None:
    found = worth_of_rate(moments([seeds] * len(rows), [seeds * r for r in rows]), seeds, "rows", LEVEL)

    assert float(found) == pytest.approx(len(rows))


def test_a_small_spread_by_chance_does_not_explode() -> None:
    """Ten seeds that err on other rows each: the variance over rows is nearly nothing, and the old size is ten times the rows."""
    by_row = [1] * 10 + [0] * 20
    sums = moments([10] * 30, by_row)

    assert effective_size(sums, 10, clustered=False, level=LEVEL) == pytest.approx(300)
    assert float(worth_of_rate(sums, 10, "rows", LEVEL)) < 60


# --- units -------------------------------------------------------------------------------------------------------------


def rows_of_example(sizes: list[float], values: list[float]) -> float:
    """One row, or the typical unit, or between them by how alike the rows of a unit are, written out."""
    n, x = sum(sizes), sum(values)
    typical = sum(m * m for m in sizes) / n
    mean = x / n
    single = mean * (1 - mean) * n
    if single <= 0:
        return 1 + (typical - 1) * 1.0
    together = sum((v - mean * m) ** 2 for m, v in zip(sizes, values, strict=True)) * len(sizes) / (len(sizes) - 1)
    likeness = min(max((together / single - 1) / (typical - 1), 0), 1)
    events = min(x, n - x) / (1 + (typical - 1) * likeness)
    return 1 + (typical - 1) * (likeness * events + DOUBT) / (events + DOUBT)


some_units = st.lists(
    st.integers(2, 6).flatmap(lambda m: st.tuples(st.just(m), st.integers(0, m))), min_size=3, max_size=30
)


@given(some_units)
def test_units_equal_their_slow_twin(units: list[tuple[int, int]]) -> None:
    sizes, values = [float(m) for m, _ in units], [float(x) for _, x in units]
    kish = sum(sizes) ** 2 / sum(m * m for m in sizes)
    slow = slow_worth(sizes, values, sum(values), rows_of_example(sizes, values), (0, 1)) * t_correction(kish, LEVEL)

    found = worth_of_rate(moments(sizes, values), 1, "units", LEVEL)

    assert float(found) == pytest.approx(max(min(slow, sum(sizes)), 1.0))


@given(some_units)
def test_units_without_a_single_event_are_worth_units_not_rows(units: list[tuple[int, int]]) -> None:
    sizes = [float(m) for m, _ in units]

    assert float(worth_of_rate(moments(sizes, [0.0] * len(sizes)), 1, "units", LEVEL)) <= len(sizes) + 1


def test_one_unit_is_worth_one() -> None:
    assert float(worth_of_rate(moments([30], [5]), 1, "units", LEVEL)) == 1


def test_arrays_give_what_numbers_give() -> None:
    samples = [([2, 3, 4], [0, 3, 1]), ([5, 5, 1], [1, 0, 0])]
    one_by_one = [float(worth_of_rate(moments(m, x), 1, "units", LEVEL)) for m, x in samples]
    stacked = Moments(*(np.array(column) for column in zip(*(moments(m, x) for m, x in samples), strict=True)))

    assert_allclose(worth_of_rate(stacked, 1, "units", LEVEL), one_by_one)


# --- weights -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0.1, 20), st.booleans()), min_size=2, max_size=40))
def test_weights_are_worth_at_most_what_kish_says(people: list[tuple[float, bool]]) -> None:
    weights = [w for w, _ in people]
    sums = moments(weights, [w * wrong for w, wrong in people])
    assume(sums.kish_size > 1)

    assert 1 <= float(worth_of_rate(sums, 1, "weights", LEVEL)) <= sums.kish_size + 1e-9


def covered(alike: Alike | None, many: int = 1500) -> float:
    """Coverage of a rate of 20 % among 50 people whose weights are lognormal with sd 1.5; None: as if people counted alike."""
    rng, hits = np.random.default_rng(5), 0
    for _ in range(many):
        weights, wrong = np.exp(1.5 * rng.standard_normal(50)), rng.random(50) < 0.2
        sums = moments(weights.tolist(), (weights * wrong).tolist())
        size = 50.0 if alike is None else float(worth_of_rate(sums, 1, alike, LEVEL))
        low, high = clopper_pearson(sums.rate, size, normal_quantile(LEVEL))
        hits += bool(low <= 0.2 <= high)
    return hits / many


def test_heavy_weights_are_covered() -> None:
    """And with every person as one, the twin, they are not."""
    assert covered("weights") >= 0.95
    assert covered(None) < 0.75
