"""From the probabilities in a run's predictions to what metrics made of scores need to be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.moments import Flags, People, membership
from fairtransfer.evidence.score_bins import score_bins
from fairtransfer.evidence.scores import (
    Cases,
    Floats,
    Row,
    Scored,
    error_rows,
    mean_rows,
    powers,
    ranking_change_rows,
    ranking_rows,
    slope_rows,
)
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.scores import Question
from fairtransfer.stats.losses import LEAST_PROBABILITY, LOSSES

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


def cases_of(who: People) -> Cases:
    """Return the items as cases."""
    rows = len(who.truth)
    return Cases(who.views, np.ones(rows, dtype=np.int64), alone=len(np.unique(who.units)) == rows)


def level_scores(
    who: People, models: Mapping[int | None, Said], questions: Sequence[Question], key: Mapping[str, str]
) -> Iterator[Row]:
    """Yield every answer about one model, per seed; of means also that of the values averaged over seeds (no seed)."""
    cases = cases_of(who)
    for metric, of in questions:
        about = {**key, "metric": metric, "class": of or ""}
        if metric_named(metric).estimator not in COUNTERS:
            yield from _means(
                cases, {seed: _values(who, model, metric, of) for seed, model in models.items()}, who, of, about
            )
            continue
        assert of is not None, "only means have a form over all classes"
        count = COUNTERS[metric_named(metric).estimator]
        for seed, model in models.items():
            yield from count(cases, _scored(who, model, of), {**about, "seed": seed})


def change_scores(
    who: People,
    pairs: Mapping[int | None, tuple[Said, Said]],
    questions: Sequence[Question],
    key: Mapping[str, str],
) -> Iterator[Row]:
    """Yield the change of every mean and AUC from the first model to the second, on the same items."""
    cases = cases_of(who)
    for metric, of in questions:
        about = {**key, "metric": metric, "class": of or ""}
        if metric_named(metric).estimator == "ranking" and of is not None:
            for seed, pair in pairs.items():
                before, after = (_scored(who, model, of) for model in pair)
                yield from ranking_change_rows(cases, before, after, {**about, "seed": seed})
        elif metric_named(metric).estimator not in COUNTERS:
            values = {
                seed: _values(who, second, metric, of) - _values(who, first, metric, of)
                for seed, (first, second) in pairs.items()
            }
            yield from _means(cases, values, who, of, about)


def _scored(who: People, model: Said, of: str) -> Scored:
    column = who.classes.index(of)
    p = model.scores[:, column]
    return Scored(who.truth[:, column], score_bins(p), p)


def _means(
    cases: Cases, values: Mapping[int | None, Floats], who: People, of: str | None, key: Mapping[str, Any]
) -> Iterator[Row]:
    skewed = metric_named(key["metric"]).estimator == "skewed_mean"
    positive = None if of is None else who.truth[:, who.classes.index(of)]
    averaged: Floats = np.mean(list(values.values()), axis=0)
    for seed, mine in values.items():
        if seed is not None:
            yield from mean_rows(cases, powers(mine, skewed=skewed), positive, {**key, "seed": seed})
    yield from mean_rows(cases, powers(averaged, skewed=skewed), positive, {**key, "seed": None})


def _values(who: People, model: Said, metric: str, of: str | None) -> Floats:
    """Return the value of every item: of one class, or over all of them."""
    if of is not None:
        column = who.classes.index(of)
        loss: Floats = LOSSES[metric_named(metric).adds].of(
            model.scores[:, column], who.truth[:, column].astype(np.float64)
        )
        return loss
    if metric == "brier_score":
        squared: Floats = ((model.scores - who.truth) ** 2).sum(axis=1)
        return squared
    if metric == "log_loss":
        surprise: Floats = -np.log(np.clip((model.scores * who.truth).sum(axis=1), LEAST_PROBABILITY, 1))
        return surprise
    answered = model.chosen.any(axis=1)
    sure: Floats = np.where(answered, np.where(model.chosen, model.scores, 0).max(axis=1), model.scores.max(axis=1))
    right: Floats = (answered & (model.chosen == who.truth).all(axis=1)).astype(np.float64)
    return right - sure
