"""Shares of cases, and how they differ between groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Self

from fairtransfer.findings.estimates.base import GroupContrast, Observed
from fairtransfer.findings.estimates.values import CLAIMED, RATE, CaseCounts, Limits, Share, Today, suffix
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.exact import clopper_pearson, exact_contrast
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.neighbours import noise_of_seeds
from fairtransfer.stats.planning import detectable
from fairtransfer.stats.truths import OneRate, TwoRates
from fairtransfer.stats.worth import Alike, worth_of_rate


@dataclass(frozen=True)
class Rate(Observed):
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

    @property
    def units(self) -> float | None:
        """Units with cases in the denominator."""
        return self.moments.units if self.clustered else None

    def size(self, level: float) -> float:
        """Return the effective number of people."""
        return float(worth_of_rate(self.moments, self.seeds_count, self.alike, level))

    @property
    def alike(self) -> Alike:
        """What counts as one example."""
        return "weights" if self.weighted else "units" if self.clustered else "rows"

    @property
    def seed_noise(self) -> float:
        """Known where every case is an example of its own."""
        if self.weighted or self.clustered or not self.procedure:
            return 0.0
        shares = [k / n for k, n in zip(self.hits, self.sizes, strict=True)]
        return float(noise_of_seeds(self.moments, sum(self.hits), shares))

    def effective_share(self, level: float) -> float:
        """Return how many independent people one is."""
        return self.size(level) / self.n

    def examples(self, level: float) -> Interval:
        """Return Clopper and Pearson's interval at the effective number of people."""
        interval = clopper_pearson(self.share, self.size(level), normal_quantile(level))
        return Interval(1 - interval.high, 1 - interval.low) if self.complement else interval

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "clopper-pearson" + self.allowed_for

    @property
    def allowed_for(self) -> str:
        """What the interval allows for besides the cases."""
        return suffix(self.seeds_count, clustered=self.clustered, procedure=self.procedure, weighted=self.weighted)

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # the rate's own numerator is told
        """Return denominator and numerator, and the numerator of every seed."""
        counted = [n - k if self.complement else k for k, n in zip(self.hits, self.sizes, strict=True)]
        return {"n": self.n, "k": sum(counted) / len(counted), "k_by_seed": tuple(counted)}

    @property
    def case_counts(self) -> CaseCounts | None:
        """The counts; None where cases have weights."""
        return None if self.weighted else CaseCounts(self.hits, self.sizes, self.complement)

    def as_share(self, level: float) -> Share:
        """Return the rate, its effective number of people, and its counts."""
        return Share(self.estimate, self.size(level), self.share * self.n, self.n)

    def less(self, other: Self) -> RateDifference:
        """Return how far the rate lies above that of other people."""
        return RateDifference(self, other)

    def harmed(self, sign: int) -> float:
        """Return the share that is harmed: of a rate that is good to have, those who have it not."""
        return self.estimate if sign > 0 else 1 - self.estimate

    def today(self, sign: int, level: float) -> Today:  # noqa: ARG002  # as independent people
        """Return the share that is harmed."""
        return Today(OneRate(self.harmed(sign)), 1.0 if sign < 0 else 0.0)

    def shown_by_examples(self, others: float) -> float:
        """Return the smallest distance to everyone else's rate."""
        ratio = others / self.n if others > 0 else math.inf
        return detectable(self.share, self.size(CLAIMED), 1, ratio)


@dataclass(frozen=True)
class RateDifference(GroupContrast):
    """A difference of two rates of different people."""

    first: Rate
    second: Rate

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval from Clopper and Pearson's at effective sizes."""
        one, two = self.first, self.second
        return exact_contrast(one.estimate, one.size(level), two.estimate, two.size(level), normal_quantile(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "mover of clopper-pearson" + self.first.allowed_for

    def today(self, sign: int, level: float) -> Today:
        """Return the shares that are harmed, and how many times as many the others are."""
        one, two = self.first, self.second
        return Today(TwoRates(one.harmed(sign), two.harmed(sign), two.size(level) / one.size(level)))

    def shown_by_examples(self, others: float) -> float:  # noqa: ARG002  # the others are the second side
        """Return the smallest distance between the rates."""
        return self.first.shown_by_examples(self.second.n)
