"""`reweight`: rows weighed so that group and class are independent (Kamiran and Calders 2012), under a probe or fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairtransfer.adapt.loop import Recipe, new_head, train
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategies.probe import Fit, fit_head, headed
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import ReweightOptions
from fairtransfer.spec.transfer_options import Options


def kamiran_calders(groups: Sequence[str], classes: Sequence[str]) -> NDArray[np.float64]:
    """Return P(group) P(class) / P(group, class) for every row; the weights add up to the number of rows."""
    _, g = np.unique(np.array(groups), return_inverse=True)
    _, c = np.unique(np.array(classes), return_inverse=True)
    joint = np.zeros((g.max() + 1, c.max() + 1))
    np.add.at(joint, (g, c), 1.0)
    expected: NDArray[np.float64] = joint.sum(axis=1)[g] * joint.sum(axis=0)[c] / len(g)
    return expected / joint[g, c]


@final
class Reweight(Strategy):
    """Every row counts by its weight; the unknown group is weighed like any other, as the formula asks for no exception."""

    kind = "reweight"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Weigh the rows, then fit a head or fine-tune."""
        assert isinstance(options, ReweightOptions), "the registry pairs strategies with their options"
        weights = kamiran_calders(setting.train.group_labels, setting.train.labels)
        told = {"weights": {"lowest": float(weights.min()), "highest": float(weights.max())}}
        if options.training is None:
            fit = Fit(weights=weights, selection=selection_of(options))
            head, record = fit_head(setting, options.inverse_penalties, fit)
            return headed(setting, head, {**record, **told})
        of_row = torch.tensor(weights, dtype=torch.float32, device=setting.runner.hardware.torch_device)

        def weighted(logits: Tensor, targets: Tensor, rows: list[int]) -> Tensor:
            return (of_row[rows] * setting.task.row_losses(logits, targets)).mean()

        recipe = Recipe(objective=weighted, selection=selection_of(options))
        adapted = train(setting, setting.backbone.pretrained(), new_head(setting), options.training, recipe)
        return Adapted(adapted.logits, {**adapted.record, **told})
