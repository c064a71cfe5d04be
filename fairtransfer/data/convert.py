"""The declared schema, applied: text becomes what the card says it is, or a problem that counts the rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from fairtransfer.errors import shown
from fairtransfer.spec.card_columns import ColumnType

_INTEGER = re.compile(r"[-+]?[0-9]+$")


def _is_integer(text: str) -> bool:
    return bool(_INTEGER.match(text))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


_TESTS: dict[ColumnType, Callable[[str], bool]] = {
    "text": lambda _: True,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda text: text in ("true", "false"),
}


def misfits(values: Sequence[str | None], kind: ColumnType) -> list[int]:
    """Return the positions of the values that are not what the card declares; missing values fit."""
    fits = _TESTS[kind]
    return [position for position, value in enumerate(values) if value is not None and not fits(value)]


def misfit_text(value: str, kind: ColumnType, row: int) -> tuple[str, str, str]:
    """Return code, finding and advice for a value that does not fit its declared type."""
    if kind in ("number", "integer"):
        if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", value):
            return "FT-D016", f"`{shown(value)}` is not a number", f"write `{value.replace(',', '.')}`"
        try:
            if not math.isfinite(float(value)):
                return "FT-D033", f"value in row {row} is not finite", "leave the cell empty where there is no value"
        except ValueError:
            pass
    return (
        "FT-D057",
        f"`{shown(value)}` in row {row} is not {'an' if kind == 'integer' else 'a'} {kind}",
        "declare the column as text, or mend the file",
    )
