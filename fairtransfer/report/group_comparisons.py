"""The tables that compare groups with each other: whether a gap widened, and the differences and ratios gates ask for."""

from __future__ import annotations

from collections.abc import Iterator

from fairtransfer import formats
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.report import results, sentences, tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table
from fairtransfer.report.who_changed import Side, settled
from fairtransfer.report.wording import wording

_WORDS: dict[Side, str] = {"worse": "lost ground", "better": "gained ground", None: "cannot be told"}

_BETWEEN: tuple[Stage, ...] = ("difference", "difference_of_changes")


def gap_tables(subject: Subject) -> Iterator[Table]:
    """Yield per view how the candidate's groups changed against the rest, then what gates compare with named groups."""
    for benchmark in subject.study.benchmarks:
        for view in benchmark.views:
            rows = [row for row in _rows(subject, benchmark.key, view) if row.against == "rest"]
            mine = [row for row in rows if (row.metric, row.class_) == subject.metric]
            if mine:
                yield _widened(subject, benchmark.key, view, mine)
        for view in benchmark.views:
            yield from _between(subject, benchmark.key, view)
    yield from _own_tables(subject)


def _own_tables(subject: Subject) -> Iterator[Table]:
    """Yield a table for every gate that has one of its own, such as ratios: each comparison with what the verdict rests on."""
    several = len(subject.study.benchmarks) > 1
    asked = [(gate, subject.gate(gate.id)) for gate in subject.verdict.gates]
    shown = [(gate, own, own.own_table) for gate, own in asked if own.own_table is not None]
    for number, (gate, own, (heading, note)) in enumerate(shown):
        listed = [
            (
                formats.group_label(entry.group) + (f" of {entry.benchmark}" if several else ""),
                entry.against,
                formats.OUTCOME_WORDS[entry.outcome],
                formats.count(entry.n),
                own.own_cell(entry),
            )
            for entry in gate.contrasts
        ]
        headings = ("Group", "Compared with", "Outcome", "Cases (of the smaller side)", heading)
        caption = results.gate_name(gate)
        yield tables.table(f"q-{number}", caption, headings, listed, text_columns=3, note=note)


def _rows(subject: Subject, key: str, view: tuple[str, ...]) -> list[Finding]:
    """Return the candidate's rows that compare groups of a view."""
    return [
        row
        for row in subject.rows.all
        if row.against is not None
        and row.benchmark == key
        and set(row.group) == set(view)
        and subject.is_candidate(row)
    ]


def _widened(subject: Subject, key: str, view: tuple[str, ...], rows: list[Finding]) -> Table:
    where, name = " and ".join(view), sentences.metric_name(*subject.metric)
    side = "above" if rows[0].harm_direction == "higher_is_worse" else "below"
    caption = f"Did the gap widen? {sentences.metric_title(*subject.metric)} by {where}, {key}: {subject.candidate}"
    note = (
        f"How the {name} of each group changed, and how much more than everyone else's: in points, 95% intervals in brackets, "
        f"each group on its own; {side} 0 a group lost ground."
    )
    listed = [
        (
            formats.group_label(row.group),
            _WORDS[settled(row)] if row.status == "ok" else formats.STATUS_WORDS[row.status],
            tables.people(row),
            tables.change(subject.one(key, "change", row.group)),
            tables.change(row),
        )
        for row in rows
    ]
    headings = (where, "Against the others", "Cases", "Own change, points", "More than everyone else's, points")
    anchor = f"w-{key.split('@')[0]}-{'-'.join(view)}"
    return tables.table(anchor, caption, headings, listed, text_columns=2, note=note)


def _between(subject: Subject, key: str, view: tuple[str, ...]) -> Iterator[Table]:
    """Yield a table for every metric of which a gate compares groups with one of them, or all of them."""
    rows = [(row, other) for row in _rows(subject, key, view) if isinstance(other := row.against, dict)]
    where = " and ".join(view)
    for number, (metric, class_label) in enumerate(dict.fromkeys((row.metric, row.class_) for row, _ in rows)):
        about = ((row.group, other) for row, other in rows if (row.metric, row.class_) == (metric, class_label))
        pairs = {(tuple(group.items()), tuple(other.items())): (group, other) for group, other in about}
        listed = []
        for group, other in pairs.values():
            after, moved = (
                subject.rows.find(key, stage, metric, group, subject.strategy, subject.budget, class_label, other)
                for stage in _BETWEEN
            )
            label, against = formats.group_label(group), formats.group_label(other)
            listed.append((label, against, tables.people(after), tables.change(after), tables.change(moved)))
        name, unit = sentences.metric_name(metric, class_label), wording(metric, subject.study.measured_in).unit
        caption = f"Between groups, as the gates ask: {name} by {where}, {key}: {subject.candidate}"
        note = (
            f"The {name} of each group less that of another: {f'in {unit}, ' if unit else ''}95% intervals in brackets."
        )
        counted_in = f", {unit}" if unit else ""
        headings = (where, "Compared with", "Cases", f"After{counted_in}", f"Change{counted_in}")
        anchor = f"d-{key.split('@')[0]}-{'-'.join(view)}-{number}"
        yield tables.table(anchor, caption, headings, listed, text_columns=2, note=note)
