"""Which questions metrics made of scores ask: of one class against the rest, or of all classes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec

Question = tuple[str, str | None]
"""Metric and class; None means all classes at once."""


def score_questions(
    metrics: Sequence[MetricSpec], classes: Sequence[str], positive: str | None, *, multilabel: bool
) -> tuple[Question, ...]:
    """Return every question once, in order.

    Parameters
    ----------
    positive
        The class meant where none is named, if there is one.
    multilabel
        Rows can have several classes: no question is about all of them at once.
    """
    asked = (metric for metric in metrics if metric_named(metric.name).of_scores)
    return tuple(dict.fromkeys(q for metric in asked for q in _of(metric, classes, positive, over=not multilabel)))


def number_questions(metrics: Sequence[MetricSpec], gates: Sequence[GateSpec] = ()) -> tuple[Question, ...]:
    """Return what metrics, and gates, ask about predicted numbers, once each, in order."""
    names = [*(metric.name for metric in metrics), *(gate.options.metric for gate in gates)]
    return tuple(dict.fromkeys((name, None) for name in names if metric_named(name).of_numbers))


def judged_questions(gates: Sequence[GateSpec], positive: str | None) -> tuple[Question, ...]:
    """Return what gates ask of scores, in order; the class is the one they name, else the positive one, else none."""
    asked = (gate.options for gate in gates if metric_named(gate.options.metric).of_scores)
    return tuple(dict.fromkeys((options.metric, options.class_ or positive) for options in asked))


def drawn_questions(metric: MetricSpec, classes: Sequence[str], positive: str | None) -> Iterator[Question]:
    """Yield what is asked for by a metric whose limits are drawn: the mean over classes, or single classes."""
    if metric.name == "macro_f1":
        yield metric.name, None
    if metric.per_class:
        yield from (("f1_score", of) for of in classes)
    elif metric.name == "f1_score" and positive is not None:
        yield metric.name, positive


def _of(metric: MetricSpec, classes: Sequence[str], positive: str | None, *, over: bool) -> Iterator[Question]:
    if positive is not None and not metric.per_class:
        yield metric.name, positive
        return
    if over and metric_named(metric.name).about == "either":
        yield metric.name, None
    if metric.per_class:
        yield from ((metric.name, name) for name in classes)


def needs_class(metric: MetricSpec, positive: str | None, *, multilabel: bool) -> bool:
    """Say whether a metric made of scores, or one that is drawn, asks nothing: it is about one class and none is meant."""
    known = metric_named(metric.name)
    if known.estimator == "f1":
        return not list(drawn_questions(metric, ("",), positive))
    return known.of_scores and not score_questions([metric], ("",), positive, multilabel=multilabel)
