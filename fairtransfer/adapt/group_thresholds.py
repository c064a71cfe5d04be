"""Scores cut at another place in every group, by fairlearn's ThresholdOptimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fairtransfer.adapt.linear_head import LinearHead, features_of
from fairtransfer.adapt.random_streams import stream_seed
from fairtransfer.adapt.strategy import Labelled, Setting
from fairtransfer.spec.names import UNKNOWN_GROUP


@dataclass(frozen=True)
class Rule:
    """Thresholds by group.

    Attributes
    ----------
    optimizer
        fairlearn's, fitted; None where no group has rows of both classes.
    """

    head: LinearHead
    optimizer: Any
    groups: frozenset[str]

    def answers(self, setting: Setting, features: torch.Tensor, groups: tuple[str, ...]) -> list[str]:
        """Return the answer of every row; the draws depend on the seed and the order of the rows alone."""
        logits = self.head(features)
        found = np.array(setting.task.answers(setting.task.scores(logits)), dtype=object)
        own = np.array([group in self.groups for group in groups])
        if own.any():
            positive, negative = _classes(setting)
            drawn = self.optimizer.predict(
                _margins(setting, logits)[own],
                sensitive_features=np.array(groups, dtype=object)[own],
                random_state=stream_seed(setting.seed, "threshold") % 2**32,
            )
            found[own] = np.where(np.asarray(drawn) == 1, positive, negative)
        return [str(answer) for answer in found]


def learned(
    setting: Setting, head: LinearHead, third: Labelled, constraints: str, objective: str, grid_size: int
) -> Rule:
    """Return thresholds learned on the third split, by fairlearn's names for what has to be equal and what is best."""
    from fairlearn.postprocessing import ThresholdOptimizer

    groups, labels = np.array(third.group_labels, dtype=object), np.array(third.labels, dtype=object)
    able = frozenset(g for g in set(groups) if g != UNKNOWN_GROUP and len(set(labels[groups == g])) == 2)
    rows = np.array([group in able for group in groups])
    if not able:
        return Rule(head, None, able)
    optimizer = ThresholdOptimizer(
        estimator=_identity(),
        constraints=constraints,
        objective=objective,
        grid_size=grid_size,
        prefit=True,
        predict_method="predict_proba",
    )
    margins = _margins(setting, head(torch.tensor(features_of(setting, third), dtype=torch.float32)))
    y = (labels == _classes(setting)[0]).astype(int)
    optimizer.fit(margins[rows], y[rows], sensitive_features=groups[rows])
    return Rule(head, optimizer, able)


def _classes(setting: Setting) -> tuple[str, str]:
    """Return the positive and the negative class: as the card names them, or else the second and the first."""
    first, second = setting.task.classes
    return (first, second) if setting.task.positive_class == first else (second, first)


def _margins(setting: Setting, logits: torch.Tensor) -> NDArray[np.float64]:
    """Return the logit of the positive class against the other, one column."""
    positive, negative = (setting.task.classes.index(name) for name in _classes(setting))
    margins: NDArray[np.float64] = (logits[:, positive] - logits[:, negative]).double().numpy()[:, None]
    return margins


def _identity() -> Any:
    """Return a fitted logistic regression that gives a margin's own probability: the form in which fairlearn takes scores."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = np.array([0, 1]), np.array([[1.0]]), np.array([0.0])
    model.n_features_in_ = 1
    return model
