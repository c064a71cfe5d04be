"""Findings about predicted numbers: from a row of the evidence to an estimate with its limits, and gaps between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fairtransfer.findings.details import NumberDetails
from fairtransfer.findings.estimates.number_means import SUMMED
from fairtransfer.findings.estimates.values import CI_LEVEL, ONE_SIDED, suffix
from fairtransfer.findings.gap_details import (
    GapByChance,
    GapDetails,
    Group,
    HighestAndLowest,
    RestDifference,
    WorstAndBest,
)
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.scores import Answers, Row
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats import gap as gaps
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.means import too_few
from fairtransfer.stats.number_errors import MOST_DRAWN
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.seeds import seed_part, seed_share, widen

DRAWN = "bootstrap-t"
NO_SPREAD = "the values do not vary, or too few differ from the others, which leaves their spread unknown"
NOT_GIVEN = "no numbers of this model were given"


def number_fields(
    answers: Answers | None, metric: str, *, procedure: bool, minimum: int, measured_in: str, change: bool
) -> dict[str, Any]:
    """Return the fields of a finding; `minimum`: fewer cases than this are not told of."""
    if answers is None:
        return {"status": "not_measured", "status_reason": NOT_GIVEN}
    row = answers.averaged or answers.first
    known = {"n": row["n"], "details": NumberDetails(measured_in) if measured_in else None}
    if (reason := _few(row, metric, minimum)) is not None:
        return known | {"status": "too_small", "status_reason": reason}
    if row["low"] is None:
        return known | {"status": "undefined", "status_reason": NO_SPREAD}
    values = answers.values or ()
    seeded = procedure and len(values) > 1
    low, high = row["low"], row["high"]
    fields: dict[str, Any] = {"estimate": row["value"], "ci_level": CI_LEVEL}
    if seeded:
        part = seed_part(values, ONE_SIDED)
        low, high = widen(row["value"], Interval(low, high), part.half)
        fields |= {"seed_sd": part.sd, "seed_share": seed_share(row["value"], (low, high), part.half)}
        least = -float("inf") if change else metric_named(metric).bounds[0]
        low = max(low, least)
    method = DRAWN if row["units"] <= MOST_DRAWN else SUMMED
    told = method + suffix(len(values), clustered=row["units"] < row["n"], procedure=procedure)
    seen = detectable_by_width((high - low) / 2, ONE_SIDED)
    return known | fields | {"ci": (low, high), "ci_method": told, "minimum_detectable": seen}


def _few(row: Row, metric: str, minimum: int) -> str | None:
    """Return why there are too few cases or units."""
    least = max(minimum, metric_named(metric).least or 0)
    return too_few(row["n"], row["units"], least, clustered=row["units"] < row["n"])


def number_gap(
    groups: Sequence[tuple[Group, Answers | None]], blank: Finding, minimum: int, measured_in: str
) -> Finding:
    """Return the largest difference between groups, with what equal groups would show and each one's distance to the rest.

    Of a metric without a harmful direction, such as the mean error, it lies between the highest and the lowest group.
    """
    rows = [(group, answers.averaged or answers.first) for group, answers in groups if answers is not None]
    large = [(g, r) for g, r in rows if _few(r, blank.metric, minimum) is None and r["value"] is not None]
    kept = [group for group, _ in large]
    left_out = tuple(group for group, _ in groups if group not in kept)
    details = GapDetails(left_out, measured_in=measured_in or None)
    if len(large) < 2:
        reason = f"{len(large)} group(s) large enough to compare"
        return replace(blank, status="undefined", status_reason=reason, details=details)
    found = gaps.spread([row["value"] for _, row in large], higher_is_worse=True)
    (highest, most), (lowest, least) = large[found.worst], large[found.best]
    ends, directed = (highest, most["value"], lowest, least["value"]), blank.harm_direction != "none"
    details = replace(
        details,
        served=WorstAndBest(*ends) if directed else None,
        extremes=None if directed else HighestAndLowest(*ends),
        groups_compared=len(large),
        noise_floor=GapByChance(
            *gaps.noise_floor_of_means([max(row["variance"] or 0.0, 0.0) ** 0.5 for _, row in large])
        ),
        against_rest=tuple(
            RestDifference(group, row["apart"], (row["apart_low"], row["apart_high"]))
            for group, row in large
            if row["apart"] is not None
        ),
    )
    return replace(blank, estimate=found.gap, ci_method="none: compare with the noise floor", details=details)
