"""`gap`: after adaptation no group may be served worse than its comparison by more than the margin.

The comparison is everyone else (`rest`), one named group, or every other group. The max-min gap itself is not judged: it
is large by chance alone when groups are many or small.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer.findings.asking import Desk
from fairtransfer.formats import group_label
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.spec.gates import Gap, GateSpec


def gap(desk: Desk, target: Target, gate: GateSpec) -> Iterator[Contrast]:
    """Yield one contrast per group (or pair of groups), in the direction of harm only."""
    options, of = gate.options, desk.meant(gate.options.metric, gate.options.class_)
    assert isinstance(options, Gap), "the registry pairs gates with their options"
    for group, other in _comparisons(desk.groups(target.change, options.by), options.contrast):
        sample = desk.difference(target.change, group, other, options.metric, of)
        against = "everyone else" if other is None else group_label(other)
        yield Contrast(
            gate.id, target.benchmark, group, against, sample, options.harm_sign, gate.margin, target.min_group
        )


def _comparisons(groups: list[dict[str, str]], contrast: str) -> Iterator[tuple[dict[str, str], dict[str, str] | None]]:
    if contrast == "rest":
        yield from ((group, None) for group in groups if len(groups) > 1)
    elif contrast == "all_pairs":
        yield from ((group, other) for group in groups for other in groups if group != other)
    else:
        name = contrast.partition(":")[2]
        chosen = [g for g in groups if ", ".join(g.values()) == name]
        yield from ((group, reference) for reference in chosen for group in groups if group != reference)
