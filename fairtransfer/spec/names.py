"""The names a definition may use for metrics; what each computes is in `stats/metrics.py`, and a test holds both equal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

MetricName = Literal[
    "error_rate",
    "accuracy",
    "recall",
    "true_positive_rate",
    "false_negative_rate",
    "false_positive_rate",
    "true_negative_rate",
    "precision",
    "selection_rate",
    "balanced_accuracy",
    "negative_predictive_value",
]

ScoreMetricName = Literal[
    "auc",
    "brier_score",
    "log_loss",
    "calibration_bias",
    "calibration_slope",
    "debiased_ece",
]
"""Metrics made of scores (`stats/score_metrics.py`)."""

NumberMetricName = Literal["mean_absolute_error", "root_mean_squared_error", "mean_error"]
"""Metrics of predicted numbers (`stats/number_metrics.py`)."""

JudgedMetricName = Literal[MetricName, "auc", "brier_score", "calibration_bias", "mean_absolute_error", "mean_error"]
"""What a gate may be about: limits in closed form that hold in small groups."""

DrawnMetricName = Literal["macro_f1", "f1_score"]
"""Metrics whose limits are drawn (`stats/f1.py`): reported, never judged."""

AnyMetricName = Literal[MetricName, ScoreMetricName, DrawnMetricName, NumberMetricName]

SCORE_METRICS: frozenset[str] = frozenset(get_args(ScoreMetricName))

NUMBER_METRICS: tuple[str, ...] = get_args(NumberMetricName)

DRAWN_METRICS: frozenset[str] = frozenset(get_args(DrawnMetricName))

SCORES_JUDGED: frozenset[str] = SCORE_METRICS & frozenset(get_args(JudgedMetricName))
"""Metrics made of scores that gates may be about."""

NUMBERS_JUDGED: frozenset[str] = frozenset(NUMBER_METRICS) & frozenset(get_args(JudgedMetricName))
"""Metrics of predicted numbers that gates may be about, with limits in the label's own unit."""

TWO_SIDED: frozenset[str] = frozenset({"calibration_bias", "mean_error"})
"""Metrics whose best value lies in the middle, at 0: harm lies on both sides."""

OVER_CLASSES: frozenset[str] = frozenset({"brier_score", "log_loss", "calibration_bias"})
"""Metrics made of scores that have a form over all classes at once; the others are about one class against the rest."""

ONE_CLASS: frozenset[str] = frozenset(
    {
        "recall",
        "true_positive_rate",
        "false_negative_rate",
        "false_positive_rate",
        "true_negative_rate",
        "precision",
        "negative_predictive_value",
        "selection_rate",
        "auc",
        "f1_score",
    }
)
"""Metrics of one class against the rest: a gate names the class, where the task does not."""

HIGHER_IS_WORSE: frozenset[str] = frozenset(
    {
        "error_rate",
        "false_negative_rate",
        "false_positive_rate",
        "brier_score",
        "calibration_bias",
        "mean_absolute_error",
        "mean_error",
    }
)
"""Judged metrics of which more is harm. The selection rate has no harmful direction of its own; as of accuracy, less is harm."""

PAIRED: frozenset[str] = frozenset(
    {
        "error_rate",
        "accuracy",
        "recall",
        "true_positive_rate",
        "false_negative_rate",
        "false_positive_rate",
        "true_negative_rate",
        "selection_rate",
        "auc",
        "brier_score",
        "mean_absolute_error",
    }
)
"""Judged metrics whose denominator does not depend on the model, so that before and after are compared on the same people."""

RATIO: frozenset[str] = frozenset({"selection_rate", "true_positive_rate", "recall"})
"""Metrics of which groups may be compared by a ratio: shares of people who are given the class. Errors are compared by
differences: a ratio of rare errors says little, and another one than the ratio of what was answered rightly."""

EVENTS: dict[str, str] = {
    "error_rate": "wrong",
    "accuracy": "wrong",
    "recall": "hit",
    "true_positive_rate": "hit",
    "false_negative_rate": "hit",
    "balanced_accuracy": "hit",
    "false_positive_rate": "false_alarm",
    "true_negative_rate": "false_alarm",
    "precision": "precise",
    "negative_predictive_value": "spared",
    "selection_rate": "selected",
}
"""What the evidence counts for each metric; the same as in the table of metrics."""

OTHER_GROUP = "other"
"""The group of values that a card does not list and pools."""


def events_for(names: Iterable[str]) -> list[str]:
    """Return what the evidence counts for these metrics, once; how right each class is answered also for those that are drawn."""
    counted = EVENTS | dict.fromkeys(DRAWN_METRICS, "hit")
    return list(dict.fromkeys(counted[name] for name in names if name in counted))


UNKNOWN_GROUP = "unknown"
"""The group of the people whose membership was not recorded."""

LOOKS_MISSING = frozenset({"", "na", "n/a", "<na>", "none", "null", "nan", "nil", "-", "?"})
"""Names of groups, in small letters, that look like a missing value. They are kept as text, and told."""
