"""In which order groups stand in tables, charts and documents, where their names do not say it.

::

    --order region=north,south            these first, in this order; any others follow by their names
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.spec.keywords import class_text, kind_in_python
from fairtransfer.spec.recoding import split_outside_quotes, unquoted

Order: TypeAlias = str | Iterable[str] | Mapping[str, Iterable[Any]]
Places: TypeAlias = Mapping[str, tuple[str, ...]]
"""Attribute -> its groups in the order in which they stand."""

ORDER_FORM = "COLUMN=first,second,..."


def read_order(written: Order | None, groups: Iterable[str], problems: Problems) -> Places:
    """Return an order from any of its forms (``FT-P114``); whether groups have these names is asked of the table."""
    columns, found = tuple(groups), dict[str, tuple[str, ...]]()
    for column, names in _told(written, problems):
        texts = tuple(text for text in map(class_text, names) if text)
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if column not in columns:
            missing, hint = f"`{shown(column)}` is not among the groups", did_you_mean(column, columns)
            problems.add(Problem("FT-P114", missing, hint, "add it to --groups", "--order"))
        elif not texts or len(texts) < len(names):
            problems.add(Problem("FT-P114", f"`{shown(column)}` has no list of groups", ORDER_FORM, "", "--order"))
        elif twice or column in found:
            what = f"`{shown(twice[0])}`" if twice else f"`{shown(column)}`"
            problems.add(Problem("FT-P114", f"{what} stands more than once", "", "name it once", "--order"))
        else:
            found[column] = texts
    return found


def _told(written: Order | None, problems: Problems) -> Iterator[tuple[str, list[Any]]]:
    """Yield columns and the names of their groups, whatever the form; words with commas stand in double quotes."""
    if isinstance(written, Mapping):
        told: list[tuple[Any, Any]] = [*written.items()]
    else:
        given = written if _is_listed(written) else [written]
        told = [_parted(text) for text in given if text is not None and text != ""]
    for column, names in told:
        listed = _words(names) if isinstance(names, str) else names
        if not isinstance(column, str) or not _is_listed(listed):
            problems.add(Problem("FT-P041", f"got {kind_in_python(written)}", ORDER_FORM, "", "--order"))
        else:
            yield column.strip(), list(listed)


def _is_listed(value: Any) -> TypeGuard[Iterable[Any]]:
    """Say whether a value is a list or like one; a set has no order."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | set | frozenset)


def _parted(text: Any) -> tuple[Any, Any]:
    """Return the column and the words of ``region=north,south``; anything but text has neither."""
    return text.partition("=")[::2] if isinstance(text, str) else (text, None)


def _words(text: str) -> list[str]:
    return [unquoted(word) for word in split_outside_quotes(text, ",") if word]


def in_order(groups: Iterable[dict[str, str]], order: Places) -> list[dict[str, str]]:
    """Return groups as an order has them: those it names, then the others by name, attribute after attribute."""
    return sorted(groups, key=lambda group: place_of(group, order))


def place_of(group: Mapping[str, str], order: Places) -> list[tuple[int, str]]:
    """Return what groups are sorted by; without an order these are their names."""
    return [_place(value, order.get(name, ())) for name, value in group.items()]


def _place(value: str, names: tuple[str, ...]) -> tuple[int, str]:
    return (names.index(value), "") if value in names else (len(names), value)
