"""Partial pooling: against statsmodels' mixed model and brute-force integration, laws, and limits that hold on average."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit
from scipy.stats import binom
from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import normal_quantile
from fairtransfer.stats.pooled import SPREADS, laplace, pooled_rates, prior_covariance
from fairtransfer.stats.shrink import main_effects

CELLS = [tuple(cell) for cell in product("ab", "xyz", "12")]


def test_the_mode_is_that_of_statsmodels_mixed_model() -> None:
    """At the spread that it finds, with its own prior of the effects."""
    rng = np.random.default_rng(3)
    n = rng.integers(5, 60, len(CELLS))
    design = main_effects(CELLS)
    truth = expit(design @ rng.normal(0, 0.5, design.shape[1]) - 1 + 0.6 * rng.standard_normal(len(CELLS)))
    x = rng.binomial(n, truth)
    rows = [(g, k < x[g]) for g in range(len(CELLS)) for k in range(n[g])]
    group = np.array([g for g, _ in rows])
    model = BinomialBayesMixedGLM(
        np.array([float(hit) for _, hit in rows]),
        design[group],
        np.eye(len(CELLS))[group],
        np.zeros(len(CELLS), dtype=int),
        vcp_p=1,
        fe_p=2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit_map()
    spread = float(np.exp(fitted.vcp_mean[0]))

    found = laplace(x.astype(float), n.astype(float), prior_covariance(design, spread, constant=2, effect=2))

    assert_allclose(found.means, design @ fitted.fe_mean + fitted.vc_mean, atol=2e-3)


def test_limits_are_those_of_brute_force_integration() -> None:
    """Two groups: the posterior over both logits and the spread on a grid, without any approximation."""
    x, n, level = np.array([3.0, 9.0]), np.array([20.0, 25.0]), 0.95
    logits = np.linspace(-7, 3, 401)
    first, second = np.meshgrid(logits, logits, indexing="ij")
    likelihood = binom.pmf(x[0], n[0], expit(first)) * binom.pmf(x[1], n[1], expit(second))
    posterior = np.zeros(first.shape)
    for spread in SPREADS:
        covariance = prior_covariance(np.ones((2, 1)), float(spread))
        inverse, scale = np.linalg.inv(covariance), np.sqrt(np.linalg.det(covariance))
        quadratic = inverse[0, 0] * first**2 + 2 * inverse[0, 1] * first * second + inverse[1, 1] * second**2
        posterior += likelihood * np.exp(-quadratic / 2) / scale
    shares = posterior.sum(axis=1) / posterior.sum()
    exact = [float(expit(np.interp(tail, np.cumsum(shares), logits))) for tail in (1 - level, level)]
    mean = float((shares * expit(logits)).sum())

    found = pooled_rates(x, n, np.ones((2, 1)), level)

    assert_allclose((found.limits.low[0], found.limits.high[0]), exact, atol=0.004)
    assert float(found.rates[0]) == pytest.approx(mean, abs=0.002)


@given(
    st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=3, max_size=7),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25)
def test_names_and_order_change_nothing_and_rates_lie_inside(counts: list[tuple[int, int]], random) -> None:
    x, n = np.array(counts, dtype=float).T
    order = list(range(len(x)))
    random.shuffle(order)
    design = np.ones((len(x), 1))

    found, shuffled = pooled_rates(x, n, design, 0.975), pooled_rates(x[order], n[order], design, 0.975)

    assert_allclose(shuffled.rates, found.rates[order], atol=1e-6)
    assert ((found.limits.low <= found.rates) & (found.rates <= found.limits.high)).all()


def test_groups_without_people_to_speak_of_are_pulled_and_large_ones_are_not() -> None:
    x, n = np.array([2000.0, 1000.0, 1.0]), np.array([10000.0, 10000.0, 1.0])

    found = pooled_rates(x, n, np.ones((3, 1)), 0.975)

    assert_allclose(found.rates[:2], [0.2, 0.1], atol=2e-3)
    assert 0.1 < found.rates[2] < 0.8


def coverage(many: int, interaction: float) -> tuple[float, float, float, float]:
    """Coverage of pooled and of raw limits over small groups, their mean width, and how often the worst group is missed."""
    rng, design = np.random.default_rng(8), main_effects(CELLS)
    held, raw, narrower, missed = [], [], [], []
    for _ in range(many):
        n = np.maximum(rng.multinomial(500, rng.dirichlet(np.full(len(CELLS), 1.5))), 3)
        truth = expit(design @ np.r_[-2, rng.normal(0, 0.5, 4)] + interaction * rng.standard_normal(len(CELLS)))
        x = rng.binomial(n, truth)
        found, (low, high) = pooled_rates(x, n, design, 0.975).limits, clopper_pearson(x / n, n, normal_quantile(0.975))
        held.append(((found.low <= truth) & (truth <= found.high)).mean())
        raw.append(((low <= truth) & (truth <= high)).mean())
        narrower.append((found.high - found.low).mean() / (high - low).mean())
        missed.append(found.high[truth.argmax()] < truth.max())
    return float(np.mean(held)), float(np.mean(raw)), float(np.mean(narrower)), float(np.mean(missed))


@pytest.mark.parametrize("interaction", [0.0, 0.5])
def test_limits_hold_on_average_and_are_far_narrower(interaction: float) -> None:
    held, raw, narrower, _ = coverage(40, interaction)

    assert held >= 0.93
    assert raw >= 0.95
    assert narrower <= 0.78


def test_the_worst_group_is_missed_more_often_than_the_level_says() -> None:
    """Pulled towards one rate where groups differ by more than their main effects: why no verdict rests on these limits."""
    rng, missed = np.random.default_rng(9), 0
    for _ in range(60):
        truth = expit(-2 + 0.7 * rng.standard_normal(12))
        x = rng.binomial(25, truth)
        found = pooled_rates(x, np.full(12, 25), np.ones((12, 1)), 0.975)
        missed += bool(found.limits.high[truth.argmax()] < truth.max())

    assert missed / 60 > 2 * 0.025
