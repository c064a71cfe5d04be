"""The report of a table of predictions, as plain values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fairtransfer import formats
from fairtransfer.evidence.table.checks import NO_WEIGHT
from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.table.told_by_group import in_words, shown_groups
from fairtransfer.findings.question import Question
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.study import Study
from fairtransfer.gates.results import Verdict
from fairtransfer.report import results, screening, sentences, statements, tables
from fairtransfer.report.charts import Figure
from fairtransfer.report.dispersion import apart_tables
from fairtransfer.report.document import public
from fairtransfer.report.figures import figures, first_figure
from fairtransfer.report.front import Front, front
from fairtransfer.report.group_comparisons import gap_tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.suppress import unknown_is_hidden
from fairtransfer.report.tables import Table
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.spec.questions import metric_names

NOT_JUDGED = "MEASURED, NOT JUDGED"


@dataclass(frozen=True)
class TableDocument:
    """Everything the report of a table says; see `RunDocument` for what the parts are.

    Attributes
    ----------
    content
        The public numbers: what `table.json` holds.
    """

    title: str
    outcome: str
    headline: str
    question: str
    rule: str
    front: Front
    findings: tuple[str, ...]
    gates: Table
    needed: tuple[str, ...]
    unknowns: tuple[str, ...]
    figures: tuple[Figure, ...]
    groups: tuple[Table, ...]
    facts: tuple[tuple[str, str], ...]
    outside: Table
    method: tuple[tuple[str, str], ...]
    results: tuple[Table, ...]
    screening: Table
    version: str
    content: Mapping[str, Any]

    stem: ClassVar[str] = "table"
    """The name of its files, without their ends."""


def build_table(
    counted: Counted,
    question: Question,
    study: Study,
    rows: Sequence[Finding],
    verdict: Verdict,
    about: Mapping[str, Any],
    version: str,
) -> TableDocument:
    """Return the report of a measured table from its findings and verdict, small groups hidden; `about`: the table, as JSON."""
    subject = public(study, rows, verdict)
    columns, outcome = question.columns, verdict.outcome
    models = f"{columns.compared} and {columns.model}" if columns.compared else columns.model
    findings, unknowns = statements.findings(subject), tuple(_unknowns(counted, subject))
    return TableDocument(
        title=question.title or f"{models} on {counted.name}",
        outcome=outcome if question.gates else "none",
        headline=formats.POLICY_WORDS[outcome] if question.gates else NOT_JUDGED,
        question=_question(counted, question),
        rule=results.rule(subject),
        front=front(subject, findings, unknowns, first_figure(subject), 0),
        findings=tuple(itertools.chain.from_iterable(findings)),
        gates=results.gate_table(subject),
        needed=results.needed(subject),
        unknowns=unknowns,
        figures=figures(subject),
        groups=(*results.group_tables(subject), *gap_tables(subject)),
        facts=tuple(_facts(counted, question, subject)),
        outside=_outside(counted, subject.study.policy.suppress_below),
        method=tuple(_method(question)),
        results=(*results.result_tables(subject), *apart_tables(subject)),
        screening=screening.screening_table(subject),
        version=version,
        content=public_content(counted, subject, about),
    )


def public_notes(counted: Counted, subject: Subject) -> dict[str, int]:
    """Return what was noticed while counting, without what counts a hidden group."""
    below, hidden = subject.study.policy.suppress_below, subject.hidden
    return {
        note: n for note, n in counted.notes.items() if n >= below and not unknown_is_hidden(counted.name, note, hidden)
    }


def public_content(counted: Counted, subject: Subject, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON that may be shown: small counts left out."""
    below = subject.study.policy.suppress_below
    outside = {c: {answer: n for answer, n in told.items() if n >= below} for c, told in counted.outside.items()}
    notes = public_notes(counted, subject)
    of_groups = {note: shown_groups(told, below) for note, told in counted.of_groups.items() if note in notes}
    public_table = {**table, "outside": outside, "notes": notes, **({"notes_by_group": of_groups} if of_groups else {})}
    return {
        "schema": "1",
        "table": public_table,
        "rows": [row.to_json() for row in subject.rows.all],
        "verdict": subject.verdict.to_json(),
    }


