"""Gaps between groups, always with what chance alone would show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fairtransfer.findings.asking import Desk, Missing, Model, Pairing
from fairtransfer.findings.counts import View
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.samples import Level
from fairtransfer.stats.gap import corrected_variance, noise_floor
from fairtransfer.stats.metrics import METRICS


def gap_finding(desk: Desk, pairing: Pairing, model: Model, view: View, blank: Finding) -> Finding:
    """Return the max-min gap of one metric over a view's groups that are large enough.

    The gap has no interval of its own: it is biased upward, and any resampling of it more so. In its place stand the gap
    that equal groups of these sizes would show (mean and 95th percentile) and the variance between groups corrected for
    sampling. Gates judge groups one by one instead.
    """
    minimum = desk.study.policy.min_group
    found = {
        str(group): (group, desk.level(pairing, model, group, blank.metric, blank.class_))
        for group in desk.groups(pairing, view)
    }
    large = [
        (group, sample)
        for group, sample in found.values()
        if not isinstance(sample, Missing) and _smallest(sample) >= minimum
    ]
    left_out = [group for group, sample in found.values() if isinstance(sample, Missing) or _smallest(sample) < minimum]
    details: dict[str, Any] = {"groups_left_out": left_out}
    if len(large) < 2:
        return replace(
            blank, status="undefined", status_reason=f"{len(large)} group(s) large enough to compare", details=details
        )
    order = sorted(large, key=lambda pair: pair[1].estimate, reverse=METRICS[blank.metric].higher_is_worse)
    (worst_group, worst), (best_group, best) = order[0], order[-1]
    details |= {
        "worst_group": worst_group,
        "worst": worst.estimate,
        "best_group": best_group,
        "best": best.estimate,
        "groups_compared": len(large),
    }
    details |= _noise([sample for _, sample in large if isinstance(sample, Level)], len(large))
    gap = abs(worst.estimate - best.estimate)
    return replace(blank, estimate=gap, ci_method="none: compare with the noise floor", details=details)


def _smallest(sample: object) -> float:
    return sample.n if isinstance(sample, Level) else min(part.n for part in sample.parts)  # type: ignore[attr-defined]  # a mean has parts


def _noise(samples: list[Level], groups: int) -> dict[str, float]:
    if len(samples) < groups:
        return {}
    sizes = [sample.size(0.975) for sample in samples]
    rates = [sample.share for sample in samples]
    pooled = sum(r * n for r, n in zip(rates, sizes, strict=True)) / sum(sizes)
    floor = noise_floor(pooled, sizes)
    found = {"noise_floor_mean": floor.mean, "noise_floor_p95": floor.p95}
    return found | ({"variance_between_corrected": corrected_variance(rates, sizes)} if min(sizes) > 1 else {})
