"""`probe`: L2-penalised logistic regression on frozen features, its penalty chosen on validation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.strategy import Adapted, Labelled, Setting, Strategy
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Prepared
from fairtransfer.spec.strategies import Options, ProbeOptions

RULE = "lowest validation error over inverse penalties, then lowest validation cross-entropy; the smallest on ties"


@dataclass(frozen=True)
class LinearHead:
    """A linear head on features: ``logits = features @ weight.T + bias``."""

    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return logits, rows x classes."""
        return features @ self.weight.T + self.bias


def fit_head(setting: Setting, inverse_penalties: Sequence[float]) -> tuple[LinearHead, dict[str, Any]]:
    """Fit one head per penalty on the frozen features of the training rows and keep the one validation prefers."""
    key = (
        id(setting.train.prepared),
        tuple(setting.train.rows),
        id(setting.val.prepared),
        tuple(setting.val.rows),
        tuple(inverse_penalties),
    )
    if key not in setting.frozen.heads:
        setting.frozen.heads[key] = _fit_head(setting, sorted(inverse_penalties))
    setting.progress(1.0)
    head, record = setting.frozen.heads[key]
    return head, dict(record)


def _fit_head(setting: Setting, penalties: list[float]) -> tuple[LinearHead, dict[str, Any]]:
    x = _rows(setting, setting.train)
    center, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-6] = 1.0
    targets = setting.task.targets(setting.train.labels).numpy()
    x_val = torch.tensor(_rows(setting, setting.val), dtype=torch.float32)
    y_val = setting.task.targets(setting.val.labels)
    paths = _paths((x - center) / scale, targets, penalties, setting.task)
    heads = [_unscaled(weight, bias, center, scale) for weight, bias in paths]
    logits = [head(x_val) for head in heads]
    scores = [(setting.task.error(z, setting.val.labels), float(setting.task.loss(z, y_val))) for z in logits]
    chosen = scores.index(min(scores))
    record = {
        "selection": RULE,
        "selected": {"inverse_penalty": penalties[chosen]},
        "validation_loss": scores[chosen][1],
        "validation_error": scores[chosen][0],
        "trials": len(penalties),
        "trainable_parameters": heads[chosen].weight.numel() + heads[chosen].bias.numel(),
    }
    return heads[chosen], record


def _rows(setting: Setting, labelled: Labelled) -> NDArray[np.float64]:
    features: NDArray[np.float64] = setting.frozen.of(labelled.prepared)[list(labelled.rows)].double().numpy()
    return features


Solution = tuple[NDArray[np.float64], NDArray[np.float64]]


def _paths(x: NDArray[np.float64], targets: NDArray[Any], penalties: list[float], task: Task) -> list[Solution]:
    """Return weight (classes x dim) and bias for every penalty; one regression per class for multilabel."""
    if not task.multilabel:
        return _multinomial(x, targets, penalties, len(task.classes))
    by_class = [_multinomial(x, targets[:, j].astype(np.int64), penalties, 2) for j in range(len(task.classes))]
    return [
        (
            np.stack([path[i][0][1] - path[i][0][0] for path in by_class]),
            np.stack([path[i][1][1] - path[i][1][0] for path in by_class]),
        )
        for i in range(len(penalties))
    ]


def _multinomial(x: NDArray[np.float64], y: NDArray[np.int64], penalties: list[float], classes: int) -> list[Solution]:
    """Solve from the strongest penalty to the weakest, each from the solution before it."""
    # Imported here: scikit-learn costs a second, and only a probe needs it.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    present = np.unique(y)
    if len(present) == 1:
        return [_constant(int(present[0]), classes, x.shape[1])] * len(penalties)
    model = LogisticRegression(max_iter=300, warm_start=True)
    found = []
    with warnings.catch_warnings():
        # With a weak penalty separable rows have no optimum; validation then prefers another penalty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for penalty in penalties:
            model.set_params(C=penalty).fit(x, y)
            found.append(_widened(model.coef_, model.intercept_, present, classes))
    return found


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


@final
class Probe(Strategy):
    """Nothing of the backbone moves; only the head is learned."""

    kind = "probe"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fit the head; the answer to new rows needs their frozen features only."""
        assert isinstance(options, ProbeOptions), "the registry pairs strategies with their options"
        head, record = fit_head(setting, options.inverse_penalties)

        def logits(prepared: Prepared) -> Tensor:
            return head(setting.frozen.of(prepared))

        return Adapted(logits, record)
