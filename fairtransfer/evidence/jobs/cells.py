"""Joint counts: how many people of each group had which answer before and after. One GROUP BY, at any scale.

The expression is written once, in ibis; DuckDB runs it here. Rows are joined by item id, never by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import canonical

KEYS = ("benchmark", "stage", "strategy", "budget", "seed")
SCHEMA = pa.schema(
    [(name, pa.string()) for name in KEYS[:-1]]
    + [("seed", pa.int64())]
    + [(name, pa.string()) for name in ("group", "y", "pred_before", "pred_after")]
    + [("n", pa.int64())]
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sets of predictions of the same items.

    Attributes
    ----------
    stage
        ``change`` (first is before, second after) or ``gain`` (first is the model trained from scratch).
    first, second
        Numbers of the two models in the list of predictions.
    """

    stage: str
    strategy: str
    budget: str
    seed: int
    first: int
    second: int


def joint_counts(
    benchmark: str, items: pa.Table, attributes: Sequence[str], predictions: Sequence[pa.Table], pairs: Sequence[Pair]
) -> pa.Table:
    """Return the joint counts of every pair.

    Parameters
    ----------
    items
        ``item``, ``y`` and one column per attribute.
    predictions
        One table per model, with ``item``, ``y`` and ``pred``.

    Returns
    -------
    Table with the columns of `SCHEMA`; ``group`` is canonical JSON of attribute to value. Sorted.

    Raises
    ------
    IntegrityError
        When predictions are missing, repeated, unknown, or made for other labels.
    """
    for table in predictions:
        _check(benchmark, items, table)
    if not pairs:
        return SCHEMA.empty_table()
    rows = [
        _row(benchmark, pairs[row["pair"]], attributes, row)
        for row in _count(items, attributes, predictions, pairs).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA).sort_by(
        [(name, "ascending") for name in SCHEMA.names if name != "n"]
    )


def _row(benchmark: str, pair: Pair, attributes: Sequence[str], counted: dict[str, Any]) -> dict[str, Any]:
    group = canonical({name: counted[f"g_{name}"] for name in attributes}).decode()
    key = {
        "benchmark": benchmark,
        "stage": pair.stage,
        "strategy": pair.strategy,
        "budget": pair.budget,
        "seed": pair.seed,
    }
    return {**key, "group": group, **{name: counted[name] for name in ("y", "pred_before", "pred_after", "n")}}


def _count(
    items: pa.Table, attributes: Sequence[str], predictions: Sequence[pa.Table], pairs: Sequence[Pair]
) -> pa.Table:
    """Return ``pair, g_<attribute>..., y, pred_before, pred_after, n``."""
    import ibis

    people = ibis.memtable(
        items.select(["item", "y", *attributes]).rename_columns(["item", "y", *(f"g_{name}" for name in attributes)])
    )
    numbered = [
        table.select(["item", "pred"]).append_column("model", pa.array([i] * table.num_rows, pa.int32()))
        for i, table in enumerate(predictions)
    ]
    answers = ibis.memtable(pa.concat_tables(numbered))
    numbers = pa.array(range(len(pairs)), pa.int32())
    models = {name: pa.array([getattr(p, name) for p in pairs], pa.int32()) for name in ("first", "second")}
    asked = ibis.memtable(pa.table({"pair": numbers, **models}))
    before = answers.select(first=answers.model, item=answers.item, pred_before=answers.pred)
    after = answers.select(second=answers.model, item=answers.item, pred_after=answers.pred)
    joined = asked.join(before, "first").join(after, ["second", "item"]).join(people, "item")
    counted = joined.group_by(
        ["pair", *(f"g_{name}" for name in attributes), "y", "pred_before", "pred_after"]
    ).aggregate(n=joined.count())
    connection = ibis.duckdb.connect()
    try:
        return connection.to_pyarrow(counted)
    finally:
        connection.disconnect()


def _check(benchmark: str, items: pa.Table, predictions: pa.Table) -> None:
    """Check that predictions are for exactly these items and labels."""
    wanted = dict(zip(items["item"].to_pylist(), items["y"].to_pylist(), strict=True))
    names = predictions["item"].to_pylist()
    missing, unknown = len(wanted.keys() - set(names)), len(set(names) - wanted.keys())
    if missing or unknown:
        raise IntegrityError(f"{benchmark}: {missing} ids missing, {unknown} unknown in the predictions")
    if len(names) != len(wanted):
        raise IntegrityError(f"{benchmark}: {len(names) - len(wanted)} ids are predicted twice")
    other = sum(wanted[name] != label for name, label in zip(names, predictions["y"].to_pylist(), strict=True))
    if other:
        raise IntegrityError(f"{benchmark}: {other} predictions were made for other labels")
