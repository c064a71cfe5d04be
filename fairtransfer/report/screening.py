"""The exploratory table: which changes deserve a second look. Screening, not a verdict."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.findings.details import Screening
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.screening import screening_of
from fairtransfer.report import sentences, tables
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table

MOST_LISTED = 40
"""Rows of the table; the data beside the report hold all."""


def screening_table(subject: Subject) -> Table:
    """Return the changes with the smallest adjusted p-values first; no rows where nothing was screened."""
    looked = [(row, made) for row in subject.rows.all if (made := screening_of(row)) is not None]
    looked.sort(key=lambda pair: (pair[1].adjusted, pair[1].p))
    several = len(subject.study.benchmarks) > 1
    headings = ("Group", *(["Benchmark"] if several else []), "Model", "Change, points", "p", "Adjusted p")
    rows = [_row(row, made, several=several) for row, made in looked[:MOST_LISTED]]
    columns = 3 if several else 2
    return tables.table(
        "screening", "Screening, not a verdict", headings, rows, columns, note=_note([row for row, _ in looked])
    )


def _row(row: Finding, made: Screening, *, several: bool) -> list[str]:
    place = [row.benchmark] if several else []
    model = sentences.model_name(row.strategy or "", row.label_budget)
    numbers = map(formats.p_value, (made.p, made.adjusted))
    return [formats.group_name(row.group), *place, model, tables.change(row), *numbers]


def _note(looked: list[Finding]) -> str:
    if not looked:
        return ""
    name = sentences.metric_name(looked[0].metric, looked[0].class_)
    count = formats.plural(len(looked), "change")
    shown = f", the {MOST_LISTED} smallest shown" if len(looked) > MOST_LISTED else ""
    return (
        f"{count} of {name}, every group shown and every adapted model at this label budget{shown}. "
        "Adjusted by Benjamini-Hochberg: of all rows up to a value q, a share of q is expected to be chance. That is no "
        "promise about any one row, as the family-wise correction of the verdict is."
    )
