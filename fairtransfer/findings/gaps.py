"""Gaps between groups, always with what chance alone would show, and what may be said of all groups together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairtransfer.evidence.canonical import canonical
from fairtransfer.findings.counts import View
from fairtransfer.findings.details import (
    AgainstRest,
    BetweenGroups,
    Deviation,
    GapChangeDetails,
    GapDetails,
    Group,
    NoiseFloor,
    Ranked,
    RateSpread,
    WorstAndBest,
)
from fairtransfer.findings.estimates.combined import MacroAverage
from fairtransfer.findings.estimates.number_means import ErrorMean
from fairtransfer.findings.estimates.rates import PairedDifference, Rate
from fairtransfer.findings.query import EvidenceQuery, Model, NotEstimable, Pairing
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.unknown_membership import impact_ratios
from fairtransfer.spec.names import NUMBERS_JUDGED
from fairtransfer.stats import gap as gaps
from fairtransfer.stats.catalogue import metric_named
from fairtransfer.stats.draws import keyed
from fairtransfer.stats.metrics import METRICS
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
    large = [(g, s) for g, s in found if not isinstance(s, NotEstimable) and _smallest(s) >= minimum]
    kept = [group for group, _ in large]
    details = GapDetails(
        tuple(group for group, _ in found if group not in kept),
        impact_ratios=impact_ratios(query, pairing, model, view, blank.metric, blank.class_),
    )
    if len(large) < 2:
        reason = f"{len(large)} group(s) large enough to compare"
        return replace(blank, status="undefined", status_reason=reason, details=details)
    harmful = METRICS[blank.metric].higher_is_worse
    spread = gaps.spread([sample.estimate for _, sample in large], higher_is_worse=harmful)
    (worst_group, worst), (best_group, best) = large[spread.worst], large[spread.best]
    served = WorstAndBest(worst_group, worst.estimate, best_group, best.estimate)
    details = replace(details, served=served, groups_compared=len(large))
    levels = [(group, sample) for group, sample in large if isinstance(sample, Rate)]
    if len(levels) == len(large):
        details = _together(details, levels, higher_is_worse=harmful)
    return replace(blank, estimate=spread.gap, ci_method="none: compare with the noise floor", details=details)


def _smallest(sample: Rate | MacroAverage) -> float:
    return sample.n if isinstance(sample, Rate) else min(part.n for part in sample.parts)


def _together(details: GapDetails, levels: list[tuple[Group, Rate]], *, higher_is_worse: bool) -> GapDetails:
    """Return details with what the groups' rates and effective sizes say together; draws are keyed by these numbers alone."""
    groups = [group for group, _ in levels]
    rates, sizes = [s.estimate for _, s in levels], [s.size(0.975) for _, s in levels]
    pooled = sum(r * n for r, n in zip(rates, sizes, strict=True)) / sum(sizes)
    rest = gaps.against_rest(rates, sizes)
    farthest = gaps.largest_deviation(rates, sizes)
    return replace(
        details,
        noise_floor=NoiseFloor(*gaps.noise_floor(pooled, sizes)),
        spread=RateSpread(
            gaps.ratio([s.share * s.n for _, s in levels], [s.n for _, s in levels]),
            Deviation(groups[farthest.group], farthest.by, farthest.overall),
        ),
        against_rest=tuple(
            AgainstRest(group, float(d), (float(low), float(high)))
            for group, d, low, high in zip(groups, rest.differences, rest.limits.low, rest.limits.high, strict=True)
        ),
        between=_between(rates, sizes),
        ranked=_ranked(groups, rates, sizes, higher_is_worse=higher_is_worse),
    )


def _between(rates: list[float], sizes: list[float]) -> BetweenGroups | None:
    """Return the variance between groups that sampling does not explain; None where a group is worth one case or less."""
    if min(sizes) <= 1:
        return None
    found = gaps.between_groups(rates, sizes, keyed(b"variance between groups", canonical([rates, sizes])))
    return BetweenGroups(found.variance, (found.low, found.high))


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
    sign = 1 if metric_named(blank.metric).harm_direction == "higher_is_worse" else -1
    groups = query.groups(pairing, view)
    levels = [[_level(query, pairing, model, group, blank) for group in groups] for model in _MODELS]
    changes = [_change(query, pairing, group, blank) for group in groups]
    everyone = _change(query, pairing, {}, blank)
    usable = [
        i
        for i, change in enumerate(changes)
        if isinstance(change, PairedDifference | ErrorMean)
        and change.n >= minimum
        and all(isinstance(side[i], Rate | ErrorMean) for side in levels)
    ]
    if len(usable) < 2 or not isinstance(everyone, PairedDifference | ErrorMean):
        return None
    old, new = ([sign * side[i].estimate for i in usable] for side in levels)  # type: ignore[union-attr]  # checked above
    lower = [_lower(changes[i], sign, 1 - 0.05 / len(usable)) for i in usable]
    down, hidden = gaps.levelling_down(old, new, lower), gaps.hidden_harm(sign * everyone.estimate, lower)
    details = GapChangeDetails(
        groups_left_out=tuple(group for i, group in enumerate(groups) if i not in usable),
        gap_before=down.gap_before,
        gap_after=down.gap_after,
        levelling_down=down.flag,
        best_served_before=groups[usable[down.best]],
        hidden_harm=hidden.flag,
        surely_harmed=tuple(groups[usable[i]] for i in hidden.harmed),
        groups_compared=len(usable),
        measured_in=query.measured_in(blank.metric) or None,
    )
    moved = down.gap_after - down.gap_before
    return replace(blank, estimate=moved, ci_method="none: see the groups' changes", details=details)


_MODELS: tuple[Model, ...] = ("before", "after")


def _level(
    query: EvidenceQuery, pairing: Pairing, model: Model, group: Group, row: Finding
) -> Rate | MacroAverage | ErrorMean | NotEstimable:
    """Return a row's metric of one model in a group, in closed form."""
    if row.metric in NUMBERS_JUDGED:
        return query.errors(pairing, model, group, row.metric)
    return query.level(pairing, model, group, row.metric, row.class_)


def _change(
    query: EvidenceQuery, pairing: Pairing, group: Group, row: Finding
) -> PairedDifference | MacroAverage | ErrorMean | NotEstimable:
    """Return how a row's metric changed in a group, in closed form."""
    if row.metric in NUMBERS_JUDGED:
        return query.errors(pairing, None, group, row.metric)
    return query.change(pairing, group, row.metric, row.class_)


def _lower(change: object, sign: int, level: float) -> float:
    """Return the lower limit of a change in harm."""
    assert isinstance(change, PairedDifference | ErrorMean), "only groups with a paired change are compared"
    low, high = change.limits(level)
    return low if sign > 0 else -high
