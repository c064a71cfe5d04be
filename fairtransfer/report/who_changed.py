"""Who is better off and who worse: clearly, where all groups of a view are looked at together; on its own; or not to tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from fairtransfer import formats
from fairtransfer.findings.rows import Finding
from fairtransfer.report.sentences import MOST_NAMED, is_known, metric_name, moved, moved_apart
from fairtransfer.report.stage_words import StageWords

Side = Literal["worse", "better"] | None
"""On which side a change lies; None where that cannot be told."""

Sure = Literal["clearly", "alone"] | None
"""clearly: limits that hold for all groups of a view together leave out 0. alone: only the group's own interval does."""


def is_worse(row: Finding, change: float) -> bool:
    """Say whether a change of this row's metric is harm; it has a direction."""
    return change > 0 if row.harm_direction == "higher_is_worse" else change < 0


def settled(row: Finding | None) -> Side:
    """Return ``worse`` or ``better`` when the whole interval of a change says so, looked at on its own; else None."""
    if row is None or row.status != "ok" or row.ci is None or row.estimate is None or row.harm_direction == "none":
        return None
    low, high = row.ci
    if low <= 0 <= high:
        return None
    return "worse" if is_worse(row, row.estimate) else "better"


def how_sure(row: Finding | None) -> Sure:
    """Return how sure it is on which side a change lies; None where that cannot be told."""
    if row is None or settled(row) is None:
        return None
    limits = row.ci_together if row.group else row.ci
    return "clearly" if limits is not None and not limits[0] <= 0 <= limits[1] else "alone"


class WhoChanged(NamedTuple):
    """Sentences about whom a change of one metric harmed or helped; None where there is nobody to name."""

    worse: str | None
    worse_alone: str | None
    better: str | None
    better_alone: str | None
    untold: str | None


def who_changed(changes: Sequence[tuple[str, Finding]], everyone: Finding | None, stages: StageWords) -> WhoChanged:
    """Return who is worse off and who better, clearly or each on its own, and for whom it cannot be told.

    The groups with most at stake are named: those harmed or helped most, and of the others those that could be harmed most.
    """
    found: dict[tuple[Side, Sure], list[tuple[float, str]]] = {}
    for name, row in changes:
        if is_known(row):
            key = settled(row), how_sure(row)
            found.setdefault(key, []).append((_stake(row, key[0]), f"{name} {moved(row)}"))
    said = {key: formats.listing([words for _, words in sorted(own)], MOST_NAMED) for key, own in found.items()}
    by = f" by {metric_name(changes[0][1].metric, changes[0][1].class_)}" if changes else ""
    hidden = " although everyone together is better off" if settled(everyone) == "better" else ""

    def told(side: Side, sure: Sure, words: str) -> str | None:
        return f"{words}: {said[side, sure]}." if (side, sure) in said else None

    def alone(side: Side) -> str:
        own = "on its own" if len(found.get((side, "alone"), ())) == 1 else "each on its own"
        return f"{str(side).capitalize()} off{by} {stages.after}, {own}, not surely among all groups"

    return WhoChanged(
        told("worse", "clearly", f"Clearly worse off{by} {stages.after}{hidden}"),
        told("worse", "alone", alone("worse") + hidden),
        told("better", "clearly", f"Clearly better off{by} {stages.after}"),
        told("better", "alone", alone("better")),
        told(None, None, f"We cannot tell whether {stages.step} helped or harmed{by}"),
    )


def _stake(row: Finding, side: Side) -> float:
    """Return where a change stands among those of its side, the smallest first."""
    if side is not None or row.ci is None:
        return -abs(row.estimate or 0.0)
    low, high = row.ci
    return -high if row.harm_direction == "higher_is_worse" else low


def against_scratch(gains: Sequence[tuple[str, Finding]]) -> str | None:
    """Return the sentence about what pretraining gave, to whom most and to whom least."""
    known = [(name, row) for name, row in gains if is_known(row)]
    if len(known) < 2:
        return None
    worse_high = known[0][1].harm_direction == "higher_is_worse"
    order = sorted(known, key=lambda pair: pair[1].estimate or 0.0, reverse=worse_high)
    (least, low), (most, high) = order[0], order[-1]
    return (
        f"Compared by {metric_name(low.metric, low.class_)} with the same architecture trained from scratch on the same labels, "
        "pretraining "
        f"{_gave(high)} {most} ({moved_apart(high)}) and {_gave(low)} {least} ({moved_apart(low)}), "
        "the groups it does most and least for."
    )


def _gave(row: Finding) -> str:
    side = settled(row)
    if side is None:
        return "makes no difference that could be told for"
    verb = "helps" if side == "better" else "harms"
    return f"clearly {verb}" if how_sure(row) == "clearly" else f"{verb}, not surely among all groups,"
