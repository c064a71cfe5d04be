"""`no_negative_transfer`: no group may be worse off than with the same architecture trained from scratch (Wang et al. 2019).

Judged on the paired difference, same people, seed by seed.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.spec.gates import GateSpec


def no_negative_transfer(query: EvidenceQuery, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group: adapted minus from scratch."""
    options, of = gate.options, query.meant(gate.options.metric, gate.options.class_)
    for group in query.groups(target.gain, options.by):
        sample = query.judged_change(target.gain, group, options.metric, of)
        yield Contrast(
            gate.id,
            target.benchmark,
            group,
            "training from scratch",
            sample,
            options.harm_sign,
            gate.margin,
            target.min_group,
            measured_in=query.measured_in(options.metric),
        )
