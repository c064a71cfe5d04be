"""What only the rows of a table show, before or beside its counts: labels that are numbers, rows that stand twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.table.casts import as_text, is_whole, number
from fairtransfer.evidence.table.checks import LOOKED_AT
from fairtransfer.evidence.table.columns import Columns

if TYPE_CHECKING:
    import ibis


def check_numbers_as_classes(table: ibis.Table, name: str, columns: Columns, problems: Problems) -> None:
    """Refuse labels that are all numbers with a fraction among them, before every one of them becomes a class."""
    if columns.label not in table.columns or problems.errors:
        return
    label = table.limit(LOOKED_AT)[columns.label]
    if not (label.type().is_string() or label.type().is_floating() or label.type().is_decimal()):
        return
    value = number(label)
    broken = value.notnull() & ~is_whole(value)
    head = label.as_table().mutate(other=as_text(label).notnull() & value.isnull(), broken=broken)
    seen = head.aggregate(others=head.other.sum(), fractions=head.broken.sum()).to_pyarrow().to_pylist()[0]
    if seen["fractions"] and not seen["others"]:
        example = head.filter(head.broken).limit(1)[columns.label].to_pyarrow()[0].as_py()
        found = f"the labels in `{columns.label}` are numbers, such as {shown(str(example))}, not classes"
        do = "say `--target number` to measure how far off predictions are, or name the classes with --classes"
        problems.add(Problem("FT-P060", found, "classes", do, name))


def check_items(table: ibis.Table, name: str, columns: Columns, problems: Problems) -> None:
    """Look for rows that stand twice, or have no name."""
    import ibis

    counted = table.group_by(list(columns.items)).aggregate(n_=lambda t: t.count())
    nameless = ibis.or_(*(_no_name(counted[column]) for column in columns.items))
    asked = counted.mutate(nameless_=nameless, twice_=(counted.n_ > 1) & ~nameless)
    sums = {
        "items": asked.twice_.sum(),
        "rows": asked.n_.sum(where=asked.twice_),
        "nameless": asked.n_.sum(where=asked.nameless_),
    }
    found = asked.aggregate(**sums).to_pyarrow().to_pylist()[0]
    if found["nameless"]:
        named = ", ".join(f"`{column}`" for column in columns.items)
        text = f"{int(found['nameless']):,} rows have no name in {named}"
        problems.add(Problem("FT-P097", text, "", "give every row its own", name))
    if found["items"]:
        example = asked.filter(asked.twice_).limit(1).to_pyarrow().to_pylist()[0]
        which = named_item(columns.items, example)
        text = f"{found['items']:,} items stand more than once ({int(found['rows']):,} rows), for example {which}"
        problems.add(
            Problem(
                "FT-P006", text, "one row per item", "name every column that tells rows apart, or drop repeats", name
            )
        )


def named_item(items: Sequence[str], row: Mapping[str, object], keys: Sequence[str] = ()) -> str:
    """Return what an item is called, for a message; `keys` are the row's names of these columns, where it has others."""
    return ", ".join(f"{item} `{shown(str(row[key]))}`" for item, key in zip(items, keys or items, strict=True))


def _no_name(column: Any) -> Any:
    return as_text(column).isnull()
