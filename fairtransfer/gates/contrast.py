"""One comparison a gate makes: an estimate turned so that larger is worse, its one-sided bounds, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.query import Pairing
from fairtransfer.formats import group_label
from fairtransfer.stats.holm import p_value_of_bound
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MINIMUM_UNITS = 20
"""With fewer units the spread between them is not known well enough for a verdict."""


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
    measured_in
        The unit of the margin, where it is that of a label that is a number; empty where this is not known, None for rates
        and scores.
    """

    gate: str
    benchmark: str
    group: dict[str, str]
    against: str
    sample: Estimate | NotEstimable
    sign: int
    margin: float
    min_group: int
    other: dict[str, str] | None = None
    measured_in: str | None = None

    @property
    def harm(self) -> float | None:
        """The estimate, oriented; None where there is none."""
        return None if isinstance(self.sample, NotEstimable) or self.smallest == 0 else self.sign * self.sample.estimate

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper bound of the harm."""
        low, high = self._limits(alpha)
        return high if self.sign > 0 else -low

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower bound of the harm."""
        low, high = self._limits(alpha)
        return low if self.sign > 0 else -high

    def _limits(self, alpha: float) -> tuple[float, float]:
        assert not isinstance(self.sample, NotEstimable), "bounds are asked of contrasts that can be evaluated"
        return self.sample.limits(1 - alpha)

    @cached_property
    def smallest(self) -> float:
        """The smallest denominator in the comparison."""
        if isinstance(self.sample, NotEstimable):
            return float(self.sample.n or 0.0) if self.sample.status == "too_small" else 0.0
        return self.sample.smallest

    @cached_property
    def blocked(self) -> tuple[str, ...]:
        """Why the comparison cannot be evaluated: reason codes, none if it can."""
        if isinstance(self.sample, NotEstimable):
            few = "below_min_n" if self.sample.least is None else "few_for_a_mean"
            alike = "undefined_metric" if self.sample.least is None else "no_spread"
            return (few if self.sample.status == "too_small" else alike,)
        codes = ["below_min_n"] if self.smallest < self.min_group else []
        if self.sample.fewest_units is not None and self.sample.fewest_units < MINIMUM_UNITS:
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


def against(other: dict[str, str] | None) -> str:
    """Return whom a group is compared with, in words; None is everyone else."""
    return "everyone else" if other is None else group_label(other)
