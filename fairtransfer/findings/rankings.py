"""What the AUCs of a group's rows tell beside the AUC itself: mix-ups with the others, and one number for all groups."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from fairtransfer.findings.scores import Answers
from fairtransfer.stats.auc import MINIMUM_CLASS
from fairtransfer.stats.bias_auc import POWER, generalised_mean

_NAMES = {"subgroup": "value", "bpsn": "bpsn", "bnsp": "bnsp"}


def mixed_up(answers: Answers) -> dict[str, float | None]:
    """Return the AUCs between a group and everyone else, averaged over seeds.

    ``bpsn``, background positives against the group's negatives: low where the group's negatives score like the others'
    positives. ``bnsp``: low where the group's positives score like the others' negatives.
    """
    return {name: _mean(answers, name) for name in ("bpsn", "bnsp")}


def generalised(view: tuple[str, ...], answers: Iterable[Answers]) -> dict[str, Any]:
    """Return the generalised means (power -5) of the AUCs of a view's groups that have enough cases of both classes."""
    every = list(answers)
    kept = [a for a in every if _enough(a) and all(_mean(a, column) is not None for column in _NAMES.values())]
    found: dict[str, Any] = {"attributes": list(view), "power": POWER}
    found |= {"groups": len(kept), "groups_left_out": len(every) - len(kept)}
    for name, column in _NAMES.items():
        values = [v for a in kept if (v := _mean(a, column)) is not None]
        found[name] = generalised_mean(values, POWER) if values else None
    return found


def _enough(answers: Answers) -> bool:
    return all(answers.first[name] >= MINIMUM_CLASS for name in ("units_positive", "units_negative"))


def _mean(answers: Answers, column: str) -> float | None:
    values = [row[column] for row in answers.by_seed]
    return None if None in values else fmean(values)
