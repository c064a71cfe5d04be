"""From a counted table of predictions to the joint counts and moments that findings are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from fairtransfer.evidence.canonical import canonical
from fairtransfer.evidence.moments import (
    JOIN,
    Answers,
    Numbers,
    People,
    Weights,
    change_rows,
    level_rows,
    membership,
    moments_table,
    view_of,
)
from fairtransfer.evidence.table.count import Counted

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


def moments_of(counted: Counted, model: str, views: Sequence[tuple[str, ...]], events: Sequence[str]) -> pa.Table:
    """Return the moments of both models and of the change between them."""
    who = _people(counted, views)
    before, after = (
        Answers(membership(counted.cells[side].to_pylist(), counted.classes)[None]) for side in ("before", "after")
    )
    if not counted.multilabel:
        before, after = _whole(counted, "before", before), _whole(counted, "after", after)

    def key(stage: str, of: str) -> dict[str, str]:
        return {"benchmark": BENCHMARK, "stage": stage, "strategy": of, "budget": ""}

    rows = [
        *level_rows(who, before, events, key("before", "")),
        *level_rows(who, after, events, key("after", model)),
        *change_rows(who, before, after, events, key("change", model)),
    ]
    return moments_table(rows, pa.float64() if "w" in counted.cells.column_names else None)


def _whole(counted: Counted, side: str, answers: Answers) -> Answers:
    """Return the answers without those that are no label: they hold no class, even where a part of them is one."""
    known = set(counted.classes)
    mask = np.array([answer in known for answer in counted.cells[side].to_pylist()], dtype=bool)
    return Answers(answers.chosen & mask[None, :, None])


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


def _people(counted: Counted, views: Sequence[tuple[str, ...]]) -> People:
    cells = counted.cells
    alone = "unit" not in cells.column_names
    units = np.arange(cells.num_rows) if alone else np.unique(cells["unit"].to_numpy(), return_inverse=True)[1]
    n = cells["n"].to_numpy().astype(np.int64)
    weighted = "w" in cells.column_names
    one: Numbers = cells["w"].to_numpy() if weighted else n
    two: Numbers = cells["ww"].to_numpy() if weighted else n
    named = pa.table({"": cells["y"], **{name: cells[f"g_{name}"] for name in counted.attributes}})
    found = {view: view_of(named, view, units.astype(np.int64)) for view in [(), *views]}
    truth = membership(cells["y"].to_pylist(), counted.classes)
    return People(counted.classes, truth, units.astype(np.int64), found, Weights(n, one, two, alone))
