"""What is wrong with a table of predictions: its columns, its repeats, and what its counts show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.source import rows_in_memory
from fairtransfer.evidence.table.spellings import (
    answer_problems,
    group_problems,
    label_problems,
    many_problems,
    parts_of,
    rows_of,
)
from fairtransfer.evidence.table.told_by_group import ByGroup, by_group
from fairtransfer.evidence.views import JOIN
from fairtransfer.spec.names import UNKNOWN_GROUP

if TYPE_CHECKING:
    import ibis

MAX_GROUPS = 1_000
"""More values than this in one column are names of rows, not of groups."""
MOST_LISTED = 20
"""Different answers outside the labels that are listed."""
MOST = 10.0**12
"""No count and no weight is larger: sums of as many as there are rows stay exact, and their squares finite."""
LEAST_WEIGHT = 10.0**-12
"""No weight but 0 is smaller: the square of one that is would be lost beside others."""
NO_WEIGHT = "weight 0"
"""Why a row that was read does not count."""
LOOKED_AT = 100_000
"""Rows looked at before the whole table is counted."""


def check_columns(table: ibis.Table, name: str, columns: Columns, problems: Problems) -> None:
    """Add what is wrong with the names of the columns."""
    for column, what in columns.named().items():
        if column not in table.columns:
            found = f"{what} column `{shown(column)}` not found"
            problems.add(Problem("FT-P003", found, did_you_mean(column, table.columns), "", name))
    check_score_columns(name, columns, problems)
    check_value_columns(name, columns, problems)
    same = [columns.label, columns.after, *([columns.before] if columns.before else [])]
    if len(set(filter(None, same))) < len(list(filter(None, same))):
        problems.add(
            Problem("FT-P004", "label and predictions name the same column", "three different columns", "", name)
        )


def check_score_columns(name: str, columns: Columns, problems: Problems) -> None:
    """Add what cannot be measured together with scores."""
    option = "--scores" if columns.scores_before else "--score"
    if columns.scored_before and not columns.scored:
        problems.add(Problem("FT-P024", "scores before without scores after", "", f"give {option}", name))
    if columns.scored_before and columns.before is None:
        found = "scores of a model before without its answers"
        problems.add(Problem("FT-P024", found, "", f"give --before, or call it {option}", name))
    if (columns.scores or columns.scores_before) and (columns.score or columns.score_before):
        found = "scores of one class are given, and scores of every class"
        do = "leave out --score and --score-before: --scores holds them too, and --positive says which is meant"
        problems.add(Problem("FT-P117", found, "one of the two", do, name))
    if columns.scored and columns.multilabel:
        text = "metrics made of scores are not measured with several labels in a row"
        problems.add(Problem("FT-P026", text, "", "leave the scores out, or measure them apart", name))


def check_value_columns(name: str, columns: Columns, problems: Problems) -> None:
    """Add what a number of one's own is not measured without."""
    if columns.value is None and columns.value_before is not None:
        problems.add(Problem("FT-P046", "values before without values after", "", "give --value", name))
    if columns.after and columns.value_before is not None and columns.before is None:
        found = "values of a model before without its answers"
        problems.add(Problem("FT-P046", found, "", "give --before, or leave --label and --after out", name))
    if columns.value is not None and columns.value == columns.value_before:
        problems.add(Problem("FT-P004", "both values name the same column", "two different columns", "", name))


def counted_at_once(table: ibis.Table) -> bool:
    """Tell whether a table is small and in memory: it is counted first, and what its cells show is checked afterwards."""
    known = rows_in_memory(table)
    return known is not None and known <= LOOKED_AT


def check_groups(table: ibis.Table, name: str, columns: Columns, problems: Problems) -> None:
    """Refuse columns that are names of rows before counting a large table by them; `Checker.groups` looks at small ones."""
    present = [group for group in columns.groups if group in table.columns]
    if not present or problems.errors or counted_at_once(table):
        return
    head = table.limit(LOOKED_AT)
    seen = (
        head.aggregate(**{f"d{i}": head[group].nunique() for i, group in enumerate(present)})
        .to_pyarrow()
        .to_pylist()[0]
    )
    for i, group in enumerate(present):
        if seen[f"d{i}"] > MAX_GROUPS:
            problems.add(_names_of_rows(name, group, f"{seen[f'd{i}']:,} values in the first rows"))


