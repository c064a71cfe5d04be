"""What a console and a notebook show of results: verdict, chart and short tables; small groups are hidden as in documents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from fairtransfer import formats
from fairtransfer.display import Display, Grid, Illustration
from fairtransfer.errors import relative
from fairtransfer.evidence.table.count import Counted
from fairtransfer.findings.question import Question
from fairtransfer.report.figures import first_figure
from fairtransfer.report.results import compact_tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.table_document import NOT_JUDGED, public_notes
from fairtransfer.report.tables import Table

MORE = "more: .findings, .to_frame(), .to_metricframe(by), .report(folder)"

MOST_CLASSES = 6

MOST_TABLES = 4
"""Tables shown, one per metric and benchmark; the report has all."""


def results_display(subject: Subject, title: str, sentences: Sequence[str], more: str) -> Display:
    """Return what is shown of a run, or of a table that was measured."""
    verdict = subject.verdict.display()
    tables = [_grid(table) for table in compact_tables(subject)]
    judged = bool(subject.study.gates)
    left = (
        [f"the report has {formats.plural(len(tables) - MOST_TABLES, 'more table')}"]
        if len(tables) > MOST_TABLES
        else []
    )
    return Display(
        title=title,
        headline=verdict.headline if judged else NOT_JUDGED,
        outcome=verdict.outcome if judged else "none",
        sentences=(*sentences, *left),
        grids=(*(verdict.grids if judged else ()), *tables[:MOST_TABLES]),
        more=more,
    )


def table_display(subject: Subject, counted: Counted, question: Question) -> Display:
    """Return what is shown of a table that was measured."""
    columns = question.columns
    models = f"{columns.compared} to {columns.model}" if columns.compared else columns.model
    classes = f"classes {formats.listing(list(counted.classes), MOST_CLASSES)}" if counted.classes else "numbers"
    what = "numbers" if columns.numbers else classes
    notes = [f"{formats.count(n)} {note}" for note, n in public_notes(counted, subject).items()]
    title = f"{models} on {counted.name}, {formats.plural(counted.rows, 'case')}, {what}"
    return results_display(subject, title, (*notes, *hidden_sentence(subject)), MORE)


def run_display(subject: Subject, folder: Path) -> Display:
    """Return what is shown of a run: the candidate's numbers."""
    candidate, study = subject.verdict.candidate, subject.study
    model = "no model has a result" if candidate is None else f"{candidate.name} ({candidate.rule})"
    seeds = [f"{candidate.name}: {candidate.seeds}"] if candidate is not None and candidate.seeds else []
    notes = (*seeds, *subject.verdict.notes, *hidden_sentence(subject))
    more = f"more: .findings, .to_frame(), .to_metricframe(by); everything is in {relative(folder)}"
    return results_display(subject, f"{study.audit_id}, {model}", notes, more)


def results_illustration(subject: Subject) -> Illustration | None:
    """Return the chart of the decision page, with ids that no other chart of the same notebook has; None where there is none."""
    figure = first_figure(subject)
    if figure is None:
        return None
    own = hashlib.sha256(figure.svg.encode()).hexdigest()[:12]
    return Illustration(figure.svg.replace(f"{figure.anchor}-", f"{figure.anchor}-{own}-"), figure.caption)


def _grid(table: Table) -> Grid:
    """Return a table of the report as a short one; the caption without how to read the numbers."""
    words = next((number for number, numeric in enumerate(table.numeric) if numeric), len(table.headings))
    return Grid(table.caption.partition(" (")[0], table.headings, table.rows, max(words, 1))


def hidden_sentence(subject: Subject) -> tuple[str, ...]:
    """Return how many groups are hidden, where some are."""
    if not (n := len(subject.hidden)):
        return ()
    many = "1 small group is" if n == 1 else f"{n} groups are"
    return (f"{many} hidden here, as small or as telling of a small one; .findings has them",)
