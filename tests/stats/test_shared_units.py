"""Groups that share units: covariances against units written out; differences and noise floors as wide as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import ndtri

from fairtransfer.stats.effective import Moments
from fairtransfer.stats.exact import exact_contrast
from fairtransfer.stats.gap import noise_floor
from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.shared_units import IMAGINED, CrossSums, correlation, covariance, own_variances
from fairtransfer.stats.worth import worth_of_rate

pytestmark = pytest.mark.fast

units = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(
        lambda m: st.tuples(st.just(m[0]), st.integers(0, m[0]), st.just(m[1]), st.integers(0, m[1]))
    ),
    min_size=3,
    max_size=20,
).filter(lambda rows: sum(r[0] for r in rows) > 0 and sum(r[2] for r in rows) > 0)
"""Of every unit: rows and events in one group, rows and events in the other."""


def moments(m: np.ndarray, x: np.ndarray) -> Moments:
    present = (m > 0).sum(axis=-1)
    return Moments(present, m.sum(-1), x.sum(-1), (m * m).sum(-1), (m * x).sum(-1), (x * x).sum(-1))


def cross(m: np.ndarray, x: np.ndarray, other_m: np.ndarray, other_x: np.ndarray) -> CrossSums:
    here = ((m > 0) | (other_m > 0)).sum(axis=-1)
    return CrossSums(here, *((a * b).sum(-1) for a, b in ((m, other_m), (m, other_x), (x, other_m), (x, other_x))))


@given(units)
def test_covariances_equal_their_slow_twin(rows: list[tuple[int, int, int, int]]) -> None:
    """One unit after the other: what it adds to both rates beside what was to be expected."""
    present = [row for row in rows if row[0] or row[2]]
    n_a, n_b = sum(r[0] for r in rows), sum(r[2] for r in rows)
    p_a, p_b = sum(r[1] for r in rows) / n_a, sum(r[3] for r in rows) / n_b
    slow = sum((xa - p_a * ma) * (xb - p_b * mb) for ma, xa, mb, xb in present) / n_a / n_b
    table = np.array(rows, dtype=float).T
    sums = cross(*table)

    found = covariance(sums, moments(table[0], table[1]), moments(table[2], table[3]))

    assert float(found) == pytest.approx(slow * len(present) / max(len(present) - 1, 1), abs=1e-12)


def test_a_group_agrees_with_itself_and_not_with_strangers() -> None:
    m, x, nobody = np.full(20, 2.0), np.array([0, 1, 2, 0] * 5, dtype=float), np.zeros(20)
    self_ = correlation(cross(m, x, m, x), moments(m, x), moments(m, x))
    other = correlation(CrossSums(40, 0, 0, 0, 0), moments(m, x), moments(m, x))
    flat = correlation(cross(m, x, m, nobody), moments(m, x), moments(m, nobody))

    assert float(self_) == pytest.approx(20 / (20 + IMAGINED))
    assert float(other) == 0
    assert float(flat) == 0


@given(st.lists(st.tuples(st.floats(0.001, 1), st.integers(1, 500)), min_size=2, max_size=8))
def test_own_variances_make_every_difference_vary_as_it_was_seen_to(groups: list[tuple[float, int]]) -> None:
    """Back from the groups' own variances to those of their differences to the rest."""
    own, n = np.array([g[0] for g in groups]), np.array([g[1] for g in groups], dtype=float)
    if len(groups) == 2:
        assert_allclose(own_variances([own.sum(), own.sum()], n).sum(), own.sum())
        return
    seen = [
        own[g] + sum((n[j] / (n.sum() - n[g])) ** 2 * own[j] for j in range(len(n)) if j != g) for g in range(len(n))
    ]

    assert_allclose(own_variances(seen, n), own, rtol=1e-6, atol=1e-9)


def templates(many: int, count: int, groups: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Samples x groups x templates: rows and errors, a template being as hard in one group as in another."""
    rng = np.random.default_rng(7)
    hard = np.sqrt(0.6) * rng.standard_normal((many, 1, count, 1))
    wrong = hard + np.sqrt(0.4) * rng.standard_normal((many, groups, count, 2)) < ndtri(p)
    return np.full((many, groups, count), 2.0), wrong.sum(axis=-1).astype(float)


def test_differences_of_groups_that_share_templates_are_as_wide_as_they_are() -> None:
    """At least 95 % hold the truth, in at most three quarters of the width; as if strangers, the twin, nearly all of them do."""
    m, x = templates(800, 40, 5, 0.25)
    rest_m, rest_x = m.sum(axis=1, keepdims=True) - m, x.sum(axis=1, keepdims=True) - x
    one, two = moments(m, x), moments(rest_m, rest_x)
    sizes = [worth_of_rate(side, 1, "units", 0.975) for side in (one, two)]
    sides = (one.x / one.m, sizes[0], two.x / two.m, sizes[1], normal_quantile(0.975))
    shared, strangers = (
        exact_contrast(*sides, correlation=r) for r in (correlation(cross(m, x, rest_m, rest_x), one, two), 0.0)
    )

    assert ((shared.low <= 0) & (shared.high >= 0)).mean() >= 0.95
    assert ((strangers.low <= 0) & (strangers.high >= 0)).mean() >= 0.99
    assert (shared.high - shared.low).mean() <= 0.75 * (strangers.high - strangers.low).mean()


def test_the_noise_floor_of_shared_templates_is_the_gap_that_chance_makes() -> None:
    m, x = templates(800, 40, 5, 0.25)
    rest_m, rest_x = m.sum(axis=1, keepdims=True) - m, x.sum(axis=1, keepdims=True) - x
    one, two = moments(m, x), moments(rest_m, rest_x)
    variances = (
        covariance(cross(m, x, m, x), one, one)
        + covariance(cross(rest_m, rest_x, rest_m, rest_x), two, two)
        - 2 * covariance(cross(m, x, rest_m, rest_x), one, two)
    )
    rates = one.x / one.m
    seen = float(np.quantile(rates.max(axis=1) - rates.min(axis=1), 0.95))

    floors, naive = [], []
    for sample in range(60):
        p = float(x[sample].sum() / m[sample].sum())
        own = own_variances(variances[sample], one.m[sample])
        floors.append(noise_floor(p, (p * (1 - p) / own).tolist()).p95)
        size = [worth_of_rate(Moments(*(c[sample, g] for c in one)), 1, "units", 0.975) for g in range(5)]
        naive.append(noise_floor(p, [float(s) for s in size]).p95)

    assert np.mean(floors) == pytest.approx(seen, rel=0.1)
    assert np.mean(naive) > 1.3 * seen
