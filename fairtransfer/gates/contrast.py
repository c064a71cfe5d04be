"""One comparison a gate makes: an estimate turned so that larger is worse, its one-sided bounds, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.group_estimates import Pairing
from fairtransfer.formats import group_label
from fairtransfer.gates.results import Side
from fairtransfer.spec.gates import GateOptions
from fairtransfer.stats.holm import p_value_of_bound
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MINIMUM_UNITS = 20
"""With fewer units the spread between them is not known well enough for a verdict."""


@dataclass(frozen=True, slots=True)
class Target:
    """The adapted model a gate is asked about, on one benchmark.

    Attributes
    ----------
    measured_in
        The unit of the gate's margin, where it is that of a label that is a number; empty where this is not known, None for
        rates and scores.
    """

    benchmark: str
    strategy: str
    budget: str
    min_group: int
    measured_in: str | None = None

    @property
    def change(self) -> Pairing:
        """The model as published against this one."""
        return Pairing(self.benchmark, "change", self.strategy, self.budget)

    @property
    def gain(self) -> Pairing:
        """The model trained from scratch against this one."""
        return Pairing(self.benchmark, "gain", self.strategy, self.budget)

    def contrast(
        self,
        gate: GateOptions,
        group: dict[str, str],
        sample: Estimate | NotEstimable,
        margin: float,
        *,
        other: dict[str, str] | None = None,
        against: str | None = None,
        sign: int | None = None,
        barred: tuple[str, ...] = (),
        turned: bool = False,
        metric: str | None = None,
    ) -> Contrast:
        """Return one comparison that a gate makes.

        Parameters
        ----------
        other
            The group it is compared with; None is everyone else, or, with `against`, nobody.
        against
            Whom or what it is compared with, in words; by default the other group.
        sign
            The direction of harm; by default the metric's.
        barred
            Why it cannot pass although it can be evaluated.
        turned
            The sample compares the other group with this one.
        metric
            What is compared, of a gate that judges several metrics.
        """
        harm_sign = gate.harm_sign if sign is None else sign
        if not isinstance(sample, NotEstimable):
            barred += sample.bars_pass(harm_sign)
        return Contrast(
            gate.id,
            self.benchmark,
            group,
            whom(other) if against is None else against,
            sample,
            harm_sign,
            margin,
            self.min_group,
            other,
            self.measured_in,
            barred,
            turned,
            metric,
        )


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
        The unit of the margin, as `Target` has it.
    barred
        Why the comparison cannot pass although it can be evaluated, and may fail: reason codes, none if it can.
    turned
        The sample compares the other group with this one, so that more of it is less of what is told.
    metric
        The metric, where the gate judges several.
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
    barred: tuple[str, ...] = ()
    turned: bool = False
    metric: str | None = None

    @property
    def side(self) -> Side:
        """On which side of the limit harm lies, of the value as it is told."""
        return "over" if (self.sign > 0) != self.turned else "below"

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
            if self.sample.status != "too_small":
                return (alike,)
            return (few, "few_seeds") if (self.sample.seeds or PROCEDURE_MINIMUM) < PROCEDURE_MINIMUM else (few,)
        codes = ["below_min_n"] if self.smallest < self.min_group else []
        if self.sample.fewest_units is not None and self.sample.fewest_units < MINIMUM_UNITS:
            codes.append("few_clusters")
        if self.sample.of_procedure and self.sample.seeds_count < PROCEDURE_MINIMUM:
            codes.append("few_seeds")
        return tuple(codes)

    def p_value(self, alpha: float) -> float:
        """Return the p-value of "the harm exceeds the margin"; 1 where not even the unadjusted bound at `alpha` does."""
        return 1.0 if self.blocked else p_value_of_bound(self.lower, self.margin, alpha)


def whom(other: dict[str, str] | None) -> str:
    """Return whom a group is compared with, in words; None is everyone else."""
    return "everyone else" if other is None else group_label(other)
