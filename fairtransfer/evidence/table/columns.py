"""Which column of a table of predictions holds what, once its names are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairtransfer.errors import shown
from fairtransfer.spec.recoding import Recoding


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what.

    Attributes
    ----------
    before
        None when there is one model only.
    items
        Columns that together name a row; no name may stand twice.
    counts
        The table is counted already; this column says how many rows each of its rows stands for.
    weights
        How much a row counts, for samples drawn with unequal chances.
    multilabel
        Labels and answers may hold several classes, ``a|b``.
    score, score_before
        Columns with the probability of the positive class, after and before.
    scores, scores_before
        Class -> the column with its probability, of every class, after and before; in the place of `score`.
    numbers
        Labels and answers are numbers, not classes.
    value, value_before
        Columns with a number of its own for every row, after and before. There may be no labels and answers then: their names
        are empty.
    recoding
        Words and numbers that are read as something else.
    """

    label: str
    after: str
    groups: tuple[str, ...]
    before: str | None = None
    items: tuple[str, ...] = ()
    unit: str | None = None
    counts: str | None = None
    weights: str | None = None
    multilabel: bool = False
    score: str | None = None
    score_before: str | None = None
    scores: Mapping[str, str] = field(default_factory=dict)
    scores_before: Mapping[str, str] = field(default_factory=dict)
    numbers: bool = False
    value: str | None = None
    value_before: str | None = None
    recoding: Recoding = field(default_factory=Recoding)

    @property
    def model(self) -> str:
        """What the model is called: the column of its answers, or of its values where there are no answers."""
        return self.after or self.value or ""

    @property
    def scored(self) -> tuple[str, ...]:
        """The columns with probabilities of the model."""
        return tuple(self.scores.values()) or ((self.score,) if self.score else ())

    @property
    def scored_before(self) -> tuple[str, ...]:
        """The same of the model it is compared with."""
        return tuple(self.scores_before.values()) or ((self.score_before,) if self.score_before else ())

    @property
    def heavy(self) -> str | None:
        """The column of weights, or of counts; None where every row is one case."""
        return self.weights or self.counts

    @property
    def compared(self) -> str | None:
        """What the model it is compared with is called; None where there is one model only."""
        return self.before or (None if self.after else self.value_before)

    def named(self) -> dict[str, str]:
        """Return ``column -> what it is``."""
        one = {"label": self.label, "before": self.before, "after": self.after, "unit": self.unit}
        one |= {"counts": self.counts, "weights": self.weights}
        one |= {"score": self.score, "score before": self.score_before}
        one |= {"value": self.value, "value before": self.value_before}
        return (
            {column: f"score of {shown(of)}" for of, column in [*self.scores.items(), *self.scores_before.items()]}
            | {name: what for what, name in one.items() if name}
            | dict.fromkeys(self.groups, "group")
            | dict.fromkeys(self.items, "item")
        )
