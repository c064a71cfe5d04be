"""What estimates answer with: limits, counts, and the reason why there is no estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from fairtransfer.stats.planning import CLAIM
from fairtransfer.stats.truths import Truth

Limits = tuple[float, float]

RATE: Limits = (0.0, 1.0)
CHANGE: Limits = (-1.0, 1.0)

CI_LEVEL = 0.95
ONE_SIDED = 0.5 + CI_LEVEL / 2
"""The one-sided level of both limits of an interval that is told."""

CLAIMED = 1 - CLAIM
"""The one-sided level of a claim of harm."""


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Why there is no estimate.

    Attributes
    ----------
    least
        How many cases, or units, a metric takes whatever the policy says.
    units
        How many units there are, where it is these that are too few.
    cases
        All cases of the group, where `n` is another number: the policy's minimum is of these.
    seeds
        How many seeds there are, where the claim is about all that there could be.
    """

    status: Literal["undefined", "too_small", "not_measured"]
    reason: str
    n: float | None = None
    least: int | None = None
    units: int | None = None
    cases: float | None = None
    seeds: int | None = None

    @property
    def told_n(self) -> float | None:
        """The number of cases that a finding tells."""
        return self.n if self.cases is None else self.cases


class Churn(NamedTuple):
    """How many answers moved in a change: the share of cases, and McNemar's mid-p of "no change" where it applies."""

    share: float
    mcnemar_midp: float | None


class CaseCounts(NamedTuple):
    """Numerators and denominators of every seed, of a rate whose cases count alike; `complement`: one minus it is told."""

    hits: tuple[float, ...]
    sizes: tuple[int, ...]
    complement: bool


class Share(NamedTuple):
    """An estimate as the share of so many independent cases, and the counts it is really from."""

    value: float
    size: float
    events: float
    cases: float


class Reported(NamedTuple):
    """The interval of a finding.

    Attributes
    ----------
    ci
        Both limits; None where there is no interval, and `method` says why.
    detectable
        The smallest difference that the cases would have shown; None where there is no interval.
    seed_share
        The seeds' share of the squared half-width; None where there is one seed, or seeds do not count.
    """

    ci: Limits | None
    method: str
    detectable: float | None
    seed_share: float | None = None


class Today(NamedTuple):
    """Today's estimate as the truth, turned so that larger is worse.

    Attributes
    ----------
    shift
        How far the truth's harm lies above the turned estimate: of a rate that is good to have, those are harmed who have it not.
    """

    truth: Truth
    shift: float = 0.0


def suffix(seeds: int, *, clustered: bool, procedure: bool, weighted: bool = False) -> str:
    """Return what a method allows for besides the cases, as its name tells it: `` (units and seeds)``."""
    parts = (["units"] if clustered else []) + (["weights"] if weighted else [])
    parts += ["seeds"] if procedure and seeds > 1 else []
    return f" ({' and '.join(parts)})" if parts else ""
