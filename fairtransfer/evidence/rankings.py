"""How scores rank, and whether they mean what they say: what metrics that no sum can tell need to be known, per group.

A row holds one metric of one model (or of the change between two) in one group: enough for its estimate and its limits, whatever
rows share a unit. Scores are ranked exactly, as long as memory holds them all; beyond that, and where they are calibrated, they
stand in bins (`fairtransfer.evidence.score_bins`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.score_bins import COARSE, TOP, coarse_bins
from fairtransfer.evidence.sums import Row, table_of
from fairtransfer.evidence.views import Cases, Counts, Flags, Names, View
from fairtransfer.stats.auc import Histogram, area, delong_variance
from fairtransfer.stats.bias_auc import bias_auc
from fairtransfer.stats.calibration import Bins, debiased_ece, finite_fit, logit
from fairtransfer.stats.estimate import quotient
from fairtransfer.stats.intervals import Floats

KEYS = ("benchmark", "stage", "strategy", "budget", "side", "attributes", "group", "metric", "class")

COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(KEYS, pa.string()),
    **dict.fromkeys(("seed", "n", "positives", "units", "units_positive", "units_negative"), pa.int64()),
    **dict.fromkeys(("value", "variance", "bpsn", "bnsp"), pa.float64()),
    **dict.fromkeys(("auc_before", "auc_after", "variance_before", "covariance"), pa.float64()),
}


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of one class.

    Attributes
    ----------
    positive
        Whether a cell's rows have the class.
    codes
        Bin of the scores (`score_bins`).
    total
        Sum of a cell's scores.
    places
        Place of the scores among all different ones, where these are told apart: what ranks goes by it. None: by the bins.
    """

    positive: Flags
    codes: Counts
    total: Floats
    places: Counts | None = None

    @property
    def order(self) -> Counts:
        """What ascends with the scores, as finely as they are told apart."""
        return self.codes if self.places is None else self.places


MOST_EXACT = 10_000_000
"""Groups times different scores: with more of these, scores are ranked by their bins."""


def places_of(scores: Floats, groups: int) -> Counts | None:
    """Return the place of every score among the different ones; None where these are too many for so many groups."""
    different, places = np.unique(scores, return_inverse=True)
    return places.astype(np.int64) if groups * len(different) <= MOST_EXACT else None


def ranking_rows(
    cases: Cases, scored: Scored, key: Mapping[str, Any], compared: AbstractSet[Names] = frozenset()
) -> Iterator[Row]:
    """Yield the AUC in every group, and between the group and the others (Borkan et al. 2019).

    Parameters
    ----------
    compared
        Views whose groups are compared with everyone else: of these the AUC outside every group is told too. No sum tells it.
    """
    different, codes = np.unique(scored.order, return_inverse=True)
    everyone = _histogram(cases, scored, codes, np.zeros(len(codes), dtype=np.int64), (1, len(different)))
    for names, view in cases.views.items():
        h = _histogram(cases, scored, codes, view.codes, (len(view.groups), len(different)))
        sums = {**_sizes(cases, scored, view), "value": area(h)}
        effects = None if cases.alone else _influence(scored, codes, view, h)
        sums["variance"] = delong_variance(h) if effects is None else _covariance(cases, scored, view, effects, effects)
        if names:
            sums |= {kind: area(bias_auc(kind, h, everyone)) for kind in ("bpsn", "bnsp")}
        yield from _rows(names, view, sums, key)
        if names in compared and len(view.groups) > 1:
            yield from _rows(names, view, _outside(cases, scored, codes, view), key, "rest")


def _outside(cases: Cases, scored: Scored, codes: NDArray[np.intp], view: View) -> dict[str, Floats]:
    """Return the AUC of everyone outside each group, one group after the other."""
    everyone, found = cases.views[()], []
    for number in range(len(view.groups)):
        others = replace(cases, n=cases.n * (view.codes != number))
        h = _histogram(others, scored, codes, everyone.codes, (1, int(codes.max()) + 1))
        effects = _influence(scored, codes, everyone, h)
        variance = _covariance(others, scored, everyone, effects, effects)
        found.append({**_sizes(others, scored, everyone), "value": area(h), "variance": variance})
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _histogram(
    cases: Cases, scored: Scored, codes: NDArray[np.intp], groups: Counts, shape: tuple[int, int]
) -> Histogram:
    cells = (groups * 2 + scored.positive) * shape[1] + codes
    counts = _add(cells, cases.n, 2 * shape[0] * shape[1]).reshape(shape[0], 2, shape[1])
    return Histogram(counts[:, 1], counts[:, 0])


def ranking_change_rows(cases: Cases, before: Scored, after: Scored, key: Mapping[str, Any]) -> Iterator[Row]:
    """Yield how the AUC changed in every group, where both models scored the same cases: both AUCs and how they vary together."""
    binned = [np.unique(scored.order, return_inverse=True) for scored in (before, after)]
    for names, view in cases.views.items():
        sides = []
        for scored, (different, codes) in zip((before, after), binned, strict=True):
            h = _histogram(cases, scored, codes, view.codes, (len(view.groups), len(different)))
            sides.append((area(h), _influence(scored, codes, view, h)))
        (old, one), (new, two) = sides
        sums = {**_sizes(cases, after, view), "value": new - old, "auc_before": old, "auc_after": new}
        pairs = {"variance": (two, two), "variance_before": (one, one), "covariance": (one, two)}
        sums |= {name: _covariance(cases, after, view, *pair) for name, pair in pairs.items()}
        yield from _rows(names, view, sums, key)


