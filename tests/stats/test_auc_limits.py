"""AUCs of few cases and any shape: the worth against placements written out, limits that hold where DeLong's size fails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import ndtri

from fairtransfer.stats.auc import auc_interval
from fairtransfer.stats.auc_limits import robust_auc_interval, worth_of_auc
from fairtransfer.stats.intervals import normal_quantile

pytestmark = pytest.mark.fast

aucs = st.tuples(st.floats(0, 1), st.integers(10, 80), st.integers(10, 80), st.floats(0, 0.05))


def slow_worth(auc: float, p: int, n: int, s10: float, s01: float) -> float:
    """Placements of one class, a placement of 1 and of 0 added, their variance over so many; with both classes of one size."""
    least = min(p, n)
    inner = (least * auc + 1) / (least + 2)
    parts = []
    for count, spread in ((p, s10), (n, s01)):
        parts.append((count * spread + (1 - inner) ** 2 + inner**2) / (count + 2) / count)
    return inner * (1 - inner) / sum(parts)


@given(st.floats(0, 1), st.integers(10, 60), st.floats(0, 0.2), st.floats(0, 0.2))
def test_the_worth_equals_its_slow_twin(auc: float, size: int, s10: float, s01: float) -> None:
    found = float(worth_of_auc(auc, size, size, s10 / size + s01 / size))

    assert found == pytest.approx(min(max(slow_worth(auc, size, size, s10, s01), 3), size * size))


@given(aucs)
def test_limits_hold_the_auc_and_mirror(sample: tuple[float, int, int, float]) -> None:
    auc, p, n, v = sample
    low, high = (float(x) for x in robust_auc_interval(auc, p, n, v, normal_quantile(0.975)))
    mirrored = robust_auc_interval(1 - auc, p, n, v, normal_quantile(0.975))

    assert 0 <= low <= auc <= high <= 1
    assert_allclose((1 - float(mirrored.high), 1 - float(mirrored.low)), (low, high), atol=1e-6)


def test_scores_that_part_perfectly_leave_room() -> None:
    """Ten and thirty without a single pair in the wrong order."""
    low, high = (float(x) for x in robust_auc_interval(1.0, 10, 30, 0.0, normal_quantile(0.975)))

    assert low == pytest.approx(0.6814, abs=1e-4)
    assert high == 1


def samples(kind: str, p: int, n: int, many: int) -> tuple[np.ndarray, np.ndarray, float]:
    """AUCs and DeLong's variances, from every pair, and the true AUC."""
    rng = np.random.default_rng(2)
    positive, negative = rng.standard_normal((many, p)), rng.standard_normal((many, n))
    if kind == "narrow":
        truth, positive = 0.95, 0.4 * positive + np.sqrt(1.16) * ndtri(0.95)
    else:
        truth = 0.85
        lost = rng.random((many, p)) < 0.12
        positive = np.where(lost, -9.0, positive + np.sqrt(2) * ndtri(truth / 0.88))
    won = positive[:, :, None] > negative[:, None, :]
    variance = won.mean(axis=2).var(axis=1, ddof=1) / p + won.mean(axis=1).var(axis=1, ddof=1) / n
    return won.mean(axis=(1, 2)), variance, truth


@pytest.mark.parametrize(("kind", "p", "n"), [("narrow", 50, 10), ("lost", 10, 50), ("lost", 20, 80)])
def test_limits_hold_for_scores_of_any_shape(kind: str, p: int, n: int) -> None:
    """A class whose scores hardly spread; one of which some score lowest of all. Wilson's at DeLong's size, the twin, misses."""
    auc, variance, truth = samples(kind, p, n, 1500)
    z = normal_quantile(0.975)

    found, old = robust_auc_interval(auc, p, n, variance, z), auc_interval(auc, p, n, variance, z)

    assert ((found.low <= truth) & (truth <= found.high)).mean() >= 0.95
    assert ((old.low <= truth) & (truth <= old.high)).mean() < 0.93
