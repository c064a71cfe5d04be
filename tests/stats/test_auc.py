"""AUCs from histograms: hand examples, other implementations, slow twins, laws, and their coverage in small groups."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from fairtransfer.stats import auc as au
from fairtransfer.stats.auc import Histogram
from fairtransfer.stats.bias_auc import BIAS_AUCS, bias_auc, generalised_mean
from fairtransfer.stats.contrasts import correlated_difference
from fairtransfer.stats.effective import t_correction
from fairtransfer.stats.intervals import normal_quantile

Z95 = normal_quantile(0.975)


def histogram(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> Histogram:
    """One group, one bin per score."""
    codes, bins = au.exact_bins(scores)
    h = au.histograms(codes, labels, np.zeros(len(codes), dtype=int), (1, bins), weights)
    return Histogram(h.positive[0], h.negative[0])


def slow_auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Every pair looked at."""
    return float(np.mean([1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]))


def slow_delong(positive: np.ndarray, negative: np.ndarray) -> float:
    """From the whole matrix of pairs."""
    won = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return float(won.mean(1).var(ddof=1) / len(positive) + won.mean(0).var(ddof=1) / len(negative))


# A few different scores make ties likely.
rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1), st.integers(1, 4)), min_size=4, max_size=40)


def both_classes(table: list[tuple[int, int, int]], least: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, labels, weights = (np.array(column) for column in zip(*table, strict=True))
    assume(least <= labels.sum() <= len(labels) - least)
    return scores / 7, labels, weights


# --- the area and its variance -----------------------------------------------------------------------------------------

SCORES = np.array([0.9, 0.8, 0.55, 0.6, 0.1, 0.4, 0.55, 0.3, 0.7])
LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0])


def test_the_hand_example() -> None:
    """Four positives, five negatives, one tie."""
    h = histogram(SCORES, LABELS)

    assert float(au.area(h)) == 0.875
    assert_allclose(au.delong_variance(h), 0.015, atol=1e-12)


@given(rows)
def test_the_area_equals_scikit_learn_and_its_slow_twin(table: list) -> None:
    scores, labels, weights = both_classes(table)

    assert_allclose(au.area(histogram(scores, labels)), roc_auc_score(labels, scores), atol=1e-12)
    assert_allclose(au.area(histogram(scores, labels)), slow_auc(scores[labels == 1], scores[labels == 0]), atol=1e-12)
    weighted = roc_auc_score(labels, scores, sample_weight=weights)
    assert_allclose(au.area(histogram(scores, labels, weights)), weighted, atol=1e-12)


@given(rows)
def test_a_weight_is_a_row_repeated(table: list) -> None:
    scores, labels, weights = both_classes(table, 2)
    repeated = np.repeat(scores, weights), np.repeat(labels, weights)

    weighted, plain = histogram(scores, labels, weights), histogram(*repeated)

    assert_allclose(weighted.positive, plain.positive)
    assert_allclose(au.delong_variance(weighted), au.delong_variance(plain), atol=1e-12)


@given(rows)
def test_the_variance_equals_its_slow_twin(table: list) -> None:
    scores, labels, _ = both_classes(table, 2)

    expected = slow_delong(scores[labels == 1], scores[labels == 0])

    assert_allclose(au.delong_variance(histogram(scores, labels)), expected, atol=1e-12)


@given(rows)
def test_the_area_depends_on_the_order_of_scores_only(table: list) -> None:
    """Unchanged by any increasing function; mirrored when scores or classes are turned around."""
    scores, labels, _ = both_classes(table)
    value = float(au.area(histogram(scores, labels)))

    assert au.area(histogram(np.exp(3 * scores), labels)) == pytest.approx(value)
    assert au.area(histogram(-scores, labels)) == pytest.approx(1 - value)
    assert au.area(histogram(scores, 1 - labels)) == pytest.approx(1 - value)


def test_the_variance_is_that_of_resampling() -> None:
    """400 rows: DeLong's variance within 10 % of the spread over 4,000 draws of each class."""
    rng = np.random.default_rng(1)
    labels = (rng.random(400) < 0.3).astype(int)
    h = histogram(rng.normal(labels, 1), labels)
    draws = Histogram(
        *(rng.multinomial(int(c.sum()), c / c.sum(), size=4000).astype(float) for c in (h.positive, h.negative))
    )

    assert au.area(draws).var() == pytest.approx(float(au.delong_variance(h)), rel=0.1)


