"""Which questions metrics ask: about the answer as a whole, about one class against the rest, or about all classes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtransfer.outcomes.metric import UNBOUNDED, Limits, Metric
from fairtransfer.outcomes.row_value import column_of
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.audit import Audit, MetricSpec
from fairtransfer.spec.gates import GateSpec

Question = tuple[str, str | None]
"""Metric and class; None means all classes at once, their average, or the answer as a whole."""


def questions_of(
    metrics: Sequence[MetricSpec],
    classes: Sequence[str],
    positive: str | None,
    *,
    multilabel: bool,
    favourable: str | None = None,
) -> tuple[Question, ...]:
    """Return every question once: shares first, then F1 scores, then what is made of scores or numbers.

    Parameters
    ----------
    positive
        The class meant where none is named, if there is one.
    favourable
        The class that people want, if it is known; rates of being given a class are of it.
    multilabel
        Rows can have several classes: no question about scores is about all of them at once.
    """
    order = ("share", "f1")
    ranked = sorted(metrics, key=lambda spec: _place(metric_named(spec.name), order))
    asked = (q for spec in ranked for q in _of(spec, classes, _meant(spec, positive, favourable), over=not multilabel))
    return tuple(dict.fromkeys(asked))


def _meant(spec: MetricSpec, positive: str | None, favourable: str | None) -> str | None:
    return class_meant(spec.name, None, positive, favourable) or positive


def _place(metric: Metric, order: Sequence[str]) -> int:
    return order.index(metric.estimator) if metric.estimator in order else len(order)


def _of(spec: MetricSpec, classes: Sequence[str], positive: str | None, *, over: bool) -> Iterator[Question]:
    metric = metric_named(spec.name)
    if metric.estimator == "f1":
        yield from _f1(spec, classes, positive)
    elif metric.of_scores:
        yield from _of_scores(spec, metric, classes, positive, over=over)
    elif not metric.of_class:
        yield spec.name, None
    elif spec.per_class:
        yield from ((spec.name, of) for of in (None, *classes))
    else:
        yield spec.name, None if metric.about == "average" else positive


def _f1(spec: MetricSpec, classes: Sequence[str], positive: str | None) -> Iterator[Question]:
    """Yield the mean over classes, or single classes."""
    if spec.name == "macro_f1":
        yield spec.name, None
    if spec.per_class:
        yield from (("f1_score", of) for of in classes)
    elif spec.name == "f1_score" and positive is not None:
        yield spec.name, positive


def _of_scores(
    spec: MetricSpec, metric: Metric, classes: Sequence[str], positive: str | None, *, over: bool
) -> Iterator[Question]:
    if positive is not None and not spec.per_class:
        yield spec.name, positive
        return
    if over and metric.about == "either":
        yield spec.name, None
    if spec.per_class:
        yield from ((spec.name, of) for of in classes)


def gate_questions(
    gates: Sequence[GateSpec], positive: str | None, favourable: str | None = None
) -> tuple[Question, ...]:
    """Return what gates ask, in order."""
    asked = ((gate.options, name) for gate in gates for name in gate.options.judged)
    return tuple(dict.fromkeys((name, class_meant(name, o.class_, positive, favourable)) for o, name in asked))


def class_meant(metric: str, of: str | None, positive: str | None, favourable: str | None = None) -> str | None:
    """Return the class a gate is about: the one it names, else the positive one, else none.

    A rate of being given a class is, where none is named, of the one that people want.
    """
    known = metric_named(metric)
    if known.about in ("all", "average"):
        return None
    return of or (favourable if known.selects else None) or positive


def told_questions(
    metrics: Sequence[MetricSpec],
    gates: Sequence[GateSpec],
    classes: Sequence[str],
    positive: str | None,
    *,
    multilabel: bool,
    favourable: str | None = None,
) -> tuple[Question, ...]:
    """Return what findings answer: what metrics ask, and after it what only gates do. No verdict stands without its numbers."""
    told = questions_of(metrics, classes, positive, multilabel=multilabel, favourable=favourable)
    return tuple(dict.fromkeys((*told, *gate_questions(gates, positive, favourable))))


def metric_names(metrics: Sequence[MetricSpec], gates: Sequence[GateSpec]) -> tuple[str, ...]:
    """Return the metrics that are asked for and those that gates are about, each once."""
    return tuple(dict.fromkeys((*(m.name for m in metrics), *(name for gate in gates for name in gate.options.judged))))


def score_questions(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions about scores."""
    return tuple(dict.fromkeys(q for q in questions if metric_named(q[0]).of_scores))


def number_metrics_of(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return the metrics of predicted numbers that are asked about."""
    return tuple(dict.fromkeys(name for name, _ in questions if metric_named(name).of_numbers))


def value_metrics_of(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return the metrics of numbers of one's own that are asked about."""
    return tuple(dict.fromkeys(name for name, _ in questions if metric_named(name).of_values))


def means_asked(audit: Audit) -> dict[str, Limits]:
    """Return the columns that an audit asks means of, and what their numbers can be: within the ends of every such metric."""
    found: dict[str, Limits] = {}
    for name in metric_names(audit.metrics, audit.gates):
        metric = metric_named(name)
        if metric.of_values:
            low, high = found.get(column_of(metric), UNBOUNDED)
            found[column_of(metric)] = max(low, metric.bounds[0]), min(high, metric.bounds[1])
    return found


def rankings_compared(gates: Sequence[GateSpec]) -> frozenset[tuple[str, ...]]:
    """Return the views in which a gate compares the ranking of a group with everyone else's."""
    asked = (gate.options for gate in gates)
    ranked = (options for options in asked if options.measures.estimator == "ranking")
    return frozenset(options.by for options in ranked if getattr(options, "contrast", "") == "rest")


def needs_class(spec: MetricSpec, positive: str | None, *, multilabel: bool, favourable: str | None = None) -> bool:
    """Say whether a metric asks nothing: it is about one class, and none is meant."""
    return not questions_of([spec], ("",), positive, multilabel=multilabel, favourable=favourable)
