"""More GROUP BYs: from a table with scores to sums per group and class, and to how many scores each bin holds.

Losses are summed per group and class alone. What ranks scores needs them all, as long as they are few enough to be held; beyond
that it needs bins, of which a group may have thousands, and no row leaves the database. What calibrates scores needs bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fairtransfer.errors import Problem, Problems
from fairtransfer.evidence.column_codes import sorted_by
from fairtransfer.evidence.jobs.scores import binned_rows, of_bins
from fairtransfer.evidence.rankings import MOST_EXACT, Scored, places_of, ranking_change_rows
from fairtransfer.evidence.score_bins import score_bin_of, score_bins
from fairtransfer.evidence.sums import Row
from fairtransfer.evidence.table.powers import Degrees, cases_of, power_sums, powers_of, total
from fairtransfer.evidence.value_sums import value_rows
from fairtransfer.evidence.views import Cases, Counts, Flags, Names
from fairtransfer.outcomes.probabilities import VALUES
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.questions import Question

if TYPE_CHECKING:
    import ibis

SIDES = {"after": "p", "before": "q"}
"""Model -> what its scores are called in the queries."""


def usable(column: Any) -> Any:
    """Return scores without those that are no probabilities."""
    import ibis

    return ibis.ifelse(column.isnull() | (column < 0) | (column > 1), ibis.null("float64"), column)


def losses_asked(questions: Sequence[Question]) -> dict[str, int]:
    """Return which losses these questions are about, and up to which power each is summed."""
    metrics = [metric_named(name) for name, _ in of_bins(questions, binned=False)]
    return {metric.adds: 3 if metric.estimator == "skewed_mean" else 2 for metric in metrics}


def loss_sums(
    plain: ibis.Table,
    keys: Sequence[str],
    scores: Mapping[str, str],
    losses: Mapping[str, int],
    problems: Problems,
    name: str,
) -> pa.Table:
    """Return what the losses of the models' scores add up to per group and class, sorted.

    Parameters
    ----------
    plain
        Has the keys, ``positive`` (whether a row has the class), the scores ``p`` and ``q``, and what rows count
        (`fairtransfer.evidence.table.powers`).
    scores
        ``after`` and, where there are two models, ``before`` -> what their scores are called in messages.
    losses
        See `losses_asked`.
    """
    kept = plain.mutate(**{SIDES[side]: usable(plain[SIDES[side]]) for side in scores})
    values = {
        loss: {side: VALUES[loss].columns(kept[SIDES[side]], kept.positive) for side in scores} for loss in losses
    }
    columns, degrees = with_changes(values, losses)
    odd = {f"no_{side}": total(kept, kept[SIDES[side]].isnull().cast("int64")).cast("int64") for side in scores}
    found = power_sums(kept, [*keys, "positive"], columns, degrees, odd)
    for side, column in scores.items():
        if wrong := int(np.sum(found[f"no_{side}"].to_numpy())):
            text = f"{wrong:,} scores in `{column}` are missing, not numbers, or outside 0 to 1"
            problems.add(
                Problem("FT-P025", text, "the probability of the positive class", "leave these rows out", name)
            )
    return found


def with_changes(values: Mapping[str, dict[str, Any]], losses: Mapping[str, int]) -> tuple[dict[str, Any], Degrees]:
    """Return columns of losses and of their changes, and the powers each is summed up to; `values`: loss -> side -> column."""
    columns: dict[str, Any] = {}
    degrees: Degrees = {}
    for loss, sides in values.items():
        change = {"change": sides["after"] - sides["before"]} if "before" in sides else {}
        named = {f"{side}_{loss}": value for side, value in (sides | change).items()}
        columns |= named
        degrees |= dict.fromkeys(named, losses[loss])
    return columns, degrees


MOST_ROWS = 1_000_000
"""Rows whose scores leave the database one by one, to be ranked exactly; of more, bins do."""


def told_apart(plain: ibis.Table, keys: Sequence[str], sides: Sequence[str]) -> bool:
    """Tell whether all different scores can be ranked: neither they nor the groups are too many."""
    groups = [key for key in keys if key != "unit"]
    asked = {side: plain[SIDES[side]].nunique() for side in sides}
    if int(plain.count().to_pyarrow().as_py()) > MOST_ROWS:
        return False
    known = plain.aggregate(**asked).to_pyarrow().to_pylist()[0]
    cells = plain.select(groups).distinct().count().to_pyarrow().as_py() if groups else 1
    return all(int(cells) * int(known[side]) <= MOST_EXACT for side in sides)


def merged_by_bins(plain: ibis.Table, side: str) -> bool:
    """Tell whether bins call scores ties that differ, about: of so many rows different scores are estimated."""
    score = plain[SIDES[side]]
    known = (
        plain.aggregate(scores=score.approx_nunique(), bins=score_bin_of(score).nunique()).to_pyarrow().to_pylist()[0]
    )
    return bool(known["scores"] > 1.1 * known["bins"])


def binned(plain: ibis.Table, keys: Sequence[str], side: str, *, exact: bool) -> pa.Table:
    """Return how many scores of one model lie in each bin, and their sum, per group and class, sorted.

    All scores are probabilities: `loss_sums` has looked. NaN would have no bin.

    Parameters
    ----------
    exact
        Every different score is a cell of its own, and its column is ``score``.
    """
    score = SIDES[side]
    if exact:
        found = _every_score(plain, keys, {"score": score})
        total_of = pa.array(found["score"].to_numpy() * found["n"].to_numpy())
        return found.append_column("bin", pa.array(score_bins(found["score"].to_numpy()))).append_column("p", total_of)
    by = [*keys, "positive", "bin"]
    kept = plain.mutate(bin=score_bin_of(plain[score]))
    counted = kept.group_by(by).aggregate(n=total(kept, None).cast("int64"), p=total(kept, kept[score]))
    return sorted_by(counted.to_pyarrow(), by)


def group_pairs(plain: ibis.Table, keys: Sequence[str], *, exact: bool) -> pa.Table:
    """Return how many rows there are per group, class, bin of the scores after and bin of those before, sorted.

    How two rankings vary together needs both scores of a row. At most as many cells as rows. All scores are probabilities.
    """
    if exact:
        found = _every_score(plain, keys, {"score": SIDES["after"], "score_before": SIDES["before"]})
        for bins, score in (("bin", "score"), ("bin_before", "score_before")):
            found = found.append_column(bins, pa.array(score_bins(found[score].to_numpy())))
        return found
    bins_of = {"bin": score_bin_of(plain[SIDES["after"]]), "bin_before": score_bin_of(plain[SIDES["before"]])}
    by = [*keys, "positive", *bins_of]
    kept = plain.mutate(**bins_of)
    return sorted_by(kept.group_by(by).aggregate(n=total(kept, None).cast("int64")).to_pyarrow(), by)


def _every_score(plain: ibis.Table, keys: Sequence[str], scores: Mapping[str, str]) -> pa.Table:
    """Return how many rows have each score (or pair of scores), per group and class, sorted."""
    by = [*keys, "positive", *scores]
    kept = plain.mutate(**{name: plain[score] for name, score in scores.items()})
    counted = kept.group_by(by).aggregate(n=total(kept, None).cast("int64")).to_pyarrow()
    return counted.sort_by([(name, "ascending") for name in by])


@dataclass(frozen=True, slots=True)
class ScoreQuery:
    """What is asked of the sums or bins of a table.

    Attributes
    ----------
    key
        What every row of the answer begins with: its benchmark, stage and so on.
    compared
        Views whose rankings are compared with everyone else's.
    """

    attributes: Sequence[str]
    views: Sequence[Names]
    questions: Sequence[Question]
    key: Mapping[str, Any]
    compared: AbstractSet[Names] = frozenset()


def loss_rows(sums: pa.Table, asked: ScoreQuery) -> Iterator[Row]:
    """Yield the sums of one model's losses, or of their change; the key's stage says which."""
    cases, positive = cases_of(sums, asked.attributes, asked.views), None
    if "positive" in sums.column_names:
        positive = sums["positive"].to_numpy().astype(bool)
    for name, of in of_bins(asked.questions, binned=False):
        metric = metric_named(name)
        values = powers_of(sums, f"{asked.key['stage']}_{metric.adds}")
        about = {**asked.key, "adds": metric.summed, "class": of or "", "seed": None}
        yield from value_rows(cases, values, about, skewed=metric.estimator == "skewed_mean", positive=positive)


def bin_rows(cells: pa.Table, asked: ScoreQuery) -> Iterator[Row]:
    """Yield how one model's scores rank and are calibrated, from their bins."""
    cases, positive = _cases(cells, asked)
    scored = Scored(positive, _bins(cells, "bin"), cells["p"].to_numpy(), _places(cells, "score"))
    for name, of in of_bins(asked.questions, binned=True):
        about = {**asked.key, "metric": name, "class": of or "", "seed": None}
        yield from binned_rows(name, cases, scored, about, asked.compared)


def ranking_changes(cells: pa.Table, asked: ScoreQuery) -> Iterator[Row]:
    """Yield how every AUC changed, from the cells of `group_pairs`."""
    nothing = np.zeros(cells.num_rows)
    cases, positive = _cases(cells, asked)
    after, before = (
        Scored(positive, _bins(cells, f"bin{end}"), nothing, _places(cells, f"score{end}")) for end in ("", "_before")
    )
    for name, of in asked.questions:
        if metric_named(name).estimator == "ranking":
            about = {**asked.key, "metric": name, "class": of or "", "seed": None}
            yield from ranking_change_rows(cases, before, after, about)


def _cases(cells: pa.Table, asked: ScoreQuery) -> tuple[Cases, Flags]:
    return cases_of(cells, asked.attributes, asked.views), cells["positive"].to_numpy().astype(bool)


def _bins(cells: pa.Table, name: str) -> Counts:
    found: Counts = cells[name].to_numpy().astype(np.int64)
    return found


def _places(cells: pa.Table, name: str) -> Counts | None:
    """Return the place of every score among the different ones, where the cells hold them (`told_apart` has looked)."""
    return places_of(cells[name].to_numpy(), 1) if name in cells.column_names else None
