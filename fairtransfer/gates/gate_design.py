"""One gate on the rows of one benchmark, before anything is run: who is compared with whom, and how many each group has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.data.sides import Part
from fairtransfer.gates.contrast import MINIMUM_UNITS
from fairtransfer.gates.gate import Expected, Gate, Group, Pair, gate_of
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import GateSpec, Policy

MOST_PLANNED = 1_000_000
"""More cases of a group than this are no plan, unless they are at most ten times today's: the margin leaves no room."""


@dataclass(frozen=True)
class GateDesign:
    """One gate on the rows of one benchmark.

    Attributes
    ----------
    clustered
        Rows share units.
    positive
        The class that metrics of one class are about where the gate names none.
    expected
        What is taken to be true where nothing is known yet.
    """

    gate: Gate
    benchmark: str
    part: Part
    clustered: bool
    classes: tuple[str, ...]
    positive: str | None
    policy: Policy
    expected: Expected
    metric: str | None = None
    """Which of the gate's metrics is looked at, where it judges several."""

    @property
    def measures(self) -> Metric:
        """The metric that is looked at."""
        return self.gate.measures if self.metric is None else metric_named(self.metric)

    @property
    def foreseen(self) -> bool:
        """Whether its chances can be told: of metrics made of scores they depend on how these spread."""
        return self.gate.measures.of_shares

    @cached_property
    def groups(self) -> list[tuple[Group, list[int]]]:
        """Every group with its rows."""
        by = self.gate.by
        rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row, key in enumerate(zip(*(self.part.groups[name] for name in by), strict=True)):
            rows[key].append(row)
        return [(dict(zip(by, key, strict=True)), rows[key]) for key in sorted(rows)]

    @cached_property
    def sizes(self) -> list[tuple[Group, int, int]]:
        """Every group with the cases and units that the metric counts."""
        metric = self.measures
        of = None if metric.about == "average" else self.gate.class_ or self.positive
        classes = self.classes if of is None else (of,)
        return [(group, *_counted(self.part, rows, metric, classes)) for group, rows in self.groups]

    @cached_property
    def pairs(self) -> list[Pair]:
        """Who is compared with whom; where groups stand alone everyone with nobody."""
        return self.gate.pairs([group for group, _ in self.groups])

    @property
    def comparisons(self) -> int:
        """How many comparisons the gate makes: two of each group where harm lies on both sides."""
        return len(self.pairs) * self.gate.sides_of(self.pairs)

    def independent(self, place: int) -> int:
        """Return how many independent cases a group is: its units where rows share them."""
        _, cases, units = self.sizes[place]
        return units if self.clustered else cases

    def others(self, place: int, other: int | None) -> int:
        """Return how many independent cases the group is compared with; its own where it stands alone."""
        if not self.gate.compares_groups:
            return self.independent(place)
        if other is not None:
            return self.independent(other)
        return sum(map(self.independent, range(len(self.sizes)))) - self.independent(place)

    def judged(self, place: int) -> bool:
        """Say whether a group is large enough to be judged."""
        _, cases, units = self.sizes[place]
        return cases >= self.policy.min_group and (units >= MINIMUM_UNITS or not self.clustered)

    def against(self, other: int | None) -> str:
        """Return whom a group is compared with, in words; empty where it stands alone."""
        if other is not None:
            return ", ".join(self.groups[other][0].values())
        return "everyone else" if self.gate.compares_groups else ""

    def cases(self, independent: int | None, place: int) -> int | None:
        """Return how many cases so many independent ones are, at today's cases per unit, and no fewer than are judged.

        None where there is no number, or none that could be collected (`MOST_PLANNED`).
        """
        if independent is None:
            return None
        _, cases, units = self.sizes[place]
        each, least = (cases / units, MINIMUM_UNITS) if self.clustered and units else (1.0, 0)
        needed = max(round(independent * each), self.policy.min_group, round(least * each))
        return needed if needed <= max(MOST_PLANNED, 10 * cases) else None


def designs_of(
    gates: Sequence[GateSpec],
    benchmark: str,
    attributes: tuple[str, ...],
    part: Part,
    *,
    clustered: bool,
    classes: tuple[str, ...],
    positive: str | None,
    policy: Policy,
    expected: Expected,
) -> list[GateDesign]:
    """Return the gates that judge a benchmark, each with its rows."""
    return [
        GateDesign(gate, benchmark, part, clustered, classes, positive, policy, expected)
        for gate in map(gate_of, gates)
        if gate.judges(benchmark, attributes)
    ]


def _counted(part: Part, rows: Sequence[int], metric: Metric, classes: tuple[str, ...]) -> tuple[int, int]:
    """Return the cases of these rows that a metric counts, and the units they are from.

    A metric of what a model answers (precision, F1) is taken to count as many as there are in the class. An average over classes
    is worth as many cases as make one rate as sure: ``K² / Σ 1/n_k``.
    """
    if not metric.of_class or metric.adds == "predicted_positive":
        return len(rows), len({part.units[row] for row in rows})
    inside = metric.adds in ("true_positive", "precision", "jaccard")
    sizes = []
    for name in classes:
        counted = [row for row in rows if (name in part.y[row].split(LABEL_JOIN)) == inside]
        sizes.append((len(counted), len({part.units[row] for row in counted})))
    return _averaged([n for n, _ in sizes]), _averaged([units for _, units in sizes])


def _averaged(sizes: Sequence[int]) -> int:
    return int(len(sizes) ** 2 / sum(1 / n for n in sizes)) if all(sizes) else 0
