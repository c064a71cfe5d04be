"""`gap`: after adaptation no group may be served worse than its comparison by more than the margin.

The comparison is everyone else (`rest`), one named group, or every other group. The max-min gap itself is not judged: it
is large by chance alone when groups are many or small.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.estimates.contrasts import comparisons
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target, against
from fairtransfer.spec.gates import Gap, GateSpec


def gap(query: EvidenceQuery, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group (or pair of groups), in the direction of harm only."""
    options, of = gate.options, query.meant(gate.options.metric, gate.options.class_)
    assert isinstance(options, Gap), "the registry pairs gates with their options"
    for group, other in comparisons(query.groups(target.change, options.by), options.contrast):
        sample = query.judged_difference(target.change, group, other, options.metric, of)
        yield Contrast(
            gate.id,
            target.benchmark,
            group,
            against(other),
            sample,
            options.harm_sign,
            gate.margin,
            target.min_group,
            other,
            query.measured_in(options.metric),
        )
