"""`no_harm`: adaptation must not make any group worse by more than the margin. Judged on the paired change, same people."""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.spec.gates import GateSpec


def no_harm(query: EvidenceQuery, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group: after minus before."""
    options, of = gate.options, query.meant(gate.options.metric, gate.options.class_)
    for group in query.groups(target.change, options.by):
        sample = query.judged_change(target.change, group, options.metric, of)
        yield Contrast(
            gate.id,
            target.benchmark,
            group,
            "before adaptation",
            sample,
            options.harm_sign,
            gate.margin,
            target.min_group,
            measured_in=query.measured_in(options.metric),
        )
