"""What was observed of one group, and how far the truth may lie from it.

`Rate` is a rate, `PairedDifference` a change on the same people; what is made of several of them is in `combined`. Each
gives an estimate and limits at any one-sided level; the seeds' part is added where the claim is about the procedure.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from statistics import fmean

from fairtransfer.stats import intervals
from fairtransfer.stats.effective import (
    Moments,
    design_effect,
    effective_size,
    t_correction,
    weighted_effect,
    weighted_size,
)
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.seeds import SeedPart, seed_part, seed_share, widen

Limits = tuple[float, float]

RATE: Limits = (0.0, 1.0)
CHANGE: Limits = (-1.0, 1.0)


class Sample(abc.ABC):
    """One estimate with its uncertainty."""

    @property
    @abc.abstractmethod
    def seeds_count(self) -> int:
        """How many seeds."""

    @property
    @abc.abstractmethod
    def of_procedure(self) -> bool:
        """Whether the claim is about the recipe, so that the spread over seeds counts."""

    @property
    @abc.abstractmethod
    def estimate(self) -> float:
        """The estimate, averaged over seeds. Only asked for where the denominator is not zero."""

    @property
    @abc.abstractmethod
    def by_seed(self) -> tuple[float, ...]:
        """The estimate of every seed."""

    @abc.abstractmethod
    def examples(self, level: float) -> Interval:
        """Return the interval over examples alone, at a one-sided level."""

    @property
    @abc.abstractmethod
    def method(self) -> str:
        """How the interval over examples is made."""

    @property
    @abc.abstractmethod
    def range(self) -> Limits:
        """The values the quantity can take: limits are cut to them."""

    def limits(self, level: float) -> Limits:
        """Return both limits at a one-sided level (0.975 for a two-sided 95 % interval)."""
        interval = self.examples(level)
        low, high = float(interval.low), float(interval.high)
        if self.of_procedure:
            low, high = widen(self.estimate, interval, self.seed_part(level).half)
        return max(low, self.range[0]), min(high, self.range[1])

    def seed_part(self, level: float) -> SeedPart:
        """Return what the seeds add."""
        return seed_part(self.by_seed, level) if self.of_procedure else SeedPart(0.0, 0.0)

    def seed_share(self, level: float = 0.975) -> float:
        """Return the seeds' share of the squared half-width."""
        return seed_share(self.estimate, self.limits(level), self.seed_part(level).half)


@dataclass(frozen=True)
class Rate(Sample):
    """A rate.

    Attributes
    ----------
    hits, sizes
        Numerator and denominator of every seed.
    complement
        The rate reported is one minus the event's share.
    weighted
        Cases do not count alike; numerators are shares of the weight, times the cases.
    """

    hits: tuple[float, ...]
    sizes: tuple[int, ...]
    moments: Moments
    clustered: bool
    procedure: bool
    complement: bool = False
    weighted: bool = False

    @property
    def range(self) -> Limits:
        """A rate lies between 0 and 1."""
        return RATE

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return len(self.hits)

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.procedure

    @property
    def share(self) -> float:
        """The event's share, averaged over seeds."""
        return fmean(k / n for k, n in zip(self.hits, self.sizes, strict=True))

    @property
    def estimate(self) -> float:
        """The rate."""
        return 1 - self.share if self.complement else self.share

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The rate of every seed."""
        rates = (k / n for k, n in zip(self.hits, self.sizes, strict=True))
        return tuple(1 - rate if self.complement else rate for rate in rates)

    @property
    def n(self) -> float:
        """The denominator, averaged over seeds."""
        return sum(self.sizes) / len(self.sizes)

    def size(self, level: float) -> float:
        """Return the effective number of people."""
        if self.weighted:
            return weighted_size(self.moments, self.n, level)
        return effective_size(self.moments, self.seeds_count, clustered=self.clustered, level=level)

    def examples(self, level: float) -> Interval:
        """Return Wilson's interval at the effective number of people."""
        interval = intervals.wilson(self.share, self.size(level), normal_quantile(level))
        return Interval(1 - interval.high, 1 - interval.low) if self.complement else interval

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "wilson" + suffix(
            self.seeds_count, clustered=self.clustered, procedure=self.procedure, weighted=self.weighted
        )


@dataclass(frozen=True)
class PairedDifference(Sample):
    """A change of a rate on the same people.

    Attributes
    ----------
    gained, lost
        Pairs in the numerator after and not before, and the reverse, for every seed.
    before, after
        Pairs in the numerator of each model, for every seed.
    n
        Pairs.
    sign
        +1 when the rate is the event's share, -1 for its complement.
    """

    gained: tuple[float, ...]
    lost: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    n: float
    moments: Moments
    clustered: bool
    procedure: bool
    sign: int = 1
    weighted: bool = False

    @property
    def range(self) -> Limits:
        """A change lies between -1 and 1."""
        return CHANGE

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return len(self.gained)

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.procedure

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The change of every seed."""
        return tuple(self.sign * (b - c) / self.n for b, c in zip(self.gained, self.lost, strict=True))

    @property
    def estimate(self) -> float:
        """The change."""
        return fmean(self.by_seed)

    @property
    def discordant(self) -> float:
        """The share of pairs that changed, averaged over seeds."""
        return (sum(self.gained) + sum(self.lost)) / self.seeds_count / self.n

    def scale(self, level: float) -> float:
        """Return the share of the pairs that independent rows would be worth."""
        if not self.clustered and not self.weighted:
            return 1.0
        effect = weighted_effect(self.moments, self.discordant, self.n) if self.weighted else self._effect()
        if self.moments.variance() == 0:
            # No unit differs from another, so the spread within units is unknown: each unit counts as one pair.
            effect = max(effect, self.n / max(self.moments.worth if self.weighted else self.moments.units, 1))
        return t_correction(self.moments.units, level) / effect

    def _effect(self) -> float:
        return design_effect(self.moments, self.discordant * self.n, self.seeds_count)

    def examples(self, level: float) -> Interval:
        """Return Bonett and Price's interval at the effective number of pairs."""
        scale = self.scale(level) / self.seeds_count
        size = max(self.n * self.scale(level), 1.0)
        up, down = (self.gained, self.lost) if self.sign > 0 else (self.lost, self.gained)
        return intervals.bonett_price(sum(up) * scale, sum(down) * scale, size, normal_quantile(level))

    def limits(self, level: float) -> Limits:
        """Return both limits; adjusted limits that would not bracket the raw change are moved to it."""
        low, high = super().limits(level)
        return min(low, self.estimate), max(high, self.estimate)

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "bonett-price" + suffix(
            self.seeds_count, clustered=self.clustered, procedure=self.procedure, weighted=self.weighted
        )


def suffix(seeds: int, *, clustered: bool, procedure: bool, weighted: bool = False) -> str:
    """Return what a method allows for besides the cases, as its name tells it: `` (units and seeds)``."""
    parts = (["units"] if clustered else []) + (["weights"] if weighted else [])
    parts += ["seeds"] if procedure and seeds > 1 else []
    return f" ({' and '.join(parts)})" if parts else ""
