"""What a counted table shows of spelling: groups and labels that are one but for it, answers that are labels or are none.

A table is not mended here: what is one and what is not, its owner says (``--map``). A word that its owner maps to itself is
meant as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, shown
from fairtransfer.evidence.views import JOIN
from fairtransfer.spec.spelling import as_map, group_name_problems, hidden, listed, meant, spelled_otherwise, variants

MANY_NUMBERS = 20
"""A column of more different numbers than this holds measurements rather than names of groups."""
MAX_CLASSES = 1_000
"""More labels than this are names of rows, or free text."""


def rows_of(cells: pa.Table, column: str) -> Counter[str]:
    """Return how many rows each value of a column of a counted table has; what is missing is left out."""
    values = cells[column].combine_chunks().dictionary_encode()
    known = values.is_valid().to_numpy(zero_copy_only=False)
    codes = values.indices.fill_null(0).to_numpy()
    n = np.bincount(codes[known], weights=cells["n"].to_numpy()[known], minlength=len(values.dictionary))
    return Counter(dict(zip(values.dictionary.to_pylist(), map(round, n.tolist()), strict=True)))


def group_problems(rows: Mapping[str, int], group: str, meant: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of the groups in a column."""
    looked_at = {word: n for word, n in rows.items() if word not in meant}
    numbers = sum(map(_is_number, rows))
    if numbers > MANY_NUMBERS and numbers >= len(rows) - 1:  # beside them the unknown
        found = f"group column `{shown(group)}` holds {numbers:,} different numbers, each a group of its own"
        do = f"for ranges say `--bins {group}=18,30,45,60`"
        yield Problem("FT-P111", found, "", do, severity="warning")
    changed = as_map(one_spelling(looked_at))
    advice = f"write them one way: `--map '{group}:{changed}'`; a word that is mapped to itself is meant as it is"
    yield from group_name_problems(
        looked_at, advice=advice, rename=f"`--map '{group}:OLD=NEW'`", of=f" in `{shown(group)}`"
    )


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def one_spelling(rows: Mapping[str, int]) -> dict[str, str]:
    """Return ``word -> word`` that writes every word as most rows write it, without blanks at its ends where these tie."""
    found: dict[str, str] = {}
    for same in variants(rows):
        best = max(same, key=lambda word: (rows[word], word == word.strip(), -len(word), word))
        found |= {word: best for word in same if word != best}
    return found


def label_problems(rows: Mapping[str, int], column: str, *, stated: bool, meant: frozenset[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of labels; `stated`: somebody listed them, spellings and all."""
    for word in sorted(rows):
        if (unseen := hidden(word)) is not None:
            found = f"label `{shown(word)}` in `{shown(column)}` holds the invisible character U+{ord(unseen):04X}"
            yield Problem("FT-P103", found, "", "delete it")
    if len(rows) > MAX_CLASSES:
        found = f"`{shown(column)}` holds {len(rows):,} different labels, limit {MAX_CLASSES:,}"
        do = "classes are few; for numbers say `--target number`"
        yield Problem("FT-P104", found, "this looks like identifiers, numbers or free text", do)
        return
    for same in () if stated else variants(set(rows) - meant):
        pairs = as_map(one_spelling({word: rows[word] for word in same}))
        found = f"{len(same)} spellings of one label in `{shown(column)}`: {listed(same, rows)}"
        do = f"write them one way: `--map '{pairs}'`; or name them all with --classes where each is meant"
        yield Problem("FT-P102", found, "", do)


def answer_problems(
    answers: Mapping[str, int], classes: Sequence[str], column: str, as_they_are: frozenset[str]
) -> Iterator[Problem]:
    """Yield that answers are labels in another spelling: each would count as an error."""
    if same := meant(set(answers) - as_they_are, classes):
        told = dict(sorted(same.items()))
        found = f"answers in `{shown(column)}` are labels in another spelling: {spelled_otherwise(told, answers)}"
        do = f"say so with `--map '{as_map(same)}'`; an answer that is mapped to itself is meant as it is"
        yield Problem("FT-P101", found, "each would count as an error", do)


def many_problems(parts: Mapping[str, int], classes: Sequence[str], column: str) -> Iterator[Problem]:
    """Yield that answers of several classes hold what is none: the row could not be told from one that is given nothing."""
    if strange := sorted(set(parts) - set(classes)):
        found = f"answers in `{shown(column)}` hold what is no class: {listed(strange, parts)}"
        yield Problem(
            "FT-P105", found, f"classes: {', '.join(map(shown, classes[:12]))}", "name all there are with --classes"
        )


def parts_of(rows: Mapping[str, int]) -> Counter[str]:
    """Return how many rows each class has, where a row may have several."""
    found: Counter[str] = Counter()
    for joined, n in rows.items():
        found.update(dict.fromkeys(filter(None, joined.split(JOIN)), n) if joined else {})
    return found
