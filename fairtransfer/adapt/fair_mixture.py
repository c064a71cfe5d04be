"""A drawn mixture of reweighted heads that meets a fairness constraint, by fairlearn's ExponentiatedGradient."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.linear_head import features_of, standards
from fairtransfer.adapt.random_streams import stream_seed
from fairtransfer.adapt.strategy import Setting

SMALLEST = 1e-6
"""Probabilities of 0 are written as this, so that logits stay finite."""


class Mixture:
    """What fairlearn learned."""

    def __init__(self, setting: Setting, penalty: float, constraints: str, eps: float, max_iter: int) -> None:
        from fairlearn.reductions import ExponentiatedGradient
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        first, self.second = setting.task.classes
        self.positive = first if setting.task.positive_class == first else self.second
        self.classes = setting.task.classes
        self.seed = stream_seed(setting.seed, "reductions") % 2**32
        x = features_of(setting, setting.train)
        self.center, self.scale = standards(x)
        self.model = ExponentiatedGradient(
            LogisticRegression(C=penalty, max_iter=300),
            _constraint(constraints),
            eps=eps,
            max_iter=max_iter,
        )
        y = np.array([int(label == self.positive) for label in setting.train.labels])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # fairlearn 0.15 does things that pandas 3 warns of and pandas 4 will refuse.
            warnings.simplefilter("ignore", DeprecationWarning)
            _fitted(self.model, self._standard(x), y, np.array(setting.train.group_labels))

    def _standard(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        standard: NDArray[np.float64] = (x - self.center) / self.scale
        return standard

    def chances(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that a row is answered with the positive class."""
        weights, predictors = self.model.weights_, self.model.predictors_
        chosen = [t for t in predictors.index if weights[t] > 0]
        said = [weights[t] * np.asarray(predictors[t].predict(self._standard(x)), dtype=float) for t in chosen]
        chance: NDArray[np.float64] = np.sum(said, axis=0)
        return chance

    def logits(self, x: NDArray[np.float64]) -> Tensor:
        """Return logits whose softmax is the chances."""
        chance = self.chances(x).clip(SMALLEST, 1 - SMALLEST)
        first, second = (chance, 1 - chance) if self.positive != self.second else (1 - chance, chance)
        return torch.tensor(np.log(np.stack([first, second], axis=1)), dtype=torch.float32)

    def answers(self, x: NDArray[np.float64]) -> list[str]:
        """Return answers, drawn by the seed."""
        other = next(name for name in self.classes if name != self.positive)
        drawn = self.model.predict(self._standard(x), random_state=self.seed)
        return [self.positive if answer == 1 else other for answer in drawn]

    def told(self) -> dict[str, Any]:
        """Return what the record keeps."""
        mixed = int((self.model.weights_ > 0).sum())
        return {
            "mixed": mixed,
            "gap": float(self.model.best_gap_),
            "trainable_parameters": mixed * (len(self.center) + 1),
        }


def _fitted(model: Any, x: NDArray[np.float64], y: NDArray[np.int64], groups: NDArray[np.str_]) -> None:
    """Fit fairlearn's model; with a few rows it may divide by nothing, which its classifiers then refuse."""
    try:
        model.fit(x, y, sensitive_features=groups)
    except ValueError as error:
        if "NaN" not in str(error):
            raise
        raise FloatingPointError("the constraint gives rows weights that are no numbers") from None


def _constraint(name: str) -> Any:
    from fairlearn import reductions

    return {
        "demographic_parity": reductions.DemographicParity,
        "equalized_odds": reductions.EqualizedOdds,
        "true_positive_rate_parity": reductions.TruePositiveRateParity,
        "false_positive_rate_parity": reductions.FalsePositiveRateParity,
        "error_rate_parity": reductions.ErrorRateParity,
    }[name]()
