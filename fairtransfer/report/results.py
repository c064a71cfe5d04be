"""The tables of results: gates, the candidate per group, every other model, every metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtransfer import formats
from fairtransfer.report import sentences, tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table

_GATE_WORDS = {
    "no_harm": "No harm",
    "worst_group": "Worst group",
    "gap": "Gap",
    "no_negative_transfer": "No negative transfer",
}


def gate_name(gate: Mapping[str, Any]) -> str:
    """Return a gate's name as people read it: ``No harm: error rate by language``."""
    kind, metric, by = gate["id"].split(":", 2)
    return f"{_GATE_WORDS[kind]}: {metric.replace('_', ' ')} by {by.replace('*', ' and ')}"


def _limit(gate: Mapping[str, Any]) -> str:
    return formats.percent(gate["margin"]) if gate["kind"] == "worst_group" else formats.points(gate["margin"])


def gate_table(subject: Subject) -> Table:
    """Return every gate with its limit, its outcome and why."""
    rows = [
        (gate_name(g), _limit(g), formats.OUTCOME_WORDS[g["outcome"]], g["reason"]) for g in subject.verdict["gates"]
    ]
    headings = ("Gate", "Limit", "Outcome", "Why")
    return tables.table("gates", "The gates, and how the candidate came out", headings, rows, text_columns=4)


def others_table(subject: Subject) -> Table:
    """Return how the other adapted models would have come out."""
    gates = subject.verdict["gates"]
    rows = [
        [
            sentences.model_name(other["strategy"], other["label_budget"]),
            formats.OUTCOME_WORDS[other["outcome"]],
            *(formats.OUTCOME_WORDS[other["gates"][gate["id"]]] for gate in gates),
        ]
        for other in subject.verdict["others"]
    ]
    headings = ("Model", "All gates", *map(gate_name, gates))
    caption = "The other adapted models, had each been the candidate (not part of the verdict)"
    return tables.table("others", caption, headings, rows, text_columns=len(headings))


def group_tables(subject: Subject) -> Iterator[Table]:
    """Yield the candidate's results per view: before, after, change, and against training from scratch."""
    for benchmark in subject.record.run["benchmarks"]:
        for view in benchmark["views"]:
            yield _group_table(subject, benchmark["key"], tuple(view))


def _group_table(subject: Subject, key: str, view: tuple[str, ...]) -> Table:
    where = " and ".join(view)
    headings = (where, "Cases", "Before", "After", "Change, points", "Newly wrong / right", "Against scratch, points")
    rows = [_group_row(subject, key, group) for group in [{}, *subject.rows.groups(key, view)]]
    name = sentences.metric_name(*subject.metric).capitalize()
    caption = f"{name} by {where}, {key}: {_model(subject)} (95% intervals in brackets)"
    return tables.table(f"r-{key.split('@')[0]}-{'-'.join(view)}", caption, headings, rows)


def _model(subject: Subject) -> str:
    return sentences.model_name(subject.strategy, subject.budget)


def _group_row(subject: Subject, key: str, group: dict[str, str]) -> tuple[str, ...]:
    before, after, change, gain = (subject.one(key, stage, group) for stage in ("before", "after", "change", "gain"))
    return (
        formats.group_label(group),
        tables.people(after),
        tables.rate(before),
        tables.rate(after),
        tables.change(change),
        tables.flips(change),
        tables.change(gain),
    )


def result_tables(subject: Subject) -> Iterator[Table]:
    """Yield every metric by view for every model."""
    for benchmark in subject.record.run["benchmarks"]:
        for metric, of in subject.rows.metrics():
            for view in [(), *map(tuple, benchmark["views"])]:
                yield _results(subject, benchmark["key"], metric, of, view)


def _results(subject: Subject, key: str, metric: str, of: str | None, view: tuple[str, ...]) -> Table:
    groups = subject.rows.groups(key, view)
    listed = [row for group in groups for row in _models(subject, key, metric, of, group)]
    where = " and ".join(view) or "everyone"
    name = sentences.metric_name(metric, of).capitalize()
    headings = ("Model", where, "Cases", name, "Against before, points", "Against scratch, points")
    anchor = f"t-{key.split('@')[0]}-{metric}{f'-{of}' if of else ''}-{'-'.join(view) or 'all'}"
    return tables.table(anchor, f"{name}, {key}, by {where}", headings, listed, text_columns=2)


def _models(
    subject: Subject, key: str, metric: str, of: str | None, group: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    """Yield a group's row for the model as published, and for every adapted one."""
    label = formats.group_label(group)
    before = subject.rows.find(key, "before", metric, group, of=of)
    yield "as published", label, tables.people(before), tables.rate(before), "–", "–"
    controls = {s.name for s in subject.audit.strategies if s.kind == "scratch"}
    for strategy, budget in subject.rows.models(key):
        stage = "scratch" if strategy in controls else "after"
        row, *moved = (
            subject.rows.find(key, s, metric, group, strategy, budget, of) for s in (stage, "change", "gain")
        )
        name = sentences.model_name(strategy, budget)
        yield name, label, tables.people(row), tables.rate(row), *map(tables.change, moved)