def test_bins_cost_little() -> None:
    """256 quantile bins within .002 of the exact area; 16 are not enough."""
    rng = np.random.default_rng(2)
    labels = (rng.random(5000) < 0.3).astype(int)
    scores = rng.normal(labels, 1)
    exact = float(au.area(histogram(scores, labels)))

    def binned(bins: int) -> float:
        edges = au.quantile_edges(scores, bins)
        h = au.histograms(np.searchsorted(edges, scores), labels, np.zeros(5000, dtype=int), (1, len(edges) + 1))
        return float(au.area(h)[0])

    assert abs(binned(256) - exact) < 2e-3
    assert abs(binned(16) - exact) > abs(binned(256) - exact)


def test_edges_of_few_different_scores_are_few() -> None:
    assert_allclose(au.quantile_edges([0.2] * 90 + [0.7] * 10, 4), [0.2])


def test_groups_and_draws_are_computed_at_once() -> None:
    """(draws, groups, bins) gives what one histogram after the other gives."""
    rng = np.random.default_rng(5)
    positive, negative = rng.gamma(1.0, size=(2, 3, 4, 20))
    together = au.area(Histogram(positive, negative))

    for draw, group in itertools.product(range(3), range(4)):
        assert_allclose(together[draw, group], au.area(Histogram(positive[draw, group], negative[draw, group])))


def test_an_area_without_one_of_the_classes_is_no_number() -> None:
    """Never 0, 1 or one half; nor is a variance from a single row."""
    h = Histogram(np.array([[0.0, 0, 0], [1, 0, 0], [2, 1, 0]]), np.array([[1.0, 2, 3], [1, 2, 3], [0, 0, 0]]))

    assert np.isnan(au.area(h)).tolist() == [True, False, True]
    assert np.isnan(au.delong_variance(h)).tolist() == [True, True, True]


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 score\(s\) are not numbers"):
        au.exact_bins([0.1, math.nan, 0.3, math.nan])


# --- intervals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auc", "positives", "negatives", "variance", "size", "expected"),
    [(0.9, 20, 80, 0.002, 58.88, (0.7973, 0.9537)), (1.0, 10, 30, 0.0, 19.28, (0.8338, 1.0))],
)
def test_intervals_have_their_golden_values(
    auc: float, positives: int, negatives: int, variance: float, size: float, expected: tuple[float, float]
) -> None:
    assert_allclose(au.effective_size(auc, positives, negatives, variance), size, atol=5e-3)
    assert_allclose(au.auc_interval(auc, positives, negatives, variance, Z95), expected, atol=1e-4)


@given(st.floats(0, 1), st.integers(10, 300), st.integers(10, 300), st.floats(0, 0.1))
def test_intervals_bracket_and_widen_with_the_level(auc: float, positives: int, negatives: int, v: float) -> None:
    low, high = au.auc_interval(auc, positives, negatives, v, Z95)
    wider = au.auc_interval(auc, positives, negatives, v, normal_quantile(0.995))
    less = au.auc_interval(auc, positives, negatives, v, Z95, effective_share=0.5)

    assert 0 <= low <= auc <= high <= 1
    for other in (wider, less):
        assert other.low <= low + 1e-12
        assert other.high >= high - 1e-12
    assert 3 <= au.effective_size(auc, positives, negatives, v) <= positives * negatives


def simulated(rng: np.random.Generator, auc: float, positives: int, negatives: int, times: int) -> Histogram:
    """Normal scores of two classes, many samples at once; each score is its own bin."""
    shift = norm.ppf(auc) * math.sqrt(2)
    scores = np.hstack([rng.normal(shift, 1, (times, positives)), rng.normal(0, 1, (times, negatives))])
    of_positive = (scores.argsort(axis=1) < positives).astype(float)
    return Histogram(of_positive, 1 - of_positive)


@pytest.mark.parametrize("auc", [0.7, 0.85, 0.95])
@pytest.mark.parametrize(("positives", "negatives"), [(10, 30), (20, 80), (50, 200)])
def test_intervals_cover_in_small_groups(auc: float, positives: int, negatives: int) -> None:
    """2,000 samples: 95 % intervals cover at least 92 %, where estimate ± 1.96 DeLong errors falls to 80 %."""
    h = simulated(np.random.default_rng(21), auc, positives, negatives, 2000)
    area, variance = au.area(h), au.delong_variance(h)

    found = au.auc_interval(area, positives, negatives, variance, Z95)

    covered = ((found.low <= auc) & (auc <= found.high)).mean()
    naive = (np.abs(area - auc) <= Z95 * np.sqrt(variance)).mean()
    assert covered >= 0.92
    assert covered >= naive - 0.01


