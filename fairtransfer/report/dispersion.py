"""How far groups lie apart beside what chance alone would show, and the groups in order: to read, in no verdict.

Rates that borrow strength order groups with less chance in it and make the worst served look better than they are, so that
they stand in a column of their own, without limits, and are said to be no estimate.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer import formats
from fairtransfer.findings.gap_details import GapDetails, Group, Ranked, RestDifference
from fairtransfer.findings.rows import SUPPRESSED, Finding, Stage, Status
from fairtransfer.formats import Wording
from fairtransfer.report import sentences, tables
from fairtransfer.report.finding_index import Metric
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table
from fairtransfer.report.wording import wording_of

_APART = (
    "By chance: the gap that groups served alike would show on average / what one audit in twenty exceeds. Left after "
    "chance: standard deviation between groups less what sampling adds; 0 says that chance could explain all of it, not that "
    "groups are served alike. Limits in brackets: 95%, of the difference for all groups together. In no verdict."
)

_IN_ORDER = (
    "The last column is for ordering and no estimate to act on: rates drawn towards the others, the more so the fewer the "
    "cases, which tends to make the worst served look better than they are. Neighbours need not differ, and no verdict uses it. "
)

_TOGETHER = "Difference to the others: 95% limits that hold for all groups together."

_UNDEFINED: Status = "undefined"


def apart_tables(subject: Subject) -> Iterator[Table]:
    """Yield per benchmark and metric how far groups lie apart, then per view the candidate's groups in order."""
    for benchmark in subject.study.benchmarks:
        for metric in subject.rows.metrics():
            yield from _apart(subject, benchmark.key, benchmark.views, metric)
            for view in benchmark.views:
                yield from _ordered(subject, benchmark.key, view, metric)


def _apart(subject: Subject, key: str, views: tuple[tuple[str, ...], ...], metric: Metric) -> Iterator[Table]:
    found = [(view, name, row) for view in views for name, row in _gaps(subject, key, view, metric)]
    if not any(_is_telling(row) for _, _, row in found):
        return
    unit = _unit(found[0][2])
    headings = (
        "Groups (compared)",
        "Model",
        "Farthest from the others",
        f"Difference to the others{unit}",
        f"Gap{unit}",
        f"By chance{unit}",
        f"Left after chance{unit}",
    )
    listed = [(" and ".join(view) + _compared(row), name, *_farthest(row), *_numbers(row)) for view, name, row in found]
    caption = f"How far groups lie apart: {sentences.metric_name(*metric)}, {key}"
    yield tables.table(_anchor("a", key, metric), caption, headings, listed, text_columns=3, note=_APART)


def compact_apart(subject: Subject) -> Iterator[Table]:
    """Yield the same of the report's metric, as far as it fits a terminal."""
    for benchmark in subject.study.benchmarks:
        found = [
            (view, name, row)
            for view in benchmark.views
            for name, row in _gaps(subject, benchmark.key, view, subject.metric)
        ]
        if any(_is_telling(row) for _, _, row in found):
            unit = _unit(found[0][2])
            several = len({name for _, name, _ in found}) > 1
            listed = [
                (" and ".join(view) + (f", {name}" if several else ""), *_numbers(row)) for view, name, row in found
            ]
            headings = ("", f"Gap{unit}", f"By chance{unit}", f"Left after chance{unit}")
            name = sentences.metric_name(*subject.metric)
            caption = (
                f"How far groups lie apart: {name}, {benchmark.key} (by chance: of groups served alike, on average / once "
                "in twenty audits; left: standard deviation, 95% interval)"
            )
            yield tables.table("apart", caption, headings, listed)


def _gaps(subject: Subject, key: str, view: tuple[str, ...], metric: Metric) -> Iterator[tuple[str, Finding]]:
    """Yield the gap rows of the model before and of the candidate, with the model's name."""
    group = dict.fromkeys(view, "*")
    names: tuple[tuple[Stage, str], ...] = (("before", subject.study.before_name), ("after", _model(subject)))
    for stage, name in names:
        row = subject.one(key, stage, group, metric)
        if row is not None and row.level == "gap":
            yield name, row


def _is_telling(row: Finding) -> bool:
    """Say whether a gap can be told with what chance alone would show, or why it cannot."""
    details = row.detail(GapDetails)
    return row.status == SUPPRESSED or (details is not None and details.noise_floor is not None)


