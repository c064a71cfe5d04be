"""Two groups compared, or a group and everyone outside it, by the ratio of their rates.

The people differ, so that the two sides' errors are independent; what seeds do to both alike cancels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairtransfer.findings.estimates.base import GroupContrast
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import Limits, Today
from fairtransfer.stats.contrasts import RatioBounds
from fairtransfer.stats.exact import exact_contrast, ratio_limits
from fairtransfer.stats.gap import LEAST_EVENTS
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.truths import ShareOfRate


@dataclass(frozen=True)
class RateRatioContrast(GroupContrast):
    """``first - limit·second``: above zero the first rate is more than this share of the second; nothing is divided."""

    first: Rate
    second: Rate
    limit: float

    @property
    def range(self) -> Limits:
        """From nobody against everybody to the reverse."""
        return -self.limit, 1.0

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The contrast of every seed."""
        return tuple(a - self.limit * b for a, b in zip(self.first.by_seed, self.second.by_seed, strict=True))

    @property
    def seed_noise(self) -> float:
        """What both sides have."""
        return self.first.seed_noise + self.limit**2 * self.second.seed_noise

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval of the contrast from Clopper and Pearson's at effective sizes."""
        one, two = self.first, self.second
        sizes = one.size(level), two.size(level)
        return exact_contrast(one.estimate, sizes[0], two.estimate, sizes[1], normal_quantile(level), tau=self.limit)

    @property
    def events(self) -> float:
        """People of the first group who were given the class, averaged over seeds."""
        return self.first.share * self.first.n

    @property
    def ratio(self) -> float | None:
        """The ratio itself; None where it would rest on fewer than 5 people with or without the class on either side."""
        sides = [(side.share * side.n, side.n) for side in (self.first, self.second)]
        if min(min(x, n - x) for x, n in sides) < LEAST_EVENTS:
            return None
        return self.first.estimate / self.second.estimate

    def bounds(self, level: float) -> RatioBounds:
        """Return both limits of the ratio at a one-sided level: the limits that would just pass and just fail."""
        return ratio_limits(lambda ratio: replace(self, limit=ratio).limits(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "mover of clopper-pearson" + self.first.allowed_for

    def today(self, sign: int, level: float) -> Today:  # noqa: ARG002  # less is always the harm
        """Return the shares without and with the class, and how many times as many the others are."""
        one, two = self.first, self.second
        return Today(ShareOfRate(1 - one.estimate, two.estimate, self.limit, two.size(level) / one.size(level)))

    def shown_by_examples(self, others: float) -> float:  # noqa: ARG002  # the others are the second side
        """Return the smallest distance between the rates."""
        return self.first.shown_by_examples(self.second.n)
