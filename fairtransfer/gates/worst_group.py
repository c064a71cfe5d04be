"""`worst_group`: after adaptation every group must stay within a limit."""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.asking import Desk
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.spec.gates import GateSpec


def worst_group(desk: Desk, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group: its rate against the limit."""
    options = gate.options
    of = desk.class_of(options.metric, options.class_)
    for group in desk.groups(target.change, options.by):
        sample = desk.level(target.change, "after", group, options.metric, of)
        yield Contrast(
            gate.id,
            target.benchmark,
            group,
            "the limit",
            sample,
            options.harm_sign,
            options.harm_sign * gate.margin,
            target.min_group,
        )
