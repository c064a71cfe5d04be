"""What every gate can come to at the groups' present sizes, and how many people it takes: said before anything is run.

The chances follow from what the gate itself says of a truth in which nothing is wrong, and of one in which there is harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fairtransfer.gates.gate import Group, Pair, PlannedSide
from fairtransfer.gates.gate_design import GateDesign
from fairtransfer.stats.gate_simulation import GateLayout
from fairtransfer.stats.planning import POWER, power_for_all
from fairtransfer.stats.power import chance_to_fail, chance_to_pass, people_needed


@dataclass(frozen=True, slots=True)
class GroupPower:
    """One comparison of a gate.

    Attributes
    ----------
    cases, units
        What the gate's metric counts of the group, and how many people, documents or what else rows share they are from.
    passes, fails
        The chance that it passes if nothing is wrong, and that it fails if the harm is twice the margin; 0 where there are too
        few to be judged.
    needed_to_pass, needed_to_fail
        Cases for 80 %, the first for all groups of the gate together; None: no realistic number.
    detectable
        The smallest harm that would be told from none with 80 %.
    metric
        What is compared, where the gate judges several metrics.

    Where harm may lie on both sides of a limit, each number is that of the side on which it is worse.
    """

    group: Group
    against: str
    cases: int
    units: int
    passes: float
    fails: float
    needed_to_pass: int | None
    needed_to_fail: int | None
    detectable: float | None
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class GatePower:
    """One gate on one benchmark.

    Attributes
    ----------
    limit
        The margin, in words.
    passes
        The chance that all groups pass if nothing is wrong: simulated with drawn counts, the same ones every time.
    """

    gate: str
    kind: str
    benchmark: str
    by: tuple[str, ...]
    margin: float
    limit: str
    passes: float
    groups: tuple[GroupPower, ...]


def power_of(designs: Sequence[GateDesign]) -> tuple[GatePower, ...]:
    """Return what each gate can come to, where it is foreseen; a failure is corrected over the comparisons of all of them."""
    family = family_of(designs)
    return tuple(
        GatePower(
            design.gate.id,
            design.gate.kind,
            design.benchmark,
            design.gate.by,
            design.gate.limit,
            design.gate.stated(None),
            simulated(design, family),
            tuple(_groups(design, family)),
        )
        for design in designs
        if design.foreseen
    )


def family_of(designs: Sequence[GateDesign]) -> int:
    """Return over how many comparisons a failure is corrected."""
    return max(1, sum(design.comparisons for design in designs))


def simulated(design: GateDesign, family: int) -> float:
    """Return the chance that all groups pass where nothing is wrong, on every side; of several metrics each is of other cases."""
    found = 1.0
    for metric, sides in _by_metric(design).items():
        found *= _simulated(replace(design, metric=metric), family, both=len(sides) > 1)
    return found


def _by_metric(design: GateDesign) -> dict[str | None, list[PlannedSide]]:
    sides: dict[str | None, list[PlannedSide]] = {}
    for side in design.gate.planned_sides(design.pairs):
        sides.setdefault(side.metric, []).append(side)
    return sides


def _simulated(design: GateDesign, family: int, *, both: bool) -> float:
    places = sorted({place for pair in design.pairs for place in pair if place is not None})
    if not places or not all(map(design.judged, places)):
        return 0.0
    sizes = [design.independent(place) for place in range(len(design.sizes))]
    null, layout = design.gate.null_truth(design.expected, 1.0), GateLayout(sizes, design.pairs, both)
    return null.simulate([null] * len(sizes), layout, design.gate.harm_limit, design.policy.alpha_run, family).passes


def _groups(design: GateDesign, family: int) -> Iterator[GroupPower]:
    for metric, sides in _by_metric(design).items():
        own = replace(design, metric=metric)
        for pair in design.pairs:
            yield _worst([_group(own, pair, side, family) for side in sides])


def _worst(sides: Sequence[GroupPower]) -> GroupPower:
    """Return one comparison on all of its sides: of each number the worse."""

    def most(numbers: Sequence[float | None]) -> float | None:
        return None if None in numbers else max(n for n in numbers if n is not None)

    to_pass, to_fail = (most([getattr(s, name) for s in sides]) for name in ("needed_to_pass", "needed_to_fail"))
    return replace(
        sides[0],
        passes=min(side.passes for side in sides),
        fails=min(side.fails for side in sides),
        needed_to_pass=None if to_pass is None else int(to_pass),
        needed_to_fail=None if to_fail is None else int(to_fail),
        detectable=most([side.detectable for side in sides]),
    )


def _group(design: GateDesign, pair: Pair, side: PlannedSide, family: int) -> GroupPower:
    gate, alpha, limit = design.gate, design.policy.alpha_run, design.gate.harm_limit
    together, (place, other) = power_for_all(design.comparisons), pair
    group, cases, units = design.sizes[place]
    n, others = design.independent(place), design.others(place, other)
    judged = design.judged(place) and others > 0 and (other is None or design.judged(other))
    ratio = others / n if n and others else 1.0
    null, harm = (gate.truth_of(side, design.expected, ratio, times) for times in (0.0, 2.0))
    return GroupPower(
        group,
        design.against(other),
        cases,
        units,
        chance_to_pass(null, n, limit, alpha) if judged else 0.0,
        chance_to_fail(harm, n, limit, alpha / family) if judged else 0.0,
        design.cases(people_needed(null, "pass", limit, alpha, together), place),
        design.cases(people_needed(harm, "fail", limit, alpha / family, POWER), place),
        # A little stricter than the gate's own bound, as in the tables of the method.
        min(null.detectable(n, family, alpha / 2), 1.0) if n else None,
        side.metric,
    )
