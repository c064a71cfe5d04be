"""Attributes: values as they stand in the data become groups; a missing membership is a group of its own, and counted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fairtransfer.errors import Problem, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card_columns import Attribute, Bin
from fairtransfer.spec.names import OTHER_GROUP, UNKNOWN_GROUP
from fairtransfer.spec.spelling import group_name_problems

MAX_GROUPS = 50
MAX_INTERSECTIONS = 200


@dataclass(frozen=True, slots=True)
class GroupsOfRows:
    """One attribute of every row.

    Attributes
    ----------
    values
        The group of each row; None where the row is to be left out.
    n_unknown
        Rows whose membership was not recorded.
    pooled
        ``value -> rows`` put together into the group `other`.
    noticed
        What was done -> the rows it was done to.
    """

    name: str
    values: list[str | None]
    n_unknown: int
    pooled: dict[str, int]
    noticed: dict[str, list[int]]


def assign(attribute: Attribute, column: Sequence[str | None]) -> tuple[GroupsOfRows, list[Problem]]:
    """Return the group of every row, with the problems found (their place is added by the caller)."""
    cleaned = [None if value is None or not value.strip() else unicodedata.normalize("NFC", value) for value in column]
    named = [None if value is None else attribute.recode.get(value, value) for value in cleaned]
    problems = list(_binning(attribute, named)) if attribute.bins else list(_spelling(attribute, named))
    missing = sum(value is None for value in named)
    groups = [_bin_of(attribute.bins, value) if attribute.bins else value for value in named]
    groups, pooled = _listed(attribute, groups)
    if column and missing == len(column):
        problems.append(_problem("FT-G006", attribute, "no row has a value", "", "correct the column, or the data"))
    else:
        problems += _presence(attribute, groups)
    if missing and attribute.missing != "exclude":
        groups = [UNKNOWN_GROUP if value is None else value for value in groups]
    problems += _missing(attribute, missing)
    return GroupsOfRows(attribute.name, groups, missing, pooled, _noticed(attribute, cleaned, groups, pooled)), problems


def _noticed(
    attribute: Attribute, cleaned: Sequence[str | None], groups: Sequence[str | None], pooled: dict[str, int]
) -> dict[str, list[int]]:
    """Return the rows whose membership is not recorded, whose spelling was recoded, and that were pooled."""
    name, found = attribute.name, dict[str, list[int]]()
    for row, value in enumerate(cleaned):
        if value is not None and value in attribute.recode and attribute.recode[value] != value:
            note = f"{name} `{shown(value)}` read as `{shown(attribute.recode[value])}`"
            found.setdefault(note, []).append(row)
    if attribute.missing == "own_group":
        found[f"{name} {UNKNOWN_GROUP}"] = [row for row, value in enumerate(cleaned) if value is None]
    if pooled:
        rows = [row for row, group in enumerate(groups) if group == OTHER_GROUP]
        found[f"{name} pooled as `{OTHER_GROUP}` ({len(pooled)} values)"] = rows
    return found


def _problem(
    code: str, attribute: Attribute, found: str, allowed: str = "", do: str = "", *, warn: bool = False
) -> Problem:
    return Problem(
        code, found, allowed, do, path=f"attributes.{attribute.name}", severity="warning" if warn else "error"
    )


def _spelling(attribute: Attribute, values: Sequence[str | None]) -> Iterator[Problem]:
    counts = Counter(value for value in values if value is not None)
    path = f"attributes.{attribute.name}"
    for problem in group_name_problems(counts, advice="`recode` all but one of them", rename="`recode`"):
        yield replace(problem, path=path)
    for value in counts:
        if len(value) > 128:
            yield _problem("FT-G017", attribute, f"group name has {len(value):,} characters, limit 128")


def _binning(attribute: Attribute, values: Sequence[str | None]) -> Iterator[Problem]:
    bad = [row for row, value in enumerate(values, 1) if value is not None and _number(value) is None]
    if bad:
        yield _problem(
            "FT-G012",
            attribute,
            f"{len(bad)} values are not numbers (first in row {bad[0]})",
            "numbers, as the attribute has bins",
        )
    outside = [v for v in values if v is not None and _number(v) is not None and _bin_of(attribute.bins, v) is None]
    if outside:
        yield _problem(
            "FT-G013",
            attribute,
            f"{len(outside)} values fall in no bin (for example {shown(outside[0])})",
            "",
            "widen the first or last bin",
        )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bin_of(bins: tuple[Bin, ...] | None, value: str | None) -> str | None:
    number = None if value is None else _number(value)
    if number is None:
        return None
    for piece in bins or ():
        if (piece.from_ is None or number >= piece.from_) and (piece.to is None or number < piece.to):
            return piece.label
    return None


def _listed(attribute: Attribute, groups: list[str | None]) -> tuple[list[str | None], dict[str, int]]:
    """Put values that the card does not list into one group, if the card says so."""
    if attribute.values is None or attribute.others != "pool":
        return groups, {}
    pooled = Counter(value for value in groups if value is not None and value not in attribute.values)
    return [OTHER_GROUP if value in pooled else value for value in groups], dict(sorted(pooled.items()))


def _presence(attribute: Attribute, groups: Sequence[str | None]) -> Iterator[Problem]:
    counts = Counter(value for value in groups if value is not None)
    declared = (
        attribute.values
        if attribute.values is not None
        else tuple(b.label for b in attribute.bins)
        if attribute.bins
        else None
    )
    if declared is None and len(counts) > MAX_GROUPS and all(_number(v) is not None for v in counts):
        yield _problem("FT-G012", attribute, f"column `{attribute.column}` has {len(counts)} values", "", "give `bins`")
        return
    for value in declared or ():
        if value not in counts:
            yield _problem(
                "FT-G006", attribute, f"expected group `{shown(value)}` has 0 rows", "", "correct `values`, or the data"
            )
    for value, rows in sorted(counts.items()):
        if declared is not None and value not in declared and value != OTHER_GROUP:
            yield _problem(
                "FT-G007",
                attribute,
                f"new value `{shown(value)}` ({plural(rows, 'row')})",
                f"declared: {', '.join(declared[:12])}",
                "add it, or `others: pool`",
            )
    if len(counts) > MAX_GROUPS:
        found = f"{len(counts)} groups, limit {MAX_GROUPS}"
        yield _problem(
            "FT-G015",
            attribute,
            found,
            "every further group makes each comparison weaker",
            "list the groups in `values` and pool the others",
        )


def _missing(attribute: Attribute, rows: int) -> Iterator[Problem]:
    if rows and attribute.missing is None:
        found = f"{_rows(rows)} no value in `{attribute.column}`"
        yield _problem("FT-G001", attribute, found, "", "declare `missing: own_group|exclude|error`")
    if rows and attribute.missing == "error":
        yield _problem(
            "FT-G001",
            attribute,
            f"{_rows(rows)} no value in `{attribute.column}`",
            "the card says `missing: error`",
            "fill them in",
        )


def _rows(count: int) -> str:
    return f"{plural(count, 'row')} {'has' if count == 1 else 'have'}"
