"""Draws from counts: the law of the row bootstrap, exactly, with keys that leave other groups alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import dirichlet_multinomial, kstwo
from support.simulation_error import ERRORS, errors_off

from fairtransfer.stats import draws as dr

pytestmark = pytest.mark.fast


def fixed(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- slow twins: one loop per thing that varies ------------------------------------------------------------------------


def slow_rates(drawn: np.ndarray, numerator: np.ndarray, denominator: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Draws x groups x metrics, one number at a time."""
    found = np.empty((*drawn.shape[:-1], len(numerator)))
    for b, g, m in np.ndindex(found.shape):
        bottom = sum(drawn[b, g, j] for j in range(drawn.shape[-1]) if denominator[m, j])
        seen = sum(counts[g, j] for j in range(drawn.shape[-1]) if denominator[m, j])
        top = sum(drawn[b, g, j] for j in range(drawn.shape[-1]) if numerator[m, j])
        found[b, g, m] = top / bottom if bottom > 0 and seen > 0 else np.nan
    return found


def slow_row_bootstrap(rows: np.ndarray, cells: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Resample the rows themselves, count what came out."""
    return np.stack([np.bincount(rng.choice(rows, len(rows)), minlength=cells) for _ in range(draws)])


def slow_weighted_sums(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    found = np.zeros((len(weights), columns.shape[1]))
    for b, j in np.ndindex(found.shape):
        found[b, j] = sum(weights[b, i] * columns[i, j] for i in range(len(columns)))
    return found


masks = st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=3)


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=3), masks, st.integers(0, 2**16)
)
def test_rates_equal_their_slow_twin(counts: list[list[int]], chosen: list[list[bool]], seed: int) -> None:
    table, denominator = np.array(counts), np.array(chosen)
    numerator = denominator & (fixed(seed).random(denominator.shape) < 0.5)
    drawn = dr.multinomial(table, 5, fixed(seed))

    fast = dr.rates(drawn, numerator, denominator, table)

    assert_array_equal(fast, slow_rates(drawn, numerator, denominator, table))


def test_weighted_sums_equal_their_slow_twin() -> None:
    weights, columns = fixed().random((4, 7)), fixed(1).random((7, 3))

    assert_allclose(dr.weighted_sums(weights, columns), slow_weighted_sums(weights, columns), rtol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.5, 0.999))
def test_limits_of_draws_are_numpy_s_quantiles(values: list[float], level: float) -> None:
    low, high = dr.quantiles(values, level)

    assert_allclose((low, high), np.quantile(values, [(1 - level) / 2, (1 + level) / 2]), rtol=1e-9, atol=1e-6)


# --- the law of the draws ----------------------------------------------------------------------------------------------


def test_the_same_multiplicities_give_the_same_integers() -> None:
    """A resample of rows, and the counts weighted by how often each row was taken, are one thing."""
    rows = fixed(2).integers(0, 6, 200)
    taken = fixed(3).choice(200, 200)
    multiplicity = np.bincount(taken, minlength=200)

    by_rows = np.bincount(rows[taken], minlength=6)
    by_counts = dr.weighted_sums(multiplicity[None], rows[:, None] == np.arange(6))[0]

    assert_array_equal(by_counts, by_rows)


def test_multinomial_draws_have_the_row_bootstrap_s_mean_and_covariance() -> None:
    """Mean c, covariance N(diag p - pp')."""
    counts = np.array([[40, 3, 0], [12, 25, 20]])
    p = counts.ravel() / 100
    drawn = dr.multinomial(counts, 20_000, fixed(4)).reshape(20_000, -1)

    centred = drawn - 100 * p

    assert errors_off(drawn, 100 * p) <= ERRORS
    assert errors_off(centred[:, :, None] * centred[:, None, :], 100 * (np.diag(p) - np.outer(p, p))) <= ERRORS
    assert (drawn.sum(axis=1) == 100).all()


def test_resampled_rows_and_drawn_counts_cannot_be_told_apart() -> None:
    """Kolmogorov's distance of the small group's error and of the gap stays below its critical value at 1/1000."""
    counts = np.array([[80, 20], [26, 6]])  # right and wrong, in a large and a small group
    rows = np.repeat(np.arange(4), counts.ravel())
    many = 4000

    by_rows = slow_row_bootstrap(rows, 4, many, fixed(5)).reshape(many, 2, 2)
    by_counts = dr.multinomial(counts, many, fixed(6))

    critical = kstwo.ppf(0.999, many // 2)
    for statistic in (lambda c: c[:, 1, 1] / c[:, 1].sum(axis=1), gaps):
        assert kolmogorov(statistic(by_rows), statistic(by_counts)) <= critical


def gaps(counts: np.ndarray) -> np.ndarray:
    found = counts[..., 1] / counts.sum(axis=-1)
    return found.max(axis=1) - found.min(axis=1)


def kolmogorov(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance of two empirical distributions; ties, which counts have, are taken together."""
    points = np.union1d(a, b)
    return float(
        np.abs(
            np.searchsorted(np.sort(a), points, "right") / len(a)
            - np.searchsorted(np.sort(b), points, "right") / len(b)
        ).max()
    )


def test_poisson_draws_add_up_and_keep_empty_cells_empty() -> None:
    drawn = dr.poisson([30, 0, 70], 20_000, fixed(7))

    assert errors_off(drawn, np.array([30, 0, 70])) <= ERRORS
    assert errors_off((drawn.sum(axis=1) - 100.0) ** 2, 100) <= ERRORS
    assert (drawn[:, 1] == 0).all()


def test_dirichlet_draws_leave_no_cell_empty() -> None:
    """Mean c + a; shares average (c + a)/(n + 2); an empty cell varies, which no resampling lets it do."""
    counts = np.array([18, 0, 2, 0])
    drawn = dr.dirichlet(counts, 40_000, fixed(8))

    assert errors_off(drawn, counts + 0.5) <= ERRORS
    assert errors_off(drawn / drawn.sum(axis=1, keepdims=True), (counts + 0.5) / 22) <= ERRORS
    assert drawn[:, 1].std() > 0
    assert dr.multinomial(counts, 1000, fixed(8))[:, 1].std() == 0


def test_without_imaginary_rows_empty_cells_stay_empty() -> None:
    drawn = dr.dirichlet([18, 0, 2], 100, fixed(), total=0)

    assert (drawn[:, 1] == 0).all()


def test_in_large_samples_dirichlet_and_multinomial_agree() -> None:
    """Means and standard deviations of a rate, within one per cent."""
    counts = np.array([70_000, 20_000, 10_000])
    one = dr.dirichlet(counts, 40_000, fixed(9))
    two = dr.multinomial(counts, 40_000, fixed(10))

    shares = [drawn[:, 2] / drawn[:, 1:].sum(axis=1) for drawn in (one, two)]

    assert_allclose(shares[0].mean(), shares[1].mean(), rtol=1e-3)
    assert_allclose(shares[0].std(), shares[1].std(), rtol=0.03)


def test_counts_drawn_from_dirichlet_shares_are_dirichlet_multinomial() -> None:
    """Another implementation's mean and variance of what a second sample of the same size would count."""
    counts = np.array([18, 0, 2])
    drawn = dr.dirichlet(counts, 40_000, fixed(11), stratified=True)
    law = dirichlet_multinomial(counts + 2 / 3, 20)

    again = fixed(12).multinomial(20, drawn / 20)

    assert errors_off(again, law.mean()) <= ERRORS
    assert errors_off((again - law.mean()) ** 2.0, law.var()) <= ERRORS


def test_stratified_draws_keep_the_group_s_size_and_its_rates() -> None:
    free, held = (dr.dirichlet([18, 0, 2], 50, fixed(13), stratified=kept) for kept in (False, True))

    assert_allclose(held.sum(axis=1), 20)
    assert_allclose(held[:, 2] / held.sum(axis=1), free[:, 2] / free.sum(axis=1))
    assert free.sum(axis=1).std() > 0


def test_an_empty_group_stays_empty_when_its_size_is_held() -> None:
    assert (dr.dirichlet([0, 0], 3, fixed(), stratified=True) == 0).all()
    assert (dr.dirichlet([0, 0], 3, fixed(), total=0, stratified=True) == 0).all()


# --- keys --------------------------------------------------------------------------------------------------------------


COUNTS = {b"A": [18, 0, 2, 5], b"B": [40, 3, 3, 9], b"C": [1, 0, 0, 0]}


def drawn_of(names: Sequence[bytes]) -> dict[bytes, np.ndarray]:
    found = dr.joint([COUNTS[name] for name in names], names, b"config", 50)
    return {name: found[:, place] for place, name in enumerate(names)}


def test_a_further_group_or_another_order_leaves_draws_alone() -> None:
    alone, among = drawn_of([b"A", b"B"]), drawn_of([b"C", b"B", b"A"])

    for name in (b"A", b"B"):
        assert_array_equal(among[name], alone[name])


def test_names_and_settings_and_counts_change_the_draws() -> None:
    def first(counts: list[int], name: bytes, config: bytes) -> float:
        return float(dr.joint([counts], [name], config, 1)[0, 0, 0])

    found = [first([5, 5], b"A", b"c"), first([5, 5], b"B", b"c"), first([5, 5], b"A", b"d"), first([5, 6], b"A", b"c")]

    assert len(set(found)) == 4


def test_where_the_settings_end_and_the_name_begins_matters() -> None:
    assert dr.keyed(b"ab", b"c").random() != dr.keyed(b"a", b"bc").random()


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="2 groups with 1 different names: give every group a name of its own"):
        dr.joint([[1, 2], [3, 4]], [b"A", b"A"], b"", 1)


def test_the_key_is_the_hash_of_the_content() -> None:
    """The stream itself, which no release of numpy may change."""
    digest = hashlib.sha256((6).to_bytes(8, "big") + b"configA").digest()
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "big"))

    assert_array_equal(dr.keyed(b"config", b"A").bit_generator.random_raw(4), philox.random_raw(4))


PRINT_DIGEST = """
import hashlib
from fairtransfer.stats import draws as dr
drawn = dr.joint([[18, 0, 2, 5], [40, 3, 3, 9]], [b"A", b"B"], b"config", 500)
found = dr.rates(drawn, [[0, 0, 1, 1]], [[1, 1, 1, 1]], [[18, 0, 2, 5], [40, 3, 3, 9]])
print(hashlib.sha256(drawn.tobytes() + found.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("threads", ["1", "4"])
def test_draws_are_the_same_to_the_bit_in_another_process(threads: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the number of threads, and whatever the seed of Python's own hashes."""
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads}

    there = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    exec(PRINT_DIGEST)  # the same words, here

    assert capsys.readouterr().out == there.stdout


