"""A table with its words and numbers read as its owner says: mapped labels, answers and groups, numbers in ranges.

Every row that is read as something else is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.table.casts import as_text, number
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.told_by_group import ByGroup
from fairtransfer.evidence.views import JOIN
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.spec.recoding import Words, ranges
from fairtransfer.spec.spelling import plain

if TYPE_CHECKING:
    import ibis


def recoded(
    table: ibis.Table, name: str, columns: Columns, problems: Problems
) -> tuple[ibis.Table, dict[str, int], dict[str, ByGroup]]:
    """Return the table as its owner says it is to be read, how many rows were read as something else, and how many of each group.

    Columns that are not there, and words that no row holds, are told.
    """
    recoding, maps = columns.recoding, _maps(columns)
    present = {column: words for column, words in maps.items() if column in table.columns}
    binned = {column: edges for column, edges in recoding.bins.items() if column in table.columns}
    if not present and not binned:
        return table, {}, {}
    notes, flags = _read_otherwise(table, name, present, binned, problems, several=columns.multilabel)
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
    return (
        table.mutate(**changed),
        notes,
        _by_group(table.mutate(**flags, **changed), columns.groups, list(flags), list(notes)),
    )


def _by_group(
    table: ibis.Table, groups: Sequence[str], flags: Sequence[str], notes: Sequence[str]
) -> dict[str, ByGroup]:
    """Return how many rows of each group, as it is read, a note is of; a flag for each note."""
    found: dict[str, dict[str, dict[str, int]]] = {note: {} for note in notes}
    for group in (group for group in groups if flags and group in table.columns):
        sums = {flag: table[flag].cast("int64").sum() for flag in flags}
        rows = table.group_by(group_=as_text(table[group])).aggregate(**sums).to_pyarrow().to_pylist()
        for note, flag in zip(notes, flags, strict=True):
            told = {row["group_"] or UNKNOWN_GROUP: int(row[flag] or 0) for row in rows}
            found[note][group] = {name: told[name] for name in sorted(told) if told[name]}
    return {note: of for note, of in found.items() if of}


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
) -> tuple[dict[str, int], dict[str, Any]]:
    """Count the rows that a map reads as something else; tell of words that no row holds, and of bins of what is no number."""
    asked: dict[str, Any] = {}
    flagged: dict[str, Any] = {}
    for place, (column, words) in enumerate(maps.items()):
        text = JOIN + as_text(table[column]) + JOIN if several else as_text(table[column])
        held = [text.contains(f"{JOIN}{word}{JOIN}") if several else text == word for word in words]
        flagged |= {f"m{place}_{i}": flags.fill_null(False) for i, flags in enumerate(held)}  # noqa: FBT003  # of ibis
        asked |= {f"m{place}_{i}": flags.cast("int64").sum() for i, flags in enumerate(held)}
    for place, column in enumerate(bins):
        odd = as_text(table[column]).strip()
        asked[f"b{place}"] = (odd.notnull() & (odd != "") & number(table[column]).isnull()).cast("int64").sum()
    found = {key: value or 0 for key, value in table.aggregate(**asked).to_pyarrow().to_pylist()[0].items()}
    notes, told = dict[str, int](), dict[str, Any]()
    seen = dict.fromkeys((word for words in maps.values() for word in words), 0)
    for place, (column, words) in enumerate(maps.items()):
        for i, word in enumerate(words):
            n = found[f"m{place}_{i}"]
            seen[word] += n
            otherwise = f"rows of {column} have `{shown(word)}` and are read as `{shown(words[word])}`"
            spelled = f"rows of {column} write `{shown(words[word])}` as `{shown(word)}`"
            if n:
                notes[spelled if plain(word) == plain(words[word]) else otherwise] = n
                told[f"m{place}_{i}"] = flagged[f"m{place}_{i}"]
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
    return notes, told
