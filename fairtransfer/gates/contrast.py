"""One comparison a gate makes: an estimate turned so that larger is worse, its one-sided bounds, and what stands in the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fairtransfer.findings.asking import Missing, Pairing
from fairtransfer.findings.comparisons import Proportion
from fairtransfer.findings.samples import Difference, Level, Mean, Paired, Sample
from fairtransfer.findings.score_samples import OfScores
from fairtransfer.formats import group_label
from fairtransfer.stats import planning
from fairtransfer.stats.holm import p_value_of_bound
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MINIMUM_UNITS = 20
"""With fewer units the spread between them is not known well enough for a verdict."""

MOST_SEEDS = 100


@dataclass(frozen=True, slots=True)
class Target:
    """The adapted model a verdict is about, on one benchmark."""

    benchmark: str
    strategy: str
    budget: str
    scratch: str
    min_group: int

    @property
    def change(self) -> Pairing:
        """The model as published against this one."""
        return Pairing(self.benchmark, "change", self.strategy, self.budget)

    @property
    def gain(self) -> Pairing:
        """The model trained from scratch against this one."""
        return Pairing(self.benchmark, "gain", self.strategy, self.budget)


@dataclass(frozen=True)
class Contrast:
    """One comparison.

    Attributes
    ----------
    against
        What the group is compared with, in words.
    sample
        The estimate, or the reason why there is none.
    sign
        +1 when more of the sample's estimate is harm, else -1.
    margin
        The largest harm that is acceptable, on the oriented scale.
    other
        The group it is compared with, where it is one.
    """

    gate: str
    benchmark: str
    group: dict[str, str]
    against: str
    sample: Sample | Missing
    sign: int
    margin: float
    min_group: int
    other: dict[str, str] | None = None

    @property
    def harm(self) -> float | None:
        """The estimate, oriented; None where there is none."""
        return None if isinstance(self.sample, Missing) or self.smallest == 0 else self.sign * self.sample.estimate

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper bound of the harm."""
        low, high = self._limits(alpha)
        return high if self.sign > 0 else -low

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower bound of the harm."""
        low, high = self._limits(alpha)
        return low if self.sign > 0 else -high

    def _limits(self, alpha: float) -> tuple[float, float]:
        assert not isinstance(self.sample, Missing), "bounds are asked of contrasts that can be evaluated"
        return self.sample.limits(1 - alpha)

    @cached_property
    def smallest(self) -> float:
        """The smallest denominator in the comparison."""
        if isinstance(self.sample, Missing):
            return float(self.sample.n or 0.0) if self.sample.status == "too_small" else 0.0
        return min((level_n for level_n in _sizes(self.sample)), default=0.0)

    @cached_property
    def blocked(self) -> tuple[str, ...]:
        """Why the comparison cannot be evaluated: reason codes, none if it can."""
        if isinstance(self.sample, Missing):
            return ("below_min_n" if self.sample.status == "too_small" else "undefined_metric",)
        codes = ["below_min_n"] if self.smallest < self.min_group else []
        if any(part.clustered and part.moments.units < MINIMUM_UNITS for part in _parts(self.sample)):
            codes.append("few_clusters")
        if self.sample.of_procedure and self.sample.seeds_count < PROCEDURE_MINIMUM:
            codes.append("few_seeds")
        return tuple(codes)

    def slack(self, alpha: float) -> float:
        """Return how far inside its margin the comparison stays; negative outside."""
        return self.margin - self.upper(alpha)

    @property
    def barred(self) -> tuple[str, ...]:
        """Why the comparison cannot pass although it can be evaluated, and may fail: reason codes, none if it can."""
        return ()

    def told(self, alpha: float) -> dict[str, Any]:  # noqa: ARG002  # some comparisons have bounds of their own
        """Return what is kept of this kind of comparison besides harm and bounds."""
        return {}

    def p_value(self, alpha: float) -> float:
        """Return the p-value of "the harm exceeds the margin"; 1 where not even the unadjusted bound at `alpha` does."""
        return 1.0 if self.blocked else p_value_of_bound(self.lower, self.margin, alpha)

    def needed(self, alpha: float, family: int) -> dict[str, Any]:
        """Return how many people, or seeds, would settle the comparison if today's estimate were the truth."""
        found: dict[str, Any] = {
            "benchmark": self.benchmark,
            "group": self.group,
            "against_group": self.other,
            "have": self.smallest,
            "people": None,
            "seeds": None,
        }
        if isinstance(self.sample, Missing):
            return {**found, "people": self.min_group}
        found["have_seeds"] = self.sample.seeds_count
        if "few_seeds" in self.blocked:
            return {**found, "seeds": PROCEDURE_MINIMUM}
        if "below_min_n" in self.blocked:
            return {**found, "people": self.min_group}
        if "few_clusters" in self.blocked:
            units = min(part.moments.units for part in _parts(self.sample) if part.clustered)
            return {**found, "units": MINIMUM_UNITS, "have_units": units}
        level = alpha if (self.harm or 0.0) < self.margin else alpha / family
        distance = abs(self.margin - (self.harm or 0.0))
        half = self.sample.seed_part(1 - level).half
        if half >= distance and half > 0:
            return {**found, "seeds": self._seeds(level, distance)}
        people = _people(self.sample, math.sqrt(distance**2 - half**2), level)
        return {**found, "people": None if people is None else max(people, math.ceil(self.smallest) + 1)}

    def _seeds(self, alpha: float, distance: float) -> int | None:
        """Return with how many seeds the seeds' part would be half the distance to the margin, at today's spread."""
        from fairtransfer.stats.intervals import t_quantile

        assert isinstance(self.sample, Sample), "checked by the caller"
        sd = self.sample.seed_part(1 - alpha).sd
        for count in range(self.sample.seeds_count + 1, MOST_SEEDS + 1):
            if t_quantile(1 - alpha, count - 1) * sd / math.sqrt(count) <= distance / 2:
                return count
        return None


