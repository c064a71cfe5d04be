"""What every estimate answers, whatever it is made of: a value with limits at any level, what it rests on, and how it is told.

Nobody asks what kind an estimate is. What differs between kinds (how limits are made, which counts are told, how outcomes are
added up for planning) each kind knows itself; a new kind is a subclass, and findings, gates and plans then have it.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Self

from fairtransfer.findings.estimates.values import (
    CLAIMED,
    ONE_SIDED,
    CaseCounts,
    Churn,
    Limits,
    NotEstimable,
    Reported,
    Share,
    Today,
)
from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.neighbours import PlaceAmong
from fairtransfer.stats.planning import MOST, detectable_by_width
from fairtransfer.stats.power import Claim, SeedSpread, people_needed
from fairtransfer.stats.seeds import SeedPart, seed_part, seed_share, widen


@dataclass(frozen=True)
class Estimate(abc.ABC):
    """A value with limits.

    Attributes
    ----------
    among
        The groups and models that share its seeds, and its place among the groups; None where it stands for itself.
    """

    among: PlaceAmong | None = field(default=None, kw_only=True, repr=False, compare=False)

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
    def by_seed(self) -> tuple[float, ...]:
        """The value of every seed."""

    @property
    def estimate(self) -> float:
        """The value, averaged over seeds. Only asked for where it is defined."""
        return fmean(self.by_seed)

    @property
    @abc.abstractmethod
    def range(self) -> Limits:
        """The values the quantity can take: limits are cut to them."""

    @abc.abstractmethod
    def examples(self, level: float) -> Interval:
        """Return the interval over examples alone, at a one-sided level."""

    @property
    @abc.abstractmethod
    def method(self) -> str:
        """How the interval is made, in words."""

    def limits(self, level: float) -> Limits:
        """Return both limits at a one-sided level (0.975 for a two-sided 95 % interval)."""
        interval = self.examples(level)
        low, high = float(interval.low), float(interval.high)
        if self.of_procedure:
            low, high = widen(self.estimate, interval, self.seed_part(level).half)
        return max(low, self.range[0]), min(high, self.range[1])

    def seed_part(self, level: float) -> SeedPart:
        """Return what the seeds add."""
        if not self.of_procedure:
            return SeedPart(0.0, 0.0)
        alone = seed_part(self.by_seed, level)
        return alone if self.among is None else SeedPart(alone.sd, self.among.half(level))

    @property
    def seed_noise(self) -> float:
        """The variance of one seed's value that comes of seeds erring on different examples; 0 where it is not known."""
        return 0.0

    def bars_pass(self, sign: int) -> tuple[str, ...]:  # noqa: ARG002  # most kinds let pass whatever lies inside
        """Return why it cannot pass although its bound lies inside: reason codes; `sign` is +1 where more is harm, else -1."""
        return ()

    def reported(self, others: float) -> Reported | NotEstimable:
        """Return the interval of a finding, or why nothing is told.

        Parameters
        ----------
        others
            How many everyone else is, whom a rate is compared with (see `detectable`).
        """
        share = self.seed_share() if self.of_procedure and self.seeds_count > 1 else None
        return Reported(self.limits(ONE_SIDED), self.method, self.detectable(others), share)

    @property
    def unjudged(self) -> NotEstimable | None:
        """Why a verdict cannot rest on it although it is told; None where it can."""
        return None

    @property
    def standard_error(self) -> float | None:
        """The standard error over examples, where it is known without a level."""
        return None

    def seed_share(self, level: float = ONE_SIDED) -> float:
        """Return the seeds' share of the squared half-width."""
        return seed_share(self.estimate, self.limits(level), self.seed_part(level).half)

    # What it rests on.

    @property
    @abc.abstractmethod
    def parts(self) -> tuple[Observed, ...]:
        """What was observed, each of one group: itself, or what it is made of."""

    @property
    def own(self) -> Estimate:
        """The side of the group that is asked about, where groups are compared; else all of it."""
        return self

    @property
    def smallest(self) -> float:
        """The fewest cases that any part rests on."""
        return min((part.n for part in self.parts), default=0.0)

    @property
    def cases(self) -> float:
        """The cases that have to be as many as the policy asks, for the estimate to be told."""
        return self.smallest

    @property
    def cases_of(self) -> str:
        """Which cases have to be as many, in words, where not all of the group count and the metric does not say which."""
        return ""

    @property
    def fewest_units(self) -> float | None:
        """The fewest units that any part rests on; None where no cases share units."""
        return min((part.units for part in self.parts if part.units is not None), default=None)

    def effective_share(self, level: float) -> float:  # noqa: ARG002  # most kinds plan by the width of their interval
        """Return how many independent cases one case of the group is, at a one-sided level."""
        return 1.0

    def less(self, other: Self) -> GroupContrast:
        """Return how far it lies above the same of other people."""
        return MoverContrast(self, other)

    # How it is told.

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # what is no count has no direction
        """Return the fields of a finding that count cases, errors counted in the direction of harm."""
        return {}

    @property
    def churn(self) -> Churn | None:
        """How many answers moved; None for what is no change of answers."""
        return None

    @property
    def case_counts(self) -> CaseCounts | None:
        """The counts of a rate whose cases count alike; None for anything else."""
        return None

    def as_share(self, level: float) -> Share | None:  # noqa: ARG002  # most kinds are none
        """Return the same as a share of so many independent cases, at a one-sided level; None for what is no share."""
        return None

    # What it takes to know more.

    def today(self, sign: int, level: float) -> Today | None:  # noqa: ARG002  # most kinds cannot count outcomes
        """Return today's estimate as the truth, for adding up outcomes; None where these cannot be counted.

        Parameters
        ----------
        sign
            +1 where more is harm, else -1.
        level
            One-sided level of the bound that would decide.
        """
        return None

    def cases_needed(self, sign: int, margin: float, claim: Claim, spread: SeedSpread, most: float) -> int | None:
        """Return how many cases of the group settle a claim, if today's estimate is the truth; None: no realistic number.

        Parameters
        ----------
        margin
            On the turned scale, on which larger is worse.
        spread
            What seeds add.
        most
            More cases than this are not looked for.
        """
        level = 1 - claim.level
        today = self.today(sign, level)
        if today is None:
            return self._cases_by_width(margin - sign * self.estimate, claim, spread)
        share, limit = self.own.effective_share(level), margin + today.shift
        people = max(1, math.floor(most * share))
        found = people_needed(today.truth, claim.side, limit, claim.level, claim.power, spread, people)
        if found is None:
            return None
        return math.ceil(found / share) if share > 0 else MOST + 1

    def _cases_by_width(self, distance: float, claim: Claim, spread: SeedSpread) -> int | None:
        """Return how many cases make today's interval narrow enough: its half-width falls with the root of their number."""
        room = distance**2 - spread.half**2
        if room <= 0:
            return None
        interval, z = self.examples(1 - claim.level), normal_quantile(1 - claim.level)
        half = float(interval.high - interval.low) / 2
        wanted = (z + normal_quantile(claim.power)) / z * half
        cases = self.own.smallest * wanted**2 / room
        return math.ceil(cases) if cases <= MOST else None

    def detectable(self, others: float = math.inf) -> float:
        """Return the smallest difference that this many cases would have shown with 80 % power, in one comparison.

        Parameters
        ----------
        others
            How many everyone else is, whom a rate is compared with; infinite for the rate of everyone.

        Notes
        -----
        For a rate, its distance to everyone else's; for a change, its distance to none; what seeds add to the interval is added
        to it likewise. Of a ratio it is told as the difference of the two rates. For all other kinds it follows from the width
        of the interval.
        """
        seeds = detectable_by_width(self.seed_part(CLAIMED).half, CLAIMED)
        least = math.hypot(self.shown_by_examples(others), seeds)
        return least if math.isinf(self.range[1]) else min(least, 1.0)  # a number in the label's unit has no upper end

    def shown_by_examples(self, others: float) -> float:  # noqa: ARG002  # the width of the interval holds both sides
        """Return the smallest difference that the cases would have shown, were there no seeds."""
        interval = self.examples(CLAIMED)
        return detectable_by_width(float(interval.high - interval.low) / 2, CLAIMED)


