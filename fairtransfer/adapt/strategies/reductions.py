"""`reductions`: a drawn mixture of reweighted heads that meets a fairness constraint, by fairlearn's ExponentiatedGradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Decision, Setting, Strategy
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import TWO_CLASSES
from fairtransfer.spec.transfer_options import PENALTIES, Penalties, Repeats

if TYPE_CHECKING:
    from torch import Tensor

    from fairtransfer.models.backbone import Prepared


class ReductionsOptions(GroupOptions):
    """A drawn mixture of reweighted heads that meets a constraint (Agarwal et al. 2018).

    Done by fairlearn's ExponentiatedGradient, with its defaults.
    """

    constraints: Literal[
        "demographic_parity",
        "equalized_odds",
        "true_positive_rate_parity",
        "false_positive_rate_parity",
        "error_rate_parity",
    ] = "demographic_parity"
    eps: Annotated[float, Field(gt=0, le=1)] = Field(0.01, description="how far the constraint may be missed")
    max_iter: Repeats = 50
    inverse_penalties: Penalties = PENALTIES


@final
class Reductions(Strategy[ReductionsOptions]):
    """Logistic regressions on frozen features at the probe's penalty; the constraint is met on training rows, on average.

    A row is answered by one regression of the mixture, drawn by its weight; its score is the probability of the answer. Groups
    are not needed to answer. The people of unknown membership are a group of the constraint like the others.
    """

    kind = "reductions"
    options = ReductionsOptions
    words = "last layers learned with different weights of the rows, mixed so that a fairness constraint holds"
    colour = "#5a5f00"
    tasks = TWO_CLASSES

    def fit(self, setting: Setting, options: ReductionsOptions) -> Adapted:
        """Choose the penalty with the probe, then mix."""
        from fairtransfer.adapt.fair_mixture import Mixture
        from fairtransfer.adapt.linear_head import Fit, features_of, fit_head
        from fairtransfer.adapt.selection import selection_of

        selection = selection_of(options)
        _, record = fit_head(setting, options.inverse_penalties, Fit(selection=selection))
        penalty = record["selected"]["inverse_penalty"]
        mixture = Mixture(setting, penalty, options.constraints, options.eps, options.max_iter)

        def logits(prepared: Prepared) -> Tensor:
            return mixture.logits(setting.frozen.of(prepared).double().numpy())

        def answers(prepared: Prepared, _: tuple[str, ...] | None) -> list[str]:
            return mixture.answers(setting.frozen.of(prepared).double().numpy())

        x = features_of(setting, setting.val)
        score = selection.score(setting, mixture.logits(x), mixture.answers(x))
        return Adapted(logits, {**record, **mixture.told(), **selection.record(score)}, Decision(answers))
