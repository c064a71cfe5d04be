"""From a counted table of predictions to joint counts, sums and rankings in the form in which a run keeps them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.number_rows import change_numbers, level_numbers
from fairtransfer.evidence.rankings import rankings_table
from fairtransfer.evidence.sums import ClassAnswers, Row, change_rows, level_rows, sums_table
from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.table.scores import ScoreQuery, bin_rows, loss_rows, ranking_changes
from fairtransfer.evidence.table.values import sums_of_values
from fairtransfer.evidence.table.weighed_errors import sums_of_errors
from fairtransfer.evidence.views import JOIN, Cases, Names, People, membership, view_of
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.questions import Question
from fairtransfer.stats.number_errors import BEFORE

BENCHMARK = "table"
"""A table of predictions is one benchmark; the model is named after its column."""


def cells_of(counted: Counted, model: str) -> pa.Table:
    """Return the joint counts in the form a run keeps them; with weights their sum is the column `w`."""
    cells = _known_answers(counted)
    names = [f"g_{name}" for name in counted.attributes]
    keys = list(zip(*(cells[name].to_pylist() for name in names), strict=True)) if names else [()] * cells.num_rows
    written = {key: canonical(dict(zip(counted.attributes, key, strict=True))).decode() for key in set(keys)}
    constant = {"benchmark": BENCHMARK, "stage": "change", "strategy": model, "budget": ""}
    table = pa.table(
        {
            **{name: pa.array([value] * cells.num_rows, pa.string()) for name, value in constant.items()},
            "seed": pa.array([0] * cells.num_rows, pa.int64()),
            "group": pa.array([written[key] for key in keys], pa.string()),
            **{new: cells[old] for new, old in (("y", "y"), ("pred_before", "before"), ("pred_after", "after"))},
            **{name: cells[name] for name in ("n", "w") if name in cells.column_names},
        }
    )
    sums = [(name, "sum") for name in ("n", "w") if name in table.column_names]
    by = [name for name in table.column_names if name not in ("n", "w")]
    summed = table.group_by(by).aggregate(sums)
    return summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What is asked of a counted table.

    Attributes
    ----------
    model, before
        What both models are called; `before` is None where there is one only.
    events
        What is counted of classes.
    scores, numbers, values
        What is asked of scores, which metrics of predicted numbers, and which of numbers of one's own.
    compared
        Views whose rankings are compared with everyone else's.
    """

    model: str
    before: str | None
    views: Sequence[Names]
    events: Sequence[str]
    scores: Sequence[Question] = ()
    numbers: Sequence[str] = ()
    values: Sequence[str] = ()
    compared: AbstractSet[Names] = frozenset()

    @property
    def keys(self) -> dict[str, dict[str, str]]:
        """Stage -> what its rows begin with."""
        named = {"after": self.model, "before": "", "change": self.model}
        return {stage: _key(stage, name) for stage, name in named.items()}


def _key(stage: str, of: str) -> dict[str, str]:
    return {"benchmark": BENCHMARK, "stage": stage, "strategy": of, "budget": ""}


def sums_of(counted: Counted, asked: TableQuery) -> pa.Table:
    """Return what every case adds, summed up: of both models and of the change between them."""
    if counted.weighed is not None:
        rows = sums_of_errors(counted.weighed, counted.attributes, asked.views, asked.keys, asked.numbers)
        return sums_table(rows)
    if counted.numbers is not None:
        return sums_table(_number_sums(counted, asked))
    return sums_table([*_class_sums(counted, asked), *_loss_sums(counted, asked), *_value_sums(counted, asked)])


def rankings_of(counted: Counted, asked: TableQuery) -> pa.Table:
    """Return how the scores of both models rank and are calibrated, and how the rankings changed."""
    rows: list[Row] = []
    for (stage, key), (of, tables) in itertools.product(asked.keys.items(), counted.scores.items()):
        if (questions := _about(asked, of)) and stage in tables:
            about = ScoreQuery(counted.attributes, asked.views, questions, key, asked.compared)
            rows += (ranking_changes if stage == "change" else bin_rows)(tables[stage], about)
    return rankings_table(rows)


