"""Errors of predicted numbers where rows weigh unevenly, or stand for several cases: sums of powers, and no draws.

Limits then are those of any value without ends, in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.table.powers import CentredSums, centred_sums
from fairtransfer.evidence.views import Names
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.number_errors import BEFORE, CHANGE

if TYPE_CHECKING:
    import ibis

ENDS = {"after": "", "before": BEFORE, "change": CHANGE}
"""Stage -> what the names of its columns end with."""


def weighed_errors(plain: ibis.Table, by: Sequence[str], errors: Mapping[str, Any]) -> CentredSums:
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
    return centred_sums(wide, by, means)


def sums_of_errors(
    found: CentredSums,
    attributes: Sequence[str],
    views: Sequence[Names],
    keys: Mapping[str, Mapping[str, str]],
    metrics: Sequence[str],
) -> Iterator[Row]:
    """Yield the sums of the errors of both models, and of their change; `keys`: stage -> what its rows begin with."""
    about = {
        f"{adds}{end}": {**keys[stage], "adds": adds, "class": "", "seed": None}
        for adds in dict.fromkeys(metric_named(name).adds for name in metrics)
        for stage, end in ENDS.items()
        if f"{adds}{end}" in found.means
    }
    yield from found.rows(attributes, views, about)
