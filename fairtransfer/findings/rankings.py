"""What the AUCs of a group's rows tell beside the AUC itself: mix-ups with the others, and one number for all groups."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from fairtransfer.findings.details import GeneralisedMean, MixedUp
from fairtransfer.findings.sums import PerSeed
from fairtransfer.stats.auc import MINIMUM_CLASS
from fairtransfer.stats.bias_auc import MEAN_POWER, generalised_mean

_COLUMNS = ("value", "bpsn", "bnsp")


def mixed_up(rows: PerSeed) -> MixedUp:
    """Return the AUCs between a group and everyone else, averaged over seeds.

    ``bpsn``, background positives against the group's negatives: low where the group's negatives score like the others'
    positives. ``bnsp``: low where the group's positives score like the others' negatives.
    """
    return MixedUp(_mean(rows, "bpsn"), _mean(rows, "bnsp"))


def generalised(view: tuple[str, ...], rows: Iterable[PerSeed]) -> GeneralisedMean:
    """Return the generalised means (power -5) of the AUCs of a view's groups that have enough cases of both classes."""
    every = list(rows)
    kept = [a for a in every if _enough(a) and all(_mean(a, column) is not None for column in _COLUMNS)]
    means = []
    for column in _COLUMNS:
        values = [v for a in kept if (v := _mean(a, column)) is not None]
        means.append(generalised_mean(values, MEAN_POWER) if values else None)
    return GeneralisedMean(view, MEAN_POWER, len(kept), len(every) - len(kept), *means)


def _enough(rows: PerSeed) -> bool:
    return all(rows.first[name] >= MINIMUM_CLASS for name in ("units_positive", "units_negative"))


def _mean(rows: PerSeed, column: str) -> float | None:
    values = [row[column] for row in rows.by_seed]
    return None if None in values else fmean(values)
