"""The table of metrics of predicted numbers: what each one takes from a case, what it can be, and what is worse.

The label is a number, such as a length of stay in days, and so is the answer; all metrics are in the label's own unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fairtransfer.stats.losses import UNBOUNDED, Limits
from fairtransfer.stats.means import MINIMUM_UNBOUNDED


@dataclass(frozen=True, slots=True)
class NumberMetric:
    """One metric: the mean of a loss over cases, or the root of it. Before and after share their cases: changes are paired.

    Attributes
    ----------
    loss
        What a case adds: its name in `fairtransfer.stats.losses`.
    harm_direction
        Which way harm lies; ``none`` where the best value lies in the middle.
    bounds
        What it can be.
    words
        What it is, for people.
    root
        The root of the mean is told.
    least
        Cases below which nothing is told: too few to know how skewed the errors are.
    """

    name: str
    loss: Literal["error", "absolute_error", "squared_error"]
    harm_direction: Literal["higher_is_worse", "none"]
    bounds: Limits
    words: str
    root: bool = False
    least: int = MINIMUM_UNBOUNDED


_SIZE: Limits = (0.0, math.inf)

NUMBER_METRICS: dict[str, NumberMetric] = {
    metric.name: metric
    for metric in (
        # name, loss, direction, bounds, words
        NumberMetric(
            "mean_absolute_error",
            "absolute_error",
            "higher_is_worse",
            _SIZE,
            "how far predictions lie from the truth on average, whichever way",
        ),
        NumberMetric(
            "root_mean_squared_error",
            "squared_error",
            "higher_is_worse",
            _SIZE,
            "how far predictions lie from the truth, large errors counting for more: the root of the mean square",
            root=True,
        ),
        NumberMetric(
            "mean_error",
            "error",
            "none",
            UNBOUNDED,
            "prediction minus truth on average: above zero, predictions are too high; below, too low",
        ),
    )
}
