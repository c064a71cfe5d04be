"""Which metrics a gate may be about, and what to take instead of those it may not; each refusal has one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import find_metric, metric_named, metrics
from fairtransfer.spec.names import JudgedMetricName
from fairtransfer.spec.strict import refuse


def names_of(having: Callable[[Metric], bool]) -> list[str]:
    """Return the names of judged metrics that have something, sorted."""
    return sorted(metric.name for metric in metrics() if metric.judged and having(metric))


def refuse_unjudged(value: Any) -> Any:
    """Refuse what is reported and not judged, as its metric says why; anything else is left as it is."""
    metric = find_metric(value) if isinstance(value, str) else None
    if metric is not None and metric.reported_only is not None:
        raise refuse(*metric.reported_only)
    return value


def paired_metric(value: str) -> str:
    """Refuse a metric whose change on the same people is no harm (``FT-G032``)."""
    metric = metric_named(value)
    if metric.two_sided:
        instead = "mean_absolute_error" if metric.of_numbers else "brier_score"
        raise refuse(
            "FT-G032",
            f"`{value}` is best at 0, so a change of it may mend or harm",
            f"`worst_group` with `at_most`, which looks at both sides; or the change of `{instead}`",
        )
    return value


PairedMetric = Annotated[JudgedMetricName, AfterValidator(paired_metric)]
"""A metric whose change on the same people can be judged."""


def compared_metric(value: str) -> str:
    """Refuse a metric of which groups are not compared by a difference (``FT-G035``)."""
    metric = metric_named(value)
    if metric.two_sided:
        instead = "mean_absolute_error" if metric.of_numbers else "brier_score"
        found = f"`{value}` is best at 0, so the group with more of it is not the one served worse"
        raise refuse("FT-G035", found, f"`{instead}`; or `worst_group` of this metric, with `at_most`")
    return value


ComparedMetric = Annotated[JudgedMetricName, AfterValidator(compared_metric)]
"""A metric of which groups can be compared by a difference."""


def ratio_metric(value: str) -> str:
    """Refuse a metric of which groups are not compared by a ratio (``FT-Y056``)."""
    if not metric_named(value).as_ratio:
        raise refuse(
            "FT-Y056",
            f"groups are not compared by a ratio of `{value}`",
            f"allowed: {', '.join(names_of(lambda other: other.as_ratio))}",
            "use `gap`, which compares by a difference",
        )
    return value


RatioMetric = Annotated[JudgedMetricName, AfterValidator(ratio_metric)]
"""A metric of which groups can be compared by a ratio."""
