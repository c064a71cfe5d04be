"""`probe`: L2-penalised logistic regression on frozen features, its penalty chosen on validation."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.selection import AVERAGE, Selection
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting, Strategy, check_classes
from fairtransfer.adapt.streams import stream_seed
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Prepared
from fairtransfer.spec.strategies import Options, ProbeOptions


@dataclass(frozen=True)
class LinearHead:
    """A linear head on features: ``logits = features @ weight.T + bias``."""

    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return logits, rows x classes."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True)
class Fit:
    """How a head is fitted; what is not said is a plain probe.

    Attributes
    ----------
    weights
        One for each training row.
    subsets
        Positions among the training rows; a head is fitted on each of them and the heads are averaged.
    norm
        The penalty: ``l2``, or ``l1`` (one class against the rest, by liblinear).
    """

    weights: NDArray[np.float64] | None = None
    subsets: tuple[NDArray[np.int64], ...] = ()
    norm: Literal["l1", "l2"] = "l2"
    selection: Selection = AVERAGE

    def key(self) -> Hashable:
        """Return what tells it from others."""
        weights = None if self.weights is None else self.weights.tobytes()
        return weights, tuple(rows.tobytes() for rows in self.subsets), self.norm, self.selection


PLAIN = Fit()


def fit_head(
    setting: Setting, inverse_penalties: Sequence[float], fit: Fit = PLAIN
) -> tuple[LinearHead, dict[str, Any]]:
    """Fit one head per penalty on the frozen features of the training rows and keep the one validation prefers."""
    for used in (setting.train, setting.val):
        setting.frozen.of(used.prepared)  # a head that is there already has taken them too
    key = (
        id(setting.train.prepared),
        tuple(setting.train.rows),
        id(setting.val.prepared),
        tuple(setting.val.rows),
        tuple(inverse_penalties),
        fit.key(),
        setting.val.group_labels if fit.selection.worst else None,
        setting.seed if fit.norm == "l1" else None,
    )
    if key not in setting.frozen.heads:
        setting.frozen.heads[key] = _fit_head(setting, sorted(inverse_penalties), fit)
    setting.progress(1.0)
    head, record = setting.frozen.heads[key]
    return head, dict(record)


def _fit_head(setting: Setting, penalties: list[float], fit: Fit) -> tuple[LinearHead, dict[str, Any]]:
    heads = _heads(setting, penalties, fit)
    x_val = torch.tensor(features_of(setting, setting.val), dtype=torch.float32)
    scores = [fit.selection.score(setting, head(x_val)) for head in heads]
    chosen = scores.index(min(scores))
    record = {
        "selection": fit.selection.rule("inverse penalties", "the smallest"),
        "selected": {"inverse_penalty": penalties[chosen]},
        **fit.selection.record(scores[chosen]),
        "trials": len(penalties),
        "trainable_parameters": heads[chosen].weight.numel() + heads[chosen].bias.numel(),
    }
    return heads[chosen], record


def _heads(setting: Setting, penalties: list[float], fit: Fit) -> list[LinearHead]:
    """Return one head per penalty, for features as they are."""
    x = features_of(setting, setting.train)
    center, scale = standards(x)
    x, y = (x - center) / scale, setting.task.targets(setting.train.labels).numpy()
    weights = np.ones(len(x)) if fit.weights is None else fit.weights
    solve = _Solve(setting.task, fit.norm, stream_seed(setting.seed, "liblinear") % 2**31)
    subsets, labels = fit.subsets or (np.arange(len(x)),), setting.train.labels
    for rows in subsets:
        check_classes([labels[i] for i in rows], setting.task, "the rows a head is fitted on")
    found = [solve.paths(x[rows], y[rows], weights[rows], penalties) for rows in subsets]
    return [_unscaled(*_mean([path[i] for path in found]), center, scale) for i in range(len(penalties))]


def standards(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each feature; 1 where it hardly varies."""
    center, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-6] = 1.0
    return center, scale


def features_of(setting: Setting, labelled: Labelled) -> NDArray[np.float64]:
    """Return the frozen features of these rows.

    Raises
    ------
    FloatingPointError
        When they are not numbers: no solver says so in words of its own.
    """
    features: NDArray[np.float64] = setting.frozen.of(labelled.prepared)[list(labelled.rows)].double().numpy()
    if not np.isfinite(features).all():
        raise FloatingPointError("some frozen features are NaN or infinite")
    return features


