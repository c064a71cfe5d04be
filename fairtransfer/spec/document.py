"""A document: plain values, and where in its file each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairtransfer.errors import Problem

Place = tuple[str | int, ...]  # the way to a value: keys and list positions


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its values, where each of them stands, and the raw text.

    Attributes
    ----------
    data
        Mappings as dict, sequences as tuple, scalars as text, int, float, bool or None.
    places
        ``path -> (line, column)`` of every value, counted from 1.
    keys
        ``path -> (line, column)`` of the key of every mapping entry.
    refused
        Paths, as text, of values that were refused while the file was read. What stands for them in `data` is a guess.
    """

    file: str
    text: str
    data: Any
    places: Mapping[Place, tuple[int, int]]
    keys: Mapping[Place, tuple[int, int]]
    refused: frozenset[str] = frozenset()

    def told_already(self, problem: Problem) -> bool:
        """Say whether a problem is of a value that was refused before it was looked at: then it says nothing new."""
        return any(re.match(rf"{re.escape(path)}($|[.\[])", problem.path) for path in self.refused)

    def problem(
        self,
        code: str,
        path: Place,
        found: str,
        allowed: str = "",
        do: str = "",
        *,
        at_key: bool = False,
        warn: bool = False,
    ) -> Problem:
        """Return a problem at the place of `path`, or of its nearest known parent."""
        line, column = self.place(path, at_key=at_key)
        return Problem(
            code, found, allowed, do, self.file, line, column, path_text(path), "warning" if warn else "error"
        )

    def place(self, path: Place, *, at_key: bool = False) -> tuple[int, int]:
        """Return line and column of a value (or of its key); of the nearest known parent where it is missing."""
        first, second = (self.keys, self.places) if at_key else (self.places, self.keys)
        for length in range(len(path), -1, -1):
            if place := first.get(path[:length]) or second.get(path[:length]):
                return place
        return (1, 1)

    def beside(self, path: Place, key: str) -> Any:
        """Return the value of another key of the mapping that a value stands in; None where there is none."""
        found = self.data
        for part in path[:-1]:
            found = found[part] if part in self._parts(found) else None
        return found.get(key) if isinstance(found, dict) else None

    @staticmethod
    def _parts(value: Any) -> Any:
        return range(len(value)) if isinstance(value, tuple) else value if isinstance(value, dict) else ()


def path_text(path: Place) -> str:
    """Return a path inside a document as people write it: ``gates[1].gap.margin``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def kind_of(value: object) -> str:
    """Return what a person calls a value: ``text``, ``a list``, ``a boolean`` ..."""
    kinds: dict[type, str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a decimal number",
        str: "text",
        tuple: "a list",
        list: "a list",
        dict: "a mapping",
        type(None): "nothing",
    }
    return kinds.get(type(value), type(value).__name__)
