"""What a group's rate could be if the people whose group was not recorded belonged to it: bounds, whatever the reason."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from fairtransfer.findings.counts import View
from fairtransfer.findings.details import MembershipDetails
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import ONE_SIDED, CaseCounts, NotEstimable
from fairtransfer.findings.gap_details import Ends, Group, ImpactRatio
from fairtransfer.findings.group_estimates import Model, Pairing
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.unknown_group import difference_bounds, impact_ratio_bounds, rate_bounds, sampled_rate_bounds


def unknown_details(
    query: EvidenceQuery, pairing: Pairing, model: Model, group: Group, metric: str, of: str | None
) -> MembershipDetails | None:
    """Return what a row tells of people whose membership is not recorded; None where there are none, or no rate.

    Bounds are averaged over seeds. Limits that allow for chance too are given for one seed of independent cases, those of the
    difference to all other recorded groups together for the groups of one attribute.

    Notes
    -----
    In an intersection someone may be unknown in one attribute only, and then belongs to no group that differs in another.
    """
    could = [other for other in query.groups(pairing, tuple(group)) if _could_belong(other, group)]
    mine = query.level(pairing, model, group, metric, of)
    if not could or UNKNOWN_GROUP in group.values() or isinstance(mine, NotEstimable):
        return None
    counts, unknown = mine.case_counts, _together(query, pairing, model, could, metric, of)
    if counts is None or unknown is None:
        return None
    rest = _together(query, pairing, model, _others(query, pairing, group), metric, of) if len(group) == 1 else None
    return MembershipDetails(
        _bounds(counts, unknown),
        _with_chance(counts, unknown) if mine.seeds_count == 1 and mine.fewest_units is None else None,
        None if rest is None else _difference(counts, rest, unknown),
    )


def impact_ratios(
    query: EvidenceQuery, pairing: Pairing, model: Model, view: View, metric: str, of: str | None
) -> tuple[ImpactRatio, ...] | None:
    """Return, for selection rates by one attribute, the bounds of every group's rate over the highest; else None."""
    groups = [group for group in query.groups(pairing, view) if UNKNOWN_GROUP not in group.values()]
    if metric != "selection_rate" or len(view) != 1 or len(groups) < 2:
        return None
    counts = [_counts(query.level(pairing, model, group, metric, of)) for group in groups]
    known = [one for one in counts if one is not None]
    unknown = (
        _counts(query.level(pairing, model, {view[0]: UNKNOWN_GROUP}, metric, of))
        if _has_unknown(query, pairing, view)
        else None
    )
    if unknown is None or len(known) < len(counts):
        return None
    bounds = [
        impact_ratio_bounds(
            [one.hits[seed] for one in known],
            [one.sizes[seed] for one in known],
            unknown.hits[seed],
            unknown.sizes[seed],
        )
        for seed in range(len(unknown.hits))
    ]
    rows = tuple(
        ImpactRatio(group, (fmean(float(b.low[i]) for b in bounds), fmean(float(b.high[i]) for b in bounds)))
        for i, group in enumerate(groups)
    )
    finite = all(value == value for row in rows for value in row.ratio)  # NaN where nobody was selected
    return rows if finite else None


def _counts(level: Estimate | NotEstimable) -> CaseCounts | None:
    return None if isinstance(level, NotEstimable) else level.case_counts


def _has_unknown(query: EvidenceQuery, pairing: Pairing, view: View) -> bool:
    return {view[0]: UNKNOWN_GROUP} in query.groups(pairing, view)


def _could_belong(other: Group, group: Group) -> bool:
    return other != group and all(value in (group[name], UNKNOWN_GROUP) for name, value in other.items())


def _others(query: EvidenceQuery, pairing: Pairing, group: Group) -> list[Group]:
    known = (other for other in query.groups(pairing, tuple(group)) if UNKNOWN_GROUP not in other.values())
    return [other for other in known if other != group]


Pooled = tuple[list[float], list[float]]
"""Numerators and denominators of several groups together, for every seed."""


def _together(
    query: EvidenceQuery, pairing: Pairing, model: Model, groups: Sequence[Group], metric: str, of: str | None
) -> Pooled | None:
    """Return several groups as one; None where nobody of them has a rate, or a denominator is empty for some seeds only."""
    found = [query.level(pairing, model, group, metric, of) for group in groups]
    counts = [one for level in found if (one := _counts(level)) is not None]
    if not counts or any(isinstance(level, NotEstimable) and level.n for level in found):
        return None
    seeds = range(len(counts[0].hits))
    hits = [float(sum(one.hits[seed] for one in counts)) for seed in seeds]
    return hits, [float(sum(one.sizes[seed] for one in counts)) for seed in seeds]


def _bounds(mine: CaseCounts, unknown: Pooled) -> Ends:
    return _ends(mine, rate_bounds(mine.hits, mine.sizes, *unknown))


def _with_chance(mine: CaseCounts, unknown: Pooled) -> Ends:
    return _ends(mine, sampled_rate_bounds(mine.hits, mine.sizes, *unknown, normal_quantile(ONE_SIDED)))


def _ends(mine: CaseCounts, limits: Interval) -> Ends:
    low, high = fmean(limits.low.tolist()), fmean(limits.high.tolist())
    return (1 - high, 1 - low) if mine.complement else (low, high)


def _difference(mine: CaseCounts, rest: Pooled, unknown: Pooled) -> Ends:
    """Return the bounds of the difference, averaged over seeds: the unknown may be of the group, of the rest, or of neither."""
    found = [
        difference_bounds(
            [mine.hits[seed], rest[0][seed]], [mine.sizes[seed], rest[1][seed]], *(u[seed] for u in unknown)
        )
        for seed in range(len(mine.hits))
    ]
    low, high = (fmean(float(getattr(limits, end)) for limits in found) for end in ("low", "high"))
    return (-high, -low) if mine.complement else (low, high)
