"""F1 scores: of one class, their mean over classes, and how either changed; from shares of the cases concerned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtransfer.findings.estimates.base import Observed
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import CHANGE, ONE_SIDED, RATE, Limits
from fairtransfer.stats.f1_limits import f1_contrast, f1_of_share
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile


@dataclass(frozen=True)
class F1Score(Observed):
    """An F1 score, its mean over classes, or the change of either.

    Attributes
    ----------
    after, before
        Of every class, the share of right ones among the cases of it or put into it; `before` is empty but for a change.
    together
        How these shares vary together (`fairtransfer.stats.f1_limits.correlations`), first those after.
    people
        All cases of the group, averaged over seeds.
    least
        Cases of the rarest class asked for.
    """

    after: tuple[Rate, ...]
    before: tuple[Rate, ...]
    together: Floats
    people: float
    least: float

    @property
    def range(self) -> Limits:
        """A score lies between 0 and 1."""
        return CHANGE if self.before else RATE

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return self.after[0].seeds_count

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.after[0].of_procedure

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The value of every seed; the model as published is one model, whatever the seeds of the others."""
        new, old = _means(self.after), _means(self.before) if self.before else np.zeros(1)
        return tuple((new - old).tolist())

    def examples(self, level: float) -> Interval:
        """Return the interval that the shares' limits make together."""
        parts, each = (*self.after, *self.before), 1 / len(self.after)
        weights = [each] * len(self.after) + [-each] * len(self.before)
        shares, sizes = [part.share for part in parts], [part.size(level) for part in parts]
        found = f1_contrast(shares, sizes, weights, self.together, normal_quantile(level))
        shift = self.estimate - float(
            np.dot(weights, f1_of_share(shares))
        )  # the mean of seeds is no score of mean shares
        return Interval(found.low + shift, found.high + shift)

    @property
    def standard_error(self) -> float:
        """What the interval of 95 % takes it to be: its limits are not far from even."""
        interval = self.examples(ONE_SIDED)
        return float(interval.high - interval.low) / 2 / normal_quantile(ONE_SIDED)

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "clopper-pearson of the cases concerned" + self.after[0].allowed_for

    @property
    def n(self) -> float:
        """Cases of the rarest class: it is least known."""
        return self.least

    @property
    def cases_of(self) -> str:
        """Whose cases have to be as many as the policy asks."""
        return "of the class" if len(self.after) == 1 else "of the rarest class"

    @property
    def units(self) -> float | None:
        """The fewest units that any of the shares rests on."""
        return min((part.units for part in (*self.after, *self.before) if part.units is not None), default=None)

    def effective_share(self, level: float) -> float:
        """Return how many independent cases one is: the least of any class."""
        return min(part.effective_share(level) for part in (*self.after, *self.before))

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:  # noqa: ARG002  # a score has no numerator
        """Return all cases of the group: each is of a class."""
        return {"n": self.people}


def _means(parts: tuple[Rate, ...]) -> Floats:
    """Return the mean over classes of every seed."""
    return np.asarray(np.mean([f1_of_share(part.by_seed) for part in parts], axis=0))
