"""What is known of a metric: what it counts or averages, how it is estimated, which way harm lies, what may be asked of it.

Nothing here is heavy: definitions are checked against these values before a table library is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Outcome = Literal["classes", "probabilities", "numbers", "row_value"]
"""What a row of answers adds up to."""

Estimator = Literal["share", "f1", "bounded_mean", "skewed_mean", "root_mean", "ranking", "slope", "binned"]
"""How an estimate and its limits are made.

share: of cases. f1: of the share of right ones among those concerned. bounded_mean, skewed_mean: of a value per case, with both
ends known or not.
root_mean: the root of a mean square. ranking: the AUC. slope, binned: of calibration, fitted to or summed over many cases."""

RANKED: tuple[Estimator, ...] = ("ranking", "slope", "binned")
"""What is made of all scores together and is no mean over cases."""

Direction = Literal["higher_is_worse", "lower_is_worse", "none"]

About = Literal["all", "one", "average", "either"]
"""all: the answer as a whole. one: one class against the rest. average: the mean over classes, always. either: one class, or
all of them at once."""

Unit = Literal["share", "score", "label", "own"]
"""share: told in per cent. score: a plain number from 0 to 1. label: in the label's own unit. own: a plain number of any size."""

Limits = tuple[float, float]
RATE: Limits = (0.0, 1.0)
SIGNED: Limits = (-1.0, 1.0)
POSITIVE: Limits = (0.0, math.inf)
UNBOUNDED: Limits = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Value:
    """What a case adds where that is a value: of an array, and of a column of a database, one row at a time.

    Attributes
    ----------
    rows
        From arrays of predictions and truths to an array of values.
    columns
        The same of columns of an ibis table.
    over_classes
        Of all classes at once: from scores and truth (rows x classes) and the answers given (rows x classes) to values.
    columns_over_classes
        The same of columns of an ibis table: from the scores of every class, by class, and texts of the truth and the answer.
    """

    name: str
    rows: Callable[[Any, Any], Any]
    columns: Callable[[Any, Any], Any]
    over_classes: Callable[[Any, Any, Any], Any] | None = None
    columns_over_classes: Callable[[Mapping[str, Any], Any, Any], Any] | None = None


class ReportedOnly(NamedTuple):
    """Why no verdict may rest on a metric: the problem's code, what is found, what is allowed instead, and what to do."""

    code: str
    found: str
    instead: str
    do: str = "list this metric under `metrics`"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: a row of the table (`fairtransfer.outcomes.table`).

    Attributes
    ----------
    adds
        What a case adds: an event (`fairtransfer.outcomes.classes`) or a value (`fairtransfer.outcomes.values`).
    harm_direction
        Which way harm lies; ``none`` where the best value lies in the middle, at 0 (of a slope at 1).
    words
        What it is, for people.
    bounds
        What a case's value (of a mean) or the metric can be.
    changes
        What a case's change can be; None where that follows from the bounds.
    over_all_classes
        How many times as wide the bounds are over all classes at once.
    complement
        One minus the event's share is told.
    changes_pair
        Before and after share the cases they are about, so that a change is paired.
    averaged
        Of a metric of one class: the mean over classes is told where no class is named.
    as_ratio
        Groups may be compared by a ratio of it: a share of people who are given the class. Errors are compared by differences: a
        ratio of rare errors says little, and another one than the ratio of what was answered rightly.
    reported_only
        Why no verdict may rest on it; None where its limits are in closed form and hold in small groups.
    least
        Cases below which nothing is told; None where only the policy's minimum counts.
    spelled
        Its name in running text, where that is not the name with spaces.
    """

    name: str
    outcome: Outcome
    estimator: Estimator
    adds: str
    harm_direction: Direction
    words: str
    about: About = "all"
    bounds: Limits = RATE
    changes: Limits | None = None
    over_all_classes: float = 1.0
    unit: Unit = "share"
    complement: bool = False
    changes_pair: bool = True
    averaged: bool = False
    as_ratio: bool = False
    reported_only: ReportedOnly | None = None
    least: int | None = None
    spelled: str = ""

    @property
    def plain(self) -> str:
        """Its name in running text."""
        return self.spelled or self.name.replace("_", " ")

    @property
    def of_class(self) -> bool:
        """Whether a case adds to one class, or to each of them."""
        return self.about in ("one", "average")

    @property
    def selects(self) -> bool:
        """Whether it is the share given a class, rightly or not: which way harm lies depends on whether people want the class."""
        return self.adds == "predicted_positive"

    def harm_of(self, of: str | None, favourable: str | None, classes: Sequence[str]) -> Direction:
        """Return which way harm lies for a class: of rates of being given it, by whether it is the class that people want."""
        if not self.selects or of == favourable is not None:
            return self.harm_direction
        return "higher_is_worse" if favourable is not None and len(classes) == 2 else "none"

    @property
    def one_class(self) -> bool:
        """Whether it is about one class against the rest: a gate names the class, where the task does not."""
        return self.about == "one"

    @property
    def higher_is_worse(self) -> bool:
        """Whether more of it is harm."""
        return self.harm_direction == "higher_is_worse"

    @property
    def two_sided(self) -> bool:
        """Whether its best value lies in the middle: harm lies on both sides."""
        return self.harm_direction == "none"

    @property
    def harm_sign(self) -> int:
        """+1 where more of it is harm, or harm lies on both sides; -1 where less is."""
        return -1 if self.harm_direction == "lower_is_worse" else 1

    @property
    def judged(self) -> bool:
        """Whether gates may be about it."""
        return self.reported_only is None

    @property
    def has_changes(self) -> bool:
        """Whether a change of it has limits, on the same people: of pairs of answers, or of shares of different cases."""
        return self.changes_pair or self.outcome == "classes"

    @property
    def paired(self) -> bool:
        """Whether a gate may judge a change of it, on the same people."""
        return self.has_changes and not self.two_sided and self.judged

    @property
    def summed(self) -> str:
        """What sums in the evidence are of: what a case adds, or of a root what it adds to that."""
        return f"root_{self.adds}" if self.root else self.adds

    @property
    def root(self) -> bool:
        """Whether the root of a mean is told."""
        return self.estimator == "root_mean"

    @property
    def of_shares(self) -> bool:
        """Whether it is a share of cases."""
        return self.estimator == "share"

    @property
    def of_numbers(self) -> bool:
        """Whether it is of predicted numbers."""
        return self.outcome == "numbers"

    @property
    def of_scores(self) -> bool:
        """Whether it is made of probabilities."""
        return self.outcome == "probabilities"

    @property
    def of_values(self) -> bool:
        """Whether it is of numbers of one's own, one for each row."""
        return self.outcome == "row_value"

    @property
    def in_a_unit(self) -> bool:
        """Whether its numbers may be of any size: limits are in its unit, and not shares of anything."""
        return self.unit in ("label", "own")

    def case_bounds(self, of: str | None, *, change: bool) -> Limits:
        """Return what a case's value, or its change, can be; `of` None is all classes at once."""
        wider, (low, high) = 1.0 if of is not None else self.over_all_classes, self.bounds
        if change:
            low, high = self.changes or (low - high, high - low)
        return low * wider, high * wider
