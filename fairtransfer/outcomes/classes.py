"""Answers that are classes: what a row counts of them, and the metrics that follow.

A share counts an *event*: of the rows that its denominator selects, how many the numerator does. An F1 score follows from one,
but is no share of cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fairtransfer.outcomes.metric import Metric

Flags = Any
"""Arrays of bool, of one shape."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is counted of one class (or, of ``wrong``, of the whole answer).

    Attributes
    ----------
    counted
        From who is of the class, and who was answered with it, to denominator and numerator.
    why_empty
        Why a denominator may hold nobody, in words; ``{of}`` is the class.
    cases
        Which cases the denominator holds, in words; empty where it holds all.
    fixed
        The denominator does not depend on the model.
    worse
        +1 where a case that enters the numerator is served worse, else -1.
    """

    name: str
    counted: Callable[[Flags, Flags], tuple[Flags, Flags]]
    why_empty: str
    cases: str
    fixed: bool = True
    worse: int = 1


WRONG = "wrong"
"""All rows, and those answered wrongly: the one event that is about the answer as a whole."""

EVENTS: Mapping[str, Event] = {
    event.name: event
    for event in (
        Event(
            "true_positive",
            lambda mine, said: (mine, mine & said),
            "0 cases of the class `{of}`",
            "of the class",
            worse=-1,
        ),
        Event(
            "false_positive",
            lambda mine, said: (~mine, ~mine & said),
            "0 cases outside the class `{of}`",
            "outside the class",
        ),
        Event("predicted_positive", lambda mine, said: (mine | ~mine, said), "0 cases", ""),
        Event(
            "precision",
            lambda mine, said: (said, mine & said),
            "no case was put into the class `{of}`",
            "put into the class",
            fixed=False,
        ),
        Event(
            "jaccard",
            lambda mine, said: (mine | said, mine & said),
            "no case is of the class `{of}`, or was put into it",
            "of the class",
            fixed=False,
        ),
        Event(
            "npv",
            lambda mine, said: (~said, ~mine & ~said),
            "every case was put into the class `{of}`",
            "kept out of the class",
            fixed=False,
        ),
    )
}
"""Events of one class. true_positive: rows of the class, answered with it. false_positive: rows not of it, answered with it.
predicted_positive: all rows, answered with the class. precision: rows answered with the class, of the class. jaccard: rows of the
class or answered with it, both. npv: rows answered without the class, not of it."""


def why_empty(event: str, of: str) -> str:
    """Return why a denominator holds nobody, in words."""
    return EVENTS[event].why_empty.format(of=of) if event != WRONG else "0 cases"


def cases_counted(event: str) -> str:
    """Return which cases an event's denominator holds, in words: ``of the class``; nothing where it holds all."""
    return EVENTS[event].cases if event in EVENTS else ""


def _share(name: str, adds: str, direction: Any, words: str, **more: Any) -> Metric:
    fixed = adds == WRONG or EVENTS[adds].fixed
    about = more.pop("about", "one")
    return Metric(name, "classes", "share", adds, direction, words, about, changes_pair=fixed, **more)


WORSE, BETTER = "higher_is_worse", "lower_is_worse"

SHARES: tuple[Metric, ...] = (
    _share("error_rate", WRONG, WORSE, "share of cases answered wrongly", about="all"),
    _share("accuracy", WRONG, BETTER, "share of cases answered rightly", about="all", complement=True),
    _share("recall", "true_positive", BETTER, "of those in the class, the share found", averaged=True, as_ratio=True),
    _share("true_positive_rate", "true_positive", BETTER, "of those in the class, the share found", as_ratio=True),
    _share("false_negative_rate", "true_positive", WORSE, "of those in the class, the share missed", complement=True),
    _share("false_positive_rate", "false_positive", WORSE, "of those not in the class, the share put into it"),
    _share(
        "true_negative_rate",
        "false_positive",
        BETTER,
        "of those not in the class, the share kept out of it",
        complement=True,
    ),
    _share(
        "precision", "precision", BETTER, "of those put into the class, the share that belongs there", averaged=True
    ),
    _share(
        "false_discovery_rate",
        "precision",
        WORSE,
        "of those put into the class, the share that does not belong there",
        complement=True,
    ),
    _share("selection_rate", "predicted_positive", BETTER, "share of cases put into the class", as_ratio=True),
    _share("balanced_accuracy", "true_positive", BETTER, "mean over classes of the share found", about="average"),
    _share(
        "negative_predictive_value",
        "npv",
        BETTER,
        "of those kept out of the class, the share that does not belong there",
    ),
    _share(
        "false_omission_rate",
        "npv",
        WORSE,
        "of those kept out of the class, the share that belongs there",
        complement=True,
    ),
)
"""The selection rate has no harmful direction of its own: of the class that people want less is harm (`Metric.harm_of`)."""


F1_SCORES: tuple[Metric, ...] = (
    Metric(
        "macro_f1",
        "classes",
        "f1",
        "jaccard",
        "lower_is_worse",
        "mean over classes of the F1 score; undefined where a class has no cases",
        about="average",
        spelled="macro F1",
        unit="score",
        changes_pair=False,
    ),
    Metric(
        "f1_score",
        "classes",
        "f1",
        "jaccard",
        "lower_is_worse",
        "harmonic mean of precision and recall of the class",
        about="one",
        spelled="F1 score",
        unit="score",
        changes_pair=False,
    ),
)
