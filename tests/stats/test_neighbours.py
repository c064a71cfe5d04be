"""What seeds add with what neighbours lend: against analysis of variance written out, and against limits that hold."""

from __future__ import annotations

import math
from statistics import fmean, variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import Interval, normal_quantile, t_quantile
from fairtransfer.stats.neighbours import (
    LENT,
    Neighbourhood,
    common_spread,
    noise_of_seeds,
    squared_seed_half,
    with_seeds,
)

pytestmark = pytest.mark.fast

tables = st.tuples(st.integers(1, 6), st.integers(2, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.floats(-0.5, 0.5), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)
"""Groups x seeds."""


# --- the noise ---------------------------------------------------------------------------------------------------------


def slow_noise(answers: np.ndarray) -> float:
    """Two-way analysis of variance of rows x seeds: the mean square of the interaction, over the number of rows."""
    rows, seeds = answers.shape
    grand = answers.mean()
    left = sum(
        (answers[i, s] - answers[i].mean() - answers[:, s].mean() + grand) ** 2
        for i in range(rows)
        for s in range(seeds)
    )
    return float(left / ((rows - 1) * (seeds - 1)) / rows)


def sums_of(answers: np.ndarray) -> Moments:
    rows, seeds = answers.shape
    x = answers.sum(axis=1)
    return Moments(rows, rows * seeds, x.sum(), rows * seeds**2, seeds * x.sum(), (x * x).sum())


answers_of_seeds = st.tuples(st.integers(2, 20), st.integers(2, 5), st.integers(0, 2**32 - 1), st.booleans())


@given(answers_of_seeds)
def test_the_noise_of_rows_is_the_interaction_of_an_analysis_of_variance(sample: tuple[int, int, int, bool]) -> None:
    rows, seeds, key, change = sample
    answers = np.random.default_rng(key).integers(-1 if change else 0, 2, (rows, seeds)).astype(float)

    found = noise_of_seeds(sums_of(answers), (answers**2).sum(), answers.mean(axis=0))

    assert float(found) == pytest.approx(slow_noise(answers), abs=1e-12)


@given(st.integers(2, 5), st.integers(3, 10), st.integers(0, 2**32 - 1))
def test_the_noise_of_units_is_that_of_rows_that_move_together(seeds: int, count: int, key: int) -> None:
    """Units of one size: each unit's mean is one value."""
    rng = np.random.default_rng(key)
    by_unit = rng.integers(0, 4, (count, seeds)).astype(float)  # events among three rows
    x, m = by_unit.sum(axis=1), np.full(count, 3.0 * seeds)
    moments = Moments(count, m.sum(), x.sum(), (m * m).sum(), (m * x).sum(), (x * x).sum())

    found = noise_of_seeds(moments, (by_unit**2).sum(), by_unit.mean(axis=0) / 3)

    assert float(found) == pytest.approx(slow_noise(by_unit / 3), abs=1e-12)


def test_one_seed_or_one_unit_has_no_noise_to_know() -> None:
    assert float(noise_of_seeds(Moments(5, 5, 2, 5, 2, 2), 2, [0.4])) == 0
    assert float(noise_of_seeds(Moments(1, 6, 2, 36, 12, 4), 2, [0.4, 0.2])) == 0


# --- what seeds add ----------------------------------------------------------------------------------------------------


def slow_half(table: list[list[float]], noise: list[float], level: float, others: list[float] | None, common: bool):
    """One group after the other, as the definition says."""
    groups, seeds = len(table), len(table[0])
    z = normal_quantile(level)

    def moderated(own: float, lent: float | None, lending: float) -> float:
        if lent is None or lending <= 0:
            return t_quantile(level, seeds - 1) ** 2 * own
        mixed = (lending * lent + (seeds - 1) * own) / (lending + seeds - 1)
        return t_quantile(level, lending + seeds - 1) ** 2 * max(mixed, own)

    together = [fmean(column) for column in zip(*table, strict=True)]
    share = 1 - 1 / groups if common else 1.0
    apart = [[v - (c if common else 0) for v, c in zip(row, together, strict=True)] for row in table]
    own = [variance(row) for row in apart]
    found = []
    for g in range(groups):
        excess = [own[h] - noise[h] * share for h in range(groups) if h != g]
        lent = noise[g] * share + max(fmean(excess), 0) if excess else None
        total = moderated(own[g], lent, min(LENT, (groups - 2) * (seeds - 1) / 2))
        if common:
            total += moderated(variance(together), None if others is None else fmean(others), LENT)
        found.append(max(total - z * z * noise[g], 0) / seeds)
    return found


@given(tables, st.sampled_from([0.95, 0.9975]), st.booleans(), st.booleans(), st.floats(0, 0.01))
def test_what_seeds_add_equals_its_slow_twin(
    table: list[list[float]], level: float, common: bool, with_others: bool, noise: float
) -> None:
    noises = [noise * (1 + place) for place in range(len(table))]
    others = [0.01, 0.0, 0.002] if with_others else None

    found = squared_seed_half(table, noises, level, others=others, common=common)

    assert_allclose(found, slow_half(table, noises, level, others, common), atol=1e-12)


def test_a_known_table_has_its_values() -> None:
    """Three groups, three seeds, no noise: one degree of freedom is lent by the other groups, two by the other models."""
    table = [[0.20, 0.24, 0.28], [0.10, 0.16, 0.16], [0.30, 0.29, 0.37]]
    t3, t4 = t_quantile(0.95, 3), t_quantile(0.95, 4)
    together = variance([0.20, 0.23, 0.27])
    own = [variance([0.0, 0.01, 0.01]), variance([-0.1, -0.07, -0.11]), variance([0.1, 0.06, 0.1])]
    first = t3**2 * max(((own[1] + own[2]) / 2 + 2 * own[0]) / 3, own[0])

    found = squared_seed_half(table, 0.0, 0.95, others=[0.002, 0.004])

    assert_allclose(found[0], (t4**2 * (2 * 0.003 + 2 * together) / 4 + first) / 3, atol=1e-12)


@given(tables, st.sampled_from([0.95, 0.9975]))
def test_quiet_neighbours_never_narrow(table: list[list[float]], level: float) -> None:
    """However little others move, a group's own spread counts in full; what is lent are degrees of freedom."""
    seeds = len(table[0])
    own = np.var(np.array(table), axis=1, ddof=1)

    found = squared_seed_half(table, 0.0, level, common=False)

    assert (found >= t_quantile(level, LENT + seeds - 1) ** 2 * own / seeds - 1e-12).all()


def test_two_groups_lend_each_other_nothing() -> None:
    """Their difference is one number: with t of two degrees, as if each stood alone."""
    values = np.array([[0.1, 0.2, 0.15], [-0.1, -0.2, -0.15]])

    found = squared_seed_half(values, 0.0, 0.95, common=False)

    assert_allclose(found, t_quantile(0.95, 2) ** 2 * 0.0025 / 3)


def test_one_seed_adds_nothing_and_alike_seeds_add_nothing() -> None:
    assert squared_seed_half([[0.3], [0.2]], 0.0, 0.95).tolist() == [0, 0]
    assert_allclose(squared_seed_half([[0.3] * 4, [0.2] * 4], 0.0, 0.95), 0, atol=1e-20)


def test_noise_that_examples_hold_already_is_taken_off_once() -> None:
    """Seeds that differ by nothing but which examples they get wrong add less than they would on their own."""
    table = np.array([[0.20, 0.24, 0.28], [0.10, 0.16, 0.16], [0.30, 0.29, 0.37]])
    with_noise, without = (squared_seed_half(table, noise, 0.95) for noise in (0.0005, 0.0))

    assert (with_noise < without).all()
    assert (with_noise >= 0).all()


@given(tables, st.data())
def test_a_neighbourhood_answers_for_one_of_its_groups(table: list[list[float]], data: st.DataObject) -> None:
    place, others = data.draw(st.integers(0, len(table) - 1)), data.draw(st.sampled_from([(), (0.001, 0.02)]))
    here = Neighbourhood(table, [0.0001] * len(table), others)

    expected = squared_seed_half(table, 0.0001, 0.95, others=others or None)[place]

    assert here.half(place, 0.95) == pytest.approx(math.sqrt(expected))


def test_limits_are_widened_on_both_sides() -> None:
    found = with_seeds(0.5, Interval(np.array(0.4), np.array(0.7)), 0.0225)

    assert_allclose(found, (0.5 - math.hypot(0.1, 0.15), 0.5 + 0.25))


# --- limits that hold --------------------------------------------------------------------------------------------------


def missed(seeds: int, lent: bool, many: int = 6000) -> float:
    """How often upper bounds at 99.75 % lie below the truth: six groups that seeds move together and each for itself."""
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1, (many, 1, seeds)) + rng.normal(0, 1, (many, 6, seeds))
    others = common_spread(rng.normal(0, 1, (many, 3, 1, seeds)) + rng.normal(0, 1, (many, 3, 6, seeds)))
    level = 0.9975
    half = np.sqrt(squared_seed_half(values, 0.0, level, others=others))
    if not lent:
        half = normal_quantile(level) * values.std(axis=-1, ddof=1) / math.sqrt(seeds)
    return float((values.mean(axis=-1) + half < 0).mean())


@pytest.mark.parametrize("seeds", [3, 5])
def test_limits_of_few_seeds_hold_at_a_small_level(seeds: int) -> None:
    """And with normal quantiles, the twin, they do not."""
    assert missed(seeds, lent=True) <= 0.003
    assert missed(seeds, lent=False) > 0.02
