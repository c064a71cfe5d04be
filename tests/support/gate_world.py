"""Estimates of a world that is known: what a gate finds where its own truth holds, as counts expected or drawn.

Each question a gate may ask is answered from the one kind of truth that belongs to it. A gate that plans for one thing and asks
for another is told so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from support.contrasts import judge_contrasts

from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.changes import PairedDifference
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.gates.decide import decide
from fairtransfer.gates.gate import Expected, Gate
from fairtransfer.gates.results import GateResult
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import GateSpec
from fairtransfer.stats.change_truths import PairedChange, TwoChanges
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.truths import OneRate, ShareOfRate, Truth, TwoRates

EXPECTED = Expected(0.2, 0.2)
GROUPS = ({"region": "north"}, {"region": "south"})
"""Whom a gate is about; what is asked of the first holds, of the second nothing is wrong."""


@dataclass(frozen=True)
class Known:
    """A world in which counts are known.

    Attributes
    ----------
    units
        How many units cases share; None where every case is one of its own.
    seeds
        How many seeds, all alike; None where the claim is about one model.
    good
        The metric is good to have: what is told is one minus the harm.
    """

    n: int
    rng: np.random.Generator | None = None
    units: int | None = None
    seeds: int | None = None
    good: bool = False

    def rate(self, p: float, n: int, *, good: bool | None = None) -> Rate:
        """A share of n cases."""
        k = round(p * n) if self.rng is None else int(self.rng.binomial(n, p))
        seeds, units = self.seeds or 1, n if self.units is None else self.units
        moments = Moments(units, n * seeds, k * seeds, n * seeds**2, k * seeds**2, k * seeds**2)
        return Rate(
            (k,) * seeds, (n,) * seeds, moments, self.units is not None, self.seeds is not None, self.turned(good)
        )

    def change(self, truth: PairedChange, n: int) -> PairedDifference:
        """A change of n pairs."""
        shares = [truth.worse, truth.better, 1 - truth.moved]
        b, c, _ = (round(s * n) for s in shares) if self.rng is None else map(int, self.rng.multinomial(n, shares))
        seeds, units = self.seeds or 1, n if self.units is None else self.units
        moments = Moments(units, n * seeds, (b - c) * seeds, n * seeds**2, (b - c) * seeds**2, (b + c) * seeds**2)
        counts = [(count,) * seeds for count in (b, c, c, b)]
        clustered, procedure = self.units is not None, self.seeds is not None
        return PairedDifference(*counts, n, moments, clustered, procedure, sign=-1 if self.turned(None) else 1)

    def turned(self, good: bool | None) -> bool:
        return self.good if good is None else good

    def level_of(self, truth: Truth) -> Estimate:
        assert isinstance(truth, OneRate), f"a value is judged, and {truth} is planned for"
        return self.rate(truth.p, self.n)

    def change_of(self, truth: Truth) -> Estimate:
        assert isinstance(truth, PairedChange), f"a change is judged, and {truth} is planned for"
        return self.change(truth, self.n)

    def difference_of(self, truth: Truth) -> Estimate:
        assert isinstance(truth, TwoRates), f"a difference is judged, and {truth} is planned for"
        return self.rate(truth.p, self.n).less(self.rate(truth.p_other, math.ceil(truth.ratio * self.n)))

    def change_difference_of(self, truth: Truth) -> Estimate:
        assert isinstance(truth, TwoChanges), f"a difference of changes is judged, and {truth} is planned for"
        return self.change(truth.first, self.n).less(self.change(truth.second, math.ceil(truth.ratio * self.n)))

    def proportion_of(self, truth: Truth, limit: float) -> Estimate:
        assert isinstance(truth, ShareOfRate), f"a ratio is judged, and {truth} is planned for"
        own = self.rate(1 - truth.without, self.n, good=False)
        return RateRatioContrast(own, self.rate(truth.p_other, math.ceil(truth.ratio * self.n), good=False), limit)


class Answers:
    """Stands for the evidence: answers whatever a gate asks about the two groups."""

    def __init__(self, truths: Sequence[Truth], world: Known, metric: str) -> None:
        self.world, self.metric = world, metric
        self.truths = dict(zip((group["region"] for group in GROUPS), truths, strict=True))

    def meant(self, metric: str, of: str | None) -> str | None:
        return of

    def groups(self, pairing: Any, by: Any) -> list[dict[str, str]]:
        return list(GROUPS)

    def judged_level(self, pairing: Any, group: dict[str, str], metric: str, of: Any) -> Estimate:
        return self.world.level_of(self.truths[group["region"]])

    def judged_change(self, pairing: Any, group: dict[str, str], metric: str, of: Any) -> Estimate:
        return self.world.change_of(self.truths[group["region"]])

    def judged_difference(self, pairing: Any, group: dict[str, str], other: Any, metric: str, of: Any) -> Estimate:
        """Of a gate on several metrics the first is harmed; of the others nothing is wrong."""
        truth = self.truths[group["region"] if metric == self.metric else GROUPS[1]["region"]]
        return replace(self.world, good=metric_named(metric).harm_sign < 0).difference_of(truth)

    def judged_change_difference(
        self, pairing: Any, group: dict[str, str], other: Any, metric: str, of: Any
    ) -> Estimate:
        return self.world.change_difference_of(self.truths[group["region"]])

    def proportion(
        self, pairing: Any, group: dict[str, str], other: Any, metric: str, of: Any, limit: float, *, turned: bool
    ) -> Estimate:
        assert not turned, "of two groups each is compared with the other anyway"
        return self.world.proportion_of(self.truths[group["region"]], limit)


def contrasts(gate: Gate, times: float, world: Known, ratio: float = 1.0) -> list[Contrast]:
    """What a gate compares where the harm of the first group is so many times the margin."""
    truths = gate.truth(EXPECTED, ratio, times), gate.truth(EXPECTED, ratio, 0.0)
    target = Target("bench", "model", "", 10)
    return list(gate.contrasts(Answers(truths, world, gate.metric), target))  # type: ignore[arg-type]


def verdict(gate: Gate, times: float, world: Known, ratio: float = 1.0, alpha: float = 0.05) -> GateResult:
    """How the gate comes out in this world."""
    return decide(GateSpec(gate), judge_contrasts(contrasts(gate, times, world, ratio), alpha))
