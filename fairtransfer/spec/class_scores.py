"""Which column holds the probability of which class, as a command line or a program writes it.

::

    --scores no=p_no,maybe=p_maybe,yes=p_yes
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.spec.keywords import class_text, kind_in_python
from fairtransfer.spec.recoding import split_outside_quotes, unquoted

Scores: TypeAlias = str | Iterable[str] | Mapping[Any, str]
"""``"no=p_no,yes=p_yes"``, a list of such texts, or ``{"no": "p_no", "yes": "p_yes"}``."""

FORM = "CLASS=COLUMN,... with the column of every class; names that hold , or = in double quotes"


def read_scores(written: Scores | None, option: str, problems: Problems) -> dict[str, str]:
    """Return ``class -> column`` from any of its forms (``FT-P041``, ``FT-P117``)."""
    found: dict[str, str] = {}
    for of, column in _pairs(written, option, problems):
        if of in found:
            told = f"the class `{shown(of)}` has two columns, `{shown(found[of])}` and `{shown(column)}`"
            problems.add(Problem("FT-P117", told, "", "name each class once", option))
        elif column in found.values():
            told = f"the column `{shown(column)}` is of two classes"
            problems.add(Problem("FT-P117", told, "", "name a column of its own for each", option))
        else:
            found[of] = column
    if len(found) == 1 and not problems.errors:
        told = f"scores of one class only, `{shown(next(iter(found)))}`"
        do = "name the column of every class, or give the one with --score and its class with --positive"
        problems.add(Problem("FT-P117", told, FORM, do, option))
    return found


def _pairs(written: Scores | None, option: str, problems: Problems) -> Iterator[tuple[str, str]]:
    if isinstance(written, Mapping):
        for key, column in written.items():
            of = class_text(key)
            if of is None or not isinstance(column, str) or not column:
                problems.add(Problem("FT-P041", f"got {kind_in_python(column)} for {shown(key)}", FORM, "", option))
            else:
                yield of, column
        return
    given = [written] if isinstance(written, str | bytes) or not isinstance(written, Iterable) else written
    for text in given if written is not None else ():
        if not isinstance(text, str):
            problems.add(Problem("FT-P041", f"got {kind_in_python(text)}", FORM, "", option))
            continue
        for part in filter(None, split_outside_quotes(text, ",")):
            sides = split_outside_quotes(part, "=")
            if len(sides) != 2 or not all(sides):
                problems.add(Problem("FT-P117", f"`{shown(part)}` is not CLASS=COLUMN", FORM, "", option))
            else:
                yield unquoted(sides[0]), unquoted(sides[1])
