"""What a report says in words: numbers with their interval and their n, never a hedge in place of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairtransfer import formats
from fairtransfer.stats.metrics import METRICS
from fairtransfer.stats.score_metrics import SCORE_METRICS

Row = dict[str, Any]

RULE = (
    "A gate passes only if the whole interval lies inside its limit for every group, fails if the whole interval of some "
    "group lies outside, and otherwise says that there is not enough evidence."
)


_SCORE_INTERVALS = (
    " Metrics made of scores are reported and not judged. Brier score and calibration bias: Student's interval with one case "
    "added at each bound. Log loss: the union of Student's and Hall's. AUC: Wilson's at the size that DeLong's variance "
    "gives. Calibration slope: HC3. Scores are put into fixed bins for the last two."
)


def score_intervals(metrics: Iterable[str]) -> str:
    """Return how intervals of metrics made of scores are made; nothing when none is asked for."""
    return _SCORE_INTERVALS if any(name in SCORE_METRICS for name in metrics) else ""


def metric_name(metric: str, of: str | None = None) -> str:
    """Return a metric as words: ``error rate``, ``recall of `urgent```."""
    plain = metric.replace("_", " ")
    return f"{plain} of {of}" if of else plain


def metric_words(metric: str) -> str:
    """Return what a metric is."""
    return (METRICS.get(metric) or SCORE_METRICS[metric]).words


def is_worse(row: Row, change: float) -> bool:
    """Say whether a change of this row's metric is harm."""
    return change > 0 if row["harm_direction"] == "higher_is_worse" else change < 0


def settled(row: Row | None) -> str | None:
    """Return ``worse`` or ``better`` when the whole interval of a change says so, else None."""
    if row is None or row["status"] != "ok" or row["ci"] is None:
        return None
    low, high = row["ci"]
    if low <= 0 <= high:
        return None
    return "worse" if is_worse(row, row["estimate"]) else "better"


def _known(row: Row | None) -> bool:
    return row is not None and row["status"] == "ok"


def _moved(row: Row, *, unit: bool = True) -> str:
    """Return a change with its interval: ``−10.2 points; −16.3 to −4.0``."""
    return f"{formats.points(row['estimate'], unit=unit)}; {formats.points_interval(row['ci'])}"


def overall(before: Row | None, after: Row | None, change: Row | None) -> str | None:
    """Return the sentence about everyone together."""
    if before is None or after is None or change is None or not all(map(_known, (before, after, change))):
        return None
    name = metric_name(after["metric"], after["class"])
    went = f"went from {formats.percent(before['estimate'])} to {formats.percent(after['estimate'])}"
    interval = f"95% interval {formats.points_interval(change['ci'])}"
    moved = f"change {formats.points(change['estimate'])}; {interval}; {formats.count(change['n'])} cases"
    return f"For everyone together the {name} {went} ({moved})."


def worst_served(group: str, before: Row | None, after: Row, *, every: bool) -> str:
    """Return the sentence about the worst served group, as cases of every hundred; `every`: all groups have numbers."""
    name = metric_name(after["metric"], after["class"])
    now = f"{formats.per_hundred(after['estimate'])}"
    was = f"; before adaptation {formats.per_hundred(before['estimate'])}" if before and _known(before) else ""
    among = "" if every else ", of the groups shown"
    return f"Worst served after adaptation{among}: {group}, {name} {now}{was} ({formats.count(after['n'])} cases)."


def who_changed(changes: Sequence[tuple[str, Row]], everyone: Row | None) -> Iterator[str]:
    """Yield who is clearly better off, who is clearly worse off, and for whom it cannot be told."""
    by_side: dict[str | None, list[str]] = {"worse": [], "better": [], None: []}
    for name, row in changes:
        if _known(row):
            by_side[settled(row)].append(f"{name} ({_moved(row, unit=False)})")
    if by_side["worse"]:
        hidden = " although everyone together is better off" if settled(everyone) == "better" else ""
        yield f"Clearly worse off after adaptation{hidden}: {formats.listing(by_side['worse'])}, in points."
    if by_side["better"]:
        yield f"Clearly better off: {formats.listing(by_side['better'])}, in points."
    if by_side[None]:
        yield f"We cannot tell whether adaptation helped or harmed: {formats.listing(by_side[None])}, in points."