Solution = tuple[NDArray[np.float64], NDArray[np.float64]]


def _mean(solutions: list[Solution]) -> Solution:
    return np.mean([s[0] for s in solutions], axis=0), np.mean([s[1] for s in solutions], axis=0)


@dataclass(frozen=True)
class _Solve:
    """Logistic regressions for every penalty."""

    task: Task
    norm: Literal["l1", "l2"]
    seed: int

    def paths(
        self, x: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64], penalties: list[float]
    ) -> list[Solution]:
        """Return weight (classes x dim) and bias for every penalty; one regression per class where classes are apart."""
        classes = len(self.task.classes)
        if not self.task.multilabel and (self.norm == "l2" or classes == 2):
            return self._path(x, y, weights, penalties, classes)
        columns = y if self.task.multilabel else np.eye(classes)[y]
        by_class = [self._path(x, columns[:, j].astype(np.int64), weights, penalties, 2) for j in range(classes)]
        return [
            (
                np.stack([path[i][0][1] - path[i][0][0] for path in by_class]),
                np.stack([path[i][1][1] - path[i][1][0] for path in by_class]),
            )
            for i in range(len(penalties))
        ]

    def _path(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.int64],
        weights: NDArray[np.float64],
        penalties: list[float],
        classes: int,
    ) -> list[Solution]:
        """Solve from the strongest penalty to the weakest, each from the solution before it."""
        # Imported here: scikit-learn costs a second, and only a probe needs it.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        present = np.unique(y)
        if len(present) == 1:
            return [_constant(int(present[0]), classes, x.shape[1])] * len(penalties)
        if self.norm == "l2":
            model = LogisticRegression(max_iter=300, warm_start=True)
        else:
            model = LogisticRegression(solver="liblinear", random_state=self.seed, **_l1())
        found = []
        with warnings.catch_warnings():
            # With a weak penalty separable rows have no optimum; validation then prefers another penalty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for penalty in penalties:
                model.set_params(C=penalty).fit(x, y, sample_weight=weights)
                found.append(_widened(model.coef_, model.intercept_, present, classes))
        return found


def _l1() -> dict[str, Any]:
    """Return how this version of scikit-learn is told to take the absolute values."""
    import sklearn

    major, minor = (int(part) for part in sklearn.__version__.split(".")[:2])
    return {"l1_ratio": 1.0} if (major, minor) >= (1, 8) else {"penalty": "l1"}


def _constant(label: int, classes: int, dim: int) -> Solution:
    bias = np.full(classes, -30.0)
    bias[label] = 30.0
    return np.zeros((classes, dim)), bias


def _widened(
    coef: NDArray[np.float64], intercept: NDArray[np.float64], present: NDArray[np.int64], classes: int
) -> Solution:
    """Return the solution for all classes; a class without training rows is never the answer."""
    weight, bias = np.zeros((classes, coef.shape[1])), np.full(classes, -30.0)
    if len(present) == 2:
        weight[present[1]], bias[present] = coef[0], (0.0, float(intercept[0]))
    else:
        weight[present], bias[present] = coef, intercept
    return weight, bias


def _unscaled(
    weight: NDArray[np.float64], bias: NDArray[np.float64], center: NDArray[np.float64], scale: NDArray[np.float64]
) -> LinearHead:
    """Return the head for features as they are, from one fitted on standardised features."""
    plain = weight / scale
    return LinearHead(
        torch.tensor(plain, dtype=torch.float32), torch.tensor(bias - plain @ center, dtype=torch.float32)
    )


def headed(setting: Setting, head: LinearHead, record: dict[str, Any]) -> Adapted:
    """Return the model made of frozen features and a head."""

    def logits(prepared: Prepared) -> Tensor:
        return head(setting.frozen.of(prepared))

    return Adapted(logits, record)


@final
class Probe(Strategy):
    """Nothing of the backbone moves; only the head is learned."""

    kind = "probe"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fit the head; the answer to new rows needs their frozen features only."""
        assert isinstance(options, ProbeOptions), "the registry pairs strategies with their options"
        return headed(setting, *fit_head(setting, options.inverse_penalties))
