"""A linear head on frozen features: L2-penalised regression (logistic; of numbers ridge), its penalty chosen on validation."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.heads import Solution, solver
from fairtransfer.adapt.random_streams import stream_seed
from fairtransfer.adapt.selection import AVERAGE, Selection
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting, check_classes
from fairtransfer.models.backbone import Prepared


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
        "selection": fit.selection.rule("inverse penalties", "the smallest", setting.task),
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
    solve = solver(setting.task, fit.norm, stream_seed(setting.seed, "liblinear") % 2**31)
    subsets, labels = fit.subsets or (np.arange(len(x)),), setting.train.labels
    for rows in subsets:
        check_classes([labels[i] for i in rows], setting.task, "the rows a head is fitted on")
    found = [solve(x[rows], y[rows], weights[rows], penalties) for rows in subsets]
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


def _mean(solutions: list[Solution]) -> Solution:
    return np.mean([s[0] for s in solutions], axis=0), np.mean([s[1] for s in solutions], axis=0)


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
