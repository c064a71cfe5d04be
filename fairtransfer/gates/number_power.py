"""What gates on predicted numbers, or on numbers of one's own, take: how far these spread is what nobody knows before an audit.

Of rates a guess at the share of errors says how they vary. A length of stay varies by hours or by weeks: no default would be
honest. The number told is the other way round: the largest spread with which a group of today's size would settle its gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairtransfer.gates.gate import Group
from fairtransfer.gates.gate_design import GateDesign
from fairtransfer.stats.mean_power import largest_sd
from fairtransfer.stats.planning import power_for_all


@dataclass(frozen=True, slots=True)
class NumberGroupPower:
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
class NumberGatePower:
    """One gate on numbers, on one benchmark.

    Attributes
    ----------
    limit
        The margin, in words.
    about
        What spreads: ``changes`` of the error, ``errors`` or their ``sizes``; ``values`` of one's own, or ``changes of values``.
    """

    gate: str
    kind: str
    benchmark: str
    by: tuple[str, ...]
    margin: float
    limit: str
    measured_in: str
    about: str
    groups: tuple[NumberGroupPower, ...]


def number_power_of(designs: Sequence[GateDesign], measured_in: str) -> tuple[NumberGatePower, ...]:
    """Return what gates on numbers take, in the order of the designs; other gates are left out.

    Parameters
    ----------
    measured_in
        The unit of the label, where it is a number.
    """
    return tuple(
        NumberGatePower(
            design.gate.id,
            design.gate.kind,
            design.benchmark,
            design.gate.by,
            design.gate.limit,
            design.gate.stated(measured_in if design.gate.of_numbers else None),
            measured_in if design.gate.of_numbers else "",
            _about(design),
            tuple(_groups(design)),
        )
        for design in designs
        if design.gate.of_numbers or design.gate.measures.of_values
    )


def _about(design: GateDesign) -> str:
    """Return what spreads, as `NumberGatePower.about` has it."""
    if design.gate.measures.of_values:
        return "changes of values" if design.gate.spread_of == "changes" else "values"
    return "errors" if design.gate.measures.two_sided else design.gate.spread_of


def _groups(design: GateDesign) -> Iterator[NumberGroupPower]:
    alpha, power = design.policy.alpha_run, power_for_all(max(design.comparisons, 1))
    sizes = [(group, len(rows), len({design.part.units[row] for row in rows})) for group, rows in design.groups]
    total = sum(units for *_, units in sizes)
    for place, other in design.pairs:
        group, cases, units = sizes[place]
        others = total - units if other is None else sizes[other][2]
        ratio = others / units if design.gate.compares_groups else None
        largest = largest_sd(units, design.gate.null_distance, alpha, power, ratio)
        enough = cases >= design.policy.min_group
        yield NumberGroupPower(group, design.against(other), cases, units, largest if enough else None)
