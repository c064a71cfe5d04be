"""What a row has beside counts and an estimate, by the kind of its metric."""

from __future__ import annotations

from collections.abc import Sequence

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import ChangeDetails, Details, GeneralisedMean, NumberDetails, ScoreDetails
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.group_estimates import Model, Pairing
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.rankings import generalised, mixed_up
from fairtransfer.findings.unknown_membership import unknown_details
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.questions import Question


def level_details(
    query: EvidenceQuery, pairing: Pairing, model: Model, group: Group, question: Question, views: Sequence[View]
) -> Details | None:
    """Return the details of a metric of one model; `views` are those of the benchmark, without everyone."""
    metric, of = metric_named(question[0]), question[1]
    if metric.of_shares:
        return unknown_details(query, pairing, model, group, *question) if group else None
    details = _score_details(query, pairing, model, group, metric, of)
    if metric.estimator != "ranking" or details is None:
        return details or _number_details(query, metric)
    rows = query.rows(pairing, model, group, metric, of)
    if group:
        return ScoreDetails(details.positives, mixed_up(rows)) if rows is not None else details
    means = tuple(_generalised(query, pairing, model, view, question) for view in views)
    return ScoreDetails(details.positives, generalised_means=means or None)


def change_details(
    query: EvidenceQuery, pairing: Pairing, group: Group, question: Question, found: Estimate | NotEstimable
) -> Details | None:
    """Return the details of a change: its churn and McNemar's mid-p, where it applies, are used by no verdict."""
    metric = metric_named(question[0])
    if not metric.of_shares:
        return _score_details(query, pairing, None, group, metric, question[1]) or _number_details(query, metric)
    churn = None if isinstance(found, NotEstimable) or pairing.stage != "change" else found.churn
    return None if churn is None else ChangeDetails(churn.share, churn.mcnemar_midp)


def _score_details(
    query: EvidenceQuery, pairing: Pairing, model: Model | None, group: Group, metric: Metric, of: str | None
) -> ScoreDetails | None:
    rows = query.rows(pairing, model, group, metric, of) if metric.of_scores else None
    positives = None if rows is None else rows.first["positives"]
    return None if positives is None else ScoreDetails(positives)


def _number_details(query: EvidenceQuery, metric: Metric) -> NumberDetails | None:
    unit = query.measured_in(metric.name)
    return NumberDetails(unit) if unit else None


def _generalised(
    query: EvidenceQuery, pairing: Pairing, model: Model, view: View, question: Question
) -> GeneralisedMean:
    metric = metric_named(question[0])
    parts = (query.rows(pairing, model, group, metric, question[1]) for group in query.groups(pairing, view))
    return generalised(view, [part for part in parts if part is not None])
