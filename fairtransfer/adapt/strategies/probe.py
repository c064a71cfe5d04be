"""`probe`: L2-penalised regression on frozen features (logistic; of numbers ridge), its penalty chosen on validation."""

from __future__ import annotations

from typing import final

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.transfer_options import PENALTIES, Options, Penalties


class ProbeOptions(Options):
    """L2-penalised logistic regression on frozen features.

    The inverse penalty `C` is chosen on validation (Kumar et al. 2022 sweep 100 values in 1e-7..1e2; 13 half-decades are
    the default here, as neighbouring values differ little).
    """

    inverse_penalties: Penalties = PENALTIES


@final
class Probe(Strategy[ProbeOptions]):
    """Nothing of the backbone moves; only the head is learned."""

    kind = "probe"
    options = ProbeOptions
    words = "only a new last layer is learned; the model itself stays as published"
    colour = "#7a3e9d"

    def fit(self, setting: Setting, options: ProbeOptions) -> Adapted:
        """Fit the head; the answer to new rows needs their frozen features only."""
        from fairtransfer.adapt.linear_head import fit_head, headed

        return headed(setting, *fit_head(setting, options.inverse_penalties))
