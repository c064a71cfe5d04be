"""The values `measure` takes, as a program or a command line writes them, read into one form.

A command line writes text, ``a,b``, where a program may also write a list. One piece of code reads both, and says in one
sentence what a keyword takes where it is given something else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeVar

from fairtransfer.errors import Problem, Problems, shown

Label: TypeAlias = str | int | float | bool
"""A class as a program may name it: ``1`` is the class ``"1"`` of a table, ``True`` the class ``"true"``."""

COLUMN = "the name of a column"
COLUMNS = 'names of columns: "a,b" or ["a", "b"]'
VIEWS = 'groups to cross: "a*b,a*c", ["a*b"] or [["a", "b"]]'
CLASS = "a class: text or a number"
CLASSES = 'all classes there are: "yes,no", ["yes", "no"] or [0, 1]'
FLAG = "True or False"
TEXT = "text"

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a truth value"),
    (str, "text"),
    (Real, "a number"),
    (Mapping, "a mapping"),
    (set, "a set, which has no order"),
    (frozenset, "a set, which has no order"),
    (list, "a list"),
    (tuple, "a tuple"),
)

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Keywords:
    """Reads values, and collects those that are of another kind than their keyword takes (``FT-P041``)."""

    problems: Problems

    def column(self, name: str, value: Any) -> str | None:
        """Return the name of one column; None where none is given."""
        if value is None or isinstance(value, str):
            return value or None
        return self._refuse(name, value, COLUMN, None)

    def columns(self, name: str, value: Any) -> tuple[str, ...]:
        """Return names of columns; in a list every item is one name, whatever signs it holds."""
        if isinstance(value, str):
            return tuple(parts(value, ","))
        found = _listed(value)
        if found is None or not all(isinstance(item, str) and item for item in found):
            return self._refuse(name, value, COLUMNS, ())
        return tuple(found)

    def views(self, name: str, value: Any) -> tuple[tuple[str, ...], ...]:
        """Return groups to cross; a list in a list names its columns one by one."""
        crossed = parts(value, ",") if isinstance(value, str) else _listed(value)
        read = [_view(item) for item in crossed] if crossed is not None else [None]
        whole = tuple(view for view in read if view is not None)
        return whole if len(whole) == len(read) else self._refuse(name, value, VIEWS, ())

    def label(self, name: str, value: Any) -> str | None:
        """Return a class as tables write it; None where none is given."""
        if value is None or (isinstance(value, str) and not value):
            return None
        written = class_text(value)
        return self._refuse(name, value, CLASS, None) if written is None else written

    def labels(self, name: str, value: Any) -> tuple[str, ...]:
        """Return classes as tables write them."""
        found = parts(value, ",") if isinstance(value, str) else _listed(value)
        written = [class_text(item) for item in found] if found is not None else [None]
        whole = tuple(text for text in written if text is not None)
        return whole if len(whole) == len(written) else self._refuse(name, value, CLASSES, ())

    def flag(self, name: str, value: Any) -> bool:
        """Return a truth value."""
        plain = single(value)
        return plain if isinstance(plain, bool) else self._refuse(name, value, FLAG, False)  # noqa: FBT003  # what is read instead

    def text(self, name: str, value: Any) -> str:
        """Return a text; empty where none is given."""
        if value is None or isinstance(value, str):
            return value or ""
        return self._refuse(name, value, TEXT, "")

    def _refuse(self, name: str, value: Any, wants: str, instead: _Read) -> _Read:
        self.problems.add(Problem("FT-P041", f"got {kind_in_python(value)}", wants, "", name))
        return instead


def parts(text: str, sign: str) -> list[str]:
    """Return the parts of a text between signs, without spaces around them and without empty ones; see `pieces` for quotes."""
    found = [part.strip() for part in pieces(text, sign)]
    return [unquoted(part) for part in found if part]


def pieces(text: str, sign: str) -> list[str]:
    """Return what stands between signs, as it is written: ``a,"b, c"`` has two pieces.

    Quotes, single or double, hold a piece together, or what follows ``=`` in it, where they begin it; inside them the same mark
    stands twice. Marks elsewhere are letters like any other, and so is one that is not closed.
    """
    return [found for found in re.findall(_PIECE.format(sign=re.escape(sign)), text + sign) if found.strip()]


_PIECE = r"""((?:[^{sign}"'=]*=)?\s*(?:"(?:[^"]|"")*"|'(?:[^']|'')*')\s*(?={sign})|[^{sign}]*){sign}"""


def unquoted(text: str) -> str:
    """Return a text without the quotes around it."""
    mark = text[:1]
    if len(text) > 1 and mark in "\"'" and text.endswith(mark):
        return text[1:-1].replace(mark * 2, mark)
    return text


def single(value: Any) -> Any:
    """Return a single value of a number library as Python's own."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def class_text(value: Any) -> str | None:
    """Return a class as a table writes it: whole numbers without a point, truth values in small letters; None: no class."""
    plain = single(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    if isinstance(plain, Integral) or (isinstance(plain, float) and plain.is_integer()):
        return str(int(plain))
    if isinstance(plain, float):
        return None if math.isnan(plain) else str(plain)
    return plain if isinstance(plain, str) and plain else None


def kind_in_python(value: Any) -> str:
    """Return what a value is, for a message: its kind, and what it holds where that is short."""
    plain = single(value)
    kind = next((words for kind, words in _KINDS if isinstance(plain, kind)), None)
    return f"{kind}, `{shown(plain)}`" if kind else f"a value of type {type(value).__name__}"


def _view(value: Any) -> tuple[str, ...] | None:
    """Return columns to cross; None where a value names none."""
    names = parts(value, "*") if isinstance(value, str) else _listed(value)
    return tuple(names) if names and all(isinstance(name, str) and name for name in names) else None


def _listed(value: Any) -> list[Any] | None:
    """Return the items of a list, of anything that is like one, or of nothing; None where a value has no order or no items."""
    if value is None:
        return []
    unfit = isinstance(value, str | bytes | Mapping | set | frozenset) or not isinstance(value, Iterable)
    return None if unfit else list(value)


def _plain(value: Any) -> Any:
    """Return a single value of a number library as Python's own."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
