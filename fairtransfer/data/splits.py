"""Splits by unit: no person, document or template stands on both sides. Given by the data, or made here from a seed."""

from __future__ import annotations

import bisect
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from fairtransfer.errors import Problem, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card_splits import GivenSplits, MadeSplits, SplitShares

SPLITS = ("train", "val", "test")
STRATA = 10
"""Ranges of a label that is a number, each with as many rows: splits and label budgets hold them in proportion."""

OUTSIDE = ""
"""The split of rows that the card puts into none of the three."""


def given(splits: GivenSplits, column: Sequence[str | None]) -> tuple[list[str], list[Problem]]:
    """Return the split of every row by the card's table of names."""
    names = {value: split for split in SPLITS for value in getattr(splits, split)}
    unknown = Counter(value for value in column if value not in names and value is not None)
    problems = [
        _problem(
            "FT-D026",
            f"unknown split `{shown(value)}` ({plural(rows, 'row')})",
            f"allowed: {', '.join(names)}",
            "name it in the card",
        )
        for value, rows in sorted(unknown.items())
    ]
    if blank := sum(value is None for value in column):
        problems.append(_problem("FT-D026", f"{plural(blank, 'row')} without a split", f"allowed: {', '.join(names)}"))
    found = [names.get(value or "", OUTSIDE) for value in column]
    empty = [split for split in SPLITS if getattr(splits, split) and split not in found]
    problems += [_problem("FT-D027", f"`{split}` has 0 rows") for split in empty]
    return found, problems


def strata(y: Sequence[str]) -> list[str]:
    """Return the stratum of every row whose label is a number (its text, or nothing): one tenth of the rows each.

    Rows with the same number share a stratum.
    """
    known = sorted(float(value) for value in y if value)
    return [str(bisect.bisect_left(known, float(value)) * STRATA // len(known)) if value else "" for value in y]


def made(splits: MadeSplits, units: Sequence[str], strata: Sequence[str]) -> list[str]:
    """Return the split of every row, decided by a digest of its unit, in the shares asked for within each stratum.

    Units are taken stratum by stratum in the order of a seeded digest; each goes to the split that is furthest behind its
    share. The result depends on the seed and the units alone, never on the order of rows.
    """
    stratum_of: dict[str, str] = {}
    for unit, stratum in sorted(zip(units, strata, strict=True)):
        stratum_of.setdefault(unit, stratum)
    order = sorted(stratum_of, key=lambda unit: (stratum_of[unit], _digest(splits.make.seed, unit)))
    chosen = dict(zip(order, _apportion(splits.make, len(order)), strict=True))
    return [chosen[unit] for unit in units]


def _digest(seed: int, unit: str) -> bytes:
    return hashlib.sha256(f"{seed}|{unit}".encode()).digest()


def _apportion(shares: SplitShares, n: int) -> Iterator[str]:
    wanted = {split: getattr(shares, split) for split in SPLITS if getattr(shares, split) > 0}
    got = dict.fromkeys(wanted, 0)
    for position in range(1, n + 1):
        furthest = max(wanted, key=lambda split: wanted[split] * position - got[split])
        got[furthest] += 1
        yield furthest


def straddling(units: Sequence[str], splits: Sequence[str]) -> list[str]:
    """Return the units that have rows in more than one split."""
    seen: dict[str, set[str]] = defaultdict(set)
    for unit, split in zip(units, splits, strict=True):
        if split != OUTSIDE:
            seen[unit].add(split)
    return sorted(unit for unit, found in seen.items() if len(found) > 1)


def _problem(code: str, found: str, allowed: str = "", do: str = "") -> Problem:
    return Problem(code, found, allowed, do, path="splits")
