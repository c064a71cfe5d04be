"""Sums over units of what each metric counts: enough for every interval, whatever rows share and however many seeds there are.

For an event (`outcomes/classes.py`) and a group, every unit k has m_k (rows in the denominator, summed over seeds) and x_k
(rows in the numerator). Kept are the number of units and the sums of m, x, m², xm and x²: integers that can be added.
For a paired change x_k is worse minus better. The same is kept for everyone outside the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.column_codes import combined
from fairtransfer.outcomes.classes import EVENTS, WRONG

Counts = NDArray[np.int64]
Numbers = NDArray[Any]
Flags = NDArray[np.bool_]
JOIN = "|"

COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(
        ("benchmark", "stage", "strategy", "budget", "side", "attributes", "group", "event", "class"), pa.string()
    ),
    **dict.fromkeys(("units", "m", "x", "mm", "xm", "xx", "worse", "better"), pa.int64()),
}


@dataclass(frozen=True, slots=True)
class View:
    """One way to group the rows, with what summing by unit and group needs.

    Attributes
    ----------
    part
        For each row the number of its (group, unit) pair.
    group_of, unit_of
        For each pair its group and its unit.
    """

    groups: list[dict[str, str]]
    codes: Counts
    part: Counts
    group_of: Counts
    unit_of: Counts


@dataclass(frozen=True, slots=True)
class Weights:
    """How many items a row of counts stands for, and how much they weigh; numbers per row.

    Attributes
    ----------
    n
        Items.
    sum, squares
        Sums of their weights and of the squares of these; equal to n where every item weighs one.
    alone
        Every item is a unit of its own. Otherwise all items of a row belong to the row's unit.
    """

    n: Counts
    sum: Numbers
    squares: Numbers
    alone: bool


@dataclass(frozen=True, slots=True)
class People:
    """The items of a benchmark, in one fixed order.

    Attributes
    ----------
    truth
        Rows x classes: whether the row has the class.
    units
        A number per row; rows that share a unit have the same one.
    views
        ``attributes -> view``.
    weights
        Where a row stands for several: see `Weights`.
    """

    classes: tuple[str, ...]
    truth: Flags
    units: Counts
    views: dict[tuple[str, ...], View]
    weights: Weights | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of one model, per seed: seeds x rows x classes."""

    chosen: Flags

    @property
    def seeds(self) -> int:
        """How many seeds."""
        return len(self.chosen)


def people(items: pa.Table, classes: Sequence[str], views: Iterable[tuple[str, ...]]) -> People:
    """Return the items as arrays, in the table's order."""
    _, units = np.unique(np.asarray(items["unit"].to_pylist(), dtype=object).astype(str), return_inverse=True)
    numbers = units.astype(np.int64)
    found = {view: view_of(items, view, numbers) for view in views}
    return People(tuple(classes), membership(items["y"].to_pylist(), classes), numbers, found)


def view_of(items: pa.Table, names: tuple[str, ...], units: Counts) -> View:
    """Return how the rows of a table fall into the groups of some attributes."""
    values, numbers = combined(items, names)
    found, codes = np.unique(numbers, return_inverse=True)
    width = int(units.max()) + 1
    pairs, part = np.unique(codes * width + units, return_inverse=True)
    groups = zip(*np.unravel_index(found, [len(here) for here in values]), strict=True) if names else [()] * len(found)
    return View(
        [{name: here[place] for name, here, place in zip(names, values, group, strict=True)} for group in groups],
        codes.astype(np.int64),
        part.astype(np.int64),
        pairs // width,
        pairs % width,
    )


def membership(labels: Sequence[str], classes: Sequence[str]) -> Flags:
    """Return rows x classes: whether the label (or joined labels) of a row holds the class."""
    matrix = np.zeros((len(labels), len(classes)), dtype=bool)
    rank = {name: i for i, name in enumerate(classes)}
    for row, label in enumerate(labels):
        for part in label.split(JOIN):
            if part in rank:
                matrix[row, rank[part]] = True
    return matrix


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    of: str
    den: Counts  # seeds x rows
    num: Counts


def _events(who: People, answers: Answers, names: Iterable[str]) -> Iterator[_Event]:
    chosen, truth = answers.chosen, who.truth
    everyone = np.ones(chosen.shape[:2], dtype=np.int64)
    for name in names:
        if name == WRONG:
            yield _Event(name, "", everyone, (chosen != truth).any(axis=2).astype(np.int64))
            continue
        for j, label in enumerate(who.classes):
            mine, said = np.broadcast_to(truth[:, j], chosen.shape[:2]), chosen[:, :, j]
            den, num = EVENTS[name].counted(mine, said)
            yield _Event(name, label, den.astype(np.int64), num.astype(np.int64))