# --- what is not there -------------------------------------------------------------------------------------------------


def test_a_metric_without_cases_is_undefined_in_every_draw() -> None:
    """Group a has no positives: no rate of those found, however many rows are imagined; its false alarms are as they are."""
    #                  y=0,no y=0,yes y=1,no y=1,yes
    counts = np.array([[3, 1, 0, 0], [0, 1, 1, 3]])
    drawn = dr.joint(counts, [b"a", b"b"], b"", 200)

    found = dr.rates(drawn, [[0, 0, 0, 1], [0, 1, 0, 0]], [[0, 0, 1, 1], [1, 1, 0, 0]], counts)

    assert np.isnan(found[:, 0, 0]).all()
    assert not np.isnan(found[:, 1]).any()
    assert not np.isnan(found[:, 0, 1]).any()
    assert_array_equal(np.isnan(dr.quantiles(found).low), [[True, False], [False, False]])


def test_draws_in_which_a_group_is_missing_are_not_left_out() -> None:
    """Two rows in a hundred: one resample in eight lacks both, and limits of the others would be about other people."""
    counts = np.array([98, 1, 1])
    found = dr.rates(dr.multinomial(counts, 500, fixed(14)), [[0, 1, 0]], [[0, 1, 1]], counts)

    assert 0 < np.isnan(found).mean() < 1
    assert np.isnan(dr.quantiles(found)).all()


