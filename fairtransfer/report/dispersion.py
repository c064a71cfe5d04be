"""How far groups lie apart beside what chance alone would show, and the groups in order: to read, in no verdict.

Rates that borrow strength order groups with less chance in it and make the worst served look better than they are, so that
they stand in a column of their own, without limits, and are said to be no estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtransfer import formats
from fairtransfer.formats import Wording
from fairtransfer.report import sentences, tables
from fairtransfer.report.rows import Row
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table
from fairtransfer.report.wording import wording_of

TOGETHER = "against_rest_95_together"
"""Every group's difference to the others, with limits that hold for all groups together."""

RANKING = "adjusted_for_ranking_only"

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

Metric = tuple[str, str | None]
Group = dict[str, str]


def apart_tables(subject: Subject) -> Iterator[Table]:
    """Yield per benchmark and metric how far groups lie apart, then per view the candidate's groups in order."""
    for benchmark in subject.study.benchmarks:
        for metric in subject.rows.metrics():
            yield from _apart(subject, benchmark.key, benchmark.views, metric)
            for view in benchmark.views:
                yield from _ordered(subject, benchmark.key, view, metric)


def _apart(subject: Subject, key: str, views: tuple[tuple[str, ...], ...], metric: Metric) -> Iterator[Table]:
    found = [(view, name, row) for view in views for name, row in _gaps(subject, key, view, metric)]
    if not any(_told(row) for _, _, row in found):
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
        if any(_told(row) for _, _, row in found):
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


def _gaps(subject: Subject, key: str, view: tuple[str, ...], metric: Metric) -> Iterator[tuple[str, Row]]:
    """Yield the gap rows of the model before and of the candidate, with the model's name."""
    group = dict.fromkeys(view, "*")
    names = (
        ("before", subject.study.before_name),
        ("after", _model(subject)),
    )
    for stage, name in names:
        row = subject.one(key, stage, group, metric)
        if row is not None and row["level"] == "gap":
            yield name, row


def _details(row: Row) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row["details"] or {}
    return found


def _told(row: Row) -> bool:
    """Say whether a gap can be told with what chance alone would show, or why it cannot."""
    return row["status"] == "suppressed" or "noise_floor_p95" in _details(row)


def _farthest(row: Row) -> tuple[str, str]:
    """Return the group that differs most from the others, and by how much."""
    rest = _details(row).get(TOGETHER)
    if row["status"] != "ok" or not rest or not row["estimate"]:
        return "–", "–"
    most = max(rest, key=lambda entry: abs(entry["difference"]))
    return formats.group_label(most["group"]), _difference(most, wording_of(row))


def _difference(entry: Mapping[str, Any], words: Wording) -> str:
    return f"{words.change(entry['difference'])} ({words.change_interval(entry['ci'])})"


def _numbers(row: Row) -> tuple[str, str, str]:
    """Return the gap, the gap by chance, and the spread that chance leaves; a word where there is no gap."""
    details = _details(row)
    if row["status"] != "ok":
        return formats.STATUS_WORDS[row["status"]], "–", "–"
    gap = _width(row, row["estimate"])
    if "noise_floor_p95" not in details:
        return gap, "–", "–"
    if details["noise_floor_p95"] == 0:  # every rate is 0, or every one 1: draws from them do not vary at all
        return gap, formats.STATUS_WORDS["undefined"], formats.STATUS_WORDS["undefined"]
    mean, high = (_width(row, details[f"noise_floor_{name}"]) for name in ("mean", "p95"))
    return gap, f"{mean} / {high}", _left(row, details)


def _left(row: Row, details: Mapping[str, Any]) -> str:
    """Return the standard deviation between groups that sampling does not explain, a negative variance as 0."""
    if "variance_between_corrected" not in details:
        return "–"
    variances = (details["variance_between_corrected"], *details["variance_between_ci"])
    sd, low, high = (_width(row, max(variance, 0.0) ** 0.5) for variance in variances)
    return f"{sd} ({low} to {high})"


def _width(row: Row, value: float) -> str:
    """Return a width, which has no sign."""
    return wording_of(row).change(value).lstrip("+")


def _compared(row: Row) -> str:
    """Return how many groups were large enough to compare: `` (37 of 39)``."""
    if row["status"] != "ok":
        return ""
    compared, left_out = _details(row)["groups_compared"], len(_details(row)["groups_left_out"])
    return f" ({formats.count(compared)} of {formats.count(compared + left_out)})"


def _ordered(subject: Subject, key: str, view: tuple[str, ...], metric: Metric) -> Iterator[Table]:
    """Yield the candidate's groups, from the worst served where there is an order, each against the others."""
    gap = subject.one(key, "after", dict.fromkeys(view, "*"), metric)
    if gap is None or gap["status"] != "ok" or not (rest := _details(gap).get(TOGETHER)):
        return
    words, unit, where = wording_of(gap), _unit(gap), " and ".join(view)
    against = {_named(entry): _difference(entry, words) for entry in rest}
    ranked = _details(gap).get(RANKING, ()) if gap["estimate"] else ()
    listed = []
    for entry in ranked or rest:
        row = subject.one(key, "after", entry["group"], metric)
        cells = (tables.people(row), tables.rate(row), against.get(_named(entry), "–"))
        drawn = (words.value(entry["rate"]),) if ranked else ()
        listed.append((formats.group_label(entry["group"]), *cells, *drawn))
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
    note = (_IN_ORDER if ranked else "") + _TOGETHER + _left_out(gap)
    anchor = f"{_anchor('o', key, metric)}-{'-'.join(view)}"
    yield tables.table(anchor, caption, headings, listed, note=note)


def _left_out(gap: Row) -> str:
    missing = len(_details(gap)["groups_left_out"])
    return f" Not among them, for too few cases or none: {formats.plural(missing, 'group')}." if missing else ""


def _model(subject: Subject) -> str:
    return sentences.model_name(subject.strategy, subject.budget)


def _named(entry: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset(entry["group"].items())


def _unit(row: Row) -> str:
    unit = wording_of(row).unit
    return f", {unit}" if unit else ""


def _anchor(kind: str, key: str, metric: Metric) -> str:
    name, of = metric
    return f"{kind}-{key.split('@')[0]}-{name}{f'-{of}' if of else ''}"
