"""What metrics of predicted numbers need to be known, per group: value, limits, and the distance to everyone else.

Rows have the form of those of scores (`fairtransfer.evidence.scores`) and lie in the same table. Draws are made here, keyed
by the cases' values, so that whoever reads the table finds the same limits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.moments import Counts, View
from fairtransfer.evidence.scores import Row
from fairtransfer.outcomes import numbers
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.estimate import IntervalEstimate
from fairtransfer.stats.intervals import Floats
from fairtransfer.stats.losses import LOSSES
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.number_errors import (
    BEFORE,
    CHANGE,
    GroupRows,
    Quantity,
    UnitRows,
    apart,
    change,
    level,
    told,
    variance,
)

LEVEL = 0.975
"""One-sided level of the limits that are kept: 95 %, two-sided."""

TOGETHER = 0.05
"""Distances to everyone else hold for all groups of a view together, but for this share of audits."""

LOSS_NAMES = tuple(dict.fromkeys(metric.adds for metric in numbers.METRICS))

Names = tuple[str, ...]


class Source(Protocol):
    """Where samples of groups come from."""

    def groups(self, view: Names) -> list[dict[str, str]]:
        """Return the groups of a view, in order."""

    def sample(self, view: Names, number: int) -> GroupRows:
        """Return the cases of a group."""

    def rest(self, view: Names, number: int) -> GroupRows:
        """Return the cases of everyone else."""


@dataclass(frozen=True)
class Cases:
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
    new = {name: LOSSES[name].of(after, truth) for name in LOSS_NAMES}
    found = {f"{name}{seed}": values for name, values in new.items()}
    if before is not None:
        for name in LOSS_NAMES:
            old = LOSSES[name].of(before, truth)
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
        samples = [source.sample(view, number) for number in range(len(groups))]
        quantities = [level(sample, metric, ends, model) for sample in samples]
        usable = sum(min(sample.n, sample.units) >= MINIMUM_UNBOUNDED for sample in samples)
        for number, (group, sample, quantity) in enumerate(zip(groups, samples, quantities, strict=True)):
            row = {**key, **_about(view, group, name), **_told(sample, metric, quantity, changed=False)}
            others = source.rest(view, number) if view and len(groups) > 1 else None
            rest = level(others, metric, ends, model) if others else None
            row |= _spread("rest_", others, rest) if others and rest else {}
            if others and usable > 1 and min(sample.n, sample.units) >= MINIMUM_UNBOUNDED:
                at = 1 - TOGETHER / (2 * usable)
                found = apart(sample, others, metric, ends, model, at)
                row |= _limits("apart", found, _scale(sample, quantity))
            yield {**row, "seed": None}
            yield from _by_seed(row, quantity, seeds, rest)


def change_numbers(
    source: Source,
    views: Sequence[Names],
    metrics: Sequence[str],
    key: Mapping[str, Any],
    seeds: Mapping[int | None, str],
) -> Iterator[Row]:
    """Yield how metrics changed on the same cases, in every group."""
    for name, view in ((name, view) for name in metrics for view in ((), *views)):
        metric = metric_named(name)
        for number, group in enumerate(source.groups(view)):
            sample = source.sample(view, number)
            quantity = change(sample, metric, tuple(seeds.values()))
            row = {**key, **_about(view, group, name), **_told(sample, metric, quantity, changed=True)}
            yield {**row, "seed": None}
            yield from _by_seed(row, quantity, seeds)


def _about(view: Names, group: Mapping[str, str], metric: str) -> Row:
    return {"attributes": "*".join(view), "group": canonical(group).decode(), "metric": metric, "class": ""}


def _told(sample: GroupRows, metric: Metric, quantity: Quantity, *, changed: bool) -> Row:
    estimate, scale = told(sample, metric, quantity, LEVEL, changed=changed), _scale(sample, quantity)
    return _spread("", sample, quantity) | _limits("", estimate, scale)


def _spread(start: str, sample: GroupRows, quantity: Quantity) -> Row:
    """Return what limits at any level are made of: cases, units, value, its variance, and cubes that tell of its skew."""
    known, scale = sample.known(quantity.terms), _scale(sample, quantity)
    sizes = {"n": round(sample.n), "units": sample.units, "value": _steady(quantity.value, scale)}
    spread = _steady(variance(sample, quantity), scale**2 / sample.n)
    cubes = _steady(known.cubes, known.sums.unit_spread() ** 1.5)
    return {f"{start}{name}": value for name, value in {**sizes, "variance": spread, "cubes": cubes}.items()}


def _limits(name: str, estimate: IntervalEstimate, scale: float) -> Row:
    start = f"{name}_" if name else ""
    found = {f"{start}low": _steady(estimate.low, scale), f"{start}high": _steady(estimate.high, scale)}
    return {**found, **({name: _steady(estimate.value, scale)} if name else {})}


_AVERAGED = ("low", "high", "apart", "variance", "cubes", "rest_variance", "rest_cubes")
"""What is told of values averaged over seeds, and not of each seed."""


def _by_seed(
    row: Row, quantity: Quantity, seeds: Mapping[int | None, str], rest: Quantity | None = None
) -> Iterator[Row]:
    kept = {name: value for name, value in row.items() if not name.startswith(_AVERAGED)}
    others = rest.by_seed if rest else (None,) * len(seeds)
    for seed, value, other in zip(seeds, quantity.by_seed, others, strict=True):
        if seed is not None:
            beside = {} if other is None else {"rest_value": _steady(other, abs(other))}
            yield {**kept, "seed": seed, "value": _steady(value, abs(value)), **beside}


def _scale(sample: GroupRows, quantity: Quantity) -> float:
    """Return how large a case's value typically is."""
    spread = variance(sample, quantity) * sample.n
    return max(abs(quantity.value), math.sqrt(spread) if spread > 0 else 0.0)


def _steady(value: float | None, scale: float) -> float | None:
    """Return a value to eleven digits of its scale: a database that adds in parallel, in any order, changes the last ones."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, 10 - math.floor(math.log10(scale))) if scale > 0 else value
