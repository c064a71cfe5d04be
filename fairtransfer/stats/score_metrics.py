"""The table of metrics made of scores: what each one takes from a case, what values it has, and what is better.

Count metrics (`fairtransfer.stats.metrics`) are shares of cases; these are means of a loss over cases, or say how scores
rank or how well probabilities mean what they say. Gates may judge those with limits in closed form that hold in small groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fairtransfer.stats.losses import Limits

Kind = Literal["mean", "ranking", "slope", "error"]
"""mean: of a value per case. ranking: the AUC. slope, error: of calibration, fitted to or summed over many cases."""

Direction = Literal["higher_is_worse", "lower_is_worse", "none"]


@dataclass(frozen=True, slots=True)
class ScoreMetric:
    """One metric.

    Attributes
    ----------
    harm_direction
        Which way harm lies; ``none`` where the best value lies in the middle.
    bounds
        What a case can have (kind ``mean``), or what the metric can be.
    changes
        What a case's change can be (kind ``mean``).
    words
        What it is, for people.
    over_classes
        It has a form over all classes at once. The others are about one class against the rest.
    """

    name: str
    kind: Kind
    harm_direction: Direction
    bounds: Limits
    changes: Limits
    words: str
    over_classes: bool = False

    @property
    def bounded(self) -> bool:
        """Whether both ends of a case's value are known, so that limits in closed form hold in small groups."""
        return all(map(math.isfinite, self.bounds))


_ANY: Limits = (-math.inf, math.inf)

SCORE_METRICS: dict[str, ScoreMetric] = {
    metric.name: metric
    for metric in (
        # name, kind, direction, bounds, changes, words
        ScoreMetric(
            "auc",
            "ranking",
            "lower_is_worse",
            (0.0, 1.0),
            (-1.0, 1.0),
            "how often a case of the class scores above one that is not, ties counting one half",
        ),
        ScoreMetric(
            "brier_score",
            "mean",
            "higher_is_worse",
            (0.0, 1.0),
            (-1.0, 1.0),
            "mean squared error of the probabilities; over all classes it is at most 2",
            over_classes=True,
        ),
        ScoreMetric(
            "log_loss",
            "mean",
            "higher_is_worse",
            (0.0, math.inf),
            _ANY,
            "mean surprise at the truth, in nats",
            over_classes=True,
        ),
        ScoreMetric(
            "calibration_bias",
            "mean",
            "none",
            (-1.0, 1.0),
            (-1.0, 1.0),
            "how much more often the class comes than its probability says; over all classes, the answer given is right",
            over_classes=True,
        ),
        ScoreMetric(
            "calibration_slope",
            "slope",
            "none",
            _ANY,
            _ANY,
            "1 for probabilities that mean what they say; below 1 they are too extreme, above too timid",
        ),
        ScoreMetric(
            "debiased_ece",
            "error",
            "higher_is_worse",
            (-1.0, 1.0),
            (-1.0, 1.0),
            "squared error of calibration without what chance adds; below 0 by chance where there is none",
        ),
    )
}


def case_bounds(metric: ScoreMetric, of: str | None, *, change: bool) -> Limits:
    """Return what a case's value, or its change, can be; over all classes a Brier score reaches 2."""
    low, high = metric.changes if change else metric.bounds
    wider = 2.0 if metric.name == "brier_score" and of is None else 1.0
    return low * wider, high * wider
