"""`worst_group`: after adaptation every group must stay within a limit.

A metric whose best value lies in the middle has two limits, one on each side: both have to hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import GateSpec


def worst_group(query: EvidenceQuery, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group and side: its value against the limit."""
    options, of = gate.options, query.meant(gate.options.metric, gate.options.class_)
    both = metric_named(options.metric).two_sided
    for group in query.groups(target.change, options.by):
        sample = query.judged_level(target.change, group, options.metric, of)
        for sign in (1, -1) if both else (options.harm_sign,):
            yield Contrast(
                gate.id,
                target.benchmark,
                group,
                _SIDES[sign] if both else "the limit",
                sample,
                sign,
                gate.margin if both else sign * gate.margin,
                target.min_group,
                measured_in=query.measured_in(options.metric),
            )


_SIDES = {1: "the limit above 0", -1: "the limit below 0"}
