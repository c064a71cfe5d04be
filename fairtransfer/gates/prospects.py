"""What every gate can come to at the groups' present sizes, and how many people it takes: said before anything is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.data.sides import Part
from fairtransfer.formats import group_label, group_name
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.gates import BetweenGroups, GateSpec, Policy, Ratio, WorstGroup
from fairtransfer.stats.change_truths import PairedChange
from fairtransfer.stats.gate_simulation import GateLayout, GroupPair
from fairtransfer.stats.planning import POWER, power_for_all
from fairtransfer.stats.power import chance_to_fail, chance_to_pass, people_needed
from fairtransfer.stats.truths import OneRate, ShareOfRate, Truth, TwoRates

MINIMUM_UNITS = 20
"""Gates do not judge fewer; see `fairtransfer.gates.contrast`."""

MOST_PLANNED = 1_000_000
"""More cases of a group than this are no plan, unless they are at most ten times today's: the margin leaves no room."""

Group = dict[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is assumed where nothing is known yet.

    Attributes
    ----------
    error
        Share of cases on the harmful side of any rate, in (0, 1).
    change
        Share of cases whose answer changes, as many for the better as for the worse.
    """

    error: float = 0.2
    change: float = 0.2


@dataclass(frozen=True, slots=True)
class GroupProspect:
    """One comparison of a gate.

    Attributes
    ----------
    cases, units
        What the gate's metric counts of the group, and how many people, documents or what else rows share they are from.
    passes, fails
        The chance that it passes if nothing is wrong, and that it fails if the harm is twice the margin; 0 where there are too
        few to be judged.
    needed_to_pass, needed_to_fail
        Cases for 80 %, the first for all groups of the gate together; None: no realistic number (`MOST_PLANNED`).
    detectable
        The smallest harm that would be told from none with 80 %.
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


@dataclass(frozen=True, slots=True)
class GateProspect:
    """One gate on one benchmark.

    Attributes
    ----------
    passes
        The chance that all groups pass if nothing is wrong: simulated with drawn counts, the same ones every time.
    """

    gate: str
    kind: str
    benchmark: str
    by: tuple[str, ...]
    margin: float
    passes: float
    groups: tuple[GroupProspect, ...]


@dataclass(frozen=True)
class Scene:
    """One gate on the rows of one benchmark."""

    gate: GateSpec
    benchmark: str
    part: Part
    clustered: bool
    classes: tuple[str, ...]
    positive: str | None
    policy: Policy
    expected: Expected

    @property
    def foreseen(self) -> bool:
        """Whether its chances can be told: of metrics made of scores they depend on how these spread."""
        return self._metric.of_shares

    @cached_property
    def groups(self) -> list[tuple[Group, list[int]]]:
        """Every group with its rows."""
        by = self.gate.options.by
        rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row, key in enumerate(zip(*(self.part.groups[name].tolist() for name in by), strict=True)):
            rows[key].append(row)
        return [(dict(zip(by, key, strict=True)), rows[key]) for key in sorted(rows)]

    @cached_property
    def sizes(self) -> list[tuple[Group, int, int]]:
        """Every group with the cases and units that the metric counts."""
        return [(group, *_counted(self.part, rows, self._metric, self._of)) for group, rows in self.groups]

    @property
    def _metric(self) -> Metric:
        return metric_named(self.gate.options.metric)

    @property
    def _of(self) -> tuple[str, ...]:
        options = self.gate.options
        of = None if options.metric == "balanced_accuracy" else options.class_ or self.positive
        return self.classes if of is None else (of,)

    @cached_property
    def pairs(self) -> list[GroupPair]:
        """Who is compared with whom; for other gates than `gap` and `ratio` everyone stands alone."""
        options, places = self.gate.options, range(len(self.groups))
        if not isinstance(options, BetweenGroups):
            return [(place, None) for place in places]
        if options.contrast == "rest":
            return [(place, None) for place in places if len(places) > 1]
        if options.contrast == "all_pairs":
            return [(one, two) for one in places for two in places if one != two]
        chosen = [place for place in places if options.reference in _names(self.groups[place][0])]
        return [(place, other) for other in chosen for place in places if place != other]

    @property
    def comparisons(self) -> int:
        """How many comparisons the gate makes: two of each group where harm lies on both sides."""
        return len(self.pairs) * (2 if self._metric.two_sided else 1)

    @property
    def limit(self) -> float:
        """The margin, or the limit as a share that is harmed; of a ratio 0, by how much a rate may fall short of its share."""
        options = self.gate.options
        if isinstance(options, Ratio):
            return 0.0
        return 1 - options.limit if isinstance(options, WorstGroup) and options.harm_sign < 0 else self.gate.margin

    def fair(self, ratio: float) -> Truth:
        """Return the truth where nothing is wrong: no difference, no change on balance, or a rate of half the limit."""
        if isinstance(self.gate.options, Ratio):
            return ShareOfRate(self.expected.error, 1 - self.expected.error, self.gate.options.at_least, ratio)
        if isinstance(self.gate.options, BetweenGroups):
            return TwoRates(self.expected.error, self.expected.error, ratio)
        if isinstance(self.gate.options, WorstGroup):
            return OneRate(self.limit / 2)
        return PairedChange(self.expected.change / 2, self.expected.change / 2)

    def harmed(self, ratio: float) -> Truth:
        """Return the truth where the harm is twice the margin, or as far beyond the limit as it was within."""
        if isinstance(self.gate.options, Ratio):
            share = max(0.0, 2 * self.gate.options.at_least - 1)
            given = 1 - self.expected.error
            return ShareOfRate(1 - share * given, given, self.gate.options.at_least, ratio)
        if isinstance(self.gate.options, BetweenGroups):
            return TwoRates(min(self.expected.error + 2 * self.limit, 1.0), self.expected.error, ratio)
        if isinstance(self.gate.options, WorstGroup):
            return OneRate(min(1.5 * self.limit, (1 + self.limit) / 2))
        better = max(0.0, self.expected.change / 2 - self.limit)
        return PairedChange(min(better + 2 * self.limit, 1 - better), better)

    def worth(self, place: int) -> int:
        """Return how many independent cases a group is: its units where rows share them."""
        _, cases, units = self.sizes[place]
        return units if self.clustered else cases

    def judged(self, place: int) -> bool:
        """Say whether a group is large enough to be judged."""
        _, cases, units = self.sizes[place]
        return cases >= self.policy.min_group and (units >= MINIMUM_UNITS or not self.clustered)


def gate_prospects(scenes: Sequence[Scene]) -> tuple[GateProspect, ...]:
    """Return what each gate can come to, where it is foreseen; a failure is corrected over the comparisons of all of them."""
    family = family_of(scenes)
    return tuple(
        GateProspect(
            scene.gate.id,
            scene.gate.kind,
            scene.benchmark,
            scene.gate.options.by,
            scene.gate.margin,
            _simulated(scene, family),
            tuple(_groups(scene, family)),
        )
        for scene in scenes
        if scene.foreseen
    )


def family_of(scenes: Sequence[Scene]) -> int:
    """Return over how many comparisons a failure is corrected."""
    return max(1, sum(scene.comparisons for scene in scenes))


def _simulated(scene: Scene, family: int) -> float:
    """Return the chance that all groups pass where nothing is wrong."""
    places = sorted({place for pair in scene.pairs for place in pair if place is not None})
    if not places or not all(map(scene.judged, places)):
        return 0.0
    sizes, alpha = [scene.worth(place) for place in range(len(scene.sizes))], scene.policy.alpha_run
    fair, layout = scene.fair(1.0), GateLayout(sizes, scene.pairs)
    return fair.simulate([fair] * len(sizes), layout, scene.limit, alpha, family).passes


def _groups(scene: Scene, family: int) -> Iterator[GroupProspect]:
    alpha, limit = scene.policy.alpha_run, scene.limit
    together = power_for_all(len(scene.pairs))
    for place, other in scene.pairs:
        group, cases, units = scene.sizes[place]
        n, rest = scene.worth(place), _rest(scene, place, other)
        judged = scene.judged(place) and rest > 0 and (other is None or scene.judged(other))
        ratio = rest / n if n and rest else 1.0
        fair, harmed = scene.fair(ratio), scene.harmed(ratio)
        yield GroupProspect(
            group,
            _against(scene, other),
            cases,
            units,
            chance_to_pass(fair, n, limit, alpha) if judged else 0.0,
            chance_to_fail(harmed, n, limit, alpha / family) if judged else 0.0,
            _cases(scene, people_needed(fair, "pass", limit, alpha, together), place),
            _cases(scene, people_needed(harmed, "fail", limit, alpha / family, POWER), place),
            _detectable(fair, n, family, alpha) if n else None,
        )


def _rest(scene: Scene, place: int, other: int | None) -> int:
    """Return how many independent cases the group is compared with; its own where it stands alone."""
    if not isinstance(scene.gate.options, BetweenGroups):
        return scene.worth(place)
    return sum(map(scene.worth, range(len(scene.sizes)))) - scene.worth(place) if other is None else scene.worth(other)


def _names(group: Group) -> tuple[str, ...]:
    """Return how a definition may name a group."""
    return ", ".join(group.values()), group_label(group), group_name(group)


def _against(scene: Scene, other: int | None) -> str:
    if other is not None:
        return ", ".join(scene.sizes[other][0].values())
    return "everyone else" if isinstance(scene.gate.options, BetweenGroups) else ""


def _cases(scene: Scene, worth: int | None, place: int) -> int | None:
    """Return how many cases so many independent ones are, at today's cases per unit, and no fewer than are judged."""
    if worth is None:
        return None
    _, cases, units = scene.sizes[place]
    each, units_judged = (cases / units, MINIMUM_UNITS) if scene.clustered and units else (1.0, 0)
    needed = max(round(worth * each), scene.policy.min_group, round(units_judged * each))
    return needed if needed <= max(MOST_PLANNED, 10 * cases) else None


def _detectable(fair: Truth, n: int, family: int, alpha: float) -> float:
    # A little stricter than the gate's own bound, as in the tables of the method.
    return min(fair.detectable(n, family, alpha / 2), 1.0)


def _counted(part: Part, rows: Sequence[int], metric: Metric, classes: tuple[str, ...]) -> tuple[int, int]:
    """Return the cases of these rows that a metric counts, and the units they are from.

    A metric of what a model answers (precision) is taken to count as many as there are in the class. An average over classes
    is worth as many cases as make one rate as sure: ``K² / Σ 1/n_k``.
    """
    if not metric.of_class or metric.adds == "selected":
        return len(rows), len({part.units[row] for row in rows})
    inside = metric.adds in ("hit", "precise")
    sizes = []
    for name in classes:
        counted = [row for row in rows if (name in part.y[row].split(LABEL_JOIN)) == inside]
        sizes.append((len(counted), len({part.units[row] for row in counted})))
    return _mean_worth([n for n, _ in sizes]), _mean_worth([units for _, units in sizes])


def _mean_worth(sizes: Sequence[int]) -> int:
    return int(len(sizes) ** 2 / sum(1 / n for n in sizes)) if all(sizes) else 0


def scenes_of(
    gates: Sequence[GateSpec],
    benchmark: str,
    attributes: Sequence[str],
    part: Part,
    *,
    clustered: bool,
    classes: tuple[str, ...],
    positive: str | None,
    policy: Policy,
    expected: Expected,
) -> list[Scene]:
    """Return the gates that judge a benchmark, each with its rows."""
    return [
        Scene(gate, benchmark, part, clustered, classes, positive, policy, expected)
        for gate in gates
        if gate.options.benchmark in (None, benchmark) and set(gate.options.by) <= set(attributes)
    ]
