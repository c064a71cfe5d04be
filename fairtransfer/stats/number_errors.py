"""From errors of predicted numbers in a group to a mean, or the root of one, with limits; from rows, or from sums alone.

Every metric is a mean of values that are weighted sums of a few columns of a case (its error, its size, its square; before,
after, changed). Small groups are resampled (bootstrap-t); of large ones sums of powers are enough, which a database makes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Protocol

import numpy as np

from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.draws import keyed
from fairtransfer.stats.estimate import UNBOUNDED, Bounds, IntervalEstimate, found, too_small, undefined
from fairtransfer.stats.intervals import Floats, Interval
from fairtransfer.stats.means import Sums, bootstrap_of_units, too_few
from fairtransfer.stats.skewed import skewed_mean

MOST_DRAWN = 2_000
"""Groups with more cases (or units) than this have limits in closed form: draws would only repeat them, slowly."""

BEFORE, CHANGE = "_before", "_change"
"""What columns of the model before, and of the change to the one after, end with."""

Terms = tuple[tuple[float, str], ...]
"""A value of a case: factors and columns."""


class ErrorMetric(Protocol):
    """What is asked of a metric: which column it is of, whether the root of a mean is told, what it can be, the fewest cases."""

    @property
    def adds(self) -> str:
        """The column."""

    @property
    def root(self) -> bool:
        """Whether the root of the mean is told."""

    @property
    def bounds(self) -> Bounds:
        """What it can be."""

    @property
    def least(self) -> int | None:
        """Cases below which nothing is told."""


class KnownSums(NamedTuple):
    """A value's sums, the cubes of ``Σ(x_k - mean·m_k)³``, and where they are at hand every unit's cases and sum."""

    sums: Sums
    cubes: float
    units: tuple[Floats, Floats] | None = None

    def variance(self) -> float:
        """Return the squared standard error of the mean."""
        units = self.sums.units
        return self.sums.unit_spread() * units / (units - 1) / self.sums.n**2 if units > 1 else math.nan


class GroupRows(Protocol):
    """What is known of the cases of a group."""

    @property
    def n(self) -> float:
        """How many cases."""

    @property
    def units(self) -> int:
        """How many units."""

    @property
    def clustered(self) -> bool:
        """Whether cases share units."""

    def known(self, terms: Terms) -> KnownSums:
        """Return the sums of a value."""


@dataclass(frozen=True)
class UnitRows:
    """Cases, or units with the sums of their cases.

    Attributes
    ----------
    m
        Cases of every unit.
    columns
        Sums over the unit's cases.
    """

    m: Floats
    columns: Mapping[str, Floats]
    clustered: bool

    @property
    def n(self) -> float:
        """How many cases."""
        return float(self.m.sum())

    @property
    def units(self) -> int:
        """How many units."""
        return len(self.m)

    def known(self, terms: Terms) -> KnownSums:
        """Return the sums of a value."""
        m, x = self.m, sum((factor * self.columns[name] for factor, name in terms), np.zeros(len(self.m)))
        order = np.lexsort((x, m))  # the same cases in another order give the same digits
        m, x = m[order], x[order]
        n, total = math.fsum(m), math.fsum(x)
        mean = total / n if n else 0.0
        # Of cases on their own the squares are the units' squares; of units they are not used.
        sums = Sums(n, total, math.fsum(x * x), len(m), math.fsum(m * m), math.fsum(x * m), math.fsum(x * x))
        off = x - mean * m
        # Centred before squaring: errors that are nearly alike would lose their digits otherwise.
        return KnownSums(sums, math.fsum(off**3), (m, x))


@dataclass(frozen=True)
class Totals:
    """Sums over cases that are units of their own.

    Attributes
    ----------
    n
        Cases.
    powers
        Sums of products of columns: ``("a", "a", "b") -> Σ a²b``, names sorted, of one to three columns.
    """

    n: float
    powers: Mapping[tuple[str, ...], float]
    clustered: bool = False

    @property
    def units(self) -> int:
        """How many units."""
        return round(self.n)

    def known(self, terms: Terms) -> KnownSums:
        """Return the sums of a value."""
        x, xx, xxx = (self._power(terms, degree) for degree in (1, 2, 3))
        n, mean = self.n, x / self.n
        cubes = xxx - 3 * mean * xx + 2 * n * mean**3
        # Where the parts cancel, what is left of them is rounding and no skew.
        cubes = 0.0 if abs(cubes) < 1e-9 * (abs(xxx) + abs(3 * mean * xx)) else cubes
        return KnownSums(Sums(n, x, xx, self.units, n, x, xx), cubes)

    def _power(self, terms: Terms, degree: int) -> float:
        chosen = product(terms, repeat=degree)
        return math.fsum(
            math.prod(factor for factor, _ in part) * self.powers[tuple(sorted(name for _, name in part))]
            for part in chosen
            if all(factor for factor, _ in part)
        )

    def without(self, part: Totals) -> Totals:
        """Return the sums of everyone else."""
        return Totals(self.n - part.n, {name: value - part.powers[name] for name, value in self.powers.items()})


class Quantity(NamedTuple):
    """What is told of a sample.

    Attributes
    ----------
    value
        The metric, or its change, averaged over seeds.
    by_seed
        The same of every seed.
    terms, shift
        ``value = mean of the terms + shift``, unless `squared`: then the value is the root of the mean.
    """

    value: float
    by_seed: tuple[float, ...]
    terms: Terms
    shift: float = 0.0
    squared: bool = False


def mean_of(sample: GroupRows, column: str) -> float:
    """Return the mean of a column over cases."""
    sums = sample.known(((1.0, column),)).sums
    return sums.x / sums.n


def level(sample: GroupRows, metric: ErrorMetric, seeds: Sequence[str] = ("",), model: str = "") -> Quantity:
    """Return a metric of one model.

    Parameters
    ----------
    seeds
        What the columns of every seed's answers end with.
    model
        ``BEFORE`` for the model before.
    """
    names = [f"{metric.adds}{model}{seed}" for seed in seeds]
    means, share = [mean_of(sample, name) for name in names], 1 / len(seeds)
    if not metric.root:
        return Quantity(math.fsum(means) * share, tuple(means), tuple((share, name) for name in names))
    roots = tuple(math.sqrt(max(mean, 0.0)) for mean in means)
    if len(roots) == 1:
        return Quantity(roots[0], roots, ((1.0, names[0]),), squared=True)
    value = math.fsum(roots) * share
    # Linear about the sample: d sqrt(v) = dv / (2 sqrt(v)).
    terms = tuple((share * _slope(root), name) for root, name in zip(roots, names, strict=True))
    return Quantity(value, roots, terms, value / 2)


def change(sample: GroupRows, metric: ErrorMetric, seeds: Sequence[str] = ("",)) -> Quantity:
    """Return how a metric changed from the model before to the one after, on the same cases.

    Notes
    -----
    Of a root it is ``sqrt(v₁) - sqrt(v₀)``, linear about the sample: a case adds ``s₁/(2R₁) - s₀/(2R₀)``, s its squared
    errors and R the roots; written with the change of s, in which nothing cancels when the models are nearly alike.
    """
    share, moved, old = 1 / len(seeds), f"{metric.adds}{CHANGE}", f"{metric.adds}{BEFORE}"
    means = [mean_of(sample, f"{moved}{seed}") for seed in seeds]
    if not metric.root:
        terms = tuple((share, f"{moved}{seed}") for seed in seeds)
        return Quantity(math.fsum(means) * share, tuple(means), terms)
    found_terms: list[tuple[float, str]] = []
    values = []
    for seed, mean in zip(seeds, means, strict=True):
        was = max(mean_of(sample, f"{old}{seed}"), 0.0)
        before, after = math.sqrt(was), math.sqrt(max(was + mean, 0.0))
        values.append(mean / (before + after) if before + after > 0 else 0.0)
        a, b = _slope(after), _slope(before)
        found_terms += [(share * a, f"{moved}{seed}"), (share * (a - b), f"{old}{seed}")]
    value = math.fsum(values) * share
    return Quantity(value, tuple(values), tuple(found_terms), value / 2)


def _slope(root: float) -> float:
    return 1 / (2 * root) if root > 0 else 0.0


def told(
    sample: GroupRows, metric: ErrorMetric, quantity: Quantity, one_sided: float, *, changed: bool
) -> IntervalEstimate:
    """Return a quantity with its limits, or the reason why there are none.

    Up to `MOST_DRAWN` units a bootstrap-t, drawn by what the values are: the same cases give the same limits, in whatever
    order and company. Beyond that the union of Student's and Hall's.
    """
    known = sample.known(quantity.terms)
    few = too_few(sample.n, sample.units, metric.least or 0, clustered=sample.clustered)
    if few is not None:
        return too_small(few)
    bounds = _bounds(metric, quantity, changed=changed)
    if known.units is not None and sample.units <= MOST_DRAWN:
        m, x = known.units
        rng = keyed(b"mean of errors", _content(known.sums))
        estimate = bootstrap_of_units(m, x, rng, one_sided, clustered=sample.clustered, bounds=bounds)
    else:
        estimate = skewed_mean(known.sums, known.cubes, one_sided, bounds)
    return _placed(estimate, quantity)


def _content(sums: Sums) -> bytes:
    """Return what names the draws of some cases: their number and sums, without the last digits.

    These depend on the order in which a database adds, and other digits would be other draws.
    """
    scale = math.sqrt(sums.n * sums.unit_xx)
    leaning = round(sums.x / scale, 9) + 0.0 if scale else 0.0
    return f"{sums.n:.9g} {sums.units} {leaning:.9f} {sums.unit_xx:.9g} {sums.unit_mm:.9g}".encode()


def _bounds(metric: ErrorMetric, quantity: Quantity, *, changed: bool) -> Bounds:
    """Return what the mean of a quantity's terms can be."""
    if changed or metric.bounds == UNBOUNDED:
        return UNBOUNDED
    return metric.bounds[0] - quantity.shift, metric.bounds[1]


