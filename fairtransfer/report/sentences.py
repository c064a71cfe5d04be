"""What a report says in words: numbers with their interval and their n, never a hedge in place of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairtransfer import formats
from fairtransfer.findings.details import MembershipDetails
from fairtransfer.findings.gap_details import GapChangeDetails, GapDetails
from fairtransfer.findings.rows import Finding
from fairtransfer.gates.results import Needed
from fairtransfer.gates.sample_size import realistic
from fairtransfer.outcomes.table import metric_named
from fairtransfer.report.stage_words import StageWords
from fairtransfer.report.wording import wording, wording_of
from fairtransfer.spec.gates import Policy
from fairtransfer.stats.means import MINIMUM_UNBOUNDED

MOST_NAMED = 5
"""Groups named in one sentence; the tables hold all."""

RULE = (
    "A gate passes only if the worst that the data leave open lies inside its limit for every group, fails if even the best "
    "they leave open lies outside it for some group, and otherwise says that there is not enough evidence. It judges by "
    "one-sided bounds at the policy's error rate; the 95% intervals shown have two sides, and may cross the limit of a gate "
    "that passes."
)

_SCORE_INTERVALS = (
    " Brier score and calibration bias: Student's interval with one case added at each bound. AUC: exact limits at the size that "
    "DeLong's variance gives; its change: the union of MOVER of both and of DeLong's with Student's t. Gates may judge these. "
    "Reported and not judged: log loss (the union of Student's and Hall's), calibration slope (HC3), debiased ECE. Scores are "
    "put into fixed bins for slope and ECE, and for AUC where there are too many to be ranked one by one."
)

_F1_INTERVALS = (
    " F1 scores: 2J / (1 + J) of J, the right ones of all in or put into a class (Clopper-Pearson), by MOVER."
)

_VALUE_INTERVALS = (
    " Means of numbers of one's own: Student's with one case added at each end where both ends are known, else the union of "
    "Student's and Hall's, from 30 cases (or units, where cases share these) on. Gates may judge these."
)


_FAILURES = {
    "in_order": "corrected by Holm within a gate; gates share it in their order: half for the first, half of what is left for "
    "the next, and a gate of which every group fails hands its part on",
    "each": "corrected by Holm within each gate",
    "together": "corrected by Holm over all comparisons",
}


def verdict_rule(policy: Policy) -> str:
    """Return at which error rates gates pass and fail."""
    return (
        f"one-sided bounds. PASS needs every bound inside its limit (intersection-union), at alpha {policy.alpha_run:g}; "
        f"FAIL has a bound beyond it at alpha {policy.alpha:g}, {_FAILURES[policy.failures]}"
    )


def score_intervals(metrics: Iterable[str]) -> str:
    """Return how intervals of metrics made of scores or of values, or F1 scores, are made; nothing when none is asked for."""
    asked = [metric_named(name) for name in metrics]
    told = _SCORE_INTERVALS if any(metric.of_scores for metric in asked) else ""
    told += _VALUE_INTERVALS if any(metric.of_values for metric in asked) else ""
    return told + (_F1_INTERVALS if any(metric.estimator == "f1" for metric in asked) else "")


COUNT_INTERVALS = (
    "95%, two-sided. One rate: Clopper-Pearson (exact). A change on the same cases, a difference of two groups or of their "
    "changes, and a ratio of two groups (never divided): MOVER of exact limits. Rows that share a unit, or weigh unevenly, are "
    "worth as many as their spread shows, with doubt where few events show it; Student's t."
)
NUMBER_INTERVALS = (
    "95%, two-sided, in the label's own unit. Groups of up to 2,000 cases (or units, where cases share these): bootstrap-t, "
    "drawn with random numbers that follow from the cases alone, so that the same cases give the same limits. Larger groups: "
    "the union of Student's and Hall's. Distances to everyone else hold for all groups of a view together. Rows that share "
    "a unit are resampled together."
)


def fewest_judged(policy: Policy, *, numbers: bool) -> str:
    """Return how many cases a verdict takes at least."""
    if not numbers or policy.min_group >= MINIMUM_UNBOUNDED:
        return f"fewer than {policy.min_group} cases are not judged"
    return (
        f"fewer than {MINIMUM_UNBOUNDED} cases, or units where cases share these, are not judged: they do not show how skewed "
        "errors are"
    )


NUMBER_VERDICTS = (
    "They rest on the union of Student's and Hall's interval in groups of every size, without random numbers. "
    "They allow for the skew that is seen; a rare large error that no case shows yet is in no interval."
)


NO_LEDGER = "not defined: a predicted number does not become right or wrong; changes of its error are told instead"


def metric_name(metric: str, class_label: str | None = None) -> str:
    """Return a metric as words: ``error rate``, ``recall of `urgent```."""
    return metric_named(metric).plain + (f" of {class_label}" if class_label else "")


def metric_title(metric: str, class_label: str | None = None) -> str:
    """Return the same with a capital first letter; names of classes stay as they are."""
    name = metric_name(metric, class_label)
    return name[0].upper() + name[1:]


def metric_words(metric: str) -> str:
    """Return what a metric is."""
    return metric_named(metric).words


def is_known(row: Finding | None) -> bool:
    """Say whether a row has an estimate."""
    return row is not None and row.status == "ok"


def moved_apart(row: Finding) -> str:
    """Return a change with its interval: ``−10.2 points; −16.3 to −4.0``."""
    words = wording_of(row)
    unit = f" {words.unit}" if words.unit else ""
    return f"{words.change(row.estimate)}{unit}; {words.change_interval(row.ci)}"


def _value(row: Finding) -> str:
    """Return an estimate: ``14.1%``, ``2.31 days``."""
    words = wording_of(row)
    return words.value(row.estimate) + (f" {words.axis}" if words.axis and words.axis != "%" else "")


def overall(before: Finding | None, after: Finding | None, change: Finding | None) -> str | None:
    """Return the sentence about everyone together."""
    if before is None or after is None or change is None or not all(map(is_known, (before, after, change))):
        return None
    name = metric_name(after.metric, after.class_)
    went = f"went from {_value(before)} to {_value(after)}"
    words = wording_of(change)
    interval = f"95% interval {words.change_interval(change.ci)}"
    by = words.change(change.estimate) + (f" {words.unit}" if words.unit else "")
    moved = f"change {by}; {interval}; {formats.count(change.n)} cases"
    return f"For everyone together the {name} {went} ({moved})."


def worst_served(group: str, before: Finding | None, after: Finding, *, every: bool, stages: StageWords | None) -> str:
    """Return the sentence about the worst served group, rates as cases of every hundred.

    Parameters
    ----------
    every
        Whether all groups have numbers.
    stages
        What the models are called; None where there is one only.
    """
    name = metric_name(after.metric, after.class_)
    now = _for_people(after)
    told = before if before and is_known(before) and stages else None
    was = f"; {stages.before} {_for_people(told)}" if told and stages else ""
    among = "" if every else ", of the groups shown"
    when = f" {stages.after}" if stages else ""
    cases = formats.plural(after.n or 0, "case")
    if told and told.n != after.n:  # a rate whose cases are the model's own choice
        cases += f", {formats.count(told.n)} before"
    return f"Worst served{when}{among}: {group}, {name}{':' if after.class_ else ''} {now}{was} ({cases})."


def _for_people(row: Finding) -> str:
    return formats.per_hundred(row.estimate) if metric_named(row.metric).unit == "share" else _value(row)


def moved(row: Finding) -> str:
    """Return a change with its interval: ``−10.2 points (−16.3 to −4.0)``."""
    words = wording_of(row)
    return f"{words.change(row.estimate)}{f' {words.unit}' if words.unit else ''} ({words.change_interval(row.ci)})"


def leaning(groups: Sequence[tuple[str, Finding]], after: str) -> str | None:
    """Return for whom predictions are too high, and for whom too low, each group on its own; None where neither can be told."""
    sides: dict[bool, list[str]] = {True: [], False: []}
    for name, row in groups:
        if is_known(row) and row.ci is not None and row.estimate is not None and not row.ci[0] <= 0 <= row.ci[1]:
            sides[row.estimate > 0].append(f"{name} ({moved_apart(row)})")
    clear = [
        f"{words} for {formats.listing(sides[high])}"
        for high, words in ((True, "too high"), (False, "too low"))
        if sides[high]
    ]
    return f"On average, each group on its own, the predictions {after} are {'; '.join(clear)}." if clear else None


def gap(before: Finding | None, after: Finding | None, attribute: str) -> str | None:
    """Return the sentence about the gap, with what chance alone would show."""
    details = None if after is None else after.detail(GapDetails)
    if after is None or not is_known(after) or details is None or details.served is None:
        return None
    best, worst = map(formats.group_label, (details.served.best_group, details.served.worst_group))
    was = f", {_width(before, before.estimate)} before" if before and is_known(before) else ""
    found = (
        f"By {metric_name(after.metric, after.class_)}, between the best and the worst served {attribute} ({best}, {worst}) lie "
        f"{_width(after, after.estimate)}{was}."
    )
    if (floor := details.noise_floor) is None:
        return found
    mean, high = _width(after, floor.mean), _width(after, floor.p95)
    return f"{found} Groups served alike would show {mean} on average and more than {high} once in twenty audits."


def levelled_down(moved: Finding | None) -> str | None:
    """Return the warning that a gap closed at the cost of the group that was served best."""
    details = None if moved is None else moved.detail(GapChangeDetails)
    if moved is None or not is_known(moved) or details is None or not details.levelling_down:
        return None
    best, name = formats.group_label(details.best_served_before), metric_name(moved.metric, moved.class_)
    return f"The gap by {name} closed although nobody need be better off: {best}, served best before, is clearly worse off now."


def could_be_worse(row: Finding, details: MembershipDetails) -> float:
    """Return how much worse than recorded a group could fare if the people of unknown group belonged to it."""
    low, high = details.if_unknown_belonged
    return high - _recorded(row) if row.harm_direction == "higher_is_worse" else _recorded(row) - low


def _recorded(row: Finding) -> float:
    """Return a rate from its counts, which a row has where there are too few cases to judge too."""
    assert row.k is not None, "rows of rates have counts"
    assert row.n, "and somebody to count"
    return row.k / row.n


def if_unknown_belonged(attribute: str, row: Finding, details: MembershipDetails) -> str:
    """Return the sentence about the group that the people of unknown group could put in the worst light."""
    name, group = metric_name(row.metric, row.class_), formats.group_label(row.group)
    rate = formats.percent_interval(details.if_unknown_belonged)
    apart = formats.points_interval(details.difference)
    return (
        f"People without a recorded {attribute} could belong to any of its groups. Depending on who they are, the {name} of "
        f"{group}, {formats.percent(_recorded(row))} as recorded, could be {rate}%, and its difference to the other "
        f"recorded groups {apart} points; chance comes on top."
    )


def _width(row: Finding, gap: float | None) -> str:
    """Return a gap in points, or the label's unit, without a sign: it has no direction."""
    words = wording_of(row)
    return words.change(gap).lstrip("+") + (f" {words.unit}" if words.unit else "")


