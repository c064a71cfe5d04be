"""Sums of the errors of predicted numbers, and limits that are drawn. UnitRows as in `fairtransfer.evidence.sums`.

Limits of small groups are drawn here, keyed by the cases' values, so that whoever reads the table finds the same ones. The root
of a mean square stands as the mean of what cases add to it, linear about the sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.views import Counts, Names, View
from fairtransfer.outcomes import numbers
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.intervals import Floats
from fairtransfer.stats.number_errors import (
    BEFORE,
    CHANGE,
    GroupRows,
    Quantity,
    UnitRows,
    change,
    level,
    told,
    variance,
)

LEVEL = 0.975
"""One-sided level of the limits that are kept: 95 %, two-sided."""

LOSS_NAMES = tuple(numbers.VALUES)


class Source(Protocol):
    """Where samples of groups come from."""

    def groups(self, view: Names) -> list[dict[str, str]]:
        """Return the groups of a view, in order."""

    def sample(self, view: Names, number: int) -> GroupRows:
        """Return the cases of a group."""

    def rest(self, view: Names, number: int) -> GroupRows:
        """Return the cases of everyone else."""


@dataclass(frozen=True)
class HeldCases:
    """Cases, or units' sums of cases, held in memory.

    Attributes
    ----------
    m
        How many cases a row stands for.
    columns
        Sums over the row's cases.
    units
        A number per row; rows that share a unit have the same one. None where every case is a unit of its own.
    """

    views: Mapping[Names, View]
    m: Floats
    columns: Mapping[str, Floats]
    units: Counts | None = None

    def groups(self, view: Names) -> list[dict[str, str]]:
        """Return the groups of a view, in order."""
        return self.views[view].groups

    def sample(self, view: Names, number: int) -> UnitRows:
        """Return the cases of a group."""
        return self._chosen(self.views[view].codes == number)

    def rest(self, view: Names, number: int) -> UnitRows:
        """Return the cases of everyone else."""
        return self._chosen(self.views[view].codes != number)

    def _chosen(self, mask: Any) -> UnitRows:
        if self.units is None:
            return UnitRows(
                self.m[mask], {name: values[mask] for name, values in self.columns.items()}, clustered=False
            )
        _, unit = np.unique(self.units[mask], return_inverse=True)

        def add(values: Floats) -> Floats:
            return np.bincount(unit, values[mask]).astype(np.float64)

        return UnitRows(add(self.m), {name: add(values) for name, values in self.columns.items()}, clustered=True)


def columns_of(truth: Floats, after: Floats, before: Floats | None = None, seed: str = "") -> dict[str, Floats]:
    """Return what every case adds: its losses after, before and changed, as far as there are two models."""
    new = {name: numbers.VALUES[name].rows(after, truth) for name in LOSS_NAMES}
    found = {f"{name}{seed}": values for name, values in new.items()}
    if before is not None:
        for name in LOSS_NAMES:
            old = numbers.VALUES[name].rows(before, truth)
            found |= {f"{name}{BEFORE}{seed}": old, f"{name}{CHANGE}{seed}": new[name] - old}
    return found


def level_numbers(
    source: Source,
    views: Sequence[Names],
    metrics: Sequence[str],
    key: Mapping[str, Any],
    seeds: Mapping[int | None, str],
    model: str = "",
) -> Iterator[Row]:
    """Yield metrics of one model in every group; with seeds also every seed's value.

    Parameters
    ----------
    seeds
        What the columns of each seed's answers end with; ``{None: ""}`` where nothing is random.
    model
        ``BEFORE`` for the model before.
    """
    ends = tuple(seeds.values())
    for name, view in ((name, view) for name in metrics for view in ((), *views)):
        metric, groups = metric_named(name), source.groups(view)
        for number, group in enumerate(groups):
            about = {**key, **_about(view, group, metric)}
            sample = source.sample(view, number)
            yield from _rows(about, "group", sample, metric, level(sample, metric, ends, model), seeds)
            if view and len(groups) > 1:
                others = source.rest(view, number)
                yield from _rows(about, "rest", others, metric, level(others, metric, ends, model), seeds)


def change_numbers(
    source: Source,
    views: Sequence[Names],
    metrics: Sequence[str],
    key: Mapping[str, Any],
    seeds: Mapping[int | None, str],
) -> Iterator[Row]:
    """Yield how metrics changed on the same cases, in every group, and among everyone outside it."""
    ends = tuple(seeds.values())
    for name, view in ((name, view) for name in metrics for view in ((), *views)):
        metric, groups = metric_named(name), source.groups(view)
        for number, group in enumerate(groups):
            about = {**key, **_about(view, group, metric)}
            sample = source.sample(view, number)
            yield from _rows(about, "group", sample, metric, change(sample, metric, ends), seeds, changed=True)
            if view and len(groups) > 1:
                others = source.rest(view, number)
                yield from _rows(about, "rest", others, metric, change(others, metric, ends), seeds, changed=True)


def _about(view: Names, group: Mapping[str, str], metric: Metric) -> Row:
    return {"attributes": "*".join(view), "group": canonical(group).decode(), "adds": metric.summed, "class": ""}


def _rows(
    about: Row,
    side: str,
    sample: GroupRows,
    metric: Metric,
    quantity: Quantity,
    seeds: Mapping[int | None, str],
    *,
    changed: bool = False,
) -> Iterator[Row]:
    """Yield the row of values averaged over seeds, then the mean of every seed; limits are drawn of groups alone."""
    row = {**about, "side": side, **_spread(sample, quantity)}
    if side == "group":
        estimate, scale = told(sample, metric, quantity, LEVEL, changed=changed), _scale(sample, quantity)
        row |= {"low": _steady(estimate.low, scale), "high": _steady(estimate.high, scale)}
    yield {**row, "seed": None}
    for seed, value in zip(seeds, quantity.by_seed, strict=True):
        if seed is not None:
            mean = _steady(value, abs(value)) or 0.0
            kept = {name: row[name] for name in ("n", "units", "m")}
            yield {**about, "side": side, "seed": seed, **kept, "x": mean * sample.n}


def _spread(sample: GroupRows, quantity: Quantity) -> Row:
    """Return sums about the mean: what limits at any level are made of."""
    known, scale, n = sample.known(quantity.terms), _scale(sample, quantity), sample.n
    mean = _steady(quantity.value, scale) or 0.0
    told_sums = {"n": round(n), "units": sample.units, "m": n, "x": mean * n, "mm": known.sums.unit_mm}
    found = variance(sample, quantity) if sample.units > 1 else math.nan
    spread = found * n**2 * (sample.units - 1) / sample.units if math.isfinite(found) else None
    slope = 1 / (2 * quantity.value) if quantity.squared and quantity.value > 0 else 1.0
    cubes = _steady(known.cubes * slope**3, (known.sums.unit_spread() * slope**2) ** 1.5)
    return {**told_sums, "spread": _steady(spread, scale**2 * n), "cubes": cubes}


def _scale(sample: GroupRows, quantity: Quantity) -> float:
    """Return how large a case's value typically is."""
    spread = variance(sample, quantity) * sample.n
    return max(abs(quantity.value), math.sqrt(spread) if spread > 0 else 0.0)


def _steady(value: float | None, scale: float) -> float | None:
    """Return a value to eleven digits of its scale: a database that adds in parallel, in any order, changes the last ones."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, 10 - math.floor(math.log10(scale))) if scale > 0 else value