def _question(counted: Counted, question: Question) -> str:
    columns, rows = question.columns, formats.count(counted.rows)
    if columns.compared is None:
        return f"How well does {columns.model} serve each group, on {rows} cases?"
    return f"What did going from {columns.compared} to {columns.model} do to each group, on {rows} cases?"


def _unknowns(counted: Counted, subject: Subject) -> Iterator[str]:
    yield statements.examined(subject)
    for note, n in public_notes(counted, subject).items():
        if not note.endswith(f" {UNKNOWN_GROUP}"):
            told = in_words(shown_groups(counted.of_groups.get(note, {}), subject.study.policy.suppress_below))
            yield f"{formats.count(n)} {note}{f' ({told})' if told else ''}."
    for warning in counted.warnings:
        yield f"{warning.found[:1].upper()}{warning.found[1:]}."
    yield from statements.unassessed(subject)
    yield from statements.notes(subject)
    yield "Whether these cases resemble those to come, and whether their labels and groups are right, is in no interval."


def _facts(counted: Counted, question: Question, subject: Subject) -> Iterator[tuple[str, str]]:
    columns = question.columns
    told = in_words(shown_groups(counted.of_groups.get(NO_WEIGHT, {}), subject.study.policy.suppress_below))
    idle = f"; {formats.count(counted.idle)} more have a weight of 0 and count for nothing" if counted.idle else ""
    idle += f" ({told})" if told else ""
    yield "Cases", f"{formats.count(counted.rows)} in the table, all used{idle}"
    kinds = "numbers" if columns.numbers else formats.listing(list(counted.classes))
    yield "Labels", f"{columns.label}: {kinds}" if columns.label else "none: values are measured"
    if question.favourable:
        yield "The class that people want", question.favourable
    yield "Rows that belong together", columns.unit or "none declared"
    worth = (
        "" if counted.worth is None else f"; the rows are worth {formats.count(round(counted.worth))} of equal weight"
    )
    yield "Weights", f"{columns.weights}{worth}" if columns.weights else "none: every case counts alike"
    shown = public_notes(counted, subject).items()
    unknown = [f"{formats.count(n)} {note}" for note, n in shown if note.endswith(f" {UNKNOWN_GROUP}")]
    if unknown:
        yield "Membership not recorded", "; ".join(unknown)


def _outside(counted: Counted, below: int) -> Table:
    rows = [
        (answer or "(empty)", column, formats.count(n) if n >= below else f"fewer than {below}")
        for column, answers in counted.outside.items()
        for answer, n in answers.items()
    ]
    caption = "The most frequent answers outside the labels; each counts as an error"
    return tables.table("outside", caption, ("Answer", "Column", "Cases"), rows, text_columns=2)


def _method(question: Question) -> Iterator[tuple[str, str]]:
    policy, asked = question.policy, metric_names(question.metrics, question.gates)
    yield "Metrics", "; ".join(f"{sentences.metric_name(name)}: {sentences.metric_words(name)}" for name in asked)
    scores = sentences.score_intervals(asked)
    numbers, counts = sentences.NUMBER_INTERVALS, sentences.COUNT_INTERVALS + scores
    yield "Intervals", numbers if question.columns.numbers else counts
    if question.columns.numbers and question.columns.before:
        yield "Harm ledger", sentences.NO_LEDGER
    yield "Claim", "these answers; how much another training would differ is not in the intervals"
    if question.gates and question.columns.numbers:
        yield "Verdicts on numbers", sentences.NUMBER_VERDICTS
    if question.gates:
        yield (
            "Verdicts",
            sentences.verdict_rule(policy),
        )
    hidden = f"groups, and classes within groups, of fewer than {policy.suppress_below} are hidden in documents"
    yield "Small groups", f"{sentences.fewest_judged(policy, numbers=question.columns.numbers)}; {hidden}"
