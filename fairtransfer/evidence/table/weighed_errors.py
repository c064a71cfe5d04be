"""Errors of predicted numbers where rows weigh unevenly, or stand for several cases: sums of powers, and no draws.

Limits then are those of any value without ends, in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.table.powers import cases_of, power_sums, powers_of
from fairtransfer.evidence.value_sums import value_rows
from fairtransfer.evidence.views import Names
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.number_errors import BEFORE, CHANGE

if TYPE_CHECKING:
    import ibis

_CUBES = 3
"""The highest power that is summed."""

ENDS = {"after": "", "before": BEFORE, "change": CHANGE}
"""Stage -> what the names of its columns end with."""


@dataclass(frozen=True, slots=True)
class WeighedErrors:
    """The sums of errors.

    Attributes
    ----------
    cells
        Per group (and unit): cases, and sums of powers of every column of errors less its mean.
    means
        Column -> the mean that was taken off.
    """

    cells: pa.Table
    means: Mapping[str, float]


def weighed_errors(plain: ibis.Table, by: Sequence[str], errors: Mapping[str, Any]) -> WeighedErrors:
    """Return the sums of errors.

    Parameters
    ----------
    plain
        Keys, and what rows count as `fairtransfer.evidence.table.powers` takes it: a column ``w`` or ``c``.
    errors
        Name -> expression.
    """
    wide = plain.mutate(**errors)
    asked = {name: wide[name].mean() for name in errors}
    means = {name: float(mean or 0.0) for name, mean in wide.aggregate(**asked).to_pyarrow().to_pylist()[0].items()}
    less = {f"{name}_value": wide[name] - mean for name, mean in means.items()}
    return WeighedErrors(power_sums(wide, by, less, dict.fromkeys(less, _CUBES), {}), means)


def sums_of_errors(
    found: WeighedErrors,
    attributes: Sequence[str],
    views: Sequence[Names],
    keys: Mapping[str, Mapping[str, str]],
    metrics: Sequence[str],
) -> Iterator[Row]:
    """Yield the sums of the errors of both models, and of their change; `keys`: stage -> what its rows begin with."""
    cases = cases_of(found.cells, attributes, views)
    for adds in dict.fromkeys(metric_named(name).adds for name in metrics):
        for stage, end in ENDS.items():
            if (column := f"{adds}{end}") in found.means:
                values = powers_of(found.cells, f"{column}_value", found.means[column])
                about = {**keys[stage], "adds": adds, "class": "", "seed": None}
                yield from value_rows(cases, values, about, skewed=True)
