"""`gap`: after adaptation no group may be served worse than its comparison by more than the margin.

The comparison is everyone else (`rest`), one named group, or every other group. The max-min gap itself is not judged: it
is large by chance alone when groups are many or small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.gates.between_groups import BetweenGroups
from fairtransfer.gates.gate import Expected
from fairtransfer.spec.gate_metrics import ComparedMetric
from fairtransfer.spec.gates import Margin

if TYPE_CHECKING:
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.stats.truths import TwoRates


class Gap(BetweenGroups):
    """After adaptation no group may be worse than its comparison by more than the margin."""

    kind = "gap"
    title = "Gap"
    summary = "no group may be served worse than the others by more than the margin"
    example = "gap:by=language,margin=0.1"
    assumes = "{error} of the cases are served badly in every group"
    spread_of = "sizes"

    metric: ComparedMetric = "error_rate"
    margin: Margin

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield one comparison per group (or pair of groups), in the direction of harm only."""
        of = query.meant(self.metric, self.class_)
        for group, other in self.opposed(query, target):
            sample = query.judged_difference(target.change, group, other, self.metric, of)
            yield target.contrast(self, group, sample, self.margin, other=other)

    def truth(self, expected: Expected, ratio: float, times: float) -> TwoRates:
        """Return two rates of harm, the group's higher by the harm."""
        from fairtransfer.stats.truths import TwoRates

        return TwoRates(min(expected.error + times * self.margin, 1.0), expected.error, ratio)
