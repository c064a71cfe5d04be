"""Calibration: sums against rows, errors that average zero where nothing is wrong, slopes against another implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit

from fairtransfer.stats import calibration as ca
from fairtransfer.stats.auc import quantile_edges
from fairtransfer.stats.calibration import Bins
from fairtransfer.stats.means import bounded_mean, centred, summarise

pytestmark = pytest.mark.fast

rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=60
)


def bins_of(table: list[tuple[int, int, float, int]]) -> Bins:
    codes, labels, p, groups = (np.array(column) for column in zip(*table, strict=True))
    return ca.bin_sums(codes, labels, p, groups, (3, 4))


def slow(table: list[tuple[int, int, float, int]], group: int) -> tuple[float, float, float]:
    """Bias, raw error and debiased squared error, bin by bin over lists of rows."""
    cells = [[(y, p) for code, y, p, g in table if (code, g) == (b, group)] for b in range(4)]
    everyone = [row for cell in cells for row in cell]
    if not everyone:
        return math.nan, math.nan, math.nan
    bias = sum(y - p for y, p in everyone) / len(everyone)
    raw = sum(abs(sum(y - p for y, p in cell)) for cell in cells) / len(everyone)
    squared, used = 0.0, 0
    for cell in cells:
        n = len(cell)
        if n >= 2:
            rate, said = sum(y for y, _ in cell) / n, sum(p for _, p in cell) / n
            squared += n * ((rate - said) ** 2 - rate * (1 - rate) / (n - 1))
            used += n
    return bias, raw, squared / used if used else math.nan


# --- bias and errors ---------------------------------------------------------------------------------------------------


@given(rows)
def test_errors_equal_their_slow_twins(table: list) -> None:
    """Groups without rows included: no number, not 0."""
    bins = bins_of(table)
    found = np.stack([ca.calibration_bias(bins), ca.raw_ece(bins), ca.debiased_ece(bins)], axis=1)

    assert_allclose(found, [slow(table, group) for group in range(3)], atol=1e-12)


@given(rows, st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_the_order_of_rows_and_add_up(table: list, random: object) -> None:
    shuffled = list(table)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    for one, other in zip(bins_of(table), bins_of(shuffled), strict=True):
        assert_allclose(one, other, atol=1e-12)
    halves = [bins_of(part) for part in (table[::2], table[1::2]) if part]
    assert_allclose(sum(h.p for h in halves), bins_of(table).p, atol=1e-12)


@given(rows)
def test_the_bias_is_between_the_raw_error_and_its_mirror(table: list) -> None:
    bins = bins_of(table)
    bias, raw = ca.calibration_bias(bins), ca.raw_ece(bins)

    assert all(math.isnan(b) or -r - 1e-12 <= b <= r + 1e-12 for b, r in zip(bias, raw, strict=True))


def test_a_class_that_comes_more_often_than_said_has_a_positive_bias() -> None:
    """Half said, three in four came."""
    assert_allclose(ca.calibration_bias(bins_of([(0, 1, 0.5, 0)] * 3 + [(0, 0, 0.5, 0)]))[0], 0.25)


def test_bins_of_one_row_cannot_tell_error_from_chance() -> None:
    """Left out of the debiased error; alone, they leave none."""
    alone = bins_of([(0, 1, 0.5, 0), (1, 0, 0.2, 0)])
    beside = bins_of([(0, 1, 0.5, 0), (1, 0, 0.2, 0), (1, 1, 0.4, 0)])

    assert math.isnan(ca.debiased_ece(alone)[0])
    assert_allclose(ca.debiased_ece(beside)[0], (0.5 - 0.3) ** 2 - 0.25)


def calibrated(rng: np.random.Generator, n: int, times: int) -> Bins:
    """Perfectly calibrated samples, binned by ten edges fixed on other data; one sample per group."""
    edges = quantile_edges(np.random.default_rng(0).beta(1, 3, 20_000), 10)
    p = rng.beta(1, 3, n * times)
    y = (rng.random(n * times) < p).astype(int)
    return ca.bin_sums(np.searchsorted(edges, p), y, p, np.repeat(np.arange(times), n), (times, 10))


@pytest.mark.parametrize(("n", "raw"), [(30, 0.175), (100, 0.094), (300, 0.054), (1000, 0.029)])
def test_a_calibrated_model_has_no_error_but_the_raw_one_says_so(n: int, raw: float) -> None:
    """Truth 0: the raw error grows as groups shrink, the debiased square averages zero (to within a bin's spread)."""
    bins = calibrated(np.random.default_rng(1), n, 600)
    squares = ca.debiased_ece(bins)

    assert ca.raw_ece(bins).mean() == pytest.approx(raw, abs=0.012)
    assert abs(squares.mean()) < 4 * squares.std() / math.sqrt(600) + 1e-4
    assert squares.min() < 0


def test_an_error_that_is_there_is_found_whatever_the_size() -> None:
    """Probabilities ten points too high: squared error .01, on average, in groups of 50 and of 500."""
    rng = np.random.default_rng(2)
    for n in (50, 500):
        p = rng.uniform(0.3, 0.7, n * 400)
        y = (rng.random(n * 400) < p - 0.1).astype(int)
        bins = ca.bin_sums((p * 20).astype(int) - 6, y, p, np.repeat(np.arange(400), n), (400, 9))
        assert ca.debiased_ece(bins).mean() == pytest.approx(0.01, abs=1.5e-3)


def test_the_bias_of_a_group_has_limits_from_its_signed_errors() -> None:
    """The same number by both ways, and limits around it."""
    rng = np.random.default_rng(3)
    p = rng.beta(1, 3, 80)
    y = (rng.random(80) < p).astype(int)
    bins = ca.bin_sums(np.zeros(80, dtype=int), y, p, np.zeros(80, dtype=int), (1, 1))

    found = bounded_mean(centred(summarise(y - p)), 0.975)

    assert found.value == pytest.approx(float(ca.calibration_bias(bins)[0]))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


# --- slope -------------------------------------------------------------------------------------------------------------


def sample(seed: int, n: int, slope: float = 1.0, intercept: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1.2, n)
    return x, (rng.random(n) < expit(intercept + slope * x)).astype(float)


@given(st.integers(0, 10_000), st.integers(40, 200), st.floats(0.2, 2), st.floats(-1, 1))
def test_the_line_equals_statsmodels(seed: int, n: int, slope: float, intercept: float) -> None:
    x, y = sample(seed, n, slope, intercept)
    assume(10 <= y.sum() <= n - 10)
    assume(x[y == 1].min() < x[y == 0].max() - 1)

    mine = ca.recalibrate(x, y, np.ones(n))
    theirs = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit(tol=1e-12)

    assert_allclose([mine.intercept, mine.slope], theirs.params, atol=1e-6)


def slow_variance(x: np.ndarray, y: np.ndarray, fit: ca.Recalibration, units: np.ndarray | None = None) -> float:
    """HC3 row by row, with the whole hat matrix; residuals of one unit added up before they are squared."""
    design = np.stack([np.ones_like(x), x], axis=1)
    f = expit(fit.intercept + fit.slope * x)
    bread = np.linalg.inv(sum(w * np.outer(d, d) for d, w in zip(design, f * (1 - f), strict=True)))
    root = np.sqrt(f * (1 - f))[:, None] * design
    hat = np.diag(root @ bread @ root.T)
    errors = [(a - b) / (1 - h) * d for d, a, b, h in zip(design, y, f, hat, strict=True)]
    if units is not None:
        names = sorted(set(units))
        errors = [sum(e for e, u in zip(errors, units, strict=True) if u == name) for name in names]
    correction = 1.0 if units is None else len(names) / (len(names) - 1)
    meat = correction * sum(np.outer(e, e) for e in errors)
    return float((bread @ meat @ bread)[1, 1])


@given(st.integers(0, 10_000), st.integers(40, 120))
def test_the_variance_equals_its_slow_twin(seed: int, n: int) -> None:
    x, y = sample(seed, n)
    assume(10 <= y.sum() <= n - 10)
    assume(x[y == 1].min() < x[y == 0].max() - 0.5)

    fit = ca.recalibrate(x, y, np.ones(n))

    assert_allclose(fit.variance, slow_variance(x, y, fit), rtol=1e-8)
    units = np.random.default_rng(seed).integers(0, 12, n)
    assert_allclose(ca.recalibrate(x, y, np.ones(n), units).variance, slow_variance(x, y, fit, units), rtol=1e-8)


@given(st.integers(0, 10_000), st.integers(60, 200))
def test_cells_of_equal_score_are_rows(seed: int, n: int) -> None:
    """Rounded scores, summed into cells: the same line and the same variance as row by row."""
    x, y = sample(seed, n)
    x = np.round(x, 1)
    assume(10 <= y.sum() <= n - 10)
    scores, codes = np.unique(x, return_inverse=True)

    by_cell = ca.recalibrate(scores, np.bincount(codes, y), np.bincount(codes).astype(float))

    assert_allclose(by_cell, ca.recalibrate(x, y, np.ones(n)), rtol=1e-6)


@given(st.integers(0, 10_000), st.floats(0.2, 5))
def test_stretching_the_scores_shrinks_the_slope(seed: int, factor: float) -> None:
    """And its limits with it."""
    x, y = sample(seed, 100)
    plain, stretched = (ca.calibration_slope(x * c, y, np.ones(100), 0.975) for c in (1.0, factor))
    assume(plain.status == "ok")

    assert_allclose([v * factor for v in stretched[1:4] if v is not None], plain[1:4], rtol=1e-6)


def test_rows_that_share_units_make_a_slope_less_sure() -> None:
    """Every row three times over: limits over units stay what they were (their leverage aside), over rows they shrink."""
    x, y = sample(5, 120)
    tripled = [np.repeat(a, 3) for a in (x, y, np.ones(120))]
    once = ca.calibration_slope(x, y, np.ones(120), 0.975, units=np.arange(120))
    by_unit = ca.calibration_slope(*tripled, 0.975, units=np.repeat(np.arange(120), 3))
    by_row = ca.calibration_slope(*tripled, 0.975)

    def width(found: ca.Estimate) -> float:
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert width(by_unit) == pytest.approx(width(once), rel=0.05)
    assert width(by_row) < 0.65 * width(by_unit)


def test_slopes_that_cannot_be_told_say_why() -> None:
    ones = np.ones(40)
    half = np.repeat([0.0, 1.0], 20)

    few = ca.calibration_slope(np.arange(40.0), (np.arange(40) < 9).astype(float), ones, 0.975)
    parted = ca.calibration_slope(np.arange(40.0), half, ones, 0.975)
    touching = ca.calibration_slope(np.append(np.arange(40.0), 19.5), np.append(half, 1), np.ones(41), 0.975)
    alike = ca.calibration_slope(np.zeros(40), half, ones, 0.975)

    assert (few.status, few.reason) == (
        "too_small",
        "9 cases in the class and 31 not; a slope needs 10 of each",
    )
    assert {found.status for found in (parted, touching, alike)} == {"undefined"}
    assert parted.reason == "no finite slope: the scores are all alike or part the classes perfectly"


def test_a_class_that_overlaps_by_a_hair_still_has_a_slope() -> None:
    """Steep, but finite: Newton's steps are halved until they fit."""
    x = np.append(np.linspace(-5, 0, 30), np.linspace(-0.001, 5, 30))
    found = ca.calibration_slope(x, np.repeat([0.0, 1.0], 30), np.ones(60), 0.975)

    assert found.status == "ok"
    assert found.value is not None
    assert found.value > 20


def test_probabilities_of_nought_and_one_have_finite_scores() -> None:
    assert_allclose(ca.logit([0.0, 0.5, 1.0]), [-13.8155, 0, 13.8155], atol=1e-4)


@pytest.mark.parametrize(("n", "slope"), [(50, 1.0), (50, 0.5), (200, 2.0)])
def test_limits_of_a_slope_cover(n: int, slope: float) -> None:
    """300 samples: 95 % limits."""
    hits = total = 0
    for seed in range(300):
        x, y = sample(seed, n, slope)
        found = ca.calibration_slope(x, y, np.ones(n), 0.975)
        if found.low is not None and found.high is not None:
            hits, total = hits + (found.low <= slope <= found.high), total + 1

    assert total > 290
    assert hits / total >= 0.925