def test_the_textbook_interval_does_not_cover() -> None:
    """The twin: at an AUC of 0.95 in 10 and 30 cases."""
    h = simulated(np.random.default_rng(21), 0.95, 10, 30, 2000)

    assert (np.abs(au.area(h) - 0.95) <= Z95 * np.sqrt(au.delong_variance(h))).mean() < 0.85


def test_too_few_of_a_class_have_no_interval() -> None:
    """Nine positives: too small; none: undefined; ten: a number."""
    labels = np.array([1] * 9 + [0] * 50)
    scores = np.linspace(0, 1, 59)

    nine = au.estimate_auc(histogram(scores, labels), Z95)
    none = au.estimate_auc(histogram(scores, np.zeros(59, dtype=int)), Z95)
    ten = au.estimate_auc(histogram(np.append(scores, 0.5), np.append(labels, 1)), Z95)

    assert (nine.status, nine.value, nine.low) == ("too_small", None, None)
    assert nine.reason == "9 positive and 50 negative cases; an AUC needs 10 of each"
    assert (none.status, none.reason) == ("undefined", "no positive cases to rank")
    assert ten.status == "ok"
    assert ten.low is not None
    assert ten.value is not None
    assert ten.low < ten.value


# --- rows that share units, models that share rows ---------------------------------------------------------------------


@given(rows)
def test_influences_sum_to_nothing_and_their_spread_is_the_variance(table: list) -> None:
    """Up to the divisors: DeLong's are P-1 and N-1."""
    scores, labels, _ = both_classes(table, 2)
    codes, bins = au.exact_bins(scores)
    positives, negatives = labels.sum(), (1 - labels).sum()

    effects = au.influence(codes, labels, bins)

    assert_allclose(effects.sum(), 0, atol=1e-12)
    parts = [(effects[labels == y] ** 2).sum() * n / (n - 1) for y, n in ((1, positives), (0, negatives))]
    assert_allclose(sum(parts), au.delong_variance(histogram(scores, labels)), atol=1e-12)


@given(rows, st.integers(2, 5))
def test_repeating_every_row_within_its_unit_buys_nothing(table: list, times: int) -> None:
    scores, labels, _ = both_classes(table, 2)

    def variance(copies: int) -> float:
        codes, bins = au.exact_bins(np.repeat(scores, copies))
        effects = au.influence(codes, np.repeat(labels, copies), bins)
        return au.unit_variance(effects, np.repeat(np.arange(len(scores)), copies))

    assert_allclose(variance(times), variance(1), atol=1e-12)


def test_people_with_several_rows_need_their_units() -> None:
    """40 people of 5 rows each that score alike: 95 % intervals over units cover, over rows they miss one in four."""
    rng = np.random.default_rng(8)
    people, each, auc = 40, 5, 0.8
    has = (np.arange(people) < 16).astype(int)
    who = np.repeat(np.arange(people), each)
    covered = np.zeros(2)
    for _ in range(300):
        scores = (
            rng.normal(0, math.sqrt(0.5), people)[who]
            + rng.normal(0, math.sqrt(0.5), people * each)
            + norm.ppf(auc) * math.sqrt(2) * has[who]
        )
        codes, bins = au.exact_bins(scores)
        h = histogram(scores, has[who])
        variance = au.unit_variance(au.influence(codes, has[who], bins), who)
        by_unit = au.auc_interval(au.area(h), 16, 24, variance, Z95, effective_share=t_correction(people, 0.975))
        by_row = au.auc_interval(au.area(h), 80, 120, au.delong_variance(h), Z95)
        covered += [float(i.low) <= auc <= float(i.high) for i in (by_unit, by_row)]

    assert covered[0] / 300 >= 0.94
    assert covered[1] / 300 < 0.85