def _influence(scored: Scored, codes: NDArray[np.intp], view: View, h: Histogram) -> Floats:
    """Return how much a row of each cell moves its group's AUC: `fairtransfer.stats.auc.influence` of all groups at once."""
    positives, negatives = h.totals()
    above = quotient(_below(h.negative), negatives[:, None])[view.codes, codes]
    under = 1 - quotient(_below(h.positive), positives[:, None])[view.codes, codes]
    off = np.where(scored.positive, above, under) - area(h)[view.codes]
    return quotient(off, np.where(scored.positive, positives[view.codes], negatives[view.codes]))


def _covariance(cases: Cases, scored: Scored, view: View, one: Floats, two: Floats) -> Floats:
    """Return the covariance of every group's two AUCs from what each row does to them; with one of them twice, its variance.

    Rows that are units of their own: DeLong's, with the divisors of each class. Rows that share units move together.
    """
    groups = len(view.groups)
    if not cases.alone:
        first, second = (_add(view.part, cases.n * effects, len(view.group_of)) for effects in (one, two))
        units = _add(view.group_of, _add(view.part, cases.n, len(view.group_of)) > 0, groups)
        return quotient(_add(view.group_of, first * second, groups) * units, units - 1)
    total = np.zeros(groups)
    for flags in (scored.positive, ~scored.positive):
        rows, products = (_add(view.codes, cases.n * flags * values, groups) for values in (1.0, one * two))
        total = total + quotient(products * rows, rows - 1)
    return total


def _below(counts: Floats) -> Floats:
    below: Floats = counts.cumsum(axis=-1) - counts / 2
    return below


def _sizes(cases: Cases, scored: Scored, view: View) -> dict[str, Floats]:
    """Return rows and units of every group, and how many of both have the class."""
    groups, parts = len(view.groups), len(view.group_of)
    n, hits = (_add(view.codes, cases.n * flags, groups) for flags in (1, scored.positive))
    sizes = {"n": n, "positives": hits}
    if cases.alone:
        return sizes | {"units": n, "units_positive": hits, "units_negative": n - hits}
    for name, flags in (
        ("", np.ones_like(scored.positive)),
        ("_positive", scored.positive),
        ("_negative", ~scored.positive),
    ):
        present = _add(view.part, cases.n * flags, parts) > 0
        sizes[f"units{name}"] = _add(view.group_of, present, groups)
    return sizes


def slope_rows(cases: Cases, scored: Scored, key: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the calibration slope in every group; no value where no finite one fits best."""
    for names, view in cases.views.items():
        value, variance = np.full((2, len(view.groups)), np.nan)
        for number in range(len(view.groups)):
            mine = np.flatnonzero(view.codes == number)
            unit = 0 if cases.alone else view.unit_of[view.part[mine]]
            cells, place = np.unique(unit * (TOP + 1) + scored.codes[mine], return_inverse=True)
            n, hits = (_add(place, cases.n[mine] * flags, len(cells)) for flags in (1, scored.positive[mine]))
            said = _add(place, scored.total[mine], len(cells)) / n
            fit = finite_fit(logit(said), hits, n, None if cases.alone else cells // (TOP + 1))
            if fit is not None:
                value[number], variance[number] = fit.slope, fit.variance
        yield from _rows(names, view, {**_sizes(cases, scored, view), "value": value, "variance": variance}, key)


def error_rows(cases: Cases, scored: Scored, key: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the squared calibration error, corrected for chance, in every group."""
    coarse = coarse_bins(scored.codes)
    for names, view in cases.views.items():
        shape = (len(view.groups), COARSE)
        cells = view.codes * COARSE + coarse
        columns = (cases.n, cases.n * scored.positive, scored.total)
        bins = Bins(*(_add(cells, column, shape[0] * shape[1]).reshape(shape) for column in columns))
        yield from _rows(names, view, {**_sizes(cases, scored, view), "value": debiased_ece(bins)}, key)


def _add(index: Any, values: Any, size: int) -> Floats:
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


def _rows(
    names: Names, view: View, sums: Mapping[str, Floats], key: Mapping[str, Any], side: str = "group"
) -> Iterator[Row]:
    for number, group in enumerate(view.groups):
        told = {name: _plain(name, values[number]) for name, values in sums.items()}
        yield {**key, "side": side, "attributes": "*".join(names), "group": canonical(group).decode(), **told}


def _plain(name: str, value: np.float64) -> int | float | None:
    if not np.isfinite(value):
        return None
    return round(float(value)) if COLUMNS[name] == pa.int64() else float(value)


def rankings_table(rows: Iterable[Row]) -> pa.Table:
    """Return rows as a table, sorted; what a row does not have is missing."""
    return table_of(rows, COLUMNS, KEYS)