def level_rows(who: People, answers: Answers, events: Sequence[str], key: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the moments of every event, group and side of one model."""
    for event in _events(who, answers, events):
        den, num = event.den.sum(axis=0), event.num.sum(axis=0)
        yield from _rows(who, den, num, event, key, {})


def change_rows(
    who: People, first: Answers, second: Answers, events: Sequence[str], key: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the moments of every paired change: seed s of the second against seed s of the first (or its only one)."""
    paired = [name for name in events if name == WRONG or EVENTS[name].fixed]
    for old, new in zip(_events(who, first, paired), _events(who, second, paired), strict=True):
        sign = 1 if old.name == WRONG else EVENTS[old.name].worse
        before = np.broadcast_to(old.num, new.num.shape)
        worse = (sign * (new.num - before) > 0).sum(axis=0)
        better = (sign * (new.num - before) < 0).sum(axis=0)
        yield from _rows(who, new.den.sum(axis=0), worse - better, new, key, {"worse": worse, "better": better})


def _rows(
    who: People, den: Counts, num: Counts, event: _Event, key: dict[str, str], extra: dict[str, Counts]
) -> Iterator[dict[str, Any]]:
    for names, view in who.views.items():
        inside, outside = _sums(who, view, den, num)
        discordant = {name: _add(view.codes, values, len(view.groups)) for name, values in extra.items()}
        for side, table in (("group", inside), ("rest", outside))[: 2 if names else 1]:
            for number, group in enumerate(view.groups):
                yield {
                    **key,
                    "side": side,
                    "attributes": "*".join(names),
                    "group": canonical(group).decode(),
                    "event": event.name,
                    "class": event.of,
                    **dict(zip(("units", "m", "x", "mm", "xm", "xx"), table[number].tolist(), strict=True)),
                    **{
                        name: int(discordant[name][number]) if side == "group" and name in discordant else 0
                        for name in ("worse", "better")
                    },
                }


def _sums(who: People, view: View, den: Counts, num: Counts) -> tuple[Numbers, Numbers]:
    weights = who.weights
    if weights is None:
        return _unit_sums(view, who.units, den, num)
    if not weights.alone:
        return _unit_sums(view, who.units, weights.sum * den, weights.sum * num)
    columns = ((den > 0) * weights.n, weights.sum * den, weights.sum * num)
    squares = (weights.squares * den * den, weights.squares * num * den, weights.squares * num * num)
    inside = np.stack([_add(view.codes, values, len(view.groups)) for values in (*columns, *squares)], axis=1)
    return inside, inside.sum(axis=0) - inside


def _unit_sums(view: View, units: Counts, den: Numbers, num: Numbers) -> tuple[Numbers, Numbers]:
    """Return groups x (units, m, x, mm, xm, xx) inside each group and, by subtraction unit for unit, outside it.

    A unit may have rows in several groups; outside one of them its sums are its total minus its part inside.
    """
    groups, parts, everyone = len(view.groups), len(view.group_of), int(units.max()) + 1
    m, x = _add(view.part, den, parts), _add(view.part, num, parts)
    total_m, total_x = _add(units, den, everyone), _add(units, num, everyone)
    unit_m, unit_x = total_m[view.unit_of], total_x[view.unit_of]
    inside = _squares(view.group_of, m, x, groups)
    total = _squares(np.zeros(everyone, dtype=np.int64), total_m, total_x, 1)
    # Units with a part inside: their whole contribution is replaced by what is left of it outside.
    outside = (
        total
        - _squares(view.group_of, unit_m, unit_x, groups)
        + _squares(view.group_of, unit_m - m, unit_x - x, groups)
    )
    return inside, outside


def _squares(group: Counts, m: Numbers, x: Numbers, groups: int) -> Numbers:
    present = (m > 0).astype(np.int64)
    return np.stack([_add(group, values, groups) for values in (present, m, x, m * m, x * m, x * x)], axis=1)


def _add(index: Counts, values: Numbers, size: int) -> Numbers:
    """Return sums by index. They are made in float64, which is exact for the counts that occur (below 2**53)."""
    sums = np.bincount(index, weights=values, minlength=size)
    return np.rint(sums).astype(np.int64) if np.issubdtype(np.asarray(values).dtype, np.integer) else sums


def moments_table(rows: Iterable[dict[str, Any]], number: pa.DataType | None = None) -> pa.Table:
    """Return moments as a table, sorted; the sums are whole numbers unless another type is asked for."""
    types = {name: kind if kind == pa.string() or number is None else number for name, kind in COLUMNS.items()}
    table = pa.Table.from_pylist(list(rows), schema=pa.schema(list(types.items())))
    return table.sort_by([(name, "ascending") for name, kind in COLUMNS.items() if kind == pa.string()])
