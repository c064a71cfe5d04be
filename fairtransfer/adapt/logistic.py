"""L2-penalised logistic regressions for every penalty and class at once, on one set of rows.

The features are turned to their principal axes first. A penalty on the sum of squares does not notice, no more axes are
needed than there are rows, and the curvature of the loss there is close to diagonal: Böhning's bound on it
(Annals of the Institute of Statistical Mathematics, 1992) starts the L-BFGS of every problem. All problems step together, so
that a step is two matrix products however many penalties there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

Floats = NDArray[np.float64]

MEMORY = 10
"""Steps that L-BFGS remembers."""

MOST_STEPS = 300
"""With a weak penalty separable rows have no optimum: validation then prefers another penalty."""

TOLERANCE = 1e-4
"""Largest slope of the mean loss at which a problem counts as solved."""

ENOUGH = 1e-4
"""Share of the promised fall of the loss that a step has to bring (Armijo)."""

_ROUNDING = 1e-15
_LEAST_AXIS = 1e-10
"""Axes whose mean square is below this, or below this share of the widest, are rounding."""

Objective = Callable[[Floats, NDArray[np.int64]], tuple[Floats, Floats]]
"""Maps points (problems x unknowns), and which problems these are, to values (problems) and gradients."""

Loss = Callable[[Floats, NDArray[np.int64]], tuple[Floats, Floats]]
"""Maps scores (problems x rows x outputs), and which problems, to the mean losses (problems) and their slopes by score."""


def multinomial(
    x: Floats, y: NDArray[np.int64], classes: int, weights: Floats, penalties: Sequence[float]
) -> tuple[Floats, Floats]:
    """Solve softmax regressions, one per inverse penalty C: the minimum of ``C Σ wᵢ lossᵢ + ‖W‖²/2``, bias not penalised.

    Parameters
    ----------
    x
        Features, rows x dim.
    y
        Class of each row, 0 to `classes` - 1.

    Returns
    -------
        Weights (penalties x classes x dim) and biases (penalties x classes).
    """
    share, target = weights / weights.sum(), np.eye(classes)[y]

    def loss(scores: Floats, _: NDArray[np.int64]) -> tuple[Floats, Floats]:
        logs = log_softmax(scores, axis=-1)
        return -np.einsum("pnc,nc->p", logs, target * share[:, None]), (np.exp(logs) - target) * share[:, None]

    return _solved(x, weights, [1 / (c * weights.sum()) for c in penalties], loss, (classes, 0.5))


def binary(x: Floats, y: NDArray[np.float64], weights: Floats, penalties: Sequence[float]) -> tuple[Floats, Floats]:
    """Solve binary regressions, one per column of `y` (rows x columns, 0 or 1) and inverse penalty C.

    Returns
    -------
        Weights (penalties x columns x dim) and biases (penalties x columns) of the score for 1.
    """
    share, columns = weights / weights.sum(), y.shape[1]
    each = [1 / (c * weights.sum()) for c in penalties for _ in range(columns)]
    target = y.T[:, :, None]

    def loss(scores: Floats, which: NDArray[np.int64]) -> tuple[Floats, Floats]:
        ones = target[which % columns]
        losses = np.logaddexp(0.0, scores) - ones * scores
        return np.einsum("pnc,n->p", losses, share), (expit(scores) - ones) * share[:, None]

    weight, bias = _solved(x, weights, each, loss, (1, 0.25))
    return weight.reshape(len(penalties), columns, -1), bias.reshape(len(penalties), columns)


def _solved(
    x: Floats, weights: Floats, decays: list[float], loss: Loss, shape: tuple[int, float]
) -> tuple[Floats, Floats]:
    """Return weights (problems x outputs x dim) and biases (problems x outputs)."""
    outputs, curvature = shape
    axes, spread = _principal_axes(x, weights)
    z = np.column_stack([x @ axes, np.ones(len(x))])
    decay = np.array(decays)[:, None] * np.append(np.ones(axes.shape[1]), 0.0)

    def objective(flat: Floats, which: NDArray[np.int64]) -> tuple[Floats, Floats]:
        w, shrink = flat.reshape(len(flat), z.shape[1], outputs), decay[which][:, :, None]
        scores = np.matmul(z, w.transpose(1, 0, 2).reshape(z.shape[1], -1)).reshape(len(x), len(flat), outputs)
        value, slopes = loss(np.ascontiguousarray(scores.transpose(1, 0, 2)), which)
        back = np.matmul(z.T, slopes.transpose(1, 0, 2).reshape(len(x), -1))
        gradient = back.reshape(z.shape[1], len(flat), outputs).transpose(1, 0, 2) + shrink * w
        return value + (shrink * w**2).sum(axis=(1, 2)) / 2, gradient.reshape(len(flat), -1)

    first = 1 / (curvature * np.append(spread, 1.0) + decay)
    found = _minimised(objective, np.repeat(first[:, :, None], outputs, axis=2).reshape(len(decays), -1))
    w = found.reshape(len(decays), z.shape[1], outputs).transpose(0, 2, 1)
    return w[:, :, :-1] @ axes.T, w[:, :, -1]


def _principal_axes(x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the axes (dim x axes) and the weighted mean square along each."""
    rooted = x * np.sqrt(weights / weights.sum())[:, None]
    if len(x) < x.shape[1]:
        # In the smaller of the two spaces: the axes are combinations of the rows.
        values, vectors = np.linalg.eigh(rooted @ rooted.T)
        kept = values > max(_LEAST_AXIS * values[-1], _LEAST_AXIS)
        return rooted.T @ vectors[:, kept] / np.sqrt(values[kept]), values[kept]
    values, vectors = np.linalg.eigh(rooted.T @ rooted)
    kept = values > max(_LEAST_AXIS * values[-1], _LEAST_AXIS)
    return vectors[:, kept], values[kept]


