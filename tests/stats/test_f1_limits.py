"""Limits of F1 from counts: against one class after the other, known cases, laws, and coverage where draws fall short."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.metrics import f1_score

from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.f1_limits import f1_interval, f1_of_class
from fairtransfer.stats.intervals import normal_quantile

Z = normal_quantile(0.975)
tables = (
    st.integers(2, 5)
    .flatmap(lambda k: st.lists(st.lists(st.integers(0, 20), min_size=k, max_size=k), min_size=k, max_size=k))
    .filter(lambda rows: all(sum(row) for row in rows))
)


def slow_interval(rows: list[list[int]]) -> tuple[float, float, float]:
    """One pair of classes after the other."""
    k = len(rows)
    right = [rows[c][c] for c in range(k)]
    concerned = [sum(rows[c]) + sum(row[c] for row in rows) - rows[c][c] for c in range(k)]

    def f1(share: float) -> float:
        return 2 * share / (1 + share)

    shares = [r / c for r, c in zip(right, concerned, strict=True)]
    limits = [clopper_pearson(s, c, Z) for s, c in zip(shares, concerned, strict=True)]
    below = [f1(s) - f1(float(i.low)) for s, i in zip(shares, limits, strict=True)]
    above = [f1(float(i.high)) - f1(s) for s, i in zip(shares, limits, strict=True)]
    soft = [(r + 1) / (c + 2) for r, c in zip(right, concerned, strict=True)]

    def covariance(a: int, b: int) -> float:
        if a == b:
            return soft[a] * (1 - soft[a]) / (concerned[a] + 2)
        return soft[a] / (concerned[a] + 2) * soft[b] / (concerned[b] + 2) * (rows[a][b] + rows[b][a])

    slopes = [2 / (1 + s) ** 2 for s in soft]
    sums = [0.0, 0.0, 0.0]
    for a in range(k):
        for b in range(k):
            r = min(covariance(a, b) / math.sqrt(covariance(a, a) * covariance(b, b)), 1)
            sums[0] += below[a] * below[b] * r
            sums[1] += above[a] * above[b] * r
            sums[2] += slopes[a] * slopes[b] * covariance(a, b)
    down, up, delta = (math.sqrt(s) / k for s in sums)
    value = sum(map(f1, shares)) / k
    return value, max(value - max(down, Z * delta), 0), min(value + max(up, Z * delta), 1)


@given(tables)
def test_the_interval_equals_its_slow_twin(rows: list[list[int]]) -> None:
    value, limits = f1_interval(rows, Z)

    assert_allclose((float(value), float(limits.low), float(limits.high)), slow_interval(rows), atol=1e-9)


@given(tables)
def test_the_value_is_scikit_learns(rows: list[list[int]]) -> None:
    k = len(rows)
    truth = [a for a in range(k) for b in range(k) for _ in range(rows[a][b])]
    said = [b for a in range(k) for b in range(k) for _ in range(rows[a][b])]

    assert float(f1_interval(rows, Z)[0]) == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    assert float(f1_of_class(rows, 0, Z)[0]) == pytest.approx(
        f1_score(truth, said, average=None, labels=[0], zero_division=0)[0]
    )


def test_a_class_without_cases_has_no_f1() -> None:
    value, limits = f1_interval([[5, 1], [0, 0]], Z)

    assert np.isnan([value, limits.low, limits.high]).all()
    assert np.isnan(f1_of_class([[5, 1], [0, 0]], 1, Z)[0])


def test_answers_that_are_no_class_count_against_the_class() -> None:
    with_none, without = f1_interval([[5, 1, 2], [0, 6, 0]], Z)[0], f1_interval([[5, 1], [0, 6]], Z)[0]

    assert float(with_none) < float(without)


def test_one_class_is_an_exact_share_turned() -> None:
    """Twelve of sixteen concerned are right: 0.476 to 0.927 as a share."""
    share = clopper_pearson(12 / 16, 16, Z)
    value, limits = f1_of_class([[12, 1], [3, 20]], 0, Z)

    assert float(value) == pytest.approx(24 / 28)
    assert_allclose((limits.low, limits.high), [2 * s / (1 + s) for s in (float(share.low), float(share.high))])


@pytest.mark.parametrize(
    ("prevalence", "right", "n"), [([0.7, 0.25, 0.05], 0.85, 250), ([1 / c for c in range(1, 13)], 0.9, 400)]
)
def test_limits_cover_with_rare_classes(prevalence: list[float], right: float, n: int) -> None:
    """Where 10,000 draws of the counts cover 0.90 to 0.93."""
    k, shares = len(prevalence), np.array(prevalence) / sum(prevalence)
    chances = np.where(np.eye(k, dtype=bool), right, (1 - right) / (k - 1)) * shares[:, None]
    hits = np.diag(chances)
    truth = float((2 * hits / (chances.sum(axis=0) + chances.sum(axis=1))).mean())
    drawn = np.random.default_rng(3).multinomial(n, chances.ravel(), 3000).reshape(-1, k, k)

    _, limits = f1_interval(drawn[(drawn.sum(axis=2) >= 5).all(axis=1)], Z)

    assert ((limits.low <= truth) & (truth <= limits.high)).mean() >= 0.95
