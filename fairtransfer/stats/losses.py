"""The table of losses: what each one takes from a prediction and the truth, and what values it can have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fairtransfer.stats.intervals import Floats

LEAST_PROBABILITY = 1e-7
"""The logarithmic loss takes smaller probabilities for this one; scores stored in single precision know no less."""

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of one case.

    Attributes
    ----------
    of
        From arrays of predictions and truths to an array of values.
    bounds
        What the value can be.
    """

    name: str
    of: Callable[[Floats, Floats], Floats]
    bounds: Bounds
    words: str


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("brier", lambda p, y: (y - p) ** 2, (0.0, 1.0), "squared error of a probability"),
        Loss("log_loss", lambda p, y: -np.log(_of_truth(p, y)), (0.0, math.inf), "surprise at the truth, in nats"),
        Loss("calibration_bias", lambda p, y: y - p, (-1.0, 1.0), "above zero: said less often than it comes"),
        Loss("error", lambda predicted, y: predicted - y, UNBOUNDED, "above zero: predicted too high"),
        Loss("absolute_error", lambda predicted, y: np.abs(y - predicted), (0.0, math.inf), "how far off"),
        Loss("squared_error", lambda predicted, y: (y - predicted) ** 2, (0.0, math.inf), "how far off, squared"),
    )
}


def _of_truth(p: Floats, y: Floats) -> Floats:
    return np.clip(np.where(y > 0, p, 1 - p), LEAST_PROBABILITY, 1)