def test_a_change_on_the_same_rows_covers() -> None:
    """20 positives, 80 negatives, two models whose scores move together; taken as independent, the limits are far too wide."""
    rng = np.random.default_rng(9)
    labels = np.array([1] * 20 + [0] * 80)
    aucs = np.array([0.85, 0.90])
    covered, width = 0, np.zeros(2)
    for _ in range(300):
        noise = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=100)
        scores = noise + labels[:, None] * norm.ppf(aucs) * math.sqrt(2)
        models = []
        for column in scores.T:
            codes, bins = au.exact_bins(column)
            h = histogram(column, labels)
            area, variance = float(au.area(h)), float(au.delong_variance(h))
            interval = au.auc_interval(area, 20, 80, variance, Z95)
            models.append((area, interval, au.influence(codes, labels, bins)))
        (before, limits_before, e), (after, limits_after, f) = models
        r = float(e @ f / math.sqrt((e @ e) * (f @ f)))
        paired, apart = (correlated_difference(after, limits_after, before, limits_before, x) for x in (r, 0.0))
        covered += float(paired.low) <= 0.05 <= float(paired.high)
        width += [float(i.high - i.low) for i in (paired, apart)]

    assert covered / 300 >= 0.915
    assert width[0] < 0.7 * width[1]


# --- between a group and the others ------------------------------------------------------------------------------------


def test_bias_aucs_of_a_hand_example() -> None:
    """The group is ranked well within, but all of its scores lie above the others'."""
    own, others = np.array([0.9, 0.8, 0.75, 0.7]), np.array([0.6, 0.5, 0.3, 0.2])
    labels = np.array([1, 1, 0, 0] * 2)
    codes, bins = au.exact_bins(np.append(own, others))
    h = au.histograms(codes, labels, np.repeat([0, 1], 4), (2, bins))
    group = Histogram(h.positive[0], h.negative[0])
    everyone = Histogram(*(c.sum(axis=0) for c in h))

    found = {kind: float(au.area(bias_auc(kind, group, everyone))) for kind in BIAS_AUCS}

    assert found == {"subgroup": 1.0, "bpsn": 0.0, "bnsp": 1.0}
    assert float(au.area(everyone)) == 12 / 16


@given(rows, st.data())
def test_bias_aucs_equal_their_slow_twins(table: list, data: st.DataObject) -> None:
    scores, labels, _ = both_classes(table)
    member = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    codes, bins = au.exact_bins(scores)
    h = au.histograms(codes, labels, member.astype(int), (2, bins))
    group, everyone = Histogram(h.positive[1], h.negative[1]), Histogram(*(c.sum(axis=0) for c in h))
    sides = {"subgroup": (member, member), "bpsn": (~member, member), "bnsp": (member, ~member)}

    for kind, (of_positive, of_negative) in sides.items():
        positive, negative = scores[(labels == 1) & of_positive], scores[(labels == 0) & of_negative]
        found = float(au.area(bias_auc(kind, group, everyone)))
        if len(positive) and len(negative):
            assert found == pytest.approx(slow_auc(positive, negative))
        else:
            assert math.isnan(found)


values = st.lists(st.floats(0.01, 1), min_size=1, max_size=12)


@given(values, st.floats(-20, 20), st.floats(0, 10))
def test_a_generalised_mean_grows_with_its_power_between_the_extremes(v: list, power: float, more: float) -> None:
    one, two = generalised_mean(v, power), generalised_mean(v, power + more)

    assert min(v) - 1e-9 <= one <= two + 1e-9
    assert two <= max(v) + 1e-9


@given(values)
def test_a_generalised_mean_has_the_usual_ones_among_it(v: list) -> None:
    assert generalised_mean(v, 1) == pytest.approx(np.mean(v))
    assert generalised_mean(v, -1) == pytest.approx(1 / np.mean([1 / x for x in v]))
    assert generalised_mean(v, 0) == pytest.approx(math.exp(np.mean(np.log(v))))
    assert generalised_mean(v) == pytest.approx(np.mean([x**-5 for x in v]) ** (-1 / 5))
    assert min(v) - 1e-12 <= generalised_mean(v) <= np.mean(v) + 1e-12


def test_a_group_without_a_value_is_not_skipped() -> None:
    assert all(math.isnan(generalised_mean([0.9, math.nan, 0.8], power)) for power in (-5, 0, 1))
    assert [generalised_mean([0.0, 0.5], power) for power in (-5, 0)] == [0.0, 0.0]
    assert generalised_mean([1e-90, 1.0]) == pytest.approx(1e-90 * 2 ** (1 / 5))