def _farthest(row: Finding) -> tuple[str, str]:
    """Return the group that differs most from the others, and by how much."""
    details = row.detail(GapDetails)
    if details is None or row.status != "ok" or not details.against_rest or not row.estimate:
        return "–", "–"
    most = max(details.against_rest, key=lambda entry: abs(entry.difference))
    return formats.group_label(most.group), _difference(most, wording_of(row))


def _difference(entry: RestDifference, words: Wording) -> str:
    return f"{words.change(entry.difference)} ({words.change_interval(entry.ci)})"


def _numbers(row: Finding) -> tuple[str, str, str]:
    """Return the gap, the gap by chance, and the spread that chance leaves; a word where there is no gap."""
    details = row.detail(GapDetails)
    if row.status != "ok" or row.estimate is None:
        return formats.STATUS_WORDS[row.status], "–", "–"
    gap = _width(row, row.estimate)
    if details is None or details.noise_floor is None:
        return gap, "–", "–"
    if details.noise_floor.p95 == 0:  # every rate is 0, or every one 1: draws from them do not vary at all
        return gap, formats.STATUS_WORDS[_UNDEFINED], formats.STATUS_WORDS[_UNDEFINED]
    mean, high = (_width(row, gap_by_chance) for gap_by_chance in (details.noise_floor.mean, details.noise_floor.p95))
    return gap, f"{mean} / {high}", _left(row, details)


def _left(row: Finding, details: GapDetails) -> str:
    """Return the standard deviation between groups that sampling does not explain, a negative variance as 0."""
    if details.between is None:
        return "–"
    variances = (details.between.variance, *details.between.ci)
    sd, low, high = (_width(row, max(variance, 0.0) ** 0.5) for variance in variances)
    return f"{sd} ({low} to {high})"


def _width(row: Finding, value: float) -> str:
    """Return a width, which has no sign."""
    return wording_of(row).change(value).lstrip("+")


def _compared(row: Finding) -> str:
    """Return how many groups were large enough to compare: `` (37 of 39)``."""
    details = row.detail(GapDetails)
    if row.status != "ok" or details is None or details.groups_compared is None:
        return ""
    every = details.groups_compared + len(details.groups_left_out)
    return f" ({formats.count(details.groups_compared)} of {formats.count(every)})"


def _ordered(subject: Subject, key: str, view: tuple[str, ...], metric: Metric) -> Iterator[Table]:
    """Yield the candidate's groups, from the worst served where there is an order, each against the others."""
    gap = subject.one(key, "after", dict.fromkeys(view, "*"), metric)
    details = None if gap is None else gap.detail(GapDetails)
    if gap is None or gap.status != "ok" or details is None or not details.against_rest:
        return
    words, unit, where = wording_of(gap), _unit(gap), " and ".join(view)
    against = {_key(entry.group): _difference(entry, words) for entry in details.against_rest}
    ranked = (details.ranked or ()) if gap.estimate else ()
    listed = []
    for entry in ranked or details.against_rest:
        row = subject.one(key, "after", entry.group, metric)
        cells = (tables.people(row), tables.rate(row), against.get(_key(entry.group), "–"))
        drawn = (words.value(entry.rate),) if isinstance(entry, Ranked) else ()
        listed.append((formats.group_label(entry.group), *cells, *drawn))
    axis = f", {words.axis}" if words.axis and words.axis != "%" else ""
    headings = (
        where,
        "Cases",
        f"After{axis}",
        f"Difference to the others{unit}",
        *(["For ordering only"] * bool(ranked)),
    )
    order = "in order, worst served first" if ranked else "against the others"
    caption = f"Groups {order}: {sentences.metric_name(*metric)} by {where}, {key}: {_model(subject)}"
    note = (_IN_ORDER if ranked else "") + _TOGETHER + _left_out(details)
    anchor = f"{_anchor('o', key, metric)}-{'-'.join(view)}"
    yield tables.table(anchor, caption, headings, listed, note=note)


def _left_out(details: GapDetails) -> str:
    missing = len(details.groups_left_out)
    return f" Not among them, for too few cases or none: {formats.plural(missing, 'group')}." if missing else ""


def _model(subject: Subject) -> str:
    return sentences.model_name(subject.strategy, subject.budget)


def _key(group: Group) -> frozenset[tuple[str, str]]:
    return frozenset(group.items())


def _unit(row: Finding) -> str:
    unit = wording_of(row).unit
    return f", {unit}" if unit else ""


def _anchor(kind: str, key: str, metric: Metric) -> str:
    name, class_label = metric
    return f"{kind}-{key.split('@')[0]}-{name}{f'-{class_label}' if class_label else ''}"
