"""Joint counts: how many people of each group had which answer before and after. One GROUP BY, at any scale.

The expression is written once, in ibis; DuckDB runs it here. Rows are joined by item id, never by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import canonical

KEYS = ("benchmark", "stage", "strategy", "budget", "seed")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sets of predictions of the same items.

    Attributes
    ----------
    stage
        ``change`` (first is before, second after) or ``gain`` (first is the model trained from scratch).
    first, second
        Tables with the columns ``item``, ``y`` and ``pred``.
    """

    stage: str
    strategy: str
    budget: str
    seed: int
    first: pa.Table
    second: pa.Table


def joint_counts(benchmark: str, items: pa.Table, attributes: Sequence[str], pairs: Sequence[Pair]) -> pa.Table:
    """Return the joint counts of every pair.

    Parameters
    ----------
    items
        ``item``, ``y`` and one column per attribute.

    Returns
    -------
    Table with the columns of `KEYS`, ``group`` (canonical JSON of attribute to value), ``y``, ``pred_before``,
    ``pred_after`` and ``n``, sorted.

    Raises
    ------
    IntegrityError
        When predictions are missing, repeated, unknown, or made for other labels.
    """
    for pair in pairs:
        _check(benchmark, items, pair.first)
        _check(benchmark, items, pair.second)
    counted = [_count(items, attributes, pair) for pair in pairs]
    columns: dict[str, list[object]] = {name: [] for name in (*KEYS, "group", "y", "pred_before", "pred_after", "n")}
    for pair, table in zip(pairs, counted, strict=True):
        rows = table.to_pylist()
        for row in rows:
            group = canonical({name: row[f"g_{name}"] for name in attributes}).decode()
            values = (benchmark, pair.stage, pair.strategy, pair.budget, pair.seed, group, row["y"], row["pred_before"], row["pred_after"], row["n"])
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    return pa.table(columns, schema=SCHEMA).sort_by([(name, "ascending") for name in columns if name != "n"])


SCHEMA = pa.schema(
    [(name, pa.string()) for name in KEYS[:-1]]
    + [("seed", pa.int64())]
    + [(name, pa.string()) for name in ("group", "y", "pred_before", "pred_after")]
    + [("n", pa.int64())]
)


def _count(items: pa.Table, attributes: Sequence[str], pair: Pair) -> pa.Table:
    import ibis

    people = ibis.memtable(items.select(["item", "y", *attributes]).rename(["item", "y", *(f"g_{name}" for name in attributes)]))
    before = ibis.memtable(pair.first.select(["item", "pred"]).rename(["item", "pred_before"]))
    after = ibis.memtable(pair.second.select(["item", "pred"]).rename(["item", "pred_after"]))
    joined = people.join(before, "item").join(after, "item")
    keys = [*(f"g_{name}" for name in attributes), "y", "pred_before", "pred_after"]
    return joined.group_by(keys).aggregate(n=joined.count()).to_pyarrow()


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
