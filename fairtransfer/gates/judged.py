"""A comparison with what the other comparisons of an audit make of it: its corrected p-value, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.results import ContrastResult
from fairtransfer.stats.holm import holm

Lean = Literal["beyond", "on", "inside"]


@dataclass(frozen=True, slots=True)
class JudgedContrast:
    """A contrast with its p-value after Holm's correction."""

    contrast: Contrast
    adjusted: float
    alpha: float
    family: int
    several: bool = False
    """The audit judges on several benchmarks."""

    @property
    def failed(self) -> bool:
        """Whether the harm exceeds the margin, corrected for every contrast of the audit."""
        return not self.contrast.blocked and self.adjusted <= self.alpha

    @property
    def passed(self) -> bool:
        """Whether the harm stays below the margin."""
        return self.inside and not self.contrast.barred

    @property
    def inside(self) -> bool:
        """Whether the upper bound stays below the margin, whatever it rests on."""
        return not self.contrast.blocked and self.contrast.upper(self.alpha) < self.contrast.margin

    @property
    def lean(self) -> Lean:
        """Where the measured value lies: on the harmful side of the limit, on it, or inside."""
        harm, margin = self.contrast.harm or 0.0, self.contrast.margin
        return "on" if harm == margin else "beyond" if harm > margin else "inside"

    @property
    def beyond_alone(self) -> bool:
        """Whether the lower bound lies beyond the margin before it is corrected for the other comparisons."""
        return not self.contrast.blocked and self.contrast.lower(self.alpha) > self.contrast.margin

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
            upper=contrast.upper(self.alpha) if known else None,
            lower=contrast.lower(self.alpha) if known else None,
            margin=contrast.margin,
            p_adjusted=self.adjusted if known else None,
            blocked=contrast.blocked,
            side=contrast.side,
            outcome="fail" if self.failed else "pass" if self.passed else "inconclusive",
            recorded=gate.recorded(contrast, self.alpha) if known else {},
            metric=contrast.metric,
        )


def judge_contrasts(contrasts: Sequence[Contrast], alpha: float) -> list[JudgedContrast]:
    """Return every contrast of an audit with its adjusted p-value."""
    adjusted = holm([contrast.p_value(alpha) for contrast in contrasts])
    several = len({contrast.benchmark for contrast in contrasts}) > 1
    family = len(contrasts)
    return [
        JudgedContrast(contrast, p, alpha, family, several) for contrast, p in zip(contrasts, adjusted, strict=True)
    ]
