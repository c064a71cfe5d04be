"""Answers that are numbers, such as a length of stay in days: how far off they are, in the label's own unit."""

from __future__ import annotations

from collections.abc import Mapping

from fairtransfer.outcomes.metric import POSITIVE, UNBOUNDED, Metric, ReportedOnly, Value

VALUES: Mapping[str, Value] = {
    value.name: value
    for value in (
        Value("absolute_error", lambda predicted, y: abs(predicted - y), lambda predicted, y: (predicted - y).abs()),
        Value(
            "squared_error",
            lambda predicted, y: (predicted - y) ** 2,
            lambda predicted, y: (predicted - y) * (predicted - y),
        ),
        Value("error", lambda predicted, y: predicted - y, lambda predicted, y: predicted - y),
    )
}
"""How far a prediction is off, the square of that, and which way."""

MINIMUM_SKEWED = 30
"""A skewed error hides its largest values in fewer cases: no method covers."""

METRICS: tuple[Metric, ...] = (
    Metric(
        "mean_absolute_error",
        "numbers",
        "skewed_mean",
        "absolute_error",
        "higher_is_worse",
        "how far predictions lie from the truth on average, whichever way",
        bounds=POSITIVE,
        unit="label",
        least=MINIMUM_SKEWED,
    ),
    Metric(
        "root_mean_squared_error",
        "numbers",
        "root_mean",
        "squared_error",
        "higher_is_worse",
        "how far predictions lie from the truth, large errors counting for more: the root of the mean square",
        bounds=POSITIVE,
        unit="label",
        least=MINIMUM_SKEWED,
        reported_only=ReportedOnly(
            "FT-G034",
            "`root_mean_squared_error` rests on its few largest errors: "
            "no limits in closed form are known to hold in small groups",
            "`mean_absolute_error`",
            "judge this, and list the other under `metrics`",
        ),
    ),
    Metric(
        "mean_error",
        "numbers",
        "skewed_mean",
        "error",
        "none",
        "prediction minus truth on average: above zero, predictions are too high; below, too low",
        bounds=UNBOUNDED,
        unit="label",
        least=MINIMUM_SKEWED,
    ),
)
