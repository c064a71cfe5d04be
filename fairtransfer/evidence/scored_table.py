"""One more GROUP BY: from a table with scores to sums per group, class and bin of score. No row leaves the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems
from fairtransfer.evidence.moments import view_of
from fairtransfer.evidence.score_bins import score_bin_of
from fairtransfer.evidence.scored_jobs import COUNTERS
from fairtransfer.evidence.scores import Cases, Powers, Row, Scored, mean_rows, ranking_change_rows
from fairtransfer.spec.scores import Question
from fairtransfer.stats.losses import LEAST_PROBABILITY
from fairtransfer.stats.score_metrics import SCORE_METRICS

if TYPE_CHECKING:
    import ibis

POWERS = {
    "brier_score": ("v2", "v4"),
    "log_loss": ("l1", "l2", "l3"),
    "calibration_bias": ("v1", "v2"),
}
"""Metric -> sums of its values, their squares and, of skewed ones, their cubes; v is ``y - p``, l the log loss."""

CHANGES = {
    "brier_score": ("db1", "db2"),
    "log_loss": ("dl1", "dl2", "dl3"),
    "calibration_bias": ("dv1", "dv2"),
}


def number(column: Any) -> Any:
    """Return a column as numbers; text that is none is missing."""
    return column.try_cast("float64") if column.type().is_string() else column.cast("float64")


def group_scores(
    plain: ibis.Table, keys: Sequence[str], score: str, other: str | None, column: str, problems: Problems, name: str
) -> pa.Table:
    """Return the sums per group, class and bin of one model's scores, sorted.

    Parameters
    ----------
    plain
        Has the keys, ``positive`` (whether a row has the class), the scores, and ``c``: how many rows each stands for.
    other
        Scores of the model before, for the sums of the changes.
    column
        What the scores are called in messages.
    """
    import ibis

    p = plain[score]
    odd = p.isnull() | p.isnan() | (p < 0) | (p > 1)
    kept = plain.mutate(odd=odd, **{score: ibis.ifelse(odd, ibis.null("float64"), p)})  # NaN has no bin to be cast to
    valued = kept.mutate(bin=score_bin_of(kept[score]), **_values(kept, score, other))
    sums = {"n": valued.c.sum().cast("int64"), "odd": (valued.odd.cast("int64") * valued.c).sum().cast("int64")}
    sums["p"] = (valued[score] * valued.c).sum()
    for named in sorted({n for names in (*POWERS.values(), *(CHANGES.values() if other else ())) for n in names}):
        sums[named] = (_power(valued[named[:-1]], int(named[-1])) * valued.c).sum()
    cells = valued.group_by([*keys, "positive", "bin"]).aggregate(**sums).to_pyarrow()
    if found := int(np.sum(cells["odd"].to_numpy())):
        text = f"{found:,} scores in `{column}` are missing, not numbers, or outside 0 to 1"
        problems.add(Problem("FT-P025", text, "the probability of the positive class", "leave these rows out", name))
    return cells.sort_by([(key, "ascending") for key in (*keys, "positive", "bin")])


def group_pairs(plain: ibis.Table, keys: Sequence[str], score: str, other: str) -> pa.Table:
    """Return how many rows there are per group, class, bin of one model's scores and bin of the other's, sorted.

    How two rankings vary together needs both scores of a row. At most as many cells as rows.
    """
    bins = {"bin": score_bin_of(plain[score]), "bin_before": score_bin_of(plain[other])}
    by = [*keys, "positive", *bins]
    cells = plain.mutate(**bins).group_by(by).aggregate(n=lambda t: t.c.sum().cast("int64")).to_pyarrow()
    return cells.sort_by([(key, "ascending") for key in by])


def _values(plain: ibis.Table, score: str, other: str | None) -> dict[str, Any]:
    """Return each row's values, and how they changed."""
    v, loss = _of(plain, score)
    if other is None:
        return {"v": v, "l": loss}
    old, old_loss = _of(plain, other)
    return {"v": v, "l": loss, "dv": v - old, "db": v * v - old * old, "dl": loss - old_loss}


def _of(plain: ibis.Table, score: str) -> tuple[Any, Any]:
    import ibis

    p, y = plain[score], plain.positive
    truth = ibis.ifelse(y, p, 1 - p)
    kept = ibis.ifelse(truth < LEAST_PROBABILITY, LEAST_PROBABILITY, truth)
    return ibis.ifelse(y, 1 - p, -p), -kept.ln()


def _power(column: Any, power: int) -> Any:
    found = column
    for _ in range(power - 1):
        found = found * column
    return found


def score_rows(
    cells: pa.Table,
    attributes: Sequence[str],
    views: Sequence[tuple[str, ...]],
    questions: Sequence[Question],
    key: dict[str, Any],
    *,
    change: bool = False,
) -> Iterator[Row]:
    """Yield the answers about one model, or about its change, from its cells."""
    cases, scored = _cases(cells, attributes, views)
    for metric, of in questions:
        about = {**key, "metric": metric, "class": of or "", "seed": None}
        kind = SCORE_METRICS[metric].kind
        if kind == "mean":
            names = (CHANGES if change else POWERS)[metric]
            yield from mean_rows(cases, Powers(*(cells[name].to_numpy() for name in names)), scored.positive, about)
        elif not change:
            yield from COUNTERS[kind](cases, scored, about)


def ranking_changes(
    cells: pa.Table,
    attributes: Sequence[str],
    views: Sequence[tuple[str, ...]],
    questions: Sequence[Question],
    key: dict[str, Any],
) -> Iterator[Row]:
    """Yield how every AUC changed, from the cells of `group_pairs`."""
    nothing = np.zeros(cells.num_rows)
    cases, after = _cases(cells.append_column("p", [nothing]), attributes, views)
    before = Scored(after.positive, cells["bin_before"].to_numpy().astype(np.int64), nothing)
    for metric, of in questions:
        if SCORE_METRICS[metric].kind == "ranking":
            yield from ranking_change_rows(
                cases, before, after, {**key, "metric": metric, "class": of or "", "seed": None}
            )


def _cases(cells: pa.Table, attributes: Sequence[str], views: Sequence[tuple[str, ...]]) -> tuple[Cases, Scored]:
    alone = "unit" not in cells.column_names
    units = np.arange(cells.num_rows) if alone else np.unique(cells["unit"].to_numpy(), return_inverse=True)[1]
    named = pa.table({"": cells["n"], **{name: cells[f"g_{name}"] for name in attributes}})
    found = {view: view_of(named, view, units.astype(np.int64)) for view in [(), *views]}
    positive = cells["positive"].to_numpy().astype(bool)
    cases = Cases(found, cells["n"].to_numpy().astype(np.int64), alone)
    return cases, Scored(positive, cells["bin"].to_numpy().astype(np.int64), cells["p"].to_numpy())
