"""Labels and answers in files of their own, joined with a table by the names of its rows, never by their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from fairtransfer.errors import DefinitionError, Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.table.casts import as_text
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.files import reading
from fairtransfer.evidence.table.row_checks import named_item
from fairtransfer.evidence.table.source import open_table
from fairtransfer.spec.spelling import plain

if TYPE_CHECKING:
    import ibis

SIDES: Mapping[str, tuple[str, ...]] = {
    "labels": ("label",),
    "before": ("before", "score_before", "scores_before", "value_before"),
    "after": ("after", "score", "scores", "value"),
}
"""What a file of its own may hold: the columns that are taken from it."""

Field: TypeAlias = tuple[str, str | None]
"""A field of `Columns`; of scores of every class with the class."""


def joined(
    table: ibis.Table, name: str, columns: Columns, files: Mapping[str, Any], problems: Problems
) -> tuple[ibis.Table, Columns, dict[str, int]]:
    """Return a table with the columns of other files, their names there, and how many rows of these are not used.

    Parameters
    ----------
    files
        ``labels``, ``before`` or ``after`` -> the file (or table) that holds these columns.

    Raises
    ------
    DefinitionError
        When rows cannot be told apart, or have no row in another file (``FT-P003``, ``FT-P006``, ``FT-P112``).
    """
    notes: dict[str, int] = {}
    if not columns.items:
        raise DefinitionError(
            [Problem("FT-P112", "files are joined by items, and none is named", "", "give --item", name)]
        )
    answers = (columns.label, columns.after, columns.before)
    named = Counter(filter(None, (*answers, *columns.scored, *columns.scored_before)))
    shared = [column for column, n in named.items() if n > 1]
    for side, source in files.items():
        other, called = open_table(source, problems)
        short = Path(source).name if isinstance(source, str | Path) else called
        with reading(called):
            table, columns, unused = _with(table, short, side, other, columns, shared)
        if unused:
            notes[f"rows of {short} are about items that {name} does not have"] = unused
    return table, columns, notes


def _with(
    table: ibis.Table, called: str, side: str, other: ibis.Table, columns: Columns, shared: Collection[str]
) -> tuple[ibis.Table, Columns, int]:
    """Return the table with one file's columns, which go by the file's name where the table has them already."""
    import ibis

    taken = _taken(columns, side)
    missing = [column for column in (*columns.items, *taken.values()) if column not in other.columns]
    if missing:
        hint = did_you_mean(missing[0], other.columns)
        raise DefinitionError([Problem("FT-P003", f"column `{shown(missing[0])}` not found", hint, "", called)])
    names: dict[Field, str] = {
        field: f"{column} of {called}" if column in (*table.columns, *shared) else column
        for field, column in taken.items()
    }
    keys = {f"key_{i}": as_text(other[column]) for i, column in enumerate(columns.items)}
    held = other.select(**keys, **{names[field]: other[column] for field, column in taken.items()}).to_pyarrow()
    answers = ibis.memtable(held.append_column("found_", pa.array([True] * held.num_rows, pa.bool_())))
    _once(answers, list(keys), called, columns.items)
    lacking = [column for column in columns.items if column not in table.columns]
    if lacking:
        hint = did_you_mean(lacking[0], table.columns)
        raise DefinitionError([Problem("FT-P003", f"item column `{shown(lacking[0])}` not found", hint, "", "table")])
    wide = table.mutate(**{f"key_{i}": as_text(table[column]) for i, column in enumerate(columns.items)})
    found = wide.left_join(answers, list(keys)).drop(*(f"{key}_right" for key in keys))
    _everyone(found, called, columns.items, held["key_0"].to_pylist())
    matched = int(wide.semi_join(answers, list(keys)).select(*keys).distinct().count().to_pyarrow().as_py())
    return found.drop(*keys, "found_"), _renamed(columns, names), held.num_rows - matched


def _taken(columns: Columns, side: str) -> dict[Field, str]:
    """Return the columns that a file of its own holds."""
    found: dict[Field, str] = {}
    for field in SIDES[side]:
        value = getattr(columns, field)
        found |= (
            {(field, of): name for of, name in value.items()} if isinstance(value, Mapping) else {(field, None): value}
        )
    return {field: name for field, name in found.items() if name}


def _renamed(columns: Columns, names: Mapping[Field, str]) -> Columns:
    """Return columns by their names in the joined table."""
    changed: dict[str, Any] = {}
    for (field, of), name in names.items():
        if of is None:
            changed[field] = name
        else:
            changed.setdefault(field, {})[of] = name
    return replace(columns, **changed)


def _bare(key: str) -> str:
    """Return a name without its spelling, and without zeros in front: a hint, no more."""
    return plain(key).lstrip("0") or "0"


def _once(answers: ibis.Table, keys: Sequence[str], called: str, items: Sequence[str]) -> None:
    counted = answers.group_by(list(keys)).aggregate(n_=lambda t: t.count())
    twice = counted.filter(counted.n_ > 1)
    if n := int(twice.count().to_pyarrow().as_py()):
        example = twice.limit(1).to_pyarrow().to_pylist()[0]
        found = f"{n:,} items stand more than once, for example {named_item(items, example, keys)}"
        raise DefinitionError(
            [Problem("FT-P006", found, "one row per item", "name every column that tells rows apart", called)]
        )


def _everyone(found: ibis.Table, called: str, items: Sequence[str], there: Sequence[str | None]) -> None:
    """Refuse items without a row; where one is only spelled otherwise, that is told."""
    lost = found.filter(found.found_.isnull())
    if n := int(lost.count().to_pyarrow().as_py()):
        example = lost.limit(1).to_pyarrow().to_pylist()[0]
        told = f"{n:,} items have no row in `{shown(called)}`, for example {named_item(items, example)}"
        same = [key for key in there if key is not None and _bare(key) == _bare(str(example[items[0]]))]
        if same and len(items) == 1:
            told += f", which is written `{shown(same[0])}` there"
        do = "give every item an answer, or leave these items out of the table, and say so"
        raise DefinitionError([Problem("FT-P112", told, "", do, called)])
