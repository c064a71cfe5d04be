"""What a label is, a class or a number, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from fairtransfer.errors import Problem, Problems
from fairtransfer.outcomes.table import metric_named, metrics
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec

Target = Literal["classes", "number"]
TARGETS: tuple[Target, ...] = ("classes", "number")


def default_metrics(target: str, *, drawn: bool = True) -> tuple[str, ...]:
    """Return what is measured where nothing is asked for: of classes the error rate, of numbers all there is.

    Parameters
    ----------
    drawn
        Limits may be drawn; where rows weigh, or stand for several, they are not, and the root of a mean square has none.
    """
    if target != "number":
        return ("error_rate",)
    return tuple(name for name in number_metrics() if drawn or not metric_named(name).root)


def number_metrics() -> tuple[str, ...]:
    """Return the names of the metrics of predicted numbers."""
    return tuple(metric.name for metric in metrics() if metric.of_numbers)


def check_metrics(metrics: Sequence[MetricSpec], target: str, how: str, problems: Problems, where: str = "") -> None:
    """Add metrics that are about the other kind of label; `how`: what to write to have the other kind."""
    for metric in metrics:
        if metric_named(metric.name).of_numbers == (target == "number"):
            continue
        allowed = ", ".join(number_metrics()) if target == "number" else "a metric of classes, such as `error_rate`"
        kind = (
            "is about classes, and the label is a number" if target == "number" else "is about labels that are numbers"
        )
        do = "take one of these" if target == "number" else how
        problems.add(Problem("FT-P063", f"`{metric.name}` {kind}", allowed, do, where))


def check_gates(gates: Sequence[GateSpec], target: str, problems: Problems) -> None:
    """Add gates about the other kind of label."""
    for gate in gates:
        if gate.of_numbers == (target == "number"):
            continue
        found, allowed, do = gate_mismatch(gate, "say `--target number` where label and answers are numbers")
        problems.add(Problem("FT-P064" if target == "number" else "FT-G037", found, allowed, do, gate.id))


def gate_mismatch(gate: GateSpec, how: str) -> tuple[str, str, str]:
    """Return what is found, allowed and to do where a gate is about the other kind of label; `how` to have numbers."""
    metric = gate.options.metric
    if gate.of_numbers:
        return f"`{metric}` is of predicted numbers, and the label is a class", "a metric such as `error_rate`", how
    do = "name the metric, with the limit in the label's own unit"
    found = f"`{metric}` counts right and wrong answers, and the label is a number"
    return found, " or ".join(f"`{name}`" for name in sorted(filter(_is_judged, number_metrics()))), do


def _is_judged(name: str) -> bool:
    return metric_named(name).judged


def check_beside(given: Iterable[tuple[str, object]], problems: Problems) -> None:
    """Add what a table was given that has no meaning, where the label is a number."""
    for name, value in given:
        if value:
            found = f"--{name} is given, and the label is a number"
            problems.add(Problem("FT-P062", found, "", "leave it out", f"--{name}"))
