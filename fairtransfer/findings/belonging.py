"""What a group's rate could be if the people whose group was not recorded belonged to it: bounds, whatever the reason."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from fairtransfer.findings.asking import Desk, Missing, Model, Pairing
from fairtransfer.findings.samples import Level
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.stats.unknown_group import rate_bounds

Group = dict[str, str]


def if_unknown_belonged(
    desk: Desk, pairing: Pairing, model: Model, group: Group, metric: str, of: str | None
) -> list[float] | None:
    """Return the least and the largest rate of a group, averaged over seeds; None where no one is unknown, or it has no rate.

    In an intersection someone may be unknown in one attribute only, and then belongs to no group that differs in another.
    """
    could = [other for other in desk.groups(pairing, tuple(group)) if _could_belong(other, group)]
    mine = desk.level(pairing, model, group, metric, of)
    if not could or UNKNOWN_GROUP in group.values() or not isinstance(mine, Level) or mine.weighted:
        return None
    theirs = [desk.level(pairing, model, other, metric, of) for other in could]
    if any(isinstance(level, Missing) and level.n for level in theirs):
        return None  # a denominator that is empty for some seeds only
    levels = [level for level in theirs if isinstance(level, Level)]
    return _bounds(mine, levels) if levels else None


def _could_belong(other: Group, group: Group) -> bool:
    return other != group and all(value in (group[name], UNKNOWN_GROUP) for name, value in other.items())


def _bounds(mine: Level, unknown: Sequence[Level]) -> list[float]:
    hits = [sum(level.hits[seed] for level in unknown) for seed in range(mine.seeds_count)]
    sizes = [sum(level.sizes[seed] for level in unknown) for seed in range(mine.seeds_count)]
    limits = rate_bounds(mine.hits, mine.sizes, hits, sizes)
    low, high = fmean(limits.low.tolist()), fmean(limits.high.tolist())
    return [1 - high, 1 - low] if mine.complement else [low, high]
