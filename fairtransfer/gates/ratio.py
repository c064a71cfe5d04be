"""`ratio`: after adaptation every group's rate must be at least a share of its comparison's (four-fifths rule: 0.8).

Judged on ``rate - share·comparison``, by bounds and without a division (MOVER, Zou and Donner 2008): the bare ratio falls
below a true four fifths in about half of all samples. A convention, not a test of law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairtransfer import formats
from fairtransfer.findings.estimates.contrasts import RateRatioContrast, comparisons
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target, against
from fairtransfer.spec.gates import GateSpec, Ratio
from fairtransfer.stats.gap import LEAST_EVENTS


def ratio(query: EvidenceQuery, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group (or pair of groups): the limit's share of the comparison's rate less the group's."""
    options = gate.options
    assert isinstance(options, Ratio), "the registry pairs gates with their options"
    of = query.meant(options.metric, options.class_)
    for group, other in comparisons(query.groups(target.change, options.by), options.contrast):
        sample = query.proportion(target.change, group, other, options.metric, of, options.at_least)
        yield RatioContrast(gate.id, target.benchmark, group, against(other), sample, -1, 0.0, target.min_group, other)


@dataclass(frozen=True)
class RatioContrast(Contrast):
    """A contrast that people read as a ratio. Its harm is ``limit·comparison - rate``; the margin of that is 0."""

    sample: RateRatioContrast | NotEstimable

    @property
    def barred(self) -> tuple[str, ...]:
        """A rate that rests on fewer than 5 people given the class cannot pass.

        Its lower bound lies too high: at an error rate of 0.25 % up to six times as many false passes were found, with
        this rule up to three times (every outcome enumerated, groups of 10 to 1000, true ratio 0.8).
        """
        return () if isinstance(self.sample, NotEstimable) or self.sample.events >= LEAST_EVENTS else ("few_events",)

    def limit(self, alpha: float) -> float:
        """Return the largest limit that would have passed."""
        return self._bounds(alpha)[0]

    def slack(self, alpha: float) -> float:
        """Return by how much the ratio's lower bound exceeds the limit."""
        return 0.0 if isinstance(self.sample, NotEstimable) else self._bounds(alpha)[0] - self.sample.limit

    def told(self, alpha: float) -> dict[str, Any]:
        """Return the ratio with its limits; null where it rests on too few people, or nothing limits it."""
        assert not isinstance(self.sample, NotEstimable), "asked of contrasts that can be evaluated"
        low, high = self._bounds(alpha)
        return {"ratio": self.sample.ratio, "ratio_lower": low, "ratio_upper": high}

    def describe(self, alpha: float, *, failed: bool) -> str:
        """Return both rates, their ratio where it may be told, and the bound that decides."""
        assert not isinstance(self.sample, NotEstimable), "asked of contrasts that can be evaluated"
        rates = [formats.percent(side.estimate) for side in (self.sample.first, self.sample.second)]
        low, high = self._bounds(alpha)
        bound = f"at most {formats.ratio(high)}" if failed else f"at least {formats.ratio(low)}"
        point = "" if self.sample.ratio is None else f"{formats.ratio(self.sample.ratio)}, "
        return f"{rates[0]}, {self.against} {rates[1]}: ratio {point}{bound}"

    def _bounds(self, alpha: float) -> tuple[float, float | None]:
        """Return the ratio's limits, on the side of the gate's limit on which the verdict's own bounds lie."""
        assert not isinstance(self.sample, NotEstimable), "asked of contrasts that can be evaluated"
        (low, high), limit = self.sample.bounds(1 - alpha), self.sample.limit
        low = max(low, limit) if self.upper(alpha) < 0 else min(low, limit)
        if self.lower(alpha) > 0:
            return low, limit if high is None else min(high, limit)
        return low, None if high is None else max(high, limit)
