"""What gates on predicted numbers take: how far errors spread is not known before an audit, so that this is what is told.

Of rates a guess at the share of errors says how they vary. A length of stay varies by hours or by weeks: no default would be
honest. The number told is the other way round: the largest spread with which a group of today's size would settle its gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairtransfer.gates.prospects import Group, Scene
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import BetweenGroups, WorstGroup
from fairtransfer.stats.mean_power import largest_sd
from fairtransfer.stats.planning import power_for_all


@dataclass(frozen=True, slots=True)
class NumberProspect:
    """One comparison of a gate on numbers.

    Attributes
    ----------
    largest_sd
        The largest standard deviation, from one independent case (or unit's mean) to the next, with which all groups of the
        gate pass with 80 % if nothing is wrong; None where there are fewer than are judged.
    """

    group: Group
    against: str
    cases: int
    units: int
    largest_sd: float | None


@dataclass(frozen=True, slots=True)
class NumberGate:
    """One gate on numbers, on one benchmark.

    Attributes
    ----------
    about
        What spreads: ``changes`` of the error, ``errors`` or their ``sizes``.
    """

    gate: str
    kind: str
    benchmark: str
    by: tuple[str, ...]
    margin: float
    measured_in: str
    about: str
    groups: tuple[NumberProspect, ...]


def number_prospects(scenes: Sequence[Scene], measured_in: str) -> tuple[NumberGate, ...]:
    """Return what gates on numbers take, in the order of the scenes; other gates are left out."""
    return tuple(
        NumberGate(
            scene.gate.id,
            scene.gate.kind,
            scene.benchmark,
            scene.gate.options.by,
            scene.gate.margin,
            measured_in,
            _about(scene),
            tuple(_groups(scene)),
        )
        for scene in scenes
        if scene.gate.of_numbers
    )


def _about(scene: Scene) -> str:
    if metric_named(scene.gate.options.metric).two_sided:
        return "errors"
    return "sizes" if isinstance(scene.gate.options, BetweenGroups | WorstGroup) else "changes"


def distance(scene: Scene) -> float:
    """Return how far a truth in which nothing is wrong lies from the limit: no change, no gap, no lean, half the limit."""
    level = isinstance(scene.gate.options, WorstGroup) and not metric_named(scene.gate.options.metric).two_sided
    return scene.gate.margin / 2 if level else scene.gate.margin


def _groups(scene: Scene) -> Iterator[NumberProspect]:
    alpha, power = scene.policy.alpha_run, power_for_all(max(scene.comparisons, 1))
    sizes = [(group, len(rows), len({scene.part.units[row] for row in rows})) for group, rows in scene.groups]
    total = sum(units for *_, units in sizes)
    for place, other in scene.pairs:
        group, cases, units = sizes[place]
        between = isinstance(scene.gate.options, BetweenGroups)
        others = total - units if other is None else sizes[other][2]
        ratio = others / units if between else None
        against = "" if not between else "everyone else" if other is None else ", ".join(sizes[other][0].values())
        enough = cases >= scene.policy.min_group
        yield NumberProspect(
            group, against, cases, units, largest_sd(units, distance(scene), alpha, power, ratio) if enough else None
        )
