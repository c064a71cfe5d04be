"""The exploratory table: which changes deserve a second look. Screening, not a verdict."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.report import sentences, tables
from fairtransfer.report.rows import Row
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table

MOST_LISTED = 40
"""Rows of the table; the data beside the report hold all."""


def screening_table(subject: Subject) -> Table:
    """Return the changes with the smallest adjusted p-values first; no rows where nothing was screened."""
    looked = [row for row in subject.rows.all if "screening" in (row["details"] or {})]
    looked.sort(key=lambda row: (_of(row)["adjusted"], _of(row)["p"]))
    several = len(subject.study.benchmarks) > 1
    headings = ("Group", *(["Benchmark"] if several else []), "Model", "Change, points", "p", "Adjusted p")
    rows = [_row(row, several=several) for row in looked[:MOST_LISTED]]
    columns = 3 if several else 2
    return tables.table("screening", "Screening, not a verdict", headings, rows, columns, note=_note(looked))


def _of(row: Row) -> dict[str, float]:
    found: dict[str, float] = row["details"]["screening"]
    return found


def _row(row: Row, *, several: bool) -> list[str]:
    place = [row["benchmark"]] if several else []
    model = sentences.model_name(row["strategy"], row["label_budget"])
    numbers = (formats.p_value(_of(row)[name]) for name in ("p", "adjusted"))
    return [formats.group_name(row["group"]), *place, model, tables.change(row), *numbers]


def _note(looked: list[Row]) -> str:
    if not looked:
        return ""
    name = sentences.metric_name(looked[0]["metric"], looked[0]["class"])
    count = formats.plural(len(looked), "change")
    shown = f", the {MOST_LISTED} smallest shown" if len(looked) > MOST_LISTED else ""
    return (
        f"{count} of {name}, every group shown and every adapted model at this label budget{shown}. "
        "Adjusted by Benjamini-Hochberg: of all rows up to a value q, a share of q is expected to be chance. That is no "
        "promise about any one row, as the family-wise correction of the verdict is."
    )
