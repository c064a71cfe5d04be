"""What the owner of a table says of its words: which mean the same, and which numbers are one group.

::

    --map LABEL_1=spam,LABEL_0=ham        labels and answers
    --map region:North=north              the groups in a column
    --bins age=18,30,45,60                numbers into ranges
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.spec.keywords import class_text, kind_in_python

Words: TypeAlias = Mapping[str, str]
Map: TypeAlias = str | Iterable[str] | Mapping[Any, Any]
Bins: TypeAlias = str | Iterable[str] | Mapping[str, Iterable[float]]

MAP_FORM = "OLD=NEW,... for labels and answers, or COLUMN:OLD=NEW,... for groups"
BINS_FORM = "COLUMN=18,30,45,60: numbers that ascend"


@dataclass(frozen=True, slots=True)
class Recoding:
    """What is read as something else.

    Attributes
    ----------
    answers
        Word -> class, of labels and answers. A word that is mapped to itself is meant as it is.
    groups
        Column -> the same of its groups.
    bins
        Column -> where its ranges begin; the last one is open.
    """

    answers: Words = field(default_factory=dict)
    groups: Mapping[str, Words] = field(default_factory=dict)
    bins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def meant(self, column: str | None = None) -> frozenset[str]:
        """Return the words that are meant as they are: labels and answers, or the groups of a column."""
        words = self.answers if column is None else self.groups.get(column, {})
        return frozenset(word for word, other in words.items() if word == other)


def read_recoding(written: Map | None, bins: Bins | None, groups: Iterable[str], problems: Problems) -> Recoding:
    """Return a map and bins from any of their forms (``FT-P106``, ``FT-P107``)."""
    columns = tuple(groups)
    answers: dict[str, str] = {}
    of_groups: dict[str, dict[str, str]] = {}
    for column, pairs in _maps(written, columns, problems):
        of = answers if column is None else of_groups.setdefault(column, {})
        for old, new in pairs:
            if of.setdefault(old, new) != new:
                found = f"`{shown(old)}` is mapped to `{shown(of[old])}` and to `{shown(new)}`"
                problems.add(Problem("FT-P106", found, "", "map it once", "--map"))
    ranges_of = dict(_bins(bins, columns, problems))
    for column in sorted(ranges_of.keys() & of_groups.keys()):
        found = f"`{shown(column)}` is mapped, and made ranges of"
        problems.add(Problem("FT-P107", found, "", "one of the two", "--bins"))
    return Recoding(answers, of_groups, ranges_of)


def _maps(
    written: Map | None, columns: tuple[str, ...], problems: Problems
) -> Iterator[tuple[str | None, list[tuple[str, str]]]]:
    if isinstance(written, Mapping):
        plain = {key: value for key, value in written.items() if not isinstance(value, Mapping)}
        yield None, list(_in_python(plain, problems))
        for column, words in written.items():
            if isinstance(words, Mapping) and _is_column(str(column), columns, "--map", problems):
                yield str(column), list(_in_python(words, problems))
        return
    given = [written] if isinstance(written, str) or not isinstance(written, Iterable) else written
    for text in given if written is not None else ():
        if not isinstance(text, str):
            problems.add(Problem("FT-P041", f"got {kind_in_python(text)}", MAP_FORM, "", "--map"))
            continue
        column, colon, rest = text.partition(":")
        of_column = bool(colon) and (column in columns or ("=" not in column and "=" in rest and '"' not in column))
        if of_column and not _is_column(column, columns, "--map", problems):
            continue
        yield (column if of_column else None), list(_pairs(rest if of_column else text, problems))


def _is_column(column: str, columns: tuple[str, ...], option: str, problems: Problems) -> bool:
    if column not in columns:
        code = "FT-P106" if option == "--map" else "FT-P107"
        found = f"`{shown(column)}` is not among the groups"
        problems.add(Problem(code, found, did_you_mean(column, columns), "add it to --groups", option))
    return column in columns


def _in_python(words: Mapping[Any, Any], problems: Problems) -> Iterator[tuple[str, str]]:
    for old, new in words.items():
        pair = class_text(old), class_text(new)
        if None in pair:
            problems.add(Problem("FT-P041", f"got {kind_in_python(new)}", MAP_FORM, "", "--map"))
        else:
            yield str(pair[0]), str(pair[1])


def _pairs(text: str, problems: Problems) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a text; words that hold signs of the form, or blanks at their ends, stand in double quotes."""
    for part in filter(None, split_outside_quotes(text, ",")):
        sides = split_outside_quotes(part, "=")
        if len(sides) != 2 or not all(sides):
            problems.add(Problem("FT-P106", f"`{shown(part)}` is not OLD=NEW", MAP_FORM, "", "--map"))
        else:
            yield unquoted(sides[0]), unquoted(sides[1])


def split_outside_quotes(text: str, sign: str) -> list[str]:
    """Return the parts of a text between signs that stand in no double quotes."""
    found, inside = [""], False
    for character in text:
        inside ^= character == '"'
        if character == sign and not inside:
            found.append("")
        else:
            found[-1] += character
    return [part.strip() for part in found]


def unquoted(word: str) -> str:
    """Return a word without the double quotes around it."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word


def _bins(
    written: Bins | None, columns: tuple[str, ...], problems: Problems
) -> Iterator[tuple[str, tuple[float, ...]]]:
    for column, edges in _edges(written, problems):
        numbers = [_number(edge) for edge in edges]
        known = tuple(number for number in numbers if number is not None)
        rising = all(a < b for a, b in itertools.pairwise(known))
        if len(known) < len(numbers) or not known or not rising:
            got = f"`{shown(column)}`: {shown(', '.join(map(str, edges))) or 'nothing'}"
            problems.add(Problem("FT-P107", f"got {got}", BINS_FORM, "", "--bins"))
        elif _is_column(column, columns, "--bins", problems):
            yield column, known


def _edges(written: Bins | None, problems: Problems) -> Iterator[tuple[str, list[Any]]]:
    """Yield columns and what is said of them, whatever the form."""
    if isinstance(written, Mapping):
        told: list[tuple[Any, Any]] = [*written.items()]
    else:
        given = [written] if isinstance(written, str) or not isinstance(written, Iterable) else written
        split = [
            text.partition("=")[::2] if isinstance(text, str) else (text, None) for text in given if text is not None
        ]
        told = split
    for column, edges in told:
        listed = edges.split(",") if isinstance(edges, str) else edges
        if not isinstance(column, str) or not isinstance(listed, Iterable):
            problems.add(Problem("FT-P041", f"got {kind_in_python(written)}", BINS_FORM, "", "--bins"))
        else:
            yield column.strip(), [edge for edge in listed if edge != ""]


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def ranges(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Return the names of the ranges that begin at these numbers, with one below and one above them."""
    written = [f"{edge:.12g}" for edge in edges]
    between = [f"{low} to below {high}" for low, high in itertools.pairwise(written)]
    return (f"below {written[0]}", *between, f"{written[-1]} and above")
