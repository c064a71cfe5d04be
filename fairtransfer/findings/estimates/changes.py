"""How a share of cases changed on the same cases, and how much more it changed for one group than for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fairtransfer.findings.estimates.base import MoverContrast, Observed
from fairtransfer.findings.estimates.values import CHANGE, CLAIMED, Churn, Limits, Today, suffix
from fairtransfer.stats.change_truths import PairedChange, TwoChanges
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.exact import exact_change
from fairtransfer.stats.intervals import Interval, mcnemar_midp, normal_quantile
from fairtransfer.stats.neighbours import noise_of_seeds
from fairtransfer.stats.planning import detectable_change
from fairtransfer.stats.worth import Alike, worth_of_change


@dataclass(frozen=True)
class PairedDifference(Observed):
    """A change of a rate on the same people.

    Attributes
    ----------
    gained, lost
        Pairs in the numerator after and not before, and the reverse, for every seed.
    before, after
        Pairs in the numerator of each model, for every seed.
    pairs
        How many pairs there are.
    sign
        +1 when the rate is the event's share, -1 for its complement.
    """

    gained: tuple[float, ...]
    lost: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    pairs: float
    moments: Moments
    clustered: bool
    procedure: bool
    sign: int = 1
    weighted: bool = False

    @property
    def range(self) -> Limits:
        """A change lies between -1 and 1."""
        return CHANGE

    @property
    def seeds_count(self) -> int:
        """How many seeds."""
        return len(self.gained)

    @property
    def of_procedure(self) -> bool:
        """Whether the spread over seeds counts."""
        return self.procedure

    @property
    def by_seed(self) -> tuple[float, ...]:
        """The change of every seed."""
        return tuple(self.sign * (b - c) / self.n for b, c in zip(self.gained, self.lost, strict=True))

    @property
    def n(self) -> float:
        """Pairs."""
        return self.pairs

    @property
    def units(self) -> float | None:
        """Units with pairs."""
        return self.moments.units if self.clustered else None

    @property
    def discordant(self) -> float:
        """The share of pairs that changed, averaged over seeds."""
        return (sum(self.gained) + sum(self.lost)) / self.seeds_count / self.n

    @property
    def seed_noise(self) -> float:
        """Known where every pair is an example of its own."""
        if self.weighted or self.clustered or not self.procedure:
            return 0.0
        changes = [(b - c) / self.n for b, c in zip(self.gained, self.lost, strict=True)]
        return float(noise_of_seeds(self.moments, sum(self.gained) + sum(self.lost), changes))

    def effective_share(self, level: float) -> float:
        """Return the share of the pairs that independent rows would be worth; above 1 where seeds differ on the same pairs."""
        return self.size(level) / self.n

    def size(self, level: float) -> float:
        """Return the effective number of pairs."""
        seeds = self.seeds_count
        changed = self.discordant * self.moments.m / seeds
        return float(worth_of_change(self.moments, changed, seeds, self.alike, level))

    @property
    def alike(self) -> Alike:
        """What counts as one example."""
        return "weights" if self.weighted else "units" if self.clustered else "rows"

    def examples(self, level: float) -> Interval:
        """Return the MOVER interval from Clopper and Pearson's of both shares that changed, at the effective number of pairs."""
        moved = self.moved(1)
        return exact_change(moved.worse, moved.better, self.size(level), normal_quantile(level))

    @property
    def method(self) -> str:
        """How the interval is made."""
        return "mover of clopper-pearson" + suffix(
            self.seeds_count, clustered=self.clustered, procedure=self.procedure, weighted=self.weighted
        )

    def counts(self, *, higher_is_worse: bool) -> Mapping[str, Any]:
        """Return pairs, errors of both models, and pairs that became wrong or right, all averaged over seeds."""
        rises = self.sign > 0  # the metric rises when a pair is gained
        worse, better = (self.gained, self.lost) if rises == higher_is_worse else (self.lost, self.gained)
        seeds, n = self.seeds_count, self.n
        errors = [
            sum(hits) / seeds if rises == higher_is_worse else n - sum(hits) / seeds
            for hits in (self.before, self.after)
        ]
        names = ("n_before_errors", "n_after_errors", "n_new_errors", "n_fixed_errors")
        return {"n": n, **dict(zip(names, (*errors, sum(worse) / seeds, sum(better) / seeds), strict=True))}

    @property
    def churn(self) -> Churn:
        """How many pairs changed. The mid-p value is for counts of independent pairs: one seed, no units, no weights."""
        alone = self.seeds_count == 1 and not self.clustered and not self.weighted
        midp = mcnemar_midp(int(self.gained[0]), int(self.lost[0])) if alone else None
        return Churn(self.discordant, midp)

    def less(self, other: Self) -> ChangeDifference:
        """Return how much more the rate changed than that of other people."""
        return ChangeDifference(self, other)

    def moved(self, sign: int) -> PairedChange:
        """Return the shares of pairs that get worse and better."""
        gained, lost = (sum(pairs) / self.seeds_count / self.n for pairs in (self.gained, self.lost))
        return PairedChange(gained, lost) if sign * self.sign > 0 else PairedChange(lost, gained)

    def today(self, sign: int, level: float) -> Today:  # noqa: ARG002  # as independent pairs
        """Return the shares of pairs that get worse and better."""
        return Today(self.moved(sign))

    def shown_by_examples(self, others: float) -> float:  # noqa: ARG002  # a change is compared with none
        """Return the smallest distance to no change."""
        return detectable_change(self.discordant, self.n * self.effective_share(CLAIMED), 1)


@dataclass(frozen=True)
class ChangeDifference(MoverContrast):
    """How much more a share changed for one group than for another."""

    first: PairedDifference
    second: PairedDifference

    def today(self, sign: int, level: float) -> Today:
        """Return both sides' shares of pairs, and how many times as many the others are."""
        one, two = (side.n * side.effective_share(level) for side in (self.first, self.second))
        return Today(TwoChanges(self.first.moved(sign), self.second.moved(sign), two / one))
