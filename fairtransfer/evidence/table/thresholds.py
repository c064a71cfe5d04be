"""Answers made of scores: the positive class from a threshold on, else the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairtransfer.errors import DefinitionError, Problem, shown
from fairtransfer.evidence.table.casts import as_text, number
from fairtransfer.evidence.table.columns import Columns

if TYPE_CHECKING:
    import ibis


def answer_name(score: str, threshold: float) -> str:
    """Return what the column of such answers is called."""
    return f"{score} from {threshold:g} on"


def answered(
    table: ibis.Table, name: str, columns: Columns, positive: str, threshold: float, stated: tuple[str, ...]
) -> ibis.Table:
    """Return the table with the answers of both models that have scores; a row without a score has no answer.

    Raises
    ------
    DefinitionError
        When there are not two classes, of which one is the positive (``FT-P113``).
    """
    import ibis

    if any(column and column not in table.columns for column in (columns.label, columns.score, columns.score_before)):
        return table  # told where columns are looked for
    labels = table.select(label=as_text(table[columns.label])).distinct().filter(lambda t: t.label.notnull())
    found = stated or tuple(sorted(labels.limit(3).to_pyarrow()["label"].to_pylist()))
    if len(found) != 2 or positive not in found:
        held = ", ".join(map(shown, found))
        told = f"a threshold makes answers of two classes, of which one is `{shown(positive)}`; there are {held}"
        raise DefinitionError([Problem("FT-P113", told, "", "name both with --classes, or give --after", name)])
    other = next(label for label in found if label != positive)
    made = {}
    for score in filter(None, (columns.score, columns.score_before)):
        value = number(table[score])
        made[answer_name(score, threshold)] = ibis.cases(
            (value.isnull(), ibis.null("string")),
            (value >= threshold, ibis.literal(positive)),
            else_=ibis.literal(other),
        )
    return table.mutate(**made)