def _placed(estimate: IntervalEstimate, quantity: Quantity) -> IntervalEstimate:
    """Return limits of a mean of terms as limits of the quantity."""
    if estimate.status != "ok" or estimate.low is None or estimate.high is None:
        return estimate
    low, high = estimate.low, estimate.high
    if quantity.squared:
        return found(quantity.value, math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0)))
    return found(quantity.value, low + quantity.shift, high + quantity.shift)


def variance(sample: GroupRows, quantity: Quantity) -> float:
    """Return the squared standard error of a quantity."""
    found_variance = sample.known(quantity.terms).variance()
    return found_variance * _slope(quantity.value) ** 2 if quantity.squared else found_variance


def apart(
    one: GroupRows, rest: GroupRows, metric: ErrorMetric, seeds: Sequence[str], model: str, at: float
) -> IntervalEstimate:
    """Return how far a metric of a group lies from everyone else's: closed form (MOVER of the union of Student's and Hall's).

    Parameters
    ----------
    at
        One-sided level of each limit.
    """
    parts = []
    for sample in (one, rest):
        quantity = level(sample, metric, seeds, model)
        known = sample.known(quantity.terms)
        limits = skewed_mean(known.sums, known.cubes, at, _bounds(metric, quantity, changed=False))
        parts.append(_placed(limits, quantity))
    first, second = parts
    for part in parts:
        if part.status != "ok":
            return part
    if first.value is None or second.value is None:
        return undefined("no estimate")
    one_of, rest_of = (Interval(np.asarray(part.low or 0.0), np.asarray(part.high or 0.0)) for part in parts)
    interval = difference_of_changes(first.value, one_of, second.value, rest_of)
    return found(first.value - second.value, float(interval.low), float(interval.high))
