"""`threshold`: the probe's scores cut at another place in every group, by fairlearn's ThresholdOptimizer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from fairtransfer.adapt.holdout import parted
from fairtransfer.adapt.random_streams import stream_seed
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategies.probe import Fit, LinearHead, features_of, fit_head, headed
from fairtransfer.adapt.strategy import Adapted, Decision, Labelled, Setting, Strategy
from fairtransfer.models.backbone import Prepared
from fairtransfer.spec.fair_options import ThresholdOptions
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.spec.transfer_options import Options


@final
class Threshold(Strategy):
    """Thresholds are learned from a third split; scores stay the probe's, and answers between two thresholds are drawn.

    A group gets thresholds of its own if the third split has rows of both its classes. The people of all other groups, and of
    unknown membership, are answered by the probe alone: fairlearn would answer all of them with the negative class.
    """

    kind = "threshold"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fit the probe on one part of the training rows and the thresholds on the other."""
        assert isinstance(options, ThresholdOptions), "the registry pairs strategies with their options"
        selection = selection_of(options)
        first, third = parted(setting.train, options.cells, options.share, setting.seed)
        head, record = fit_head(replace(setting, train=first), options.inverse_penalties, Fit(selection=selection))
        rule = _learned(setting, head, third, options)
        adapted = headed(setting, head, record)

        def answers(prepared: Prepared, groups: tuple[str, ...] | None) -> list[str]:
            assert groups is not None, "every row brings along its group"
            return rule.answers(setting, setting.frozen.of(prepared), groups)

        z = torch.tensor(features_of(setting, setting.val), dtype=torch.float32)
        score = selection.score(setting, head(z), rule.answers(setting, z, setting.val.group_labels))
        told = {"third_split": len(third.rows), "own_thresholds": sorted(rule.groups), **selection.record(score)}
        return Adapted(adapted.logits, {**record, **told}, Decision(answers, options.by))


@dataclass(frozen=True)
class _Rule:
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


def _learned(setting: Setting, head: LinearHead, third: Labelled, options: ThresholdOptions) -> _Rule:
    from fairlearn.postprocessing import ThresholdOptimizer

    groups, labels = np.array(third.group_labels, dtype=object), np.array(third.labels, dtype=object)
    able = frozenset(g for g in set(groups) if g != UNKNOWN_GROUP and len(set(labels[groups == g])) == 2)
    rows = np.array([group in able for group in groups])
    if not able:
        return _Rule(head, None, able)
    optimizer = ThresholdOptimizer(
        estimator=_identity(),
        constraints=options.constraints,
        objective=options.objective,
        grid_size=options.grid_size,
        prefit=True,
        predict_method="predict_proba",
    )
    margins = _margins(setting, head(torch.tensor(features_of(setting, third), dtype=torch.float32)))
    y = (labels == _classes(setting)[0]).astype(int)
    optimizer.fit(margins[rows], y[rows], sensitive_features=groups[rows])
    return _Rule(head, optimizer, able)


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