def needed(entry: Needed, *, several: bool) -> str:
    """Return what would settle a comparison; `several`: there is more than one benchmark to name."""
    against = f" against {formats.group_label(entry.against_group)}" if entry.against_group else ""
    who = formats.group_label(entry.group) + (f" of {entry.benchmark}" if several else "")
    who += (f", {metric_name(entry.metric)}" if entry.metric else "") + against
    wanted, have, about = [], formats.count(entry.have), "about" if entry.settles else "at least"
    if entry.units:
        units = formats.count(entry.have_units)
        wanted.append(f"at least {entry.units} units (people, documents or what else rows share), not {units}")
    if entry.seeds:
        wanted.append(f"{about} {entry.seeds} seeds, not {entry.have_seeds or 0}")
    if entry.people:
        wanted.append(f"{about} {formats.count(entry.people)} {_cases(entry)}, not {have}")
    if entry.answers:
        return f"{who}: what answers mean that are none of the classes; more cases settle nothing"
    if not wanted and entry.settles is None:
        return f"{who}: cases that differ, as the {have} there are all have the same value"
    if not wanted:
        return f"{who}: {_on_limit(entry)}"
    end = ", and as it looks today it would fail" if entry.settles == "fail" else ""
    return f"{who}: {' and '.join(wanted)}{end}"


