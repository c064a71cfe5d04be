"""`reweight`: rows weighed so that group and class are independent (Kamiran and Calders 2012), under a probe or fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import HeadOptions
from fairtransfer.spec.strategies import ONE_CLASS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


class ReweightOptions(HeadOptions):
    """Weigh every row by P(group) P(class) / P(group, class) (Kamiran and Calders 2012): group and class become independent."""


@final
class Reweight(Strategy[ReweightOptions]):
    """Every row counts by its weight; the unknown group is weighed like any other, as the formula asks for no exception."""

    kind = "reweight"
    options = ReweightOptions
    words = "rows are weighed so that group and class go together no more than by chance"
    colour = "#9c2c6a"
    tasks = ONE_CLASS

    def fit(self, setting: Setting, options: ReweightOptions) -> Adapted:
        """Weigh the rows, then fit a head or fine-tune."""
        import torch

        from fairtransfer.adapt.linear_head import Fit, fit_head, headed
        from fairtransfer.adapt.loop import Recipe, new_head, train
        from fairtransfer.adapt.selection import selection_of

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


def kamiran_calders(groups: Sequence[str], classes: Sequence[str]) -> NDArray[np.float64]:
    """Return P(group) P(class) / P(group, class) for every row; the weights add up to the number of rows."""
    import numpy as np

    _, g = np.unique(np.array(groups), return_inverse=True)
    _, c = np.unique(np.array(classes), return_inverse=True)
    joint = np.zeros((g.max() + 1, c.max() + 1))
    np.add.at(joint, (g, c), 1.0)
    expected: NDArray[np.float64] = joint.sum(axis=1)[g] * joint.sum(axis=0)[c] / len(g)
    return expected / joint[g, c]
