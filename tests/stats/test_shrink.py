"""Shrunken rates: another implementation's variance, the textbook's formulas, and why no verdict rests on them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from scipy.stats import spearmanr
from statsmodels.stats.meta_analysis import combine_effects

import fairtransfer
from fairtransfer.findings.gap_details import GapDetails
from fairtransfer.measurement import measure
from fairtransfer.stats.intervals import normal_quantile, wilson
from fairtransfer.stats.shrink import Shrunk, main_effects, paule_mandel, ranking, shrink, weighted_fit

Z95 = normal_quantile(0.975)

CELLS = [(a, b, c) for a, b, c in product("mw", "abc", "0123")]
"""24 groups of three attributes."""

counts = st.lists(
    st.integers(2, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=3, max_size=15
)


def ones(count: int) -> np.ndarray:
    return np.ones((count, 1))


# --- the design --------------------------------------------------------------------------------------------------------


def test_the_design_has_a_column_per_further_level() -> None:
    design = main_effects([("m", "old"), ("w", "old"), ("w", "young")])

    assert design.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert main_effects(CELLS).shape == (24, 1 + 1 + 2 + 3)


def test_an_attribute_everybody_shares_adds_nothing() -> None:
    assert main_effects([("m", "x"), ("w", "x")]).shape == (2, 2)


# --- the variance between groups ---------------------------------------------------------------------------------------


def statsmodels_tau2(values: np.ndarray, variances: np.ndarray) -> float:
    with np.errstate(divide="ignore"):  # it also divides by the spread, which is zero when all values are equal
        return float(combine_effects(values, variances, method_re="iterated", atol=1e-8, maxiter=500).tau2)


@given(counts)
def test_the_variance_around_one_rate_equals_statsmodels(found: list[tuple[int, int]]) -> None:
    x, n = np.array(found).T
    values, variances = (x + 0.5) / (n + 1), 0.1 / n

    theirs = statsmodels_tau2(values, variances)
    nothing_left = weighted_fit(values, 1 / variances, ones(len(n))).residual <= len(n) - 1
    assume(theirs > 0 or nothing_left)  # statsmodels falls back to 0 when rounding takes its last step below the root

    assert_allclose(paule_mandel(values, variances, ones(len(n))), theirs, rtol=1e-5, atol=1e-9)


@given(st.integers(0, 2**16))
def test_the_variance_around_main_effects_solves_its_equation(seed: int) -> None:
    """Weighted squared residuals equal the degrees of freedom, found here by bisection; or tau squared is 0."""
    rng = np.random.default_rng(seed)
    design = main_effects(CELLS)
    variances = 0.1 / rng.integers(5, 200, 24)
    values = rng.normal(0.2, np.sqrt(variances + rng.choice([0, 0.002])))

    def excess(tau2: float) -> float:
        return weighted_fit(values, 1 / (variances + tau2), design).residual - (24 - 7)

    found = paule_mandel(values, variances, design)

    expected = 0.0 if excess(0.0) <= 0 else brentq(excess, 0, 10, xtol=1e-15)
    assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_effects_that_cannot_be_told_apart_are_counted_once() -> None:
    """Women are all young here: two columns, one effect."""
    levels = [("m", "old"), ("m", "old"), ("w", "young"), ("w", "young")]
    values, variances = np.array([0.1, 0.3, 0.2, 0.5]), np.full(4, 1e-4)

    both, one = (paule_mandel(values, variances, main_effects(rows)) for rows in (levels, [row[:1] for row in levels]))

    assert both == pytest.approx(one)


def test_a_saturated_fit_changes_nothing() -> None:
    """As many effects as groups: every group is its own expectation."""
    found = shrink([0.1, 0.4], [20, 30], main_effects([("m",), ("w",)]))

    assert found.variance == 0
    assert_allclose(found.rates, [0.1, 0.4])


# --- the estimates -----------------------------------------------------------------------------------------------------


def slow_shrink(rates: list[float], sizes: list[int]) -> Shrunk:
    """Around one rate, in sums: the textbook's formulas at statsmodels' tau squared."""
    pooled = sum(e * n for e, n in zip(rates, sizes, strict=True)) / sum(sizes)
    sampling = [pooled * (1 - pooled) / n for n in sizes]
    tau2 = statsmodels_tau2(np.array(rates), np.array(sampling))
    weights = [1 / (tau2 + s) for s in sampling]
    mean = sum(w * e for w, e in zip(weights, rates, strict=True)) / sum(weights)
    pull = [s / (tau2 + s) for s in sampling]
    found = [mean + (1 - b) * (e - mean) for b, e in zip(pull, rates, strict=True)]
    errors = [((1 - b) * s + b * b / sum(weights)) ** 0.5 for b, s in zip(pull, sampling, strict=True)]
    return Shrunk(np.array(found), np.array(errors), np.full(len(rates), mean), np.array(pull), tau2)


def test_shrinking_towards_one_rate_equals_its_slow_twin() -> None:
    rates, sizes = [0.1, 0.2, 0.15, 0.5, 0.0], [50, 40, 100, 20, 8]

    fast, slow = shrink(rates, sizes, ones(5)), slow_shrink(rates, sizes)

    for one, other in zip(fast, slow, strict=True):
        assert_allclose(one, other, rtol=1e-6)


@given(counts)
def test_an_estimate_lies_between_the_raw_and_the_expected_rate(found: list[tuple[int, int]]) -> None:
    x, n = np.array(found).T
    raw = x / n

    shrunk = shrink(raw, n, ones(len(n)))

    assert (shrunk.rates >= np.minimum(raw, shrunk.expected) - 1e-9).all()
    assert (shrunk.rates <= np.maximum(raw, shrunk.expected) + 1e-9).all()
    assert ((shrunk.pull >= 0) & (shrunk.pull <= 1)).all()
    assert (np.diff(shrunk.pull[np.argsort(n)]) <= 1e-12).all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_where_nobody_or_everybody_errs_there_is_nothing_to_pull(rate: float) -> None:
    found = shrink([rate] * 4, [5, 10, 50, 200], ones(4))

    assert_allclose(found.rates, rate, atol=1e-12)
    assert (found.errors > 0).all()


def test_large_groups_keep_their_rates() -> None:
    found = shrink([0.1, 0.3, 0.2], [10**7] * 3, ones(3))

    assert_allclose(found.rates, [0.1, 0.3, 0.2], atol=1e-4)


def test_the_ranking_starts_with_the_worst_served() -> None:
    found = shrink([0.1, 0.5, 0.3], [1000] * 3, ones(3))

    assert ranking(found) == [1, 2, 0]
    assert ranking(found, higher_is_worse=False) == [0, 2, 1]


# --- what it is good for, and what not ---------------------------------------------------------------------------------


class Audit(NamedTuple):
    """One simulated audit of 24 skewed cells whose rates follow main effects."""

    truth: np.ndarray
    sizes: np.ndarray
    raw: np.ndarray
    shrunk: Shrunk


def simulated(rng: np.random.Generator) -> Audit:
    shares = np.exp(rng.normal(0, 1.3, 24))
    sizes = np.maximum(rng.multinomial(1000, shares / shares.sum()), 2)
    effects = rng.normal(0, 0.45, 6)
    truth = 1 / (1 + np.exp(2 - main_effects(CELLS)[:, 1:] @ effects))
    raw = rng.binomial(sizes, truth) / sizes
    return Audit(truth, sizes, raw, shrink(raw, sizes, main_effects(CELLS)))


@pytest.fixture(scope="module")
def audits() -> list[Audit]:
    rng = np.random.default_rng(4)
    return [simulated(rng) for _ in range(250)]


def test_small_groups_are_estimated_and_ranked_better(audits: list[Audit]) -> None:
    """Root mean squared error in groups under 40 about .05 instead of .13; rank correlation about .75 instead of .43."""

    def error(estimates: list[np.ndarray]) -> float:
        found = [(e - a.truth)[a.sizes < 40] ** 2 for e, a in zip(estimates, audits, strict=True)]
        return float(np.concatenate(found).mean() ** 0.5)

    def correlation(estimates: list[np.ndarray]) -> float:
        return float(np.mean([spearmanr(e, a.truth).statistic for e, a in zip(estimates, audits, strict=True)]))

    raw, shrunk = [a.raw for a in audits], [a.shrunk.rates for a in audits]
    assert error(shrunk) < 0.06 < 0.11 < error(raw)
    assert correlation(shrunk) > correlation(raw) + 0.2


def test_for_the_worst_group_shrunken_limits_would_reassure_falsely(audits: list[Audit]) -> None:
    """The upper limit misses the truth of the truly worst group several times as often as Wilson's."""

    def missed(upper: list[np.ndarray]) -> float:
        return float(np.mean([u[a.truth.argmax()] < a.truth.max() for u, a in zip(upper, audits, strict=True)]))

    shrunk = missed([a.shrunk.rates + Z95 * a.shrunk.errors for a in audits])
    raw = missed([wilson(a.raw, a.sizes, Z95).high for a in audits])
    assert raw <= 0.03
    assert shrunk > 0.05