def against_scratch(gains: Sequence[tuple[str, Row]]) -> str | None:
    """Return the sentence about what pretraining gave, to whom most and to whom least."""
    known = [(name, row) for name, row in gains if _known(row)]
    if len(known) < 2:
        return None
    worse_high = METRICS[known[0][1]["metric"]].higher_is_worse
    order = sorted(known, key=lambda pair: pair[1]["estimate"], reverse=worse_high)
    (least, low), (most, high) = order[0], order[-1]
    words = {"better": "clearly helps", "worse": "clearly harms", None: "makes no difference that could be told for"}
    return (
        "Compared with the same architecture trained from scratch on the same labels, pretraining "
        f"{words[settled(high)]} {most} ({_moved(high)}) and {words[settled(low)]} {least} ({_moved(low)}), "
        "the groups it does most and least for."
    )


def gap(before: Row | None, after: Row | None, attribute: str) -> str | None:
    """Return the sentence about the gap, with what chance alone would show."""
    if after is None or not _known(after):
        return None
    details = after["details"] or {}
    best, worst = formats.group_label(details["best_group"]), formats.group_label(details["worst_group"])
    was = f", {_width(before['estimate'])} before" if before and _known(before) else ""
    told = f"Between the best and the worst served {attribute} ({best}, {worst}) lie {_width(after['estimate'])}{was}."
    if "noise_floor_p95" not in details:
        return told
    mean, high = _width(details["noise_floor_mean"]), _width(details["noise_floor_p95"])
    return f"{told} Groups served alike would show {mean} on average and more than {high} once in twenty audits."


def levelled_down(moved: Row | None) -> str | None:
    """Return the warning that a gap closed at the cost of the group that was served best."""
    if moved is None or not _known(moved) or not moved["details"]["levelling_down"]:
        return None
    best = formats.group_label(moved["details"]["best_served_before"])
    return f"The gap closed although nobody need be better off: {best}, served best before, is clearly worse off now."


def _width(gap: float) -> str:
    """Return a gap in points, without a sign: it has no direction."""
    return formats.points(gap).lstrip("+")


def needed(entry: dict[str, Any], *, several: bool) -> str:
    """Return what would settle a comparison; `several`: there is more than one benchmark to name."""
    who = formats.group_label(entry["group"]) + (f" of {entry['benchmark']}" if several else "")
    wanted = []
    if entry.get("units"):
        have = formats.count(entry["have_units"])
        wanted.append(f"at least {entry['units']} units (people, documents or what else rows share), not {have}")
    if entry.get("seeds"):
        wanted.append(f"about {entry['seeds']} seeds, not {entry.get('have_seeds', 0)}")
    if entry.get("people"):
        about = "about" if entry["settles"] else "at least"
        wanted.append(f"{about} {formats.count(entry['people'])} cases, not {formats.count(entry['have'])}")
    if not wanted:
        return f"{who}: no affordable number of cases or seeds, as the estimate lies too close to the limit"
    end = ", and as it looks today it would fail" if entry["settles"] == "fail" else ""
    return f"{who}: {' and '.join(wanted)}{end}"


def room(entry: Mapping[str, Any]) -> str:
    """Return what today's cases could not have seen of a comparison; empty where that is not known."""
    least = entry.get("detectable")
    return "" if least is None else f"today's could not have seen a difference below {_width(least)}"


def model_name(strategy: str, budget: str | None) -> str:
    """Return an adapted model in words."""
    if not budget:
        return strategy
    return f"{strategy} on {'all' if budget == 'all' else budget} labels"
