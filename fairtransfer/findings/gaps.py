"""Gaps between groups, always with what chance alone would show, and what may be said of all groups together."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fairtransfer.evidence.canonical import canonical
from fairtransfer.findings.counts import View
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import ONE_SIDED, NotEstimable, Share
from fairtransfer.findings.gap_details import (
    FarthestGroup,
    GapByChance,
    GapChangeDetails,
    GapDetails,
    Group,
    GroupVariance,
    HighestAndLowest,
    Ranked,
    RateSpread,
    RestDifference,
    WorstAndBest,
)
from fairtransfer.findings.group_estimates import Model, Pairing
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.unknown_membership import impact_ratios
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats import gap as gaps
from fairtransfer.stats.draws import keyed
from fairtransfer.stats.shrink import main_effects, ranking, shrink


def gap_finding(query: EvidenceQuery, pairing: Pairing, model: Model, view: View, blank: Finding) -> Finding:
    """Return the max-min gap of one metric over a view's groups that are large enough.

    The gap has no interval of its own: it is biased upward, and any resampling of it more so. In its place stand the gap
    that equal groups of these sizes would show, the variance between groups corrected for sampling with its interval,
    and every group's difference to the rest with limits that hold for all of them together. Gates judge groups one by
    one instead.
    """
    minimum = query.study.policy.min_group
    found = [
        (group, query.level(pairing, model, group, blank.metric, blank.class_)) for group in query.groups(pairing, view)
    ]
    large = [(g, s) for g, s in found if not isinstance(s, NotEstimable) and s.cases >= minimum]
    kept = [group for group, _ in large]
    details = GapDetails(
        tuple(group for group, _ in found if group not in kept),
        impact_ratios=impact_ratios(query, pairing, model, view, blank.metric, blank.class_),
        measured_in=query.measured_in(blank.metric) or None,
    )
    if len(large) < 2:
        reason = f"{len(large)} group(s) large enough to compare"
        return replace(blank, status="undefined", status_reason=reason, details=details)
    metric, levels = metric_named(blank.metric), [level for _, level in large]
    spread = gaps.spread([level.estimate for level in levels], higher_is_worse=metric.harm_sign > 0)
    ends = (kept[spread.worst], levels[spread.worst].estimate, kept[spread.best], levels[spread.best].estimate)
    details = replace(
        details,
        served=None if metric.two_sided else WorstAndBest(*ends),
        extremes=HighestAndLowest(*ends) if metric.two_sided else None,
        groups_compared=len(large),
    )
    shares = [share for level in levels if (share := level.as_share(ONE_SIDED)) is not None]
    errors = [error for level in levels if (error := level.standard_error) is not None]
    if len(shares) == len(levels):
        details = _together(details, kept, shares, higher_is_worse=metric.higher_is_worse)
    elif len(errors) == len(levels):
        floor = GapByChance(*gaps.noise_floor_of_means(errors))
        others = [query.level(pairing, model, group, blank.metric, blank.class_, "rest") for group in kept]
        details = replace(details, noise_floor=floor, against_rest=_against_rest(kept, levels, others))
    return replace(blank, estimate=spread.gap, ci_method="none: compare with the noise floor", details=details)


def _against_rest(
    groups: list[Group], levels: list[Estimate], others: list[Estimate | NotEstimable]
) -> tuple[RestDifference, ...]:
    """Return how far every group lies from everyone else, with limits over examples that hold for all groups together."""
    usable = sum(level.unjudged is None or level.unjudged.units is None for level in levels)
    if usable < 2:
        return ()
    one_sided = 1 - TOGETHER / (2 * usable)
    told = []
    for group, level, other in zip(groups, levels, others, strict=True):
        if level.unjudged is None and not isinstance(other, NotEstimable) and other.unjudged is None:
            apart = level.less(other)
            interval = apart.examples(one_sided)
            told.append(RestDifference(group, apart.estimate, (float(interval.low), float(interval.high))))
    return tuple(told)


def _together(details: GapDetails, groups: list[Group], shares: list[Share], *, higher_is_worse: bool) -> GapDetails:
    """Return details with what the groups' rates and effective sizes say together; draws are keyed by these numbers alone."""
    rates, sizes = [share.value for share in shares], [share.size for share in shares]
    pooled = sum(r * n for r, n in zip(rates, sizes, strict=True)) / sum(sizes)
    rest = gaps.against_rest(rates, sizes)
    farthest = gaps.largest_deviation(rates, sizes)
    return replace(
        details,
        noise_floor=GapByChance(*gaps.noise_floor(pooled, sizes)),
        spread=RateSpread(
            gaps.ratio([share.events for share in shares], [share.cases for share in shares]),
            FarthestGroup(groups[farthest.group], farthest.by, farthest.overall),
        ),
        against_rest=tuple(
            RestDifference(group, float(d), (float(low), float(high)))
            for group, d, low, high in zip(groups, rest.differences, rest.limits.low, rest.limits.high, strict=True)
        ),
        between=_between(rates, sizes),
        ranked=_ranked(groups, rates, sizes, higher_is_worse=higher_is_worse),
    )


