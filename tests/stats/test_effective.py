"""How much rows are worth that share a unit or are answered by several seeds, and what seeds add."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fairtransfer.stats.effective import Moments, design_effect, effective_size
from fairtransfer.stats.intervals import normal_quantile, t_quantile, wilson
from fairtransfer.stats.seeds import seed_part, seed_share, widen

pytestmark = pytest.mark.fast


def moments(units: list[list[int]], sizes: list[list[int]] | None = None) -> Moments:
    """From a list of units, each a list of event counts per row (summed over seeds), written out slowly."""
    m = [len(rows) if sizes is None else sum(sizes[k]) for k, rows in enumerate(units)]
    x = [sum(rows) for rows in units]
    return Moments(
        len(units),
        sum(m),
        sum(x),
        sum(a * a for a in m),
        sum(a * b for a, b in zip(m, x, strict=True)),
        sum(b * b for b in x),
    )


def slow_variance(units: list[list[int]]) -> float:
    p = sum(map(sum, units)) / sum(map(len, units))
    k, n = len(units), sum(map(len, units))
    return k / (k - 1) * sum((sum(rows) - p * len(rows)) ** 2 for rows in units) / n**2


def test_three_seeds_have_their_golden_values() -> None:
    """40 items, errors of three seeds at 0-5, 0-3 and 2-9."""
    votes = np.zeros(40, dtype=int)
    for wrong in (range(6), range(4), range(2, 10)):
        votes[list(wrong)] += 1
    sums = moments([[int(v)] for v in votes], [[3]] * 40)

    size = effective_size(sums, 3, clustered=False, level=0.975)
    interval = wilson(0.15, size, normal_quantile(0.975))
    part = seed_part([0.15, 0.10, 0.20], 0.975)

    assert_allclose(sums.variance(), 0.0021296, atol=1e-7)
    assert_allclose(size, 59.87, atol=5e-3)
    assert_allclose((interval.low, interval.high), (0.0809, 0.2613), atol=1e-4)
    assert_allclose((part.sd, part.half), (0.05, 0.1242), atol=1e-4)
    assert_allclose(widen(0.15, interval, part.half), (0.0079, 0.3168), atol=1e-4)


def test_clusters_have_their_golden_values() -> None:
    """20 clusters of 5 rows with 23 errors: worth 42.7 rows, not 100."""
    errors = [0] * 8 + [1] * 6 + [2] * 3 + [3] * 2 + [5]
    sums = moments([[1] * e + [0] * (5 - e) for e in errors])

    size = effective_size(sums, 1, clustered=True, level=0.975)
    interval = wilson(0.23, size, normal_quantile(0.975))

    assert_allclose(sums.variance(), 0.0036368, atol=1e-7)
    assert_allclose(size, 42.70, atol=5e-3)
    assert_allclose((interval.low, interval.high), (0.1293, 0.3752), atol=1e-4)
    assert_allclose(sums.variance() / (0.23 * 0.77 / 100), 2.0536, atol=1e-4)
    alone = wilson(0.23, 100, normal_quantile(0.975))
    assert_allclose((alone.low, alone.high), (0.1584, 0.3215), atol=1e-4)


@pytest.mark.parametrize(
    ("seeds", "both", "one_sided"),
    [
        (2, 8.98, 4.46),
        (3, 2.48, 1.69),
        (4, 1.59, 1.18),
        (5, 1.24, 0.95),
        (8, 0.84, 0.67),
        (10, 0.72, 0.58),
        (20, 0.47, 0.39),
    ],
)
def test_the_multiplier_of_the_seed_part(seeds: int, both: float, one_sided: float) -> None:
    """Of a two-sided interval, and of the one-sided bound that a verdict uses."""
    alternating = [0.2 + (-1) ** seed * 0.1 for seed in range(seeds)]
    for level, multiplier in ((0.975, both), (0.95, one_sided)):
        assert_allclose(t_quantile(level, seeds - 1) / seeds**0.5, multiplier, atol=5e-3)
        part = seed_part(alternating, level)
        assert_allclose(part.half / part.sd, multiplier, atol=5e-3)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_seeds_that_agree_leave_the_interval_as_it_was(counts: tuple[int, int]) -> None:
    rate = counts[0] / counts[1]
    interval = wilson(rate, counts[1], normal_quantile(0.975))

    assert_allclose(widen(rate, interval, seed_part([rate] * 5, 0.975).half), interval, atol=1e-12)


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=5), min_size=2, max_size=30))
def test_the_variance_over_units_equals_its_slow_twin(units: list[list[int]]) -> None:
    assert_allclose(moments(units).variance(), slow_variance(units), atol=1e-12)


@given(st.lists(st.integers(0, 1), min_size=4, max_size=60), st.integers(2, 6))
def test_repeating_every_row_within_its_unit_buys_nothing(rows: list[int], times: int) -> None:
    """Repeated rows with a declared unit leave the size as it was; without one they would seem to multiply it."""
    once = effective_size(moments([[r] for r in rows]), 1, clustered=True, level=0.975)
    repeated = effective_size(moments([[r] * times for r in rows]), 1, clustered=True, level=0.975)
    undeclared = effective_size(moments([[r] for r in rows for _ in range(times)]), 1, clustered=False, level=0.975)

    assert_allclose(repeated, once, rtol=1e-9)
    assert undeclared >= times * once * 0.99


@given(st.lists(st.integers(0, 1), min_size=3, max_size=60), st.integers(2, 10))
def test_copying_a_seed_buys_nothing(rows: list[int], seeds: int) -> None:
    """S identical seeds are one seed: the size stays the number of rows, and the spread is zero."""
    copied = effective_size(
        moments([[seeds * r] for r in rows], [[seeds]] * len(rows)), seeds, clustered=False, level=0.975
    )

    assert copied == pytest.approx(len(rows))
    assert seed_part([sum(rows) / len(rows)] * seeds, 0.975).half == pytest.approx(0, abs=1e-12)


def test_a_single_seed_adds_nothing() -> None:
    assert seed_part([0.3], 0.975).half == 0.0


def test_the_seed_share_tells_what_to_buy() -> None:
    """All width from seeds: share 1; none: share 0."""
    assert seed_share(0.5, (0.3, 0.7), 0.2) == pytest.approx(1.0)
    assert seed_share(0.5, (0.3, 0.7), 0.0) == 0.0


def test_units_that_move_together_have_a_design_effect() -> None:
    """Five units of ten rows that all change alike are worth far fewer than fifty rows."""
    together = Moments(5, 50, 20, 500, 200, 200)  # two units with all ten rows worse, three unchanged

    assert design_effect(together, 20, 1) > 5
