"""A table with its words and numbers read as its owner says: mapped labels, answers and groups, numbers in ranges.

Every row that is read as something else is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.table.casts import as_text, number
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.views import JOIN
from fairtransfer.spec.recoding import Words, ranges
from fairtransfer.spec.spelling import plain

if TYPE_CHECKING:
    import ibis


def recoded(table: ibis.Table, name: str, columns: Columns, problems: Problems) -> tuple[ibis.Table, dict[str, int]]:
    """Return the table as its owner says it is to be read, and how many rows of each column were read as something else.

    Columns that are not there, and words that no row holds, are told.
    """
    recoding, maps = columns.recoding, _maps(columns)
    present = {column: words for column, words in maps.items() if column in table.columns}
    binned = {column: edges for column, edges in recoding.bins.items() if column in table.columns}
    if not present and not binned:
        return table, {}
    notes = _read_otherwise(table, name, present, binned, problems, several=columns.multilabel)
    several = _answer_columns(columns) if columns.multilabel else ()
    changed = {
        column: _parts_read(as_text(table[column]), words)
        if column in several
        else as_text(table[column]).substitute(dict(words))
        for column, words in present.items()
    }
    for column, edges in binned.items():
        value, names = number(table[column]), ranges(edges)
        ladder = [(value < edge, label) for edge, label in zip(edges, names, strict=False)]
        changed[column] = _cases([(value.isnull(), None), *ladder], names[-1])
    return table.mutate(**changed), notes


def _answer_columns(columns: Columns) -> tuple[str, ...]:
    return tuple(column for column in (columns.label, columns.after, columns.before) if column)


def _parts_read(text: Any, words: Words) -> Any:
    """Return joined classes with each of them read as its owner says; every part has both its signs while it is replaced."""
    found = JOIN + text.replace(JOIN, JOIN + JOIN) + JOIN
    for old, new in words.items():
        found = found.replace(f"{JOIN}{old}{JOIN}", f"{JOIN}{new}{JOIN}")
    whole = found.replace(JOIN + JOIN, JOIN)
    return whole.substr(1, whole.length() - 2)


def _maps(columns: Columns) -> dict[str, Words]:
    recoding = columns.recoding
    answers = {old: new for old, new in recoding.answers.items() if old != new}
    found: dict[str, Words] = {column: answers for column in _answer_columns(columns) if answers}
    for column, words in recoding.groups.items():
        found[column] = {old: new for old, new in words.items() if old != new}
    return {column: words for column, words in found.items() if words}


def _cases(branches: list[tuple[Any, str | None]], otherwise: str) -> Any:
    import ibis

    literals = [(when, ibis.null("string") if then is None else ibis.literal(then)) for when, then in branches]
    return ibis.cases(*literals, else_=ibis.literal(otherwise))


def _read_otherwise(
    table: ibis.Table,
    name: str,
    maps: Mapping[str, Words],
    bins: Mapping[str, tuple[float, ...]],
    problems: Problems,
    *,
    several: bool,
) -> dict[str, int]:
    """Count the rows that a map reads as something else; tell of words that no row holds, and of bins of what is no number."""
    asked: dict[str, Any] = {}
    for place, (column, words) in enumerate(maps.items()):
        text = JOIN + as_text(table[column]) + JOIN if several else as_text(table[column])
        held = [text.contains(f"{JOIN}{word}{JOIN}") if several else text == word for word in words]
        asked |= {f"m{place}_{i}": flags.cast("int64").sum() for i, flags in enumerate(held)}
    for place, column in enumerate(bins):
        odd = as_text(table[column]).strip()
        asked[f"b{place}"] = (odd.notnull() & (odd != "") & number(table[column]).isnull()).cast("int64").sum()
    found = {key: value or 0 for key, value in table.aggregate(**asked).to_pyarrow().to_pylist()[0].items()}
    notes, seen = {}, dict.fromkeys((word for words in maps.values() for word in words), 0)
    for place, (column, words) in enumerate(maps.items()):
        rows = {word: found[f"m{place}_{i}"] for i, word in enumerate(words)}
        for word, n in rows.items():
            seen[word] += n
            if n and plain(word) != plain(words[word]):
                notes[f"rows of {column} have `{shown(word)}` and are read as `{shown(words[word])}`"] = n
            elif n:
                notes[f"rows of {column} write `{shown(words[word])}` as `{shown(word)}`"] = n
    for word, n in seen.items():
        if not n:
            do = "write words as the file has them"
            problems.add(Problem("FT-P106", f"no row holds `{shown(word)}`", "", do, name, severity="warning"))
    for place, column in enumerate(bins):
        if odd_rows := found[f"b{place}"]:
            text = f"{odd_rows:,} values in `{shown(column)}` are not numbers"
            problems.add(
                Problem("FT-G012", text, "numbers, as the column has bins", "map them, or leave them empty", name)
            )
    return notes
