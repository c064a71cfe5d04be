"""`majority`: the most frequent class of the training labels, or their mean. A floor: no model that is worse is of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import Options

if TYPE_CHECKING:
    from torch import Tensor

    from fairtransfer.models.backbone import Prepared

MEAN_RULE = "nothing is chosen: the answer is the mean of the training labels; validation measures it only"
RULE = "nothing is chosen: the answer is the most frequent class of the training labels; validation measures it only"
FLOOR = 1e-6
"""The least share a class is taken to have, so that a class without training labels has a loss."""


class MajorityOptions(Options):
    """Answer the most frequent class of the training labels, whatever is asked."""


@final
class Majority(Strategy[MajorityOptions]):
    """Score every row with the classes' shares of the training labels; for several labels at once, each class by itself."""

    kind = "majority"
    options = MajorityOptions
    words = "always the most frequent class of the labels, or their mean: no model at all"
    colour = "#6b6b6b"
    control = True
    passes = 0.0

    def fit(self, setting: Setting, options: MajorityOptions) -> Adapted:  # noqa: ARG002  # there are none but the name
        """Count the labels."""
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
    import torch

    targets = setting.task.targets(setting.train.labels)
    if setting.task.numeric:
        return targets.mean(dim=0, keepdim=True)
    if setting.task.multilabel:
        return torch.logit(targets.mean(dim=0), eps=FLOOR)
    counts = torch.bincount(targets, minlength=len(setting.task.classes))
    return torch.log((counts / counts.sum()).clamp(min=FLOOR))
