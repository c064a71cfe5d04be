"""`equalized_odds`: the larger of two gaps, of true positive rates and of false positive rates, stays within the margin.

Hardt, Price and Srebro (2016) ask that neither depends on the group. Both gaps are judged, each group against everyone else, a
named group or every other one, and on both sides: the gate holds where all of them do, which is that the largest does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from fairtransfer.gates.between_groups import BetweenGroups
from fairtransfer.gates.gate import Expected, Pair, PlannedSide
from fairtransfer.spec.gates import Margin

if TYPE_CHECKING:
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.stats.truths import TwoRates

RATES = ("true_positive_rate", "false_positive_rate")


class EqualizedOdds(BetweenGroups):
    """Neither the true nor the false positive rate of any group may differ from its comparison's by more than the margin."""

    kind = "equalized_odds"
    title = "Equalized odds"
    summary = (
        "neither the true nor the false positive rate of a group may differ from the others' by more than the margin"
    )
    example = "equalized_odds:by=language,class=urgent,margin=0.1"
    assumes = "in `equalized_odds` {error} of the cases are served badly by either rate in every group; of both sides the worse"
    spread_of = "sizes"

    metric: Literal["true_positive_rate"] = "true_positive_rate"
    margin: Margin

    @property
    def judged(self) -> tuple[str, ...]:
        """Both rates."""
        return RATES

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield two comparisons per group (or pair of groups), or four where the other side is not compared anyway."""
        of, opposed = query.meant(self.metric, self.class_), list(self.opposed(query, target))
        for group, other in opposed:
            for metric in RATES:
                harm = 1 if metric == "false_positive_rate" else -1
                sample = query.judged_difference(target.change, group, other, metric, of)
                for sign in (harm,) if self.mutual(opposed) else (harm, -harm):
                    yield target.contrast(self, group, sample, self.margin, other=other, sign=sign, metric=metric)

    def sides_of(self, pairs: Sequence[Pair]) -> int:
        """Return how many comparisons each pair of groups makes: of two rates, on one side or both."""
        return 2 if self.mutual(pairs) else 4

    @property
    def signed_limit(self) -> float:
        """The margin, on either side."""
        return self.margin

    def stated(self, measured_in: str | None) -> str:
        """Return the margin without a sign: it holds on both sides."""
        return super().stated(measured_in).lstrip("+")

    def limit_of(self, contrast: Contrast) -> str:
        """Return the limit on the side that a comparison is about."""
        limit = contrast.sign * self.margin
        return self.told(limit, None, limit)

    def demanded(self, measured_in: str | None) -> str:
        """Return the limit as a table shows it."""
        return f"at most {self.stated(measured_in)} apart"

    def planned_sides(self, pairs: Sequence[Pair]) -> tuple[PlannedSide, ...]:
        """Return both rates, on both sides where the other is not compared anyway."""
        turns = (False,) if self.mutual(pairs) else (False, True)
        return tuple(PlannedSide(metric, turned) for metric in RATES for turned in turns)

    def truth(self, expected: Expected, ratio: float, times: float) -> TwoRates:
        """Return two rates of harm, the group's higher by the harm."""
        from fairtransfer.stats.truths import TwoRates

        return TwoRates(min(expected.error + times * self.margin, 1.0), expected.error, ratio)

    def truth_of(self, side: PlannedSide, expected: Expected, ratio: float, times: float) -> TwoRates:
        """Return the same of either rate; on the other side the group has less harm, and what is counted are those without."""
        from fairtransfer.stats.truths import TwoRates

        if not side.turned:
            return self.truth(expected, ratio, times)
        without = 1 - expected.error
        return TwoRates(min(without + times * self.margin, 1.0), without, ratio)
