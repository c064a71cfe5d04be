"""Heads for every penalty, on features as they are given: which regressions a task asks for, and who solves them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtransfer.adapt import logistic
from fairtransfer.adapt.number_task import NumberTask
from fairtransfer.adapt.task import Task

Floats = NDArray[np.float64]
Targets = NDArray[Any]

Solution = tuple[Floats, Floats]
"""Weight (classes x dim) and bias (classes)."""

Solver = Callable[[Floats, Targets, Floats, Sequence[float]], list[Solution]]
"""Maps features, targets (as the task gives them), row weights and inverse penalties to a solution per penalty."""

CERTAIN = 30.0
"""Score of what is always or never so: there is nothing to learn where all rows say the same."""


def solver(task: Task | NumberTask, norm: Literal["l1", "l2"], seed: int) -> Solver:
    """Return what solves the heads of a task; the seed drives liblinear, which takes rows in random order."""

    def columns(x: Floats, y: Targets, weights: Floats, penalties: Sequence[float]) -> list[Solution]:
        if norm == "l2":
            return _ridge_columns(x, y, weights, penalties)
        return _lasso_columns(x, y, weights, penalties, seed)

    def classes(x: Floats, y: Targets, weights: Floats, penalties: Sequence[float]) -> list[Solution]:
        return _by_class(x, y, weights, penalties, len(task.classes), columns if norm == "l1" else None)

    if task.numeric:
        return _numbers
    return columns if task.multilabel else classes


def _numbers(x: Floats, y: Targets, weights: Floats, penalties: Sequence[float]) -> list[Solution]:
    """Solve ridge regressions: the least ``C · Σ w (y - x·b)² + |b|²``, C as in the logistic regressions."""
    # Imported here: scikit-learn costs a second.
    from sklearn.linear_model import Ridge

    found = []
    for penalty in penalties:
        model = Ridge(alpha=1 / penalty).fit(x, y.astype(np.float64), sample_weight=weights)
        found.append((model.coef_.reshape(1, -1), np.array([float(model.intercept_)])))
    return found


def _by_class(
    x: Floats, y: Targets, weights: Floats, penalties: Sequence[float], classes: int, one_against_rest: Solver | None
) -> list[Solution]:
    """Solve for one class a row; a class without rows is never the answer."""
    present = np.unique(y)
    if len(present) == 1:
        bias = np.where(np.arange(classes) == present[0], CERTAIN, -CERTAIN)
        return [(np.zeros((classes, x.shape[1])), bias)] * len(penalties)
    if one_against_rest is not None and classes > 2:
        return one_against_rest(x, np.eye(classes)[y], weights, penalties)
    if len(present) == 2:
        solve = one_against_rest or _ridge_columns
        found = solve(x, (y == present[1]).astype(np.float64)[:, None], weights, penalties)
        # Of two classes, the score of one is how far it is ahead of the other.
        return [_widened(np.vstack([0 * w, w]), np.append(0.0, b), present, classes) for w, b in found]
    w, b = logistic.multinomial(x, np.searchsorted(present, y), len(present), weights, penalties)
    return [_widened(w[i], b[i], present, classes) for i in range(len(penalties))]


def _widened(weight: Floats, bias: Floats, present: NDArray[np.int64], classes: int) -> Solution:
    """Return the solution for all classes."""
    all_weight, all_bias = np.zeros((classes, weight.shape[1])), np.full(classes, -CERTAIN)
    all_weight[present], all_bias[present] = weight, bias
    return all_weight, all_bias


def _ridge_columns(x: Floats, y: Targets, weights: Floats, penalties: Sequence[float]) -> list[Solution]:
    """Solve one regression a column under an L2 penalty, all of them together."""
    weight, bias, open_ = _constants(x, y, len(penalties))
    if open_.any():
        weight[:, open_], bias[:, open_] = logistic.binary(x, y[:, open_].astype(np.float64), weights, penalties)
    return list(zip(weight, bias, strict=True))


def _lasso_columns(x: Floats, y: Targets, weights: Floats, penalties: Sequence[float], seed: int) -> list[Solution]:
    """Solve one regression a column under an L1 penalty, by liblinear."""
    # Imported here: scikit-learn costs a second, and only an L1 penalty needs it.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weight, bias, open_ = _constants(x, y, len(penalties))
    model = LogisticRegression(solver="liblinear", random_state=seed, **_l1())
    with warnings.catch_warnings():
        # With a weak penalty separable rows have no optimum; validation then prefers another penalty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for i, penalty in enumerate(penalties):
            for j in np.flatnonzero(open_):
                model.set_params(C=penalty).fit(x, y[:, j].astype(np.int64), sample_weight=weights)
                weight[i, j], bias[i, j] = model.coef_[0], model.intercept_[0]
    return list(zip(weight, bias, strict=True))


def _constants(x: Floats, y: Targets, penalties: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return weights and biases of columns that say one thing alone, and which columns remain to be solved."""
    lowest, highest = y.min(axis=0), y.max(axis=0)
    bias = np.where(highest > 0.5, 2 * CERTAIN, -2 * CERTAIN)
    shape = (penalties, y.shape[1])
    return np.zeros((*shape, x.shape[1])), np.broadcast_to(bias, shape).copy(), lowest != highest


def _l1() -> dict[str, Any]:
    """Return how this version of scikit-learn is told to take the absolute values."""
    import sklearn

    major, minor = (int(part) for part in sklearn.__version__.split(".")[:2])
    return {"l1_ratio": 1.0} if (major, minor) >= (1, 8) else {"penalty": "l1"}
