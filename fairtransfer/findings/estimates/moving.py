"""How a rate changed whose denominator moves with the model: of those put into a class, the share that belongs there.

The two models' rates are of different cases of the same people. How they vary together is known from the sums of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fairtransfer.findings.estimates.base import Observed
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import CHANGE, Limits
from fairtransfer.findings.sums import Row, moments_in
from fairtransfer.stats.contrasts import correlated_difference
from fairtransfer.stats.intervals import Interval

CERTAIN = 0.9
"""The part of the observed correlation that is relied on: it is estimated itself."""


@dataclass(frozen=True)
class MovingRateChange(Observed):
    """A rate of the second model less that of the first, on the same people.

    Attributes
    ----------
    row
        Sums of both models over units, and of their products.
    """

    before: Rate
    after: Rate
    row: Row

    @property
    def range(self) -> Limits:
        """A change lies between -1 and 1."""
        return CHANGE

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.after.seeds_count

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.after.of_procedure

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The change of every seed; the model as published is one model, whatever the seeds of the others."""
        old, new = self.before.by_seed, self.after.by_seed
        return tuple(b - a for a, b in zip(old if len(old) == len(new) else old * len(new), new, strict=True))

    @property
    def n(self) -> float:
        """The smaller of the two denominators."""
        return min(self.before.n, self.after.n)

    @property
    def units(self) -> float | None:
        """The fewer units of the two."""
        return min((side.units for side in (self.before, self.after) if side.units is not None), default=None)

    @cached_property
    def correlation(self) -> float:
        """Of the two rates' sampling errors, linearised: of the units' ``x - rate·m``; 0 where one of them does not vary."""
        new, old, row = moments_in(self.row), moments_in(self.row, "_before"), self.row
        if not (new.m and old.m):
            return 0.0
        a, b = new.rate, old.rate
        first = new.xx - 2 * a * new.xm + a * a * new.mm
        second = old.xx - 2 * b * old.xm + b * b * old.mm
        both = row["xx_both"] - b * row["xm_both"] - a * row["mx_both"] + a * b * row["mm_both"]
        return float(both / math.sqrt(first * second)) if first > 0 and second > 0 else 0.0

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval from both rates', which vary together."""
        one, two = self.after, self.before
        together = CERTAIN * min(max(self.correlation, -1.0), 1.0)
        return correlated_difference(one.estimate, one.examples(level), two.estimate, two.examples(level), together)

    @property
    def method(self) -> str:
        """How the interval is made."""
        return f"correlated mover of {self.after.method}"

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # a change of other cases has no pairs
        """Return the cases that the second model's rate is of."""
        return {"n": self.after.n}
