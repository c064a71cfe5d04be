"""The batched logistic regressions beside scikit-learn's, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from fairtransfer.adapt import logistic
from fairtransfer.adapt.heads import solver
from fairtransfer.adapt.task import Task

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SIZES = st.tuples(st.integers(0, 2**31), st.integers(12, 60), st.integers(1, 80), st.integers(2, 5))


def problem(seed: int, rows: int, dim: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of unlike spread, a class for each row (every class at least once), and weights."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, dim)) * 10.0 ** rng.uniform(-1, 0.5, dim)
    y = np.append(np.arange(classes), rng.integers(0, classes, rows - classes))
    return x, y, rng.uniform(0.2, 3.0, rows)


def loss(x: np.ndarray, y: np.ndarray, weights: np.ndarray, c: float, w: np.ndarray, b: np.ndarray) -> float:
    """What is minimised, written out row by row."""
    total = 0.0
    for row, label, weight in zip(x, y, weights, strict=True):
        scores = w @ row + b
        total -= c * weight * (scores[label] - np.logaddexp.reduce(scores))
    return float(total + (w**2).sum() / 2)


def one_at_a_time(x: np.ndarray, y: np.ndarray, weights: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    model = LogisticRegression(C=c, tol=1e-10, max_iter=20_000).fit(x, y, sample_weight=weights)
    return model.coef_, model.intercept_


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_softmax_regressions_equal_their_slow_twins(sizes: tuple[int, int, int, int]) -> None:
    x, y, weights = problem(*sizes[:3], max(3, sizes[3]))
    w, b = logistic.multinomial(x, y, max(3, sizes[3]), weights, PENALTIES)

    for i, c in enumerate(PENALTIES):
        best = loss(x, y, weights, c, *one_at_a_time(x, y, weights, c))
        assert loss(x, y, weights, c, w[i], b[i]) == pytest.approx(best, rel=2e-3)


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_binary_regressions_equal_their_slow_twins(sizes: tuple[int, int, int, int]) -> None:
    """Every column is a problem of its own, whatever stands beside it."""
    x, y, weights = problem(*sizes)
    columns = np.eye(sizes[3])[y]
    w, b = logistic.binary(x, columns, weights, PENALTIES)

    for j in range(columns.shape[1]):
        for i, c in enumerate(PENALTIES):
            coefficients, intercept = one_at_a_time(x, columns[:, j].astype(int), weights, c)
            both = (np.vstack([0 * coefficients, coefficients]), np.append(0.0, intercept))
            mine = (np.vstack([0 * w[i, j], w[i, j]]), np.append(0.0, b[i, j]))
            label = columns[:, j].astype(int)
            assert loss(x, label, weights, c, *mine) == pytest.approx(loss(x, label, weights, c, *both), rel=2e-3)


def test_a_tight_tolerance_finds_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "TOLERANCE", 1e-9)
    x, y, weights = problem(7, 50, 20, 3)

    w, b = logistic.multinomial(x, y, 3, weights, PENALTIES)

    for i, c in enumerate(PENALTIES):
        coefficients, intercept = one_at_a_time(x, y, weights, c)
        assert_allclose(w[i], coefficients, atol=2e-5)
        assert_allclose(b[i] - b[i].mean(), intercept - intercept.mean(), atol=2e-5)


def test_a_start_without_steps_is_seen_by_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "MOST_STEPS", 0)
    x, y, weights = problem(7, 50, 20, 3)

    w, b = logistic.multinomial(x, y, 3, weights, (1.0,))

    best = loss(x, y, weights, 1.0, *one_at_a_time(x, y, weights, 1.0))
    assert loss(x, y, weights, 1.0, w[0], b[0]) > 1.1 * best


@pytest.mark.parametrize("dim", [1, 10, 100])
def test_rows_that_can_be_told_apart_stay_finite(dim: int) -> None:
    x = np.random.default_rng(0).normal(size=(30, dim))
    y = (x[:, 0] > 0).astype(np.int64)

    w, b = logistic.multinomial(x, y, 2, np.ones(30), (1e6, 1e9))

    assert np.isfinite(w).all()
    assert np.isfinite(b).all()
    assert ((x @ w[1].T + b[1]).argmax(axis=1) == y).all()


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize(("labels", "never"), [((0, 2), 1), ((1,), 0), ((0, 1, 2), None)])
def test_a_class_without_rows_is_never_the_answer(norm: Any, labels: tuple[int, ...], never: int | None) -> None:
    rng = np.random.default_rng(1)
    y = np.resize(np.array(labels), 40)
    x = rng.normal(size=(40, 5)) + y[:, None]

    solved = solver(Task(("a", "b", "c")), norm, 0)(x, y, np.ones(40), (0.1, 1.0))

    for w, b in solved:
        answers = (rng.normal(size=(500, 5)) * 3 @ w.T + b).argmax(axis=1)
        assert set(answers) <= set(labels)
        assert never is None or never not in answers


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_columns_of_several_labels_are_solved_apart(norm: Any) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 4))
    y = np.column_stack([x[:, 0] > 0, x[:, 1] > 0.3, np.ones(60), np.zeros(60)]).astype(np.float32)

    ((w, b),) = solver(Task(("a", "b", "c", "d"), multilabel=True), norm, 0)(x, y, np.ones(60), (1.0,))

    said = x @ w.T + b > 0
    assert (said[:, :2] == y[:, :2]).mean() > 0.95
    assert said[:, 2].all()
    assert not said[:, 3].any()


def test_features_that_never_vary_leave_the_prior() -> None:
    y = np.array([0, 0, 0, 1, 1, 2])

    w, b = logistic.multinomial(np.zeros((6, 3)), y, 3, np.ones(6), (1.0,))

    assert_allclose(w, 0)
    assert_allclose(np.exp(b[0]) / np.exp(b[0]).sum(), [3 / 6, 2 / 6, 1 / 6], atol=1e-3)