@dataclass
class _History:
    """The last steps of every problem, and what they say of the curvature."""

    steps: list[Floats]
    bends: list[Floats]
    first: Floats

    def direction(self, gradient: Floats) -> Floats:
        """Return the quasi-Newton direction of every problem (the two loops of L-BFGS)."""
        q, kept = gradient.copy(), []
        for s, y in zip(reversed(self.steps), reversed(self.bends), strict=True):
            rho = _inverse(_dot(s, y))
            share = rho * _dot(s, q)
            q -= share[:, None] * y
            kept.append((rho, share))
        q *= self.first * self._scale()[:, None]
        for (s, y), (rho, share) in zip(zip(self.steps, self.bends, strict=True), reversed(kept), strict=True):
            q += (share - rho * _dot(y, q))[:, None] * s
        return -q

    def _scale(self) -> Floats:
        """Return by how much the last step found less curvature than the bound says."""
        ones = np.ones(len(self.first))
        if not self.steps:
            return ones
        s, y = self.steps[-1], self.bends[-1]
        fell = _dot(s, y)
        return np.divide(fell, _dot(y, self.first * y), out=ones, where=fell > 0)

    def of(self, problems: NDArray[np.bool_]) -> _History:
        """Return the history of some problems."""
        return _History([s[problems] for s in self.steps], [y[problems] for y in self.bends], self.first[problems])

    def add(self, step: Floats, bend: Floats, moved: NDArray[np.bool_]) -> None:
        """Remember a step; a problem that did not move remembers nothing."""
        usable = moved & (_dot(step, bend) > 0)
        self.steps = [*self.steps[1 - MEMORY :], np.where(usable[:, None], step, 0.0)]
        self.bends = [*self.bends[1 - MEMORY :], np.where(usable[:, None], bend, 0.0)]


def _minimised(objective: Objective, first: Floats) -> Floats:
    """Return the minimum of every problem (a row each), from zero, by L-BFGS with steps halved until the loss falls enough."""
    found = np.zeros_like(first)
    open_ = np.arange(len(first))
    x, history, length = found.copy(), _History([], [], first), np.ones(len(first))
    value, gradient = objective(x, open_)
    for _ in range(MOST_STEPS):
        solved = np.abs(gradient).max(axis=1) <= TOLERANCE
        if solved.any():
            found[open_[solved]] = x[solved]
            left = ~solved
            open_, x, value, gradient, length = open_[left], x[left], value[left], gradient[left], length[left]
            history = history.of(left)
        if not len(open_):
            return found
        direction = history.direction(gradient)
        step = length[:, None] * direction
        tried, slope = objective(x + step, open_)
        # A problem whose loss did not fall enough stays where it is and tries half the step next time.
        moved = tried <= value + ENOUGH * length * _dot(gradient, direction) + _ROUNDING * np.abs(value)
        history.add(step, slope - gradient, moved)
        x, gradient = np.where(moved[:, None], x + step, x), np.where(moved[:, None], slope, gradient)
        value, length = np.where(moved, tried, value), np.where(moved, 1.0, length / 2)
    found[open_] = x
    return found


def _dot(a: Floats, b: Floats) -> Floats:
    found: Floats = np.einsum("pd,pd->p", a, b)
    return found


def _inverse(x: Floats) -> Floats:
    return np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
