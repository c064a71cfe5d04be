"""Answers that are probabilities of classes: means of a loss per case, how they rank, and whether they mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

from fairtransfer.outcomes.metric import POSITIVE, RATE, SIGNED, UNBOUNDED, Metric, ReportedOnly, Value

# numpy and ibis are imported where values are computed: a definition is checked without them.

LEAST_PROBABILITY = 2.220446049250313e-16
"""The logarithmic loss takes smaller probabilities for this one, as scikit-learn does: beside 1, double precision knows no less.
Tables tell how many there are."""


def _surprise(p: Any, y: Any) -> Any:
    import numpy as np

    return -np.log(np.clip(np.where(y > 0, p, 1 - p), LEAST_PROBABILITY, 1))


def _surprise_of_column(p: Any, y: Any) -> Any:
    import ibis

    truth = ibis.ifelse(y, p, 1 - p)
    return -ibis.ifelse(truth < LEAST_PROBABILITY, LEAST_PROBABILITY, truth).ln()


def _surprise_at_the_class(scores: Any, truth: Any, chosen: Any) -> Any:  # noqa: ARG001  # whatever was answered
    import numpy as np

    return -np.log(np.clip((scores * truth).sum(axis=1), LEAST_PROBABILITY, 1))


def _off_of_column(p: Any, y: Any) -> Any:
    import ibis

    return ibis.ifelse(y, 1 - p, -p)


def _squared_of_column(p: Any, y: Any) -> Any:
    off = _off_of_column(p, y)
    return off * off


def _score_of(scores: Mapping[str, Any], said: Any, otherwise: Any) -> Any:
    """Return the score of the class that a column names."""
    import ibis

    return ibis.cases(*((said == of, column) for of, column in scores.items()), else_=otherwise)


def _surprise_at_the_class_of_columns(scores: Mapping[str, Any], truth: Any, said: Any) -> Any:  # noqa: ARG001  # whatever was answered
    import ibis

    p = _score_of(scores, truth, 0.0)
    return -ibis.ifelse(p < LEAST_PROBABILITY, LEAST_PROBABILITY, ibis.ifelse(p > 1, 1.0, p)).ln()


def _squared_over_classes(scores: Mapping[str, Any], truth: Any, said: Any) -> Any:  # noqa: ARG001  # whatever was answered
    return reduce(add, (_squared_of_column(column, truth == of) for of, column in scores.items()))


def _confidence_of_columns(scores: Mapping[str, Any], truth: Any, said: Any) -> Any:
    import ibis

    right = (truth == said).cast("int64")
    return right - _score_of(scores, said, ibis.greatest(*scores.values()))


def _confidence(scores: Any, truth: Any, chosen: Any) -> Any:
    """Return how often the answer given is right, less what the model said of it."""
    import numpy as np

    answered = chosen.any(axis=1)
    sure = np.where(answered, np.where(chosen, scores, 0).max(axis=1), scores.max(axis=1))
    right = (answered & (chosen == truth).all(axis=1)).astype(np.float64)
    return right - sure


VALUES: Mapping[str, Value] = {
    value.name: value
    for value in (
        Value(
            "brier",
            lambda p, y: (y - p) ** 2,
            _squared_of_column,
            lambda scores, truth, _: ((scores - truth) ** 2).sum(axis=1),
            _squared_over_classes,
        ),
        Value(
            "log_loss",
            _surprise,
            _surprise_of_column,
            _surprise_at_the_class,
            _surprise_at_the_class_of_columns,
        ),
        Value("calibration_bias", lambda p, y: y - p, _off_of_column, _confidence, _confidence_of_columns),
    )
}
"""What a case adds to a mean: squared error of a probability; surprise at the truth, in nats; above zero, said less often than
it comes."""


def _reported(name: str, why: str, instead: str) -> ReportedOnly:
    return ReportedOnly("FT-G030", f"`{name}` {why}: it is reported, not judged", f"judge `{instead}`")


METRICS: tuple[Metric, ...] = (
    Metric(
        "auc",
        "probabilities",
        "ranking",
        "rank",
        "lower_is_worse",
        "how often a case of the class scores above one that is not, ties counting one half",
        about="one",
        bounds=RATE,
        unit="score",
        spelled="AUC",
    ),
    Metric(
        "brier_score",
        "probabilities",
        "bounded_mean",
        "brier",
        "higher_is_worse",
        "mean squared error of the probabilities; over all classes it is at most 2",
        about="either",
        bounds=RATE,
        over_all_classes=2.0,
        spelled="Brier score",
        unit="score",
    ),
    Metric(
        "log_loss",
        "probabilities",
        "skewed_mean",
        "log_loss",
        "higher_is_worse",
        "mean surprise at the truth, in nats",
        about="either",
        bounds=POSITIVE,
        unit="score",
        reported_only=_reported(
            "log_loss", "has no upper end: no interval of it is known to hold in small groups", "brier_score"
        ),
    ),
    Metric(
        "calibration_bias",
        "probabilities",
        "bounded_mean",
        "calibration_bias",
        "none",
        "how much more often the class comes than its probability says; over all classes, the answer given is right",
        about="either",
        bounds=SIGNED,
        changes=SIGNED,
        unit="score",
    ),
    Metric(
        "calibration_slope",
        "probabilities",
        "slope",
        "rank",
        "none",
        "1 for probabilities that mean what they say; below 1 they are too extreme, above too timid",
        about="one",
        bounds=UNBOUNDED,
        unit="score",
        reported_only=_reported(
            "calibration_slope", "is fitted: its interval needs more cases than small groups have", "calibration_bias"
        ),
    ),
    Metric(
        "debiased_ece",
        "probabilities",
        "binned",
        "rank",
        "higher_is_worse",
        "squared error of calibration without what chance adds; below 0 by chance where there is none",
        about="one",
        bounds=SIGNED,
        changes=SIGNED,
        spelled="debiased ECE",
        unit="score",
        reported_only=_reported(
            "debiased_ece",
            "has no interval in closed form, and the raw error grows as groups shrink",
            "calibration_bias",
        ),
    ),
)
