"""What only rows have that compare groups: which stand at the ends, what chance would do, what is surely so, how a gap moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fairtransfer.evidence.json_record import AMONG, LEFT_OUT, Key, Record

Group = dict[str, str]
"""Attribute to value; ``{}`` is everyone."""

Ends = tuple[float, float]
"""The lower and the upper end of an interval, or of what is possible."""


@dataclass(frozen=True, slots=True)
class WorstAndBest(Record):
    """The groups that a gap lies between, of a metric of which more, or less, is harm."""

    worst_group: Group
    worst: float
    best_group: Group
    best: float


@dataclass(frozen=True, slots=True)
class HighestAndLowest(Record):
    """The groups that a gap lies between, of a metric whose best value lies in the middle."""

    highest_group: Group
    highest: float
    lowest_group: Group
    lowest: float


@dataclass(frozen=True, slots=True)
class GapByChance(Record):
    """The gap that groups served alike would show: on average, and what one audit in twenty exceeds."""

    mean: Annotated[float, Key("noise_floor_mean")]
    p95: Annotated[float, Key("noise_floor_p95")]


@dataclass(frozen=True, slots=True)
class FarthestGroup(Record):
    """The group farthest from the overall rate, and by how much."""

    group: Group
    by: float
    overall: float


@dataclass(frozen=True, slots=True)
class RestDifference(Record):
    """A group's difference to everyone else, with limits that hold for all groups of the view together."""

    group: Group
    difference: float
    ci: Ends


@dataclass(frozen=True, slots=True)
class GroupVariance(Record):
    """The variance between groups that sampling does not explain; may be negative."""

    variance: Annotated[float, Key("variance_between_corrected")]
    ci: Annotated[Ends, Key("variance_between_ci")]


@dataclass(frozen=True, slots=True)
class Ranked(Record):
    """A group in order: its rate drawn towards the others', by how much; no estimate to act on."""

    group: Group
    rate: float
    pull: float


@dataclass(frozen=True, slots=True)
class ImpactRatio(Record):
    """What a group's selection rate over the highest could be, depending on who those of unknown membership are."""

    group: Group
    ratio: Ends


@dataclass(frozen=True, slots=True)
class RateSpread(Record):
    """What the rates of a view's groups say together.

    Attributes
    ----------
    ratio
        The smallest rate over the largest; None where that would rest on too few cases.
    """

    ratio: float | None
    largest_deviation: FarthestGroup


@dataclass(frozen=True, slots=True)
class GapDetails(Record):
    """Of a gap between the groups of a view: between whom, what chance alone would show, and each group against the rest.

    Attributes
    ----------
    groups_left_out
        Groups that are too small, or have no value.
    groups_compared
        None where fewer than two are large enough.
    ranked
        From worst to best by rates that borrow strength; for ordering only.
    impact_ratios
        Of selection rates beside people of unknown membership.
    """

    kind: ClassVar[str] = "gap"
    marks: ClassVar[frozenset[str]] = frozenset({"groups_left_out"})

    groups_left_out: tuple[Group, ...]
    groups_compared: Annotated[int | None, LEFT_OUT] = None
    served: Annotated[WorstAndBest | None, AMONG] = None
    extremes: Annotated[HighestAndLowest | None, AMONG] = None
    noise_floor: Annotated[GapByChance | None, AMONG] = None
    spread: Annotated[RateSpread | None, AMONG] = None
    against_rest: Annotated[tuple[RestDifference, ...] | None, LEFT_OUT, Key("against_rest_95_together")] = None
    between: Annotated[GroupVariance | None, AMONG] = None
    ranked: Annotated[tuple[Ranked, ...] | None, LEFT_OUT, Key("adjusted_for_ranking_only")] = None
    impact_ratios: Annotated[tuple[ImpactRatio, ...] | None, LEFT_OUT, Key("impact_ratio_if_unknown_belonged")] = None
    measured_in: Annotated[str | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class GapChangeDetails(Record):
    """Of how a gap moved.

    Attributes
    ----------
    levelling_down
        The gap closed while the group that was served best before is surely worse off.
    hidden_harm
        Everyone together is better off, and some group is surely not.
    surely_harmed
        Those groups.
    """

    kind: ClassVar[str] = "gap_change"
    marks: ClassVar[frozenset[str]] = frozenset({"gap_before"})

    groups_left_out: tuple[Group, ...]
    gap_before: float
    gap_after: float
    levelling_down: bool
    best_served_before: Group
    hidden_harm: bool
    surely_harmed: tuple[Group, ...]
    groups_compared: int
    measured_in: Annotated[str | None, LEFT_OUT] = None
