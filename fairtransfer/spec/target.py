"""What a label is, a class or a number, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from fairtransfer.errors import Problem, Problems
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.names import NUMBER_METRICS

Target = Literal["classes", "number"]
TARGETS: tuple[Target, ...] = ("classes", "number")

DEFAULT_METRICS: dict[str, tuple[str, ...]] = {"classes": ("error_rate",), "number": NUMBER_METRICS}


def check_metrics(metrics: Sequence[MetricSpec], target: str, how: str, problems: Problems, where: str = "") -> None:
    """Add metrics that are about the other kind of label; `how`: what to write to have the other kind."""
    for metric in metrics:
        if (metric.name in NUMBER_METRICS) == (target == "number"):
            continue
        allowed = ", ".join(NUMBER_METRICS) if target == "number" else "a metric of classes, such as `error_rate`"
        kind = (
            "is about classes, and the label is a number" if target == "number" else "is about labels that are numbers"
        )
        do = "take one of these" if target == "number" else how
        problems.add(Problem("FT-P063", f"`{metric.name}` {kind}", allowed, do, where))


def check_gates(gates: Sequence[GateSpec], problems: Problems, where: str = "") -> None:
    """Add gates about a label that is a number: they count right and wrong answers."""
    for gate in gates:
        found = f"`{gate.kind}` counts right and wrong answers, and the label is a number"
        do = "to judge, say when a prediction counts as wrong (say, more than two days off) and measure these classes"
        problems.add(Problem("FT-P064", found, "no gates", do, where or gate.id))


def check_beside(given: Iterable[tuple[str, object]], problems: Problems) -> None:
    """Add what a table was given that has no meaning, or no method yet, where the label is a number."""
    for name, value in given:
        if value:
            do = (
                "leave it out"
                if name not in ("weights", "counts")
                else "give a table with one row per case, unweighted"
            )
            problems.add(Problem("FT-P062", f"--{name} is given, and the label is a number", "", do, f"--{name}"))