class Observed(Estimate):
    """What was observed of one group's cases."""

    @property
    @abc.abstractmethod
    def n(self) -> float:
        """The cases it rests on, averaged over seeds."""

    @property
    @abc.abstractmethod
    def units(self) -> float | None:
        """The units that its cases share; None where every case is one of its own."""

    @property
    def parts(self) -> tuple[Observed, ...]:
        """Itself."""
        return (self,)

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # cases have no direction
        """Return how many cases it rests on."""
        return {"n": self.n}


class GroupContrast(Estimate):
    """A contrast of two groups, ``first - second`` unless a subclass says otherwise; both have the same seeds and claim."""

    first: Estimate
    second: Estimate

    @property
    def parts(self) -> tuple[Observed, ...]:
        """What both sides are made of."""
        return self.first.parts + self.second.parts

    @property
    def own(self) -> Estimate:
        """The first side."""
        return self.first

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.first.of_procedure

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.first.seeds_count

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The difference of every seed: what moves both groups alike cancels."""
        return tuple(a - b for a, b in zip(self.first.by_seed, self.second.by_seed, strict=True))

    @property
    def seed_noise(self) -> float:
        """What both sides have: their examples differ."""
        return self.first.seed_noise + self.second.seed_noise

    @property
    def range(self) -> Limits:
        """From the least against the most to the reverse."""
        return self.first.range[0] - self.second.range[1], self.first.range[1] - self.second.range[0]


@dataclass(frozen=True)
class MoverContrast(GroupContrast):
    """A difference of two groups whose interval follows from those of its sides: of changes, of averages, of mean values."""

    first: Estimate
    second: Estimate

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval from those of the two sides."""
        one, two = self.first, self.second
        return difference_of_changes(one.estimate, one.examples(level), two.estimate, two.examples(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        of = self.first.method
        return of if of.startswith("mover of ") else f"mover of {of}"
