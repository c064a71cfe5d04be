"""Findings -> verdict. Three outcomes, closed-form bounds, no random numbers; a gate is one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.gates.gap import gap
from fairtransfer.gates.no_harm import no_harm
from fairtransfer.gates.no_negative_transfer import no_negative_transfer
from fairtransfer.gates.ratio import ratio
from fairtransfer.gates.verdict import judge, judge_table
from fairtransfer.gates.worst_group import worst_group
from fairtransfer.spec.gates import GateSpec

__all__ = ["GATES", "judge", "judge_table"]

GATES: dict[str, Callable[[EvidenceQuery, Target, GateSpec], Iterator[Contrast]]] = {
    "no_harm": no_harm,
    "worst_group": worst_group,
    "gap": gap,
    "ratio": ratio,
    "no_negative_transfer": no_negative_transfer,
}
