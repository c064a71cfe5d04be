"""Sums over units of what each case adds: enough for every interval, whatever rows share and however many seeds there are.

A case adds a weight m and a value x: of an event of classes whether it is in the denominator and in the numerator, of a
loss of probabilities one and the loss. Kept for every group, and for everyone outside it, are the cases, the units, and
sums over units. One shape of rows for all of it, whether answers come from the jobs of a run or from a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.unit_sums import SECOND, UNITS, Product, Sides, add, over_cases, over_units
from fairtransfer.evidence.views import Cases, Flags, Names, Numbers, People, View
from fairtransfer.outcomes.classes import EVENTS, WRONG

KEYS = ("benchmark", "stage", "strategy", "budget", "side", "attributes", "group", "adds", "class")

_OF_EVENTS = ("xm", "xx")
_BEFORE = ("m_before", "x_before", "mm_before", "xm_before", "xx_before")
_BOTH = ("mm_both", "mx_both", "xm_both", "xx_both")
_OF_VALUES = ("squares", "spread", "cubes")

COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(KEYS, pa.string()),
    **dict.fromkeys(("seed", "n", "positives", "units"), pa.int64()),
    **dict.fromkeys(("m", "x", "mm", *_OF_EVENTS, *_BEFORE, *_BOTH, *_OF_VALUES, "low", "high"), pa.float64()),
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClassAnswers:
    """Answers of one model, per seed: seeds x rows x classes."""

    chosen: Flags


@dataclass(frozen=True, slots=True)
class _Counted:
    """An event, counted row by row: seeds x rows."""

    name: str
    of: str
    den: Numbers
    num: Numbers


def _events(who: People, answers: ClassAnswers, names: Iterable[str]) -> Iterator[_Counted]:
    chosen, truth = answers.chosen, who.truth
    everyone = np.ones(chosen.shape[:2], dtype=np.int64)
    for name in names:
        if name == WRONG:
            yield _Counted(name, "", everyone, (chosen != truth).any(axis=2).astype(np.int64))
            continue
        for j, label in enumerate(who.classes):
            den, num = EVENTS[name].counted(np.broadcast_to(truth[:, j], chosen.shape[:2]), chosen[:, :, j])
            yield _Counted(name, label, den.astype(np.int64), num.astype(np.int64))


_LEVEL = dict(zip(("units", "m", "x", "mm", "xm", "xx"), SECOND, strict=True))

_CHANGE: dict[str, Product] = {
    **_LEVEL,
    **dict(zip(_BEFORE, (("m0",), ("x0",), ("m0", "m0"), ("m0", "x0"), ("x0", "x0")), strict=True)),
    **dict(zip(_BOTH, (("m", "m0"), ("m", "x0"), ("x", "m0"), ("x", "x0")), strict=True)),
}
"""Of an event whose denominator moves with the model: sums of both models, and of their products."""


def level_rows(who: People, answers: ClassAnswers, events: Sequence[str], key: Mapping[str, str]) -> Iterator[Row]:
    """Yield the sums of every event, group and side of one model."""
    for event in _events(who, answers, events):
        columns = {"m": event.den.sum(axis=0), "x": event.num.sum(axis=0)}
        yield from _event_rows(who.cases, columns, _LEVEL, {**key, "adds": event.name, "class": event.of})


def change_rows(
    who: People, first: ClassAnswers, second: ClassAnswers, events: Sequence[str], key: Mapping[str, str]
) -> Iterator[Row]:
    """Yield the sums of every change: seed s of the second model against seed s of the first (or its only one).

    Where both share the denominator, x is worse minus better. Where it moves with the model, both models' sums are told, and
    how they vary together.
    """
    for old, new in zip(_events(who, first, events), _events(who, second, events), strict=True):
        about = {**key, "adds": new.name, "class": new.of}
        before = np.broadcast_to(old.num, new.num.shape)
        if new.name == WRONG or EVENTS[new.name].fixed:
            sign = 1 if new.name == WRONG else EVENTS[new.name].worse
            columns = {"m": new.den.sum(axis=0), "x": sign * (new.num - before).sum(axis=0)}
            yield from _event_rows(who.cases, columns, _LEVEL, about)
            continue
        sides = {"m": new.den, "x": new.num, "m0": np.broadcast_to(old.den, new.den.shape), "x0": before}
        columns = {name: values.sum(axis=0) for name, values in sides.items()}
        yield from _event_rows(who.cases, columns, _CHANGE, about)


def _event_rows(
    cases: Cases, columns: Mapping[str, Numbers], wanted: Mapping[str, Product], key: Mapping[str, str]
) -> Iterator[Row]:
    present = np.any([columns[name] > 0 for name in columns if name.startswith("m")], axis=0)
    for names, view in cases.views.items():
        found = _products(cases, view, columns, list(wanted.values()))
        n = add(view.codes, cases.n * present, len(view.groups))
        for side, sums, count in zip(("group", "rest"), found, (n, n.sum() - n), strict=True):
            if names or side == "group":
                told = {"n": count, **{name: sums[product] for name, product in wanted.items()}}
                yield from rows_of(names, view, told, {**key, "side": side})


def _products(cases: Cases, view: View, columns: Mapping[str, Numbers], wanted: Sequence[Product]) -> Sides:
    if not cases.alone:
        weighed = {name: cases.weight(1) * values for name, values in columns.items()}
        return over_units(view, cases.units, weighed, wanted)
    rows = {product: cases.weight(len(product)) * _times(columns, product) for product in wanted if product}
    return over_cases(view, {**rows, UNITS: cases.n * (columns["m"] > 0)})


def _times(columns: Mapping[str, Numbers], product: Product) -> Numbers:
    return np.asarray(np.prod([columns[name] for name in product], axis=0))


def rows_of(names: Names, view: View, sums: Mapping[str, Numbers], key: Mapping[str, Any]) -> Iterator[Row]:
    """Yield one row for every group of a view; what is not finite is missing."""
    for number, group in enumerate(view.groups):
        told = {name: _plain(name, values[number]) for name, values in sums.items()}
        yield {**key, "attributes": "*".join(names), "group": canonical(group).decode(), **told}


def _plain(name: str, value: Any) -> int | float | None:
    if not np.isfinite(value):
        return None
    return round(float(value)) if COLUMNS[name] == pa.int64() else float(value)


def sums_table(rows: Iterable[Row]) -> pa.Table:
    """Return rows as a table, sorted; what a row does not have is missing."""
    return table_of(rows, COLUMNS, KEYS)


def table_of(rows: Iterable[Row], columns: Mapping[str, pa.DataType], keys: Sequence[str]) -> pa.Table:
    """Return rows as a table of these columns, sorted by their keys and then by seed."""
    schema, listed = pa.schema(list(columns.items())), list(rows)
    if not listed:
        return schema.empty_table()  # reading and judging a run need no pandas, which `from_pylist` imports
    table = pa.Table.from_pylist(listed, schema=schema)
    return table.sort_by([(name, "ascending") for name in (*keys, "seed")])
