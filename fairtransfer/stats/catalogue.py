"""Every metric there is, by name: shares of cases, F1 scores, metrics made of scores, and those of predicted numbers."""

from __future__ import annotations

from fairtransfer.stats.f1 import DRAWN_METRICS, DrawnMetric
from fairtransfer.stats.metrics import METRICS, Metric
from fairtransfer.stats.number_metrics import NUMBER_METRICS, NumberMetric
from fairtransfer.stats.score_metrics import SCORE_METRICS, ScoreMetric


def metric_named(name: str) -> Metric | DrawnMetric | ScoreMetric | NumberMetric:
    """Return a metric's entry in its table."""
    return METRICS.get(name) or DRAWN_METRICS.get(name) or SCORE_METRICS.get(name) or NUMBER_METRICS[name]
