"""One more GROUP BY: from a column with a number of its own for every row to sums of its powers, per group and unit.

The mean of all rows is asked for first and taken off every value: numbers that are nearly alike, such as years, would lose in
their squares the digits that count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.table.casts import number
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.powers import CentredSums, centred_sums
from fairtransfer.evidence.views import Names

if TYPE_CHECKING:
    import ibis

STAGES = ("after", "before", "change")


@dataclass(frozen=True, slots=True)
class CountedValues:
    """The sums of a column's values.

    Attributes
    ----------
    column
        The column of the values after.
    sums
        Of every stage's values.
    ends
        The smallest and the largest value of either model.
    """

    column: str
    sums: CentredSums
    ends: tuple[float, float]


def count_values(
    table: ibis.Table,
    name: str,
    columns: Columns,
    keys: Mapping[str, Any],
    counting: Mapping[str, Any],
    problems: Problems,
) -> CountedValues | None:
    """Return the sums of a table's values, or None where some row has none.

    Parameters
    ----------
    keys
        Group names and unit, as text.
    counting
        What rows count, as `fairtransfer.evidence.table.powers` takes it: a column ``w`` of weights, or ``c`` of counts.
    """
    assert columns.value is not None, "asked of tables with values"
    sides = {"after": columns.value, "before": columns.value_before}
    plain = table.select(**keys, **counting, **{side: number(table[c]) for side, c in sides.items() if c})
    if columns.value_before:
        plain = plain.mutate(change=plain.after - plain.before)
    known = _looked_at(plain)
    for side, column in sides.items():
        if column and (odd := known[f"odd_{side}"]):
            text = f"{odd:,} rows hold no finite number in `{shown(column)}`"
            problems.add(
                Problem("FT-P045", text, "numbers such as 12 or 3.5", "leave these rows out, and say so", name)
            )
    if problems.errors:
        return None
    stages = [stage for stage in STAGES if stage in plain.columns]
    means = {stage: float(known[f"mean_{stage}"] or 0.0) for stage in stages}
    lows, highs = ([known[f"{end}_{side}"] for side in sides if side in stages] for end in ("low", "high"))
    return CountedValues(columns.value, centred_sums(plain, [*keys], means), (float(min(lows)), float(max(highs))))


def _looked_at(plain: ibis.Table) -> dict[str, Any]:
    """Return, of every stage, how many values are none, and the mean and ends of the others."""
    asked: dict[str, Any] = {}
    for stage in (stage for stage in STAGES if stage in plain.columns):
        column = plain[stage]
        odd = column.isnull()
        asked |= {f"odd_{stage}": odd.cast("int64").sum(), f"mean_{stage}": column.mean(where=~odd)}
        asked |= {f"low_{stage}": column.min(where=~odd), f"high_{stage}": column.max(where=~odd)}
    found: dict[str, Any] = plain.aggregate(**asked).to_pyarrow().to_pylist()[0]
    return found


def sums_of_values(
    counted: CountedValues,
    attributes: Sequence[str],
    views: Sequence[Names],
    keys: Mapping[str, Mapping[str, str]],
    adds: str,
) -> Iterator[Row]:
    """Yield the sums of the values of both models, and of their change; `keys`: stage -> what its rows begin with."""
    about = {stage: {**keys[stage], "adds": adds, "class": "", "seed": None} for stage in counted.sums.means}
    yield from counted.sums.rows(attributes, views, about)
