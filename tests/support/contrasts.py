"""Contrasts, rates and paired changes made of plain counts."""

from __future__ import annotations

from collections.abc import Sequence

from fairtransfer.findings.estimates.changes import PairedDifference
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.gates.alphas import Alphas
from fairtransfer.gates.contrast import Contrast
from fairtransfer.gates.decide import decide
from fairtransfer.gates.judged import JudgedContrast, judge_gates
from fairtransfer.gates.no_harm import NoHarm
from fairtransfer.gates.results import GateResult
from fairtransfer.spec.gates import GateSpec
from fairtransfer.stats.effective import Moments


def level(k: int, n: int) -> Rate:
    return Rate((k,), (n,), Moments(n, n, k, n, k, k), clustered=False, procedure=False)


def paired(b: int, c: int, n: int) -> PairedDifference:
    d = Moments(n, n, b - c, n, b - c, b + c)
    return PairedDifference((b,), (c,), (c,), (b,), n, d, clustered=False, procedure=False)


def contrast(sample: object, margin: float, name: str = "g", sign: int = 1) -> Contrast:
    return Contrast("gate", "bench", {"region": name}, "before", sample, sign, margin, 10)  # type: ignore[arg-type]


NO_HARM = GateSpec(NoHarm(by=("region",), margin=0.05))


def judge_contrasts(contrasts: Sequence[Contrast], alpha: float) -> list[JudgedContrast]:
    """Judge one gate alone, which passes and fails at the same error rate."""
    return judge_gates([contrasts], Alphas(alpha, alpha), "each")[0]


def outcome(*contrasts: Contrast, alpha: float = 0.05, gate: GateSpec = NO_HARM) -> GateResult:
    return decide(gate, judge_contrasts(contrasts, alpha))
