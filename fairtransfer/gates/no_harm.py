"""`no_harm`: adaptation must not make any group worse by more than the margin. Judged on the paired change, same people."""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.asking import Desk
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.spec.gates import GateSpec


def no_harm(desk: Desk, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group: after minus before."""
    options, of = gate.options, desk.meant(gate.options.metric, gate.options.class_)
    for group in desk.groups(target.change, options.by):
        sample = desk.judged_change(target.change, group, options.metric, of)
        yield Contrast(
            gate.id,
            target.benchmark,
            group,
            "before adaptation",
            sample,
            options.harm_sign,
            gate.margin,
            target.min_group,
            measured_in=desk.measured_in(options.metric),
        )
