"""`majority`: the most frequent class of the training labels, or their mean. A floor: no model that is worse is of use."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.models.backbone import Prepared
from fairtransfer.spec.transfer_options import MajorityOptions, Options

MEAN_RULE = "nothing is chosen: the answer is the mean of the training labels; validation measures it only"
RULE = "nothing is chosen: the answer is the most frequent class of the training labels; validation measures it only"
FLOOR = 1e-6
"""The least share a class is taken to have, so that a class without training labels has a loss."""


@final
class Majority(Strategy):
    """Score every row with the classes' shares of the training labels; for several labels at once, each class by itself."""

    kind = "majority"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Count the labels."""
        assert isinstance(options, MajorityOptions), "the registry pairs strategies with their options"
        prior = _prior(setting)

        def logits(prepared: Prepared) -> Tensor:
            return prior.expand(len(prepared), -1).clone()

        labels = setting.val.labels
        answered = prior.expand(len(labels), -1)
        record = {
            "selection": MEAN_RULE if setting.task.numeric else RULE,
            "validation_loss": float(setting.task.loss(answered, setting.task.targets(labels))),
            "validation_error": setting.task.error(answered, labels),
            "trials": 0,
            "trainable_parameters": 0,
        }
        setting.progress(1.0)
        return Adapted(logits, record)


def _prior(setting: Setting) -> Tensor:
    """Return logits whose scores are the shares of the training labels."""
    targets = setting.task.targets(setting.train.labels)
    if setting.task.numeric:
        return targets.mean(dim=0, keepdim=True)
    if setting.task.multilabel:
        return torch.logit(targets.mean(dim=0), eps=FLOOR)
    counts = torch.bincount(targets, minlength=len(setting.task.classes))
    return torch.log((counts / counts.sum()).clamp(min=FLOOR))
