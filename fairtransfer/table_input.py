"""What `measure` measures: one table, whatever files it lies in, read as its owner says, together with the question about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems
from fairtransfer.evidence.table.column_types import plain_columns, type_problems
from fairtransfer.evidence.table.count import Counted, count_table
from fairtransfer.evidence.table.files import reading
from fairtransfer.evidence.table.joined import joined
from fairtransfer.evidence.table.numbers import count_numbers
from fairtransfer.evidence.table.recoded import recoded
from fairtransfer.evidence.table.source import NamedRows, open_table
from fairtransfer.evidence.table.thresholds import answered
from fairtransfer.evidence.table.told_by_group import ByGroup
from fairtransfer.findings.question import Question, check_views
from fairtransfer.spec.columns import Columns
from fairtransfer.spec.group_order import place_of
from fairtransfer.spec.questions import Question as ScoreQuestion
from fairtransfer.spec.questions import score_questions, told_questions
from fairtransfer.table_question import MeasureOptions, question_of, with_threshold

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class TableInput:
    """A table and the question about it.

    Attributes
    ----------
    name
        What messages call the table.
    classes
        The labels there are, where they are stated.
    notes, of_groups, warnings
        What was noticed while it was read, in all and per group.
    """

    table: ibis.Table
    name: str
    question: Question
    classes: Sequence[str]
    notes: Mapping[str, int]
    of_groups: Mapping[str, ByGroup]
    warnings: tuple[Problem, ...]

    def counted(self) -> Counted:
        """Return the joint counts of the table, or the sums of its numbers, with everything that was noticed."""
        question = self.question
        if question.columns.numbers:
            problems = Problems()
            check_views(question, problems)  # views that do not exist could not be summed
            problems.raise_if_any()
            found = count_numbers(self.table, self.name, question.columns, question.views)
        else:
            asked = partial(_of_scores, question)
            found = count_table(self.table, self.name, question.columns, self.classes, question.positive, asked)
        of_groups = {**found.of_groups, **self.of_groups}
        told = {note: _in_order(groups, question) for note, groups in of_groups.items()}
        notes, warnings = {**found.notes, **self.notes}, (*self.warnings, *found.warnings)
        return replace(found, notes=notes, of_groups=told, warnings=warnings)


def _of_scores(question: Question, classes: Sequence[str]) -> tuple[ScoreQuestion, ...]:
    """Return what is asked of scores, where there are these classes."""
    positive, multilabel = question.positive, question.columns.multilabel
    return score_questions(told_questions(question.metrics, question.gates, classes, positive, multilabel=multilabel))


def _in_order(told: ByGroup, question: Question) -> ByGroup:
    """Return rows per group with groups as they are to stand."""
    order = question.group_order
    return {
        name: {group: rows[group] for group in sorted(rows, key=lambda group: place_of({name: group}, order))}
        for name, rows in told.items()
    }


def read_input(source: Any, columns: Columns, options: MeasureOptions, problems: Problems) -> tuple[TableInput, str]:
    """Return what is measured, and the place it was read from; messages name options of the command line."""
    noticed = Problems()
    with problems.gathered():
        table, place = open_table(source, noticed)
    question, classes = question_of(with_threshold(columns, options, problems), options, problems)
    name, notes = Path(place).name, dict[str, int]()
    rows = source.rows if isinstance(source, NamedRows) else name
    with reading(place):
        if options.files:
            table, there, notes = joined(table, rows, question.columns, options.files, noticed)
            question = replace(question, columns=there)
        if options.threshold is not None and question.positive is not None:
            table = answered(table, name, question.columns, question.positive, float(options.threshold), classes)
        noticed.extend(type_problems(table, name, question.columns))
        noticed.raise_if_any()
        plain = plain_columns(table, question.columns, question.separator)
        table, read, by_group = recoded(plain, name, question.columns, noticed)
        noticed.raise_if_any()
    return TableInput(table, name, question, classes, {**notes, **read}, by_group, noticed.warnings), place