def _names_of_rows(name: str, group: str, found: str) -> Problem:
    text = f"group column `{shown(group)}` has {found}, limit {MAX_GROUPS:,}"
    return Problem("FT-P005", text, "", "it names rows, not groups: of numbers make ranges with --bins", name)


class Checker:
    """Looks at the counted table for what cannot be measured."""

    def __init__(self, name: str, columns: Columns, cells: pa.Table, problems: Problems) -> None:
        self.name, self.columns, self.cells, self.problems = name, columns, cells, problems
        self.outside: dict[str, dict[str, int]] = {}
        self.of_groups: dict[str, ByGroup] = {}
        self.n = cells["n"].to_numpy() if cells.num_rows else np.zeros(0, dtype=np.int64)

    def _rows(self, mask: Any) -> int:
        return int(self.n[np.asarray(mask, dtype=bool)].sum())

    def _missing(self, column: str) -> int:
        """Return how many rows have no value; one that stands for no row at all has to have one too."""
        missing = self.cells[column].is_null().to_numpy(zero_copy_only=False)
        return int(np.maximum(self.n, 1)[missing].sum())

    def _add(self, code: str, found: str, allowed: str = "", do: str = "") -> None:
        self.problems.add(Problem(code, found, allowed, do, self.name))

    def groups(self) -> None:
        """Look for columns that are names of rows, that are empty, and for names that look like a missing value."""
        for group in self.columns.groups:
            values = self.cells[f"g_{group}"].combine_chunks().dictionary_encode().dictionary
            if len(values) > MAX_GROUPS:
                self.problems.add(_names_of_rows(self.name, group, f"{len(values):,} values"))
                continue
            if self.cells.num_rows and not set(values.to_pylist()) - {UNKNOWN_GROUP}:
                do = "check the join that wrote it, or leave the column out"
                self._add("FT-P098", f"no row has a value in group column `{shown(group)}`", "", do)
            meant = self.columns.recoding.meant(group)
            rows = rows_of(self.cells, f"g_{group}")
            rows[UNKNOWN_GROUP] += int(self.n.sum()) - rows.total()  # who has no value belongs there
            self._tell(group_problems(+rows, group, meant))

    def may_be_numbers(self) -> bool:
        """Tell whether all labels have a digit; a word without one is no number, and spares asking the database."""
        labels = self.cells["y"].unique().to_pylist()
        return all(any(map(str.isdigit, label)) for label in labels if label is not None)

    def unlabelled(self) -> tuple[str, ...]:
        """Look for rows that count, where there are neither labels nor answers; return that there are no classes."""
        if not self.n.any() and not self._odd():
            self._add("FT-P007", "no rows")
        elif self.columns.unit and (empty := self._missing("unit")):
            self._add("FT-P010", f"{empty:,} rows have no unit in `{self.columns.unit}`", "", "give each its own")
        return ()

    def classes(self, stated: Sequence[str]) -> tuple[str, ...]:
        """Return the labels, and look for rows without a label or an answer."""
        columns = self.columns
        if not self.cells.num_rows:
            self._add("FT-P007", "no rows")
            return ()
        if not self.n.any() and not self._odd():
            self._add("FT-P007", f"every row has 0 in `{columns.counts or columns.weights}`")
        if empty := self._missing("y"):
            self._add("FT-P008", f"{empty:,} rows have no label in `{columns.label}`", "", "leave them out, and say so")
        for side, column in (("before", columns.before), ("after", columns.after)):
            if column and (empty := self._missing(side)):
                advice = "leave these items out for both models, or write a word such as `none`: it counts as an error"
                self._add("FT-P009", f"{empty:,} rows have no prediction in `{column}`", "", advice)
        if columns.unit and (empty := self._missing("unit")):
            self._add("FT-P010", f"{empty:,} rows have no unit in `{columns.unit}`", "", "give each its own")
        rows = rows_of(self.cells, "y")
        written = sorted(rows)
        joined = [label for label in written if JOIN in label]
        if joined and not columns.multilabel:
            text = f"labels hold `{JOIN}`, which parts the labels of a row with several: {shown(joined[0])}"
            self._add("FT-P015", text, "", "say that rows have several labels (multilabel), or write another character")
        rows = parts_of(rows) if columns.multilabel else rows
        labels = sorted(rows)
        self._tell(label_problems(rows, columns.label, stated=bool(stated), meant=columns.recoding.meant()))
        extra = [label for label in labels if stated and label not in stated]
        if extra:
            self._add(
                "FT-P011",
                f"labels outside the classes: {', '.join(map(shown, extra[:5]))}",
                f"allowed: {', '.join(stated)}",
            )
        return tuple(stated) or tuple(labels)

    def notes(self, classes: tuple[str, ...]) -> dict[str, int]:
        """Return what is counted and told: unknown membership, answers outside the labels."""
        found: dict[str, int] = {}
        for group in self.columns.groups:
            named = [value in (None, UNKNOWN_GROUP) for value in self.cells[f"g_{group}"].to_pylist()]
            if unknown := self._rows(named):
                found[f"{group} {UNKNOWN_GROUP}"] = unknown
                others = [name for name in self.columns.groups if name != group]
                self._of_groups(f"{group} {UNKNOWN_GROUP}", others, named)
        if self.columns.multilabel:
            found |= self._without_class()
        for side, column in (("before", self.columns.before), ("after", self.columns.after)):
            looked_at = column and self.cells.num_rows and not self.problems.errors
            if looked_at and (outside := self._outside(side, str(column), classes)):
                note = f"answers of {column} outside the labels, counted as errors"
                found[note] = outside
                answers = self.cells[side].to_pylist()
                strange = [answer is not None and not self._known(answer, classes) for answer in answers]
                self._of_groups(note, self.columns.groups, strange)
        if "idle" in self.cells.column_names:
            self._of_groups(NO_WEIGHT, self.columns.groups, [True] * self.cells.num_rows, "idle")
        return found

    def _of_groups(self, note: str, attributes: Sequence[str], flags: Sequence[bool], counts: str = "n") -> None:
        """Keep how many of the flagged rows belong to each group."""
        told = {name: of for name, of in by_group(self.cells, attributes, flags, counts).items() if of}
        if told:
            self.of_groups[note] = told

    def _without_class(self) -> dict[str, int]:
        """Return how many rows have no class at all, where they may have several: an empty cell says so."""
        columns = {"y": self.columns.label, "before": self.columns.before, "after": self.columns.after}
        found: dict[str, int] = {}
        for side, column in ((side, column) for side, column in columns.items() if column):
            if n := rows_of(self.cells, side)[""]:
                note = f"rows of {column} are empty, which is none of the classes"
                found[note] = n
                self._of_groups(note, self.columns.groups, [value == "" for value in self.cells[side].to_pylist()])
        return found

    def _outside(self, side: str, column: str, classes: tuple[str, ...]) -> int:
        """Look for answers that are no label, or one in another spelling; return how many rows have one that is none."""
        answers = rows_of(self.cells, side)
        strange = Counter({answer: n for answer, n in answers.items() if not self._known(answer, classes)})
        words = parts_of(answers) if self.columns.multilabel else answers
        problems = [*answer_problems(words, classes, column, self.columns.recoding.meant())]
        if self.columns.multilabel and not problems:
            problems = [*many_problems(words, classes, column)]
        self._tell(problems)
        if strange.total() == int(self.n.sum()) > 0 and not problems:
            others, labels = sorted(map(shown, strange))[:3], ", ".join(classes[:3])
            text = f"no answer in `{column}` is one of the labels (answers: {', '.join(others)}; labels: {labels})"
            self._add("FT-P012", text, "", "write both the same way, or say which answer is which label with --map")
        elif strange:
            self.outside[column] = _most_frequent(strange)
        return strange.total()

    def _tell(self, found: Iterable[Problem]) -> None:
        self.problems.extend(replace(problem, file=self.name) for problem in found)

    def _known(self, answer: str, classes: tuple[str, ...]) -> bool:
        return set(filter(None, answer.split(JOIN)) if self.columns.multilabel else [answer]) <= set(classes)

    def weights(self) -> None:
        """Look for counts that are not whole and weights that are not numbers."""
        odd = self._odd()
        if odd and self.columns.counts:
            self._add(
                "FT-P013",
                f"{odd:,} counts in `{self.columns.counts}` are missing, negative, not whole or too large",
                f"0, 1, 2, ... {MOST:,.0f}",
            )
        elif odd:
            self._add(
                "FT-P014",
                f"{odd:,} weights in `{self.columns.weights}` are missing, negative, not finite, too large or too small",
                f"0, or {LEAST_WEIGHT:g} to {MOST:g}",
            )

    def _odd(self) -> int:
        """Return how many counts or weights are none."""
        return int(np.sum(self.cells["odd"].to_numpy())) if "odd" in self.cells.column_names else 0


def _most_frequent(answers: Counter[str]) -> dict[str, int]:
    return dict(sorted(answers.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED])