# --- rows --------------------------------------------------------------------------------------------------------------


def test_the_block_size_changes_no_weight() -> None:
    whole = np.concatenate(list(dr.row_weights(10, 7, fixed(15))))
    pieces = list(dr.row_weights(10, 7, fixed(15), block=25))

    assert [len(piece) for piece in pieces] == [2, 2, 2, 1]
    assert_array_equal(np.concatenate(pieces), whole)


def test_weights_are_held_a_block_at_a_time() -> None:
    """400 draws of 20,000 rows would be 64 MB; a block is 1.6 MB."""
    columns = np.ones((20_000, 2))
    tracemalloc.start()

    sums = dr.weighted_sums(dr.row_weights(20_000, 400, fixed(16), block=200_000), columns)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sums.shape == (400, 2)
    assert peak < 10e6


def test_row_weights_and_cells_draw_the_same_law() -> None:
    """Rubin's bootstrap, of rows and of their counts: the same mean and variance of a rate, here in closed form."""
    wrong = np.repeat([1.0, 0.0], [6, 26])
    sums = dr.weighted_sums(dr.row_weights(32, 20_000, fixed(17)), np.stack([wrong, np.ones(32)], axis=1))
    by_rows = sums[:, 0] / sums[:, 1]
    cells = dr.dirichlet([6, 26], 20_000, fixed(18), total=0)

    p = 6 / 32
    for found in (by_rows, cells[:, 0] / cells.sum(axis=1)):
        assert errors_off(found, p) <= ERRORS
        assert errors_off((found - p) ** 2, p * (1 - p) / 33) <= ERRORS