def _cases(entry: Needed) -> str:
    return f"cases {entry.counted}" if entry.counted else "cases"


def _on_limit(entry: Needed) -> str:
    seeds = " or seeds" if (entry.have_seeds or 0) > 1 else ""
    more = f"more than {formats.count(realistic(entry.have))} {_cases(entry)}, not {formats.count(entry.have)}"
    return f"no realistic number of cases{seeds} ({more}), as the measured value lies too close to the limit"


ON_LIMIT = (
    "Where the measured value lies too close to the limit, more cases of the same kind are no way out: decide on a wider "
    "margin before fresh data are judged, or accept that there is not enough evidence"
)


def way_out(entries: Iterable[Needed]) -> str:
    """Return what is left to do where some comparisons of a gate lie on its limit; empty where none does."""
    return ON_LIMIT if any(entry.lies_on_limit for entry in entries) else ""


def room(entry: Needed, metric: str = "error_rate", measured_in: str = "") -> str:
    """Return what today's cases could not have seen of a comparison of this metric; empty where that is not known."""
    if entry.detectable is None:
        return ""
    words = wording(metric, measured_in)
    unit = f" {words.unit}" if words.unit else ""
    return f"today's cases could not have shown a difference below {words.change(entry.detectable).lstrip('+')}{unit}"


def model_name(strategy: str, budget: str | None) -> str:
    """Return an adapted model in words."""
    if not budget:
        return strategy
    return f"{strategy} on {'all' if budget == 'all' else budget} labels"
