"""What every gate can come to at the groups' present sizes, and how many people it takes: said before anything is run.

The chances follow from what the gate itself says of a truth in which nothing is wrong, and of one in which there is harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fairtransfer.gates.gate import Group, Pair, PlannedSide
from fairtransfer.gates.gate_design import GateDesign
from fairtransfer.stats.families import shares_of_gates
from fairtransfer.stats.gate_simulation import GateLayout
from fairtransfer.stats.holm import LEAST
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
    """Return what each gate can come to, where it is foreseen; failures are corrected as the policy says."""
    levels = failing_levels(designs)
    return tuple(
        GatePower(
            design.gate.id,
            design.gate.kind,
            design.benchmark,
            design.gate.by,
            design.gate.limit,
            design.gate.stated(None),
            simulated(design),
            tuple(_groups(design, level)),
        )
        for design, level in zip(designs, levels, strict=True)
        if design.foreseen
    )


def failing_levels(designs: Sequence[GateDesign]) -> list[float]:
    """Return the error rate at which the surest comparison of each design's gate fails: the first step of its correction."""
    compared: Counter[str] = Counter()
    for design in designs:
        compared[design.gate.id] += max(design.comparisons, 1)
    if not designs:
        return []
    policy = designs[0].policy
    shares = dict(zip(compared, shares_of_gates(len(compared), policy.failures), strict=True))
    total = sum(compared.values())
    return [
        max(policy.alpha * shares[gate] / (total if policy.failures == "together" else compared[gate]), LEAST)
        for gate in (design.gate.id for design in designs)
    ]


def simulated(design: GateDesign) -> float:
    """Return the chance that all groups pass where nothing is wrong, on every side; of several metrics each is of other cases."""
    found = 1.0
    for metric, sides in _by_metric(design).items():
        found *= _simulated(replace(design, metric=metric), both=len(sides) > 1)
    return found


def _by_metric(design: GateDesign) -> dict[str | None, list[PlannedSide]]:
    sides: dict[str | None, list[PlannedSide]] = {}
    for side in design.gate.planned_sides(design.pairs):
        sides.setdefault(side.metric, []).append(side)
    return sides


def _simulated(design: GateDesign, *, both: bool) -> float:
    places = sorted({place for pair in design.pairs for place in pair if place is not None})
    if not places or not all(map(design.judged, places)):
        return 0.0
    sizes = [design.independent(place) for place in range(len(design.sizes))]
    null, layout = design.gate.null_truth(design.expected, 1.0), GateLayout(sizes, design.pairs, both)
    return null.simulate([null] * len(sizes), layout, design.gate.harm_limit, design.policy.alpha_run, 1).passes


def _groups(design: GateDesign, failing: float) -> Iterator[GroupPower]:
    for metric, sides in _by_metric(design).items():
        own = replace(design, metric=metric)
        for pair in design.pairs:
            yield _worst([_group(own, pair, side, failing) for side in sides])


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


def _group(design: GateDesign, pair: Pair, side: PlannedSide, failing: float) -> GroupPower:
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
        chance_to_fail(harm, n, limit, failing) if judged else 0.0,
        design.cases(people_needed(null, "pass", limit, alpha, together), place),
        design.cases(people_needed(harm, "fail", limit, failing, POWER), place),
        # A little stricter than the gate's own bound, as in the tables of the method.
        min(null.detectable(n, 1, failing / 2), 1.0) if n else None,
        side.metric,
    )
