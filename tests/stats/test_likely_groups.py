"""Groups known by probability: against sums written out, certain membership, and worlds where an assumption fails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.likely_groups import likely_rates

RATES = np.array([0.1, 0.25, 0.15])


@given(st.integers(0, 2**32 - 1), st.integers(20, 60))
def test_estimates_equal_their_slow_twins(key: int, people: int) -> None:
    """Weighted means, one group after the other; and least squares by another routine."""
    rng = np.random.default_rng(key)
    y, pi = rng.integers(0, 2, people).astype(float), rng.dirichlet([0.8, 0.5, 0.4], people)

    found = likely_rates(y, pi, 0.975)

    for group in range(3):
        weights = [row[group] for row in pi]
        assert float(found.weighted[group]) == pytest.approx(
            sum(w * v for w, v in zip(weights, y, strict=True)) / sum(weights)
        )
        assert float(found.worth_weighted[group]) == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert_allclose(found.regressed, np.linalg.lstsq(pi, y, rcond=None)[0], atol=1e-9)
    assert (found.limits.low <= np.clip(found.weighted, 0, 1)).all()
    assert (found.limits.high >= np.clip(found.regressed, 0, 1)).all()


def test_certain_membership_gives_the_groups_own_rates_and_limits() -> None:
    group = np.repeat([0, 1, 2], [20, 30, 50])
    y = np.zeros(100)
    y[[0, 1, 25, 60, 61, 62]] = 1

    found = likely_rates(y, np.eye(3)[group], 0.975)
    own = np.array([y[group == g].mean() for g in range(3)])

    assert_allclose(found.weighted, own)
    assert_allclose(found.regressed, own)
    assert_allclose(found.worth_weighted, [20, 30, 50])
    expected = clopper_pearson(own, [20, 30, 50], normal_quantile(0.975))
    assert_allclose(found.limits.high, expected.high, rtol=0.03)
    assert (found.limits.low <= expected.low + 1e-12).all()


@pytest.mark.parametrize(
    ("table", "why"),
    [([[0.5, 0.4]] * 12, "add up to 1"), ([[1.2, -0.2]] * 12, "at least 0"), ([[0.5, 0.5]] * 12, "told apart")],
)
def test_probabilities_that_say_nothing_are_refused(table: list[list[float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        likely_rates(np.zeros(12), table, 0.975)


def world(people: int, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, probabilities, and each person's chance of the event with the group they belong to."""
    pi = rng.dirichlet([0.6, 0.25, 0.15], people)
    group = (pi.cumsum(axis=1) > rng.random((people, 1))).argmax(axis=1)
    by_group, by_proxy = RATES[group], 0.05 + 0.3 * pi[:, 1]
    chance = {"group": by_group, "proxy": by_proxy, "both": (by_group + by_proxy) / 2}[kind]
    truth = np.array([chance[group == g].mean() for g in range(3)])
    return (rng.random(people) < chance).astype(float), pi, truth


@pytest.mark.parametrize("kind", ["group", "proxy", "both"])
def test_the_union_holds_whatever_the_outcome_depends_on(kind: str) -> None:
    """Each estimate alone does so in one of the worlds, and fails in the other: the twins."""
    rng = np.random.default_rng(4)
    _, _, truth = world(400_000, kind, rng)
    held = np.zeros((3, 3))
    for _ in range(200):
        y, pi, _ = world(1500, kind, rng)
        found = likely_rates(y, pi, 0.975)
        for place, limits in enumerate((found.limits, found.weighted_limits, found.regressed_limits)):
            held[place] += (limits.low <= truth) & (truth <= limits.high)

    assert held[0].min() / 200 >= 0.93
    if kind == "group":
        assert held[1].min() / 200 < 0.8
    if kind == "proxy":
        assert held[2].min() / 200 < 0.6


def test_the_truth_lies_between_where_both_dependencies_point_one_way() -> None:
    y, pi, truth = world(400_000, "both", np.random.default_rng(5))
    found = likely_rates(y, pi, 0.975)

    assert found.weighted[1] < truth[1] < found.regressed[1]