def _class_sums(counted: Counted, asked: TableQuery) -> Iterator[Row]:
    who = _people(counted, asked.views)
    before, after = (
        ClassAnswers(membership(counted.cells[side].to_pylist(), counted.classes)[None]) for side in ("before", "after")
    )
    if not counted.multilabel:
        before, after = _whole(counted, "before", before), _whole(counted, "after", after)
    keys = asked.keys
    yield from level_rows(who, before, asked.events, keys["before"])
    yield from level_rows(who, after, asked.events, keys["after"])
    yield from change_rows(who, before, after, asked.events, keys["change"])


def _loss_sums(counted: Counted, asked: TableQuery) -> Iterator[Row]:
    for (stage, key), (of, tables) in itertools.product(asked.keys.items(), counted.scores.items()):
        both = "no_before" in tables["sums"].column_names
        if (questions := _about(asked, of)) and (both or stage == "after"):
            about = ScoreQuery(counted.attributes, asked.views, questions, key)
            yield from loss_rows(tables["sums"], about)


def _about(asked: TableQuery, of: str) -> list[Question]:
    """Return what is asked of the scores of a class, or (empty) of all classes at once."""
    return [(metric, meant) for metric, meant in asked.scores if (meant or "") == of]


def _value_sums(counted: Counted, asked: TableQuery) -> Iterator[Row]:
    for adds in dict.fromkeys(metric_named(name).adds for name in asked.values):
        assert counted.values is not None, "asked of tables with values"
        yield from sums_of_values(counted.values, counted.attributes, asked.views, asked.keys, adds)


def _number_sums(counted: Counted, asked: TableQuery) -> Iterator[Row]:
    source, keys = counted.numbers, asked.keys
    once: dict[int | None, str] = {None: ""}
    assert source is not None, "asked of tables of numbers"
    yield from level_numbers(source, asked.views, asked.numbers, keys["after"], once)
    if asked.before is not None:
        yield from level_numbers(source, asked.views, asked.numbers, keys["before"], once, BEFORE)
        yield from change_numbers(source, asked.views, asked.numbers, keys["change"], once)


def _whole(counted: Counted, side: str, answers: ClassAnswers) -> ClassAnswers:
    """Return the answers without those that are no label: they hold no class, even where a part of them is one."""
    known = set(counted.classes)
    mask = np.array([answer in known for answer in counted.cells[side].to_pylist()], dtype=bool)
    return ClassAnswers(answers.chosen & mask[None, :, None])


def _known_answers(counted: Counted) -> pa.Table:
    """Return the cells with every answer that is no label written as the empty answer."""
    known = set(counted.classes)
    cells = counted.cells
    for side in ("before", "after"):
        answers = [
            a if set(a.split(JOIN) if counted.multilabel else [a]) <= known else "" for a in cells[side].to_pylist()
        ]
        cells = cells.set_column(cells.column_names.index(side), side, pa.array(answers, pa.string()))
    return cells


def _people(counted: Counted, views: Sequence[Names]) -> People:
    cells = counted.cells
    alone = "unit" not in cells.column_names
    units = np.arange(cells.num_rows) if alone else np.unique(cells["unit"].to_numpy(), return_inverse=True)[1]
    n, numbers = cells["n"].to_numpy().astype(np.int64), units.astype(np.int64)
    weights = None
    if "w" in cells.column_names:
        one, two = cells["w"].to_numpy(), cells["ww"].to_numpy()
        weights = one, two, np.full(len(n), np.nan)  # cubes are of values, which cells of classes have none of
    named = pa.table({"": cells["y"], **{name: cells[f"g_{name}"] for name in counted.attributes}})
    found = {view: view_of(named, view, numbers) for view in [(), *views]}
    truth = membership(cells["y"].to_pylist(), counted.classes)
    return People(counted.classes, truth, Cases(found, n, numbers, alone, weights))
