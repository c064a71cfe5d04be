"""A comparison with what the other comparisons of an audit make of it: its corrected p-value, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairtransfer.gates.alphas import Alphas
from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.results import ContrastResult
from fairtransfer.stats.families import Sharing, adjusted_by_gate, shares_of_gates
from fairtransfer.stats.holm import LEAST

Lean = Literal["beyond", "on", "inside"]


@dataclass(frozen=True, slots=True)
class JudgedContrast:
    """A contrast with its p-value after the correction for other comparisons."""

    contrast: Contrast
    adjusted: float
    alphas: Alphas
    family: int
    """How many comparisons share the error rate of failures."""

    share: float = 1.0
    """The part of that error rate that the gate has."""

    several: bool = False
    """The audit judges on several benchmarks."""

    @property
    def failed(self) -> bool:
        """Whether the harm exceeds the margin, corrected for the other comparisons."""
        return not self.contrast.blocked and self.adjusted <= self.alphas.failing

    @property
    def first_level(self) -> float:
        """The error rate at which the surest comparison fails: the first step of Holm's procedure."""
        return max(self.alphas.failing * self.share / self.family, LEAST)

    @property
    def passed(self) -> bool:
        """Whether the harm stays below the margin."""
        return self.inside and not self.contrast.barred

    @property
    def inside(self) -> bool:
        """Whether the upper bound stays below the margin, whatever it rests on."""
        return not self.contrast.blocked and self.contrast.upper(self.alphas.passing) < self.contrast.margin

    @property
    def lean(self) -> Lean:
        """Where the measured value lies: on the harmful side of the limit, on it, or inside."""
        harm, margin = self.contrast.harm or 0.0, self.contrast.margin
        return "on" if harm == margin else "beyond" if harm > margin else "inside"

    @property
    def beyond_alone(self) -> bool:
        """Whether the lower bound lies beyond the margin before it is corrected for the other comparisons."""
        return not self.contrast.blocked and self.contrast.lower(self.alphas.failing) > self.contrast.margin

    def result(self, gate: Gate) -> ContrastResult:
        """Return what verdict.json keeps of the contrast; `gate` is the one that makes it."""
        contrast = self.contrast
        known = not contrast.blocked
        return ContrastResult(
            benchmark=contrast.benchmark,
            group=contrast.group,
            against=contrast.against,
            against_group=contrast.other,
            n=contrast.smallest,
            harm=contrast.harm,
            upper=contrast.upper(self.alphas.passing) if known else None,
            lower=contrast.lower(self.alphas.failing) if known else None,
            margin=contrast.margin,
            p_adjusted=self.adjusted if known else None,
            blocked=contrast.blocked,
            side=contrast.side,
            outcome="fail" if self.failed else "pass" if self.passed else "inconclusive",
            recorded=gate.recorded(contrast, self.alphas) if known else {},
            metric=contrast.metric,
        )


def judge_gates(gates: Sequence[Sequence[Contrast]], alphas: Alphas, sharing: Sharing) -> list[list[JudgedContrast]]:
    """Return every gate's contrasts with their adjusted p-values.

    Parameters
    ----------
    gates
        By gate, in the order in which the gates are asked for.
    sharing
        What one error rate of failures covers (`fairtransfer.stats.families`).
    """
    asked = [gate for gate in gates if gate]
    p_values = [[contrast.p_value(alphas.failing) for contrast in gate] for gate in asked]
    adjusted = iter(adjusted_by_gate(p_values, alphas.failing, sharing))
    shares = iter(shares_of_gates(len(asked), sharing))
    total = sum(map(len, asked))
    several = len({contrast.benchmark for gate in asked for contrast in gate}) > 1
    found = []
    for gate in gates:
        share, family = (next(shares), total if sharing == "together" else len(gate)) if gate else (1.0, 1)
        found.append(
            [
                JudgedContrast(contrast, p, alphas, family, share, several)
                for contrast, p in zip(gate, next(adjusted) if gate else (), strict=True)
            ]
        )
    return found