def people(sizes: dict[str, int], wrong: dict[str, int]) -> pd.DataFrame:
    rows = [(group, n < wrong[group]) for group, size in sizes.items() for n in range(size)]
    return pd.DataFrame({"g": [g for g, _ in rows], "y": "a", "p": ["b" if w else "a" for _, w in rows]})


def test_groups_of_one_attribute_are_pulled_towards_one_rate_the_smaller_the_more() -> None:
    """Each group is its own main effect: pulled towards those, nothing would move."""
    sizes, wrong = {"a": 400, "b": 300, "c": 20, "d": 200}, {"a": 40, "b": 60, "c": 8, "d": 25}
    seen = measure(people(sizes, wrong), label="y", after="p", groups=["g"], classes=["a", "b"])
    gap = next(f for f in seen.findings if f.level == "gap" and f.stage == "after")
    assert isinstance(gap.details, GapDetails)
    told = {row.group["g"]: row for row in gap.details.ranked or ()}
    raw = {group: wrong[group] / sizes[group] for group in sizes}
    by_size = sorted(sizes, key=lambda group: -sizes[group])
    assert [told[g].pull for g in by_size] == sorted(told[g].pull for g in by_size)
    expected = shrink([raw[g] for g in sizes], [sizes[g] for g in sizes], ones(4))
    assert [told[g].rate for g in sizes] == pytest.approx(expected.rates.tolist(), abs=1e-9)
    assert told["c"].rate < raw["c"] - 0.01


def test_verdicts_are_the_same_whatever_the_shrunken_rates_are(monkeypatch: pytest.MonkeyPatch) -> None:
    table = people({"a": 400, "b": 300, "c": 20, "d": 200}, {"a": 40, "b": 60, "c": 8, "d": 25})
    gates = ["worst_group:by=g,at_most=0.3", "gap:by=g,margin=0.2"]

    def judged() -> tuple[Any, Any]:
        seen = measure(table, label="y", after="p", groups=["g"], classes=["a", "b"], gates=gates)
        return seen.verdict.to_json(), [f.to_json() for f in seen.findings]

    def upside_down(*args: Any) -> Shrunk:
        found = shrink(*args)
        return found._replace(rates=1 - found.rates)

    verdict, rows = judged()
    monkeypatch.setattr("fairtransfer.findings.gaps.shrink", upside_down)
    other, changed = judged()
    assert changed != rows
    assert other == verdict


def test_no_gate_reads_shrunken_rates() -> None:
    gates = list((Path(fairtransfer.__file__).parent / "gates").glob("*.py"))

    assert gates
    assert not [path.name for path in gates if "shrink" in path.read_text("utf-8")]
