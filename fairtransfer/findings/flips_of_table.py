"""The harm ledger of a table of predictions: counts from its cells, a few items of each group from the table itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fairtransfer.evidence.table.changed_items import changed_items, direction
from fairtransfer.evidence.table.count import Counted
from fairtransfer.findings.flips import EXAMPLES, churn
from fairtransfer.findings.question import Question
from fairtransfer.spec.group_order import in_order

if TYPE_CHECKING:
    import ibis


def harm_of_table(table: ibis.Table, counted: Counted, question: Question) -> Iterator[dict[str, Any]]:
    """Yield a row for everyone and for every group: rows that became wrong and right (unweighted), churn, example items."""
    for view in ((), *question.views):
        sizes, changed = _counts(counted, view)
        examples = changed_items(table, question.columns, counted, view, EXAMPLES)
        groups = in_order((dict(zip(view, key, strict=True)) for key in sizes), question.group_order)
        for group in groups:
            key = tuple(group.values())
            wrong, right = changed[key, "wrong"], changed[key, "right"]
            yield {
                "group": group,
                "n": sizes[key],
                "became_wrong": [wrong],
                "became_right": [right],
                "churn": churn(wrong + right, sizes[key]),
                "examples_became_wrong": [{"item": item, "seeds": 1} for item in examples.get((key, "wrong"), [])],
                "examples_became_right": [{"item": item, "seeds": 1} for item in examples.get((key, "right"), [])],
            }


def _counts(
    counted: Counted, view: tuple[str, ...]
) -> tuple[Counter[tuple[str, ...]], Counter[tuple[tuple[str, ...], str]]]:
    """Return how many rows each group of a view has, and how many of them became wrong and right."""
    sizes: Counter[tuple[str, ...]] = Counter()
    changed: Counter[tuple[tuple[str, ...], str]] = Counter()
    names = [f"g_{name}" for name in view]
    for cell in counted.cells.group_by([*names, "y", "before", "after"]).aggregate([("n", "sum")]).to_pylist():
        key = tuple(cell[name] for name in names)
        sizes[key] += cell["n_sum"]
        if to := direction((cell["y"], cell["before"], cell["after"]), multilabel=counted.multilabel):
            changed[key, to] += cell["n_sum"]
    return +sizes, changed