def against(other: dict[str, str] | None) -> str:
    """Return whom a group is compared with, in words; None is everyone else."""
    return "everyone else" if other is None else group_label(other)


def _parts(sample: Sample) -> Iterator[Level | Paired | OfScores]:
    if isinstance(sample, Level | Paired | OfScores):
        yield sample
    elif isinstance(sample, Difference | Proportion):
        yield from _parts(sample.first)
        yield from _parts(sample.second)
    elif isinstance(sample, Mean):
        yield from sample.parts


def _sizes(sample: Sample) -> Iterator[float]:
    for part in _parts(sample):
        yield part.n


def _people(sample: Sample, distance: float, alpha: float) -> int | None:
    """Return how many people of the group settle the comparison, allowing for what sharing units costs."""
    if isinstance(sample, Paired):
        plain, worth = planning.n_paired(sample.discordant, distance, alpha), sample.scale(1 - alpha)
    elif isinstance(sample, Level):
        plain, worth = planning.n_single(sample.share, distance, alpha), min(1.0, sample.size(1 - alpha) / sample.n)
    elif isinstance(sample, Difference | Proportion):
        one, two = sample.first, sample.second
        if isinstance(one, Mean) or isinstance(two, Mean):
            return None
        times, worth = two.n / one.n, min(1.0, one.size(1 - alpha) / one.n)
        if isinstance(sample, Proportion):
            plain = planning.n_ratio(one.share, two.share, sample.limit, times, distance, alpha)
        else:
            plain = planning.n_difference(one.share, two.share, times, distance, alpha)
    elif isinstance(sample, OfScores):
        plain, worth = sample.needed(distance, alpha), 1.0
    else:
        return None
    return None if plain is None or worth <= 0 else math.ceil(plain / worth)
