"""The two sides of an audit: what the model is adapted on, and what it is judged on, with nothing on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtransfer.data import splits
from fairtransfer.data.benchmark import LABEL_JOIN, Benchmark, place
from fairtransfer.data.duplicates import Twins, find_twins, leak_report
from fairtransfer.data.inputs import Inputs
from fairtransfer.data.items import Column, picked
from fairtransfer.data.ledger import Ledger, by_group
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.spec.card_splits import Duplicates, MadeSplits, SplitShares
from fairtransfer.spec.label_map import LabelMap
from fairtransfer.spec.names import UNKNOWN_GROUP

VALIDATION_SHARE = 0.2
"""Taken from the training rows, by unit, when a card has no validation split."""


@dataclass(frozen=True)
class Part:
    """Some rows, in the order of their ids.

    Attributes
    ----------
    y
        The class of each row after the audit's label map; classes joined by `|` for multilabel.
    groups
        One column per attribute, same order.
    """

    ids: tuple[str, ...]
    y: tuple[str, ...]
    units: tuple[str, ...]
    groups: Mapping[str, Column]
    inputs: Inputs

    def __len__(self) -> int:
        return len(self.ids)

    def membership(self, by: Sequence[str]) -> tuple[str, ...]:
        """Return the group of every row; `unknown` where any of the attributes is not recorded."""
        columns = [self.groups[name] for name in by]
        return tuple(_group(by, values) for values in zip(*columns, strict=True))

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> Part:
        """Return the rows at these positions."""
        chosen = list(map(int, positions))
        ids, y, units = (picked(column, chosen) for column in (self.ids, self.y, self.units))
        groups = {name: picked(column, chosen) for name, column in self.groups.items()}
        return Part(ids, y, units, groups, self.inputs.take(chosen))


def _group(by: Sequence[str], values: tuple[Any, ...]) -> str:
    if UNKNOWN_GROUP in values:
        return UNKNOWN_GROUP
    return str(values[0]) if len(by) == 1 else " & ".join(f"{n}={v}" for n, v in zip(by, values, strict=True))


@dataclass(frozen=True)
class AdaptationData:
    """Training and validation rows, after everything that stands again in a benchmark was taken out."""

    multilabel: bool
    train: Part
    val: Part
    ledger: Ledger
    numeric: bool = False


@dataclass(frozen=True)
class EvaluationData:
    """The rows of one benchmark the model is judged on; no leaks are known where nothing is adapted here."""

    benchmark: Benchmark
    part: Part
    ledger: Ledger
    leaks: dict[str, Any] | None


def map_labels(y: Sequence[str], labels: LabelMap | None) -> tuple[str, ...]:
    """Apply an audit's label map; the first class that one of a row's labels belongs to wins, `rest` takes what is left."""
    if labels is None:
        return tuple(y)
    rest = next((name for name, sources in labels.items() if sources == "rest"), "")
    listed = [(name, frozenset(sources)) for name, sources in labels.items() if sources != "rest"]

    def one(value: str) -> str:
        parts = value.split(LABEL_JOIN)
        return next((name for name, sources in listed if not sources.isdisjoint(parts)), rest)

    return tuple(map(one, y))


def of_several(y: Sequence[str], labels: LabelMap | None) -> list[int]:
    """Return the rows whose labels belong to several classes of a map."""
    if labels is None:
        return []
    listed = [frozenset(sources) for sources in labels.values() if sources != "rest"]
    known = frozenset().union(*listed)

    def classes(value: str) -> int:
        parts = value.split(LABEL_JOIN)
        return sum(not sources.isdisjoint(parts) for sources in listed) + (not known.issuperset(parts))

    return [i for i, value in enumerate(y) if LABEL_JOIN in value and classes(value) > 1]


def part_of(benchmark: Benchmark, positions: NDArray[np.int64], labels: LabelMap | None) -> Part:
    """Return some of a benchmark's rows, with their labels mapped."""
    rows = benchmark.items.take(positions)
    return Part(rows.ids, map_labels(rows.y, labels), rows.units, rows.groups, benchmark.inputs.take(positions))


def judged_part(benchmark: Benchmark, labels: LabelMap | None) -> Part:
    """Return the rows a model is judged on."""
    return part_of(benchmark, benchmark.judged(), labels)


def adaptation_parts(benchmark: Benchmark, split: str, labels: LabelMap | None) -> tuple[Part, Part]:
    """Return training and validation rows; without a validation split, one fifth of the training units is set apart."""
    wanted = splits.SPLITS if split == "all" else (split,)
    train = part_of(
        benchmark,
        benchmark.positions(*wanted) if benchmark.card.splits != "none" else np.arange(len(benchmark.items)),
        labels,
    )
    val = part_of(benchmark, benchmark.positions("val"), labels) if split == "train" else train.take([])
    if len(val):
        return train, val
    share = SplitShares(seed=0, train=1 - VALIDATION_SHARE, val=VALIDATION_SHARE)
    strata = splits.strata(train.y) if benchmark.numeric else train.y
    side = np.array(splits.made(MadeSplits(make=share), train.units, strata))
    return train.take(np.flatnonzero(side == "train")), train.take(np.flatnonzero(side == "val"))


def judged_alone(benchmark: Benchmark, labels: LabelMap | None) -> EvaluationData:
    """Return the judged side of a benchmark of which nobody knows what the models learned from."""
    part = judged_part(benchmark, labels)
    return EvaluationData(benchmark, part, _judged_ledger(benchmark, part, labels), None)


