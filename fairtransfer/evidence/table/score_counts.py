"""What scores of one class are counted for, and what is told of them: whose they are, what is cut, what ranks alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.evidence.table.casts import as_text, number
from fairtransfer.evidence.table.powers import total
from fairtransfer.evidence.table.scores import (
    SIDES,
    binned,
    group_pairs,
    loss_sums,
    losses_asked,
    merged_by_bins,
    told_apart,
)
from fairtransfer.outcomes.probabilities import LEAST_PROBABILITY
from fairtransfer.outcomes.table import metric_named

if TYPE_CHECKING:
    import ibis

FEWEST = 20
"""With fewer rows answered otherwise nothing is seen of whose the scores are."""
NO_CHANCE = 6.0
"""Standard errors that no two means of like scores lie apart by."""
SURER = 0.01
"""By so much some score of an answer lies above what a coin, or a die, would say."""


Sides: TypeAlias = Mapping[str, str]
"""``after`` and, where there are two models, ``before`` -> the column of their scores."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of one class.

    Attributes
    ----------
    of
        The class.
    answers
        ``after`` and ``before`` -> the column of the answers given.
    metrics
        What is asked of these scores.
    """

    of: str
    sides: Sides
    answers: Sides
    metrics: tuple[str, ...]

    @property
    def ranked(self) -> bool:
        """Whether a metric ranks them."""
        return any(metric_named(metric).estimator == "ranking" for metric in self.metrics)


def scored_rows(
    table: ibis.Table, label: str, scores: ClassScores, keys: Mapping[str, Any], counting: Mapping[str, Any]
) -> ibis.Table:
    """Return keys, scores, whether a row has the class and is answered with it, and what rows count."""
    truth = as_text(table[label])
    values = {SIDES[side]: number(table[column]) for side, column in scores.sides.items()} | dict(counting)
    answered = {f"said_{side}": as_text(table[scores.answers[side]]) == scores.of for side in scores.sides}
    return table.select(**keys, **values, **answered, positive=truth.notnull() & (truth == scores.of))


def score_problems(plain: ibis.Table, scores: ClassScores, classes: int) -> Iterator[Problem]:
    """Yield scores that look like those of another class, or like what a model said of its answer."""
    positive = scores.of
    for side, column in scores.sides.items() if classes > 1 else ():
        said, score = plain[f"said_{side}"], plain[SIDES[side]]
        asked = {
            "others": (~said).cast("int64").sum(),
            "lowest": score.min(),
            "highest_other": score.max(where=~said),
            "lowest_said": score.min(where=said),
            "answered": said.cast("int64").sum(),
            "mean_said": score.mean(where=said),
            "mean_other": score.mean(where=~said),
            "variance_said": score.var(where=said),
            "variance_other": score.var(where=~said),
            "rare": (plain.positive & ~said).cast("int64").sum(),
        }
        known = plain.aggregate(**asked).to_pyarrow().to_pylist()[0]
        do = f"give a column with the probability of `{shown(positive)}`"
        if _turned(known):
            found = (
                f"scores in `{shown(column)}` are lower where the answer is `{shown(positive)}` (on average "
                f"{known['mean_said']:.2f}, elsewhere {known['mean_other']:.2f}): they look like those of another class"
            )
            yield Problem("FT-P110", found, "", f"{do}, or name the other class with --positive")
        elif _of_the_answer(known, 1 / classes):
            found = (
                f"no score in `{shown(column)}` is below {1 / classes:.2g}, although {known['others']:,} rows are answered "
                f"otherwise than `{shown(positive)}`: it looks like the probability of the answer that was given"
            )
            of_two = "; of two classes it is 1 less the score where the answer is the other one" if classes == 2 else ""
            yield Problem("FT-P110", found, "the probability of the positive class", do + of_two)


def _of_the_answer(known: Mapping[str, Any], least: float) -> bool:
    """Say whether scores look like what a model said of its answer; `least` is what a coin, or a die, would say.

    None is small, also where the answer is another class; there the class is rarer than the least of them says; and no threshold
    parts the answers, as one would that was set high.
    """
    others, highest = known["others"] or 0, known["highest_other"] or 0.0
    parted = (known["lowest_said"] or 1.0) >= highest
    few = others < FEWEST or known["lowest"] <= least - 1e-6 or known["rare"] >= least * others
    return not few and highest > least + SURER and not parted


def _turned(known: Mapping[str, Any]) -> bool:
    """Say whether scores are lower where the class is answered, by more than chance: no threshold on them gave these answers."""
    answered, others = known["answered"] or 0, known["others"] or 0
    if min(answered, others) < FEWEST:
        return False
    error = math.sqrt(known["variance_said"] / answered + known["variance_other"] / others)
    return bool(known["mean_other"] - known["mean_said"] > NO_CHANCE * error)


def count_scores(plain: ibis.Table, scores: ClassScores, problems: Problems, name: str) -> dict[str, pa.Table]:
    """Return the sums of all models' losses, every model's scores, and those of two models together."""
    sides, keys = scores.sides, keys_of(plain)
    questions = [(metric, "") for metric in scores.metrics]
    found = {"sums": loss_sums(plain, keys, sides, losses_asked(questions), problems, name)}
    if (
        problems.errors or "w" in plain.columns
    ):  # what is no probability has no bin; and no ranking is of weighted cases
        return found
    exact = scores.ranked and told_apart(plain, keys, list(sides))
    found |= {side: binned(plain, keys, side, exact=exact) for side in sides}
    if "before" in sides and scores.ranked:
        found["change"] = group_pairs(plain, keys, exact=exact)
    return found


def keys_of(plain: ibis.Table) -> list[str]:
    """Return the columns of groups and unit."""
    return [name for name in plain.columns if name.startswith("g_") or name == "unit"]


def score_notes(plain: ibis.Table, scores: ClassScores, found: Mapping[str, pa.Table]) -> dict[str, int]:
    """Return how many scores the logarithmic loss cuts, and of how many rows scores that differ are ranked alike."""
    notes: dict[str, int] = {}
    for side, column in scores.sides.items():
        score = plain[SIDES[side]]
        if "log_loss" in scores.metrics:
            cut = (plain.positive & (score < LEAST_PROBABILITY)) | (~plain.positive & (1 - score < LEAST_PROBABILITY))
            rows = total(plain, cut.cast("int64")).to_pyarrow().as_py() or 0
            notes[
                f"scores in {column} leave the truth less than {LEAST_PROBABILITY:.2g}, which log loss takes for so much"
            ] = int(rows)
        cells = found.get(side)
        if scores.ranked and cells is not None and "score" not in cells.column_names and merged_by_bins(plain, side):
            notes[f"scores in {column} are ranked in bins, which takes some that differ for ties"] = int(
                total(plain, None).to_pyarrow().as_py()
            )
    return {note: n for note, n in notes.items() if n}
