"""Two more GROUP BYs: from a table with scores to sums per group and class, and to how many scores each bin holds.

Losses are summed per group and class alone. What ranks scores or calibrates them needs bins, of which a group may have
thousands: nothing else is kept for them. No row leaves the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems
from fairtransfer.evidence.column_codes import sorted_by
from fairtransfer.evidence.jobs.scores import COUNTERS
from fairtransfer.evidence.moments import Flags, view_of
from fairtransfer.evidence.score_bins import score_bin_of
from fairtransfer.evidence.scores import Cases, Powers, Row, Scored, mean_rows, ranking_change_rows
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.scores import Question
from fairtransfer.stats.losses import LEAST_PROBABILITY

if TYPE_CHECKING:
    import ibis

SIDES = {"after": "p", "before": "q"}
"""Model -> what its scores are called in the queries."""

POWERS = {
    "brier": ("v2", "v4"),
    "log_loss": ("l1", "l2", "l3"),
    "calibration_bias": ("v1", "v2"),
}
"""What a case adds -> sums of the values, their squares and, of skewed ones, their cubes; v is ``y - p``, l the log loss."""

CHANGES = {
    "brier": ("b1", "b2"),
    "log_loss": ("l1", "l2", "l3"),
    "calibration_bias": ("v1", "v2"),
}
"""The same for how the values changed; b is ``v²``."""


def number(column: Any) -> Any:
    """Return a column as numbers; text that is none is missing.

    Text is stripped first: DuckDB reads a column of CSV that is only cast as numbers at once, and then ends at text that is none.
    """
    return column.strip().try_cast("float64") if column.type().is_string() else column.cast("float64")


def _usable(column: Any) -> Any:
    """Return scores without those that are no probabilities."""
    import ibis

    return ibis.ifelse(column.isnull() | column.isnan() | (column < 0) | (column > 1), ibis.null("float64"), column)


def loss_sums(
    plain: ibis.Table, keys: Sequence[str], scores: Mapping[str, str], problems: Problems, name: str
) -> pa.Table:
    """Return what the values of the models' scores add up to per group and class, sorted.

    Parameters
    ----------
    plain
        Has the keys, ``positive`` (whether a row has the class), the scores ``p`` and ``q``, and where the table is counted
        ``c``: how many rows each stands for.
    scores
        ``after`` and, where there are two models, ``before`` -> what their scores are called in messages.
    """
    kept = plain.mutate(**{SIDES[side]: _usable(plain[SIDES[side]]) for side in scores})
    values = {side: _of(kept, SIDES[side]) for side in scores}
    columns = {f"{side}_{letter}": value for side, found in values.items() for letter, value in found.items()}
    columns |= {f"no_{side}": kept[SIDES[side]].isnull().cast("int64") for side in scores}
    if "before" in values:
        columns |= {f"change_{letter}": now - values["before"][letter] for letter, now in values["after"].items()}
    valued = kept.mutate(**columns)
    sums = {"n": _sum(valued, None).cast("int64")}
    sums |= {f"no_{side}": _sum(valued, valued[f"no_{side}"]).cast("int64") for side in scores}
    for stage in [*scores, *(["change"] if "before" in scores else [])]:
        for named in sorted({n for names in (CHANGES if stage == "change" else POWERS).values() for n in names}):
            sums[f"{stage}_{named}"] = _sum(valued, _power(valued[f"{stage}_{named[0]}"], int(named[1])))
    found = sorted_by(valued.group_by([*keys, "positive"]).aggregate(**sums).to_pyarrow(), [*keys, "positive"])
    for side, column in scores.items():
        if odd := int(np.sum(found[f"no_{side}"].to_numpy())):
            text = f"{odd:,} scores in `{column}` are missing, not numbers, or outside 0 to 1"
            problems.add(
                Problem("FT-P025", text, "the probability of the positive class", "leave these rows out", name)
            )
    return found


def binned(plain: ibis.Table, keys: Sequence[str], side: str) -> pa.Table:
    """Return how many scores of one model lie in each bin, and their sum, per group and class, sorted.

    All scores are probabilities: `loss_sums` has looked. NaN would have no bin.
    """
    score = SIDES[side]
    by = [*keys, "positive", "bin"]
    kept = plain.mutate(bin=score_bin_of(plain[score]))
    counted = kept.group_by(by).aggregate(n=_sum(kept, None).cast("int64"), p=_sum(kept, kept[score]))
    return sorted_by(counted.to_pyarrow(), by)


def group_pairs(plain: ibis.Table, keys: Sequence[str]) -> pa.Table:
    """Return how many rows there are per group, class, bin of the scores after and bin of those before, sorted.

    How two rankings vary together needs both scores of a row. At most as many cells as rows. All scores are probabilities.
    """
    bins = {"bin": score_bin_of(plain[SIDES["after"]]), "bin_before": score_bin_of(plain[SIDES["before"]])}
    by = [*keys, "positive", *bins]
    kept = plain.mutate(**bins)
    return sorted_by(kept.group_by(by).aggregate(n=_sum(kept, None).cast("int64")).to_pyarrow(), by)


def _sum(plain: ibis.Table, column: Any) -> Any:
    """Return the sum of a column over all rows that the table stands for; of None their number."""
    if "c" not in plain.columns:
        return plain.count() if column is None else column.sum()
    return plain.c.sum() if column is None else (column * plain.c).sum()


def _of(plain: ibis.Table, score: str) -> dict[str, Any]:
    """Return each row's values."""
    import ibis

    p, y = plain[score], plain.positive
    truth = ibis.ifelse(y, p, 1 - p)
    kept = ibis.ifelse(truth < LEAST_PROBABILITY, LEAST_PROBABILITY, truth)
    v = ibis.ifelse(y, 1 - p, -p)
    return {"v": v, "b": v * v, "l": -kept.ln()}


