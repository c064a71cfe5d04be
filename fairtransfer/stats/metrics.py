"""The table of metrics: what each one counts, which way harm lies, and whether before and after share a denominator.

Every metric is a share: of the rows (or row-class pairs) the *event*'s denominator selects, how many the numerator does.
A complement is one minus it. Metrics of one class are averaged over all declared classes when no class is named (macro).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Event = Literal["wrong", "hit", "false_alarm", "selected", "precise", "spared"]
"""wrong: all rows, answered wrongly. hit: rows of the class, answered with it. false_alarm: rows not of the class,
answered with it. selected: all rows, answered with the class. precise: rows answered with the class, of the class.
spared: rows answered without the class, not of it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes
    ----------
    complement
        The metric is one minus the event's share.
    of_class
        The event is about one class.
    paired
        The denominator does not depend on the model, so that a change is paired.
    """

    name: str
    event: Event
    complement: bool
    of_class: bool
    paired: bool
    higher_is_worse: bool
    words: str

    @property
    def harm_direction(self) -> Literal["higher_is_worse", "lower_is_worse"]:
        """Which way harm lies, as findings state it."""
        return "higher_is_worse" if self.higher_is_worse else "lower_is_worse"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # name, event, complement, of one class, paired, higher is worse, words
        Metric("error_rate", "wrong", False, False, True, True, "share of cases answered wrongly"),
        Metric("accuracy", "wrong", True, False, True, False, "share of cases answered rightly"),
        Metric("recall", "hit", False, True, True, False, "of those in the class, the share found"),
        Metric("true_positive_rate", "hit", False, True, True, False, "of those in the class, the share found"),
        Metric("false_negative_rate", "hit", True, True, True, True, "of those in the class, the share missed"),
        Metric(
            "false_positive_rate",
            "false_alarm",
            False,
            True,
            True,
            True,
            "of those not in the class, the share put into it",
        ),
        Metric(
            "true_negative_rate",
            "false_alarm",
            True,
            True,
            True,
            False,
            "of those not in the class, the share kept out of it",
        ),
        Metric(
            "precision",
            "precise",
            False,
            True,
            False,
            False,
            "of those put into the class, the share that belongs there",
        ),
        Metric(
            "negative_predictive_value",
            "spared",
            False,
            True,
            False,
            False,
            "of those kept out of the class, the share that does not belong there",
        ),
        Metric("selection_rate", "selected", False, True, True, False, "share of cases put into the class"),
        Metric("balanced_accuracy", "hit", False, True, True, False, "mean over classes of the share found"),
    )
}
