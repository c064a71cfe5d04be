"""Answers that are probabilities of classes: means of a loss per case, how they rank, and whether they mean what they say."""

from __future__ import annotations

from fairtransfer.outcomes.metric import POSITIVE, RATE, SIGNED, UNBOUNDED, Metric, ReportedOnly


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