def _power(column: Any, power: int) -> Any:
    found = column
    for _ in range(power - 1):
        found = found * column
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the sums or bins of a table.

    Attributes
    ----------
    key
        What every row of the answer begins with: its benchmark, stage and so on.
    """

    attributes: Sequence[str]
    views: Sequence[tuple[str, ...]]
    questions: Sequence[Question]
    key: Mapping[str, Any]

    def of_kind(self, *estimators: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every metric estimated so, with what its rows begin with."""
        for metric, of in self.questions:
            if metric_named(metric).estimator in estimators:
                yield metric, {**self.key, "metric": metric, "class": of or "", "seed": None}


def mean_answers(sums: pa.Table, asked: Asked) -> Iterator[Row]:
    """Yield the means of one model's losses, or of their change, from their sums; the key's stage says which."""
    cases, positive = _cases(sums, asked)
    stage = asked.key["stage"]
    for metric, about in asked.of_kind("bounded_mean", "skewed_mean"):
        names = (CHANGES if stage == "change" else POWERS)[metric_named(metric).adds]
        powers = Powers(*(sums[f"{stage}_{name}"].to_numpy() for name in names))
        yield from mean_rows(cases, powers, positive, about)


def bin_answers(cells: pa.Table, asked: Asked) -> Iterator[Row]:
    """Yield how one model's scores rank and are calibrated, from their bins."""
    cases, positive = _cases(cells, asked)
    scored = Scored(positive, cells["bin"].to_numpy().astype(np.int64), cells["p"].to_numpy())
    for metric, about in asked.of_kind(*COUNTERS):
        yield from COUNTERS[metric_named(metric).estimator](cases, scored, about)


def ranking_changes(cells: pa.Table, asked: Asked) -> Iterator[Row]:
    """Yield how every AUC changed, from the cells of `group_pairs`."""
    nothing = np.zeros(cells.num_rows)
    cases, positive = _cases(cells, asked)
    after, before = (
        Scored(positive, cells[bins].to_numpy().astype(np.int64), nothing) for bins in ("bin", "bin_before")
    )
    for _, about in asked.of_kind("ranking"):
        yield from ranking_change_rows(cases, before, after, about)


def _cases(cells: pa.Table, asked: Asked) -> tuple[Cases, Flags]:
    alone = "unit" not in cells.column_names
    units = np.arange(cells.num_rows) if alone else np.unique(cells["unit"].to_numpy(), return_inverse=True)[1]
    named = pa.table({"": cells["n"], **{name: cells[f"g_{name}"] for name in asked.attributes}})
    found = {view: view_of(named, view, units.astype(np.int64)) for view in [(), *asked.views]}
    positive = cells["positive"].to_numpy().astype(bool)
    return Cases(found, cells["n"].to_numpy().astype(np.int64), alone), positive