def _between(rates: list[float], sizes: list[float]) -> GroupVariance | None:
    """Return the variance between groups that sampling does not explain; None where a group is worth one case or less."""
    if min(sizes) <= 1:
        return None
    found = gaps.between_groups(rates, sizes, keyed(b"variance between groups", canonical([rates, sizes])))
    return GroupVariance(found.variance, (found.low, found.high))


def _ranked(
    groups: list[Group], rates: list[float], sizes: list[float], *, higher_is_worse: bool
) -> tuple[Ranked, ...] | None:
    """Return the groups from worst to best by rates that borrow strength: where to look first, never what to judge.

    Groups of one attribute have no main effects to borrow from, each being its own; they are pulled towards one rate.
    """
    if len(groups) < 3:
        return None
    alone = len(groups[0]) == 1
    design = np.ones((len(groups), 1)) if alone else main_effects([tuple(group.values()) for group in groups])
    adjusted = shrink(rates, sizes, design)
    order = ranking(adjusted, higher_is_worse=higher_is_worse)
    return tuple(Ranked(groups[i], float(adjusted.rates[i]), float(adjusted.pull[i])) for i in order)


def moved_gap(query: EvidenceQuery, pairing: Pairing, view: View, blank: Finding) -> Finding | None:
    """Return how the gap moved, and whether it closed by harming, or an average hides harm; None with too few groups."""
    minimum = query.study.policy.min_group
    sign = 1 if metric_named(blank.metric).higher_is_worse else -1
    groups = query.groups(pairing, view)
    moved = [found for group in groups if (found := _moved(query, pairing, group, blank, minimum)) is not None]
    everyone = _judged_change(query, pairing, {}, blank)
    if len(moved) < 2 or isinstance(everyone, NotEstimable):
        return None
    kept = [one.group for one in moved]
    old, new = (
        [sign * level.estimate for level in levels] for levels in zip(*(one.levels for one in moved), strict=True)
    )
    lower = [_lower(one.change, sign, 1 - 0.05 / len(moved)) for one in moved]
    down, hidden = gaps.levelling_down(old, new, lower), gaps.hidden_harm(sign * everyone.estimate, lower)
    details = GapChangeDetails(
        groups_left_out=tuple(group for group in groups if group not in kept),
        gap_before=down.gap_before,
        gap_after=down.gap_after,
        levelling_down=down.flag,
        best_served_before=kept[down.best],
        hidden_harm=hidden.flag,
        surely_harmed=tuple(kept[i] for i in hidden.harmed),
        groups_compared=len(moved),
        measured_in=query.measured_in(blank.metric) or None,
    )
    by = down.gap_after - down.gap_before
    return replace(blank, estimate=by, ci_method="none: see the groups' changes", details=details)


TOGETHER = 0.05
"""Distances to everyone else hold for all groups of a view together, but for this share of audits."""

_MODELS: tuple[Model, ...] = ("before", "after")


class _Moved(NamedTuple):
    """A group whose metric is known before and after, and how it changed."""

    group: Group
    levels: tuple[Estimate, ...]
    change: Estimate


def _moved(query: EvidenceQuery, pairing: Pairing, group: Group, row: Finding, minimum: int) -> _Moved | None:
    """Return a group that is large enough to compare; None for others."""
    change = _judged_change(query, pairing, group, row)
    if isinstance(change, NotEstimable) or change.smallest < minimum:
        return None
    found = [query.level(pairing, model, group, row.metric, row.class_) for model in _MODELS]
    levels = tuple(level for level in found if not isinstance(level, NotEstimable) and level.unjudged is None)
    return _Moved(group, levels, change) if len(levels) == len(found) else None


def _judged_change(query: EvidenceQuery, pairing: Pairing, group: Group, row: Finding) -> Estimate | NotEstimable:
    return query.judged_change(pairing, group, row.metric, row.class_)


def _lower(change: Estimate, sign: int, level: float) -> float:
    """Return the lower limit of a change in harm."""
    low, high = change.limits(level)
    return low if sign > 0 else -high