def separate(
    source: Benchmark, split: str, labels: LabelMap | None, judged: Sequence[tuple[Benchmark, LabelMap | None]]
) -> tuple[AdaptationData, tuple[EvaluationData, ...]]:
    """Return both sides of an audit, with leaks found, counted and, where the card says so, taken out of the adaptation side.

    A row of train that stands again in validation is taken out of train in any case.
    """
    train, val = adaptation_parts(source, split, labels)
    sides: list[EvaluationData] = []
    lost: dict[str, list[str]] = {}
    for benchmark, mapping in judged:
        part = judged_part(benchmark, mapping)
        train, val, leaks, dropped = _without_twins(train, val, part, benchmark)
        for reason, ids in dropped.items():
            lost.setdefault(reason, []).extend(ids)
        sides.append(EvaluationData(benchmark, part, _judged_ledger(benchmark, part, mapping), leaks))
    inner = find_twins(train.inputs, val.inputs, near=False, threshold=1.0)
    lost["same input in validation"] = [train.ids[i] for i in np.flatnonzero(inner.exact)]
    train = train.take(np.flatnonzero(~inner.exact))
    gone = {*train.ids, *val.ids}.union(*lost.values())
    lost["not in the adaptation splits"] = [item for item in source.items.ids if item not in gone]
    ledger = _ledger_of(source, lost, labels, train, val).noting({"train": len(train), "validation": len(val)})
    return AdaptationData(source.multilabel and labels is None, train, val, ledger, source.numeric), tuple(sides)


def _judged_ledger(benchmark: Benchmark, part: Part, labels: LabelMap | None) -> Ledger:
    kept = set(part.ids)
    outside = [item for item in benchmark.items.ids if item not in kept]
    return _ledger_of(benchmark, {"not in the test split": outside}, labels, part)


def _ledger_of(
    benchmark: Benchmark, lost: Mapping[str, Sequence[str]], labels: LabelMap | None, *parts: Part
) -> Ledger:
    """Return where the rows of a card went that is used in these parts: its notes are of the rows that are used.

    Parameters
    ----------
    lost
        Reason -> ids of the rows that left after the card was opened.
    """
    items, place = benchmark.items, {item: i for i, item in enumerate(benchmark.items.ids)}
    used = {place[item] for part in parts for item in part.ids}
    rows = {what: [place[item] for item in ids] for what, ids in lost.items()}
    noticed = {
        what: [i for item in ids if (i := place.get(item, -1)) in used] for what, ids in benchmark.noticed.items()
    }
    if several := [i for i in of_several(items.y, labels) if i in used]:
        noticed["labels of several classes of the map, read as the first"] = several
    groups = {what: by_group(items.groups, told) for what, told in {**rows, **noticed}.items()}
    of_files = {what: n for what, n in benchmark.ledger.notes.items() if what not in benchmark.noticed}
    reasons = {what: of for what, of in benchmark.ledger.groups.items() if what in benchmark.ledger.excluded}
    ledger = Ledger(benchmark.ledger.n_in, benchmark.ledger.excluded, {}, reasons)
    notes = {**of_files, **{what: len(told) for what, told in noticed.items()}}
    return ledger.without({what: len(told) for what, told in rows.items()}, groups).noting(notes, groups)


@dataclass(frozen=True)
class _Sifted:
    """One part of the adaptation side, without what the benchmark's card takes out."""

    kept: Part
    twins: Twins
    dropped: NDArray[np.bool_]
    residual: NDArray[np.bool_]
    """Judged rows that still have a twin in `kept`."""


def _sift(side: Part, judged: Part, rule: Duplicates) -> _Sifted:
    near = rule.near != "off"
    twins = find_twins(side.inputs, judged.inputs, near=near, threshold=rule.near_threshold)
    dropped = np.zeros(len(side), dtype=bool)
    if rule.across_splits == "drop":
        dropped |= twins.exact
    if rule.near == "drop":
        dropped |= twins.near
    kept = side.take(np.flatnonzero(~dropped))
    if not dropped.any():
        residual = twins.right_hit
    elif dropped[twins.exact | twins.near].all():
        residual = np.zeros(len(judged), dtype=bool)
    else:
        residual = find_twins(kept.inputs, judged.inputs, near=near, threshold=rule.near_threshold).right_hit
    return _Sifted(kept, twins, dropped, residual)


def _without_twins(
    train: Part, val: Part, judged: Part, benchmark: Benchmark
) -> tuple[Part, Part, dict[str, Any], dict[str, list[str]]]:
    rule, name = benchmark.card.duplicates, benchmark.card.id
    sifted = {"train": _sift(train, judged, rule), "validation": _sift(val, judged, rule)}
    exact = sum(int(part.twins.exact.sum()) for part in sifted.values())
    if rule.across_splits == "fail" and exact:
        share = f"{100 * exact / max(len(train) + len(val), 1):.1f}%"
        found = f"exact duplicates across splits: {exact:,} ({share} of the adaptation rows stand in `{name}`)"
        problem = Problem("FT-D020", found, "the card says `across_splits: fail`", "remove them", path="duplicates")
        raise DefinitionError([place(benchmark.loaded, problem)])
    lost: dict[str, list[str]] = {f"same input in {name}": [], f"nearly the same input in {name}": []}
    for ids, part in zip((train.ids, val.ids), sifted.values(), strict=True):
        for reason, flags in zip(lost, (part.twins.exact, part.twins.near), strict=True):
            lost[reason] += [ids[i] for i in np.flatnonzero(flags & part.dropped)]
    residual = int((sifted["train"].residual | sifted["validation"].residual).sum())
    report = leak_report({key: part.twins for key, part in sifted.items()}, len(judged), residual, rule.tolerated)
    return sifted["train"].kept, sifted["validation"].kept, report, lost
