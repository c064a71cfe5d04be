"""From the probabilities in a run's predictions to what metrics made of scores need to be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.rankings import (
    Scored,
    error_rows,
    places_of,
    ranking_change_rows,
    ranking_rows,
    slope_rows,
)
from fairtransfer.evidence.score_bins import score_bins
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.value_sums import RowValues, value_rows
from fairtransfer.evidence.views import Cases, Flags, Names, People, membership
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.probabilities import VALUES
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.questions import Question
from fairtransfer.stats.intervals import Floats

COUNTERS = {"ranking": ranking_rows, "slope": slope_rows, "binned": error_rows}
"""Estimator -> what makes rows for it, where these are made of bins."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one model said of every item, with one seed.

    Attributes
    ----------
    scores
        Rows x classes.
    chosen
        Rows x classes: the answer given.
    """

    scores: Floats
    chosen: Flags


def said(table: pa.Table, places: NDArray[np.int64], classes: Sequence[str]) -> Said:
    """Return predictions in the items' order; `places` is each prediction's item."""
    flat = table["scores"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    scores, chosen = np.empty((len(places), len(classes))), np.zeros((len(places), len(classes)), dtype=bool)
    scores[places] = flat.reshape(len(places), len(classes))
    chosen[places] = membership(table["pred"].to_pylist(), classes)
    return Said(scores, chosen)


Models = Mapping[int | None, Said]
"""What a model said with each seed."""

Pairs = Mapping[int | None, tuple[Said, Said]]
"""What two models said with each seed."""


def of_bins(questions: Sequence[Question], *, binned: bool) -> list[Question]:
    """Return the questions that are answered from bins of scores, or those that are answered from sums of losses."""
    return [(metric, of) for metric, of in questions if (metric_named(metric).estimator in COUNTERS) == binned]


def level_sums(who: People, models: Models, questions: Sequence[Question], key: Mapping[str, str]) -> Iterator[Row]:
    """Yield the sums of every loss of one model, per seed, and of the losses averaged over seeds (no seed)."""
    for metric, of in of_bins(questions, binned=False):
        values = {seed: _values(who, model, metric, of) for seed, model in models.items()}
        yield from _sums(who, values, metric, of, key)


def change_sums(who: People, pairs: Pairs, questions: Sequence[Question], key: Mapping[str, str]) -> Iterator[Row]:
    """Yield the same of how losses changed from the first model to the second, on the same items."""
    for metric, of in of_bins(questions, binned=False):
        values = {
            seed: _values(who, second, metric, of) - _values(who, first, metric, of)
            for seed, (first, second) in pairs.items()
        }
        yield from _sums(who, values, metric, of, key)


def level_rankings(
    who: People,
    models: Models,
    questions: Sequence[Question],
    key: Mapping[str, str],
    compared: AbstractSet[Names] = frozenset(),
) -> Iterator[Row]:
    """Yield how the scores of one model rank and are calibrated, per seed; `compared` as `binned_rows` takes it."""
    for metric, of in of_bins(questions, binned=True):
        assert of is not None, "rankings are of one class"
        for seed, model in models.items():
            about = {**key, "metric": metric, "class": of, "seed": seed}
            yield from binned_rows(metric, who.cases, _scored(who, model, of), about, compared)


def binned_rows(
    metric: str, cases: Cases, scored: Scored, about: Mapping[str, Any], compared: AbstractSet[Names]
) -> Iterator[Row]:
    """Yield the rows of a metric that is made of bins; `compared`: views whose rankings are compared with everyone else's."""
    estimator = metric_named(metric).estimator
    if estimator == "ranking":
        yield from ranking_rows(cases, scored, about, compared)
    else:
        yield from COUNTERS[estimator](cases, scored, about)


def change_rankings(who: People, pairs: Pairs, questions: Sequence[Question], key: Mapping[str, str]) -> Iterator[Row]:
    """Yield how every AUC changed from the first model to the second, on the same items."""
    for metric, of in of_bins(questions, binned=True):
        if metric_named(metric).estimator == "ranking" and of is not None:
            for seed, pair in pairs.items():
                before, after = (_scored(who, model, of) for model in pair)
                about = {**key, "metric": metric, "class": of, "seed": seed}
                yield from ranking_change_rows(who.cases, before, after, about)


def _scored(who: People, model: Said, of: str) -> Scored:
    column = who.classes.index(of)
    p = model.scores[:, column]
    groups = max(len(view.groups) for view in who.cases.views.values())
    return Scored(who.truth[:, column], score_bins(p), p, places_of(p, groups))


def _sums(
    who: People, values: Mapping[int | None, Floats], metric: str, of: str | None, key: Mapping[str, Any]
) -> Iterator[Row]:
    positive = None if of is None else who.truth[:, who.classes.index(of)]
    yield from averaged_rows(who.cases, values, metric_named(metric), {**key, "class": of or ""}, positive)


def averaged_rows(
    cases: Cases,
    values: Mapping[int | None, Floats],
    metric: Metric,
    key: Mapping[str, Any],
    positive: Flags | None = None,
) -> Iterator[Row]:
    """Yield the sums of a value per seed, and of the values averaged over seeds (no seed)."""
    skewed, about = metric.estimator == "skewed_mean" or metric.of_values, {"class": "", **key, "adds": metric.summed}
    averaged: Floats = np.mean(list(values.values()), axis=0)
    told = [(seed, mine) for seed, mine in values.items() if seed is not None]
    for seed, mine in [*told, (None, averaged)]:
        yield from value_rows(cases, RowValues(mine), {**about, "seed": seed}, skewed=skewed, positive=positive)


def _values(who: People, model: Said, metric: str, of: str | None) -> Floats:
    """Return the value of every item: of one class, or over all of them."""
    value = VALUES[metric_named(metric).adds]
    if of is None:
        assert value.over_classes is not None, "asked of losses that have a form over all classes"
        found: Floats = value.over_classes(model.scores, who.truth, model.chosen)
        return found
    column = who.classes.index(of)
    loss: Floats = value.rows(model.scores[:, column], who.truth[:, column].astype(np.float64))
    return loss
