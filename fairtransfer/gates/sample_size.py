"""What would settle an open comparison: how many people, units or seeds, if today's estimates were the truth.

The numbers come from adding up outcomes (`fairtransfer.stats.power`). A verdict holds them, so no random numbers here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairtransfer.findings.estimates.combined import Difference
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.detectable import detectable_of
from fairtransfer.findings.estimates.number_means import ErrorMean, MeanErrorDifference
from fairtransfer.findings.estimates.rates import PairedDifference, Rate, Sample
from fairtransfer.findings.query import NotEstimable
from fairtransfer.gates.contrast import MINIMUM_UNITS, Contrast, parts_of
from fairtransfer.stats.change_truths import PairedChange
from fairtransfer.stats.intervals import normal_quantile, t_quantile
from fairtransfer.stats.mean_power import Values, units_needed
from fairtransfer.stats.planning import MOST, POWER, power_for_all
from fairtransfer.stats.power import Side, Spread, people_needed
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM
from fairtransfer.stats.truths import OneRate, ShareOfRate, Truth, TwoRates

MOST_SEEDS = 100

MOST_TIMES = 100
"""More than so many times today's cases are no advice: the estimate lies within about half a standard error of the limit,
so that the number says more about chance than about people."""

FEW = 10_000
"""So many cases are advice however few there are today."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a comparison is on its way to, as it looks today.

    Attributes
    ----------
    level
        One-sided alpha of the bound that would decide it: the run's for a pass; shared among all comparisons for a failure.
    power
        The chance wanted; for a pass higher when others have to pass too, so that all do with 80 %.
    """

    side: Side
    level: float
    power: float


def leans_to_pass(contrast: Contrast) -> bool:
    """Say whether the comparison would pass if today's estimate were the truth."""
    return (contrast.harm or 0.0) < contrast.margin


def needed(contrast: Contrast, alpha: float, family: int, together: int) -> dict[str, Any]:
    """Return how many people, units or seeds would settle a comparison if today's estimates were the truth.

    Parameters
    ----------
    alpha, family
        Of the run, and over how many comparisons a failure is corrected.
    together
        How many open comparisons of the gate have to pass for it to pass.

    Returns
    -------
    dict
        ``settles``: as what, ``pass`` or ``fail``; None where the comparison cannot be evaluated yet. ``people``: cases of
        the group, in a benchmark that grows as a whole. Neither people nor seeds: no `realistic` number settles it, as the
        estimate lies on the limit. ``detectable``: the smallest harm today's cases could have shown.
    """
    sample = contrast.sample
    found: dict[str, Any] = {
        "benchmark": contrast.benchmark,
        "group": contrast.group,
        "against_group": contrast.other,
        "have": contrast.smallest,
        "people": None,
        "seeds": None,
        "settles": None,
        "detectable": None,
    }
    if isinstance(sample, NotEstimable):
        return {**found, **_least(contrast, sample)}
    found["have_seeds"] = sample.seeds_count
    if "few_seeds" in contrast.blocked:
        return {**found, "seeds": PROCEDURE_MINIMUM}
    if "below_min_n" in contrast.blocked:
        return {**found, "people": contrast.min_group}
    if "few_clusters" in contrast.blocked:
        units = min(part.moments.units for part in parts_of(sample) if part.clustered)
        return {**found, "units": MINIMUM_UNITS, "have_units": units}
    passes = leans_to_pass(contrast)
    claim = Claim("pass", alpha, power_for_all(together)) if passes else Claim("fail", alpha / family, POWER)
    found |= {"have": _have(sample), "settles": claim.side, "detectable": detectable_of(sample)}
    return {**found, **_amounts(contrast, sample, claim)}


def nothing_settles(entry: Mapping[str, Any]) -> bool:
    """Say whether a comparison that can be judged lies so close to the limit that no realistic number settles it."""
    return entry["settles"] is not None and not any(entry.get(amount) for amount in ("people", "seeds", "units"))


def _least(contrast: Contrast, sample: NotEstimable) -> dict[str, Any]:
    """Return what it takes to judge at all; nothing where there are enough cases and these are all alike."""
    if sample.units is not None:
        return {"units": sample.least, "have_units": sample.units}
    if sample.least is not None and sample.status == "undefined":
        return {"have": sample.n}
    return {"people": max(sample.least or 0, contrast.min_group)}


def _amounts(contrast: Contrast, sample: Sample, claim: Claim) -> dict[str, Any]:
    """Return how many people settle it with today's seeds; where none do, with how many seeds, and then how many people."""
    seeds = sample.seeds_count if sample.of_procedure else 1
    people = _people(contrast, sample, claim, seeds)
    if people is not None or seeds < 2:
        return {"people": people}
    more = _seeds(contrast, sample, claim)
    if more is None:
        return {}
    people = _people(contrast, sample, claim, more)
    if people is None:
        return {}
    return {"seeds": more, "people": None if people <= _have(sample) + 1 else people}


def _seeds(contrast: Contrast, sample: Sample, claim: Claim) -> int | None:
    """Return with how many seeds the seeds' part would be half the distance to the margin, at today's spread."""
    distance = abs(contrast.margin - (contrast.harm or 0.0))
    for count in range(sample.seeds_count + 1, MOST_SEEDS + 1):
        if _spread(sample, claim.level, count).half <= distance / 2:
            return count
    return None


def _spread(sample: Sample, level: float, seeds: int) -> Spread:
    """Return what so many seeds add to a bound, if they spread as today's do."""
    if seeds < 2:
        return Spread()
    sd = sample.seed_part(1 - level).sd / math.sqrt(seeds)
    return Spread(t_quantile(1 - level, seeds - 1) * sd, sd)


def _people(contrast: Contrast, sample: Sample, claim: Claim, seeds: int) -> int | None:
    """Return how many people of the group settle it, at what one of them is worth today; None: no realistic number."""
    spread, truth = _spread(sample, claim.level, seeds), _truth(contrast, sample, claim)
    worth, margin = _worth(sample, 1 - claim.level), contrast.margin + _shift(contrast)
    if isinstance(sample, ErrorMean | MeanErrorDifference):
        found = _by_spread(contrast, sample, claim, spread)
    elif truth is None:
        found = _by_width(contrast, sample, claim, spread)
    else:
        most = max(1, math.floor(realistic(_have(sample)) * worth))
        found = people_needed(truth, claim.side, margin, claim.level, claim.power, spread, most)
    if found is None:
        return None
    whole = math.ceil(found / worth) if worth > 0 else MOST + 1
    return None if whole > realistic(_have(sample)) else max(whole, math.ceil(_have(sample)) + 1)


def realistic(have: float) -> float:
    """Return the largest number of cases that is advice where there are so many today."""
    return min(max(FEW, MOST_TIMES * have), MOST)


def _truth(contrast: Contrast, sample: Sample, claim: Claim) -> Truth | None:
    """Return today's estimates as the truth, turned so that larger is worse; None where outcomes cannot be counted."""
    if isinstance(sample, Rate):
        return OneRate(_harmed(contrast, sample))
    if isinstance(sample, RateRatioContrast):
        one, two, level = sample.first, sample.second, 1 - claim.level
        return ShareOfRate(1 - one.estimate, two.estimate, sample.limit, two.size(level) / one.size(level))
    if isinstance(sample, Difference) and isinstance(sample.first, Rate) and isinstance(sample.second, Rate):
        one, two, level = sample.first, sample.second, 1 - claim.level
        return TwoRates(_harmed(contrast, one), _harmed(contrast, two), two.size(level) / one.size(level))
    if isinstance(sample, PairedDifference):
        shares = (sum(sample.gained), sum(sample.lost))
        gained, lost = (share / sample.seeds_count / sample.n for share in shares)
        return PairedChange(gained, lost) if contrast.sign * sample.sign > 0 else PairedChange(lost, gained)
    return None


def _harmed(contrast: Contrast, level: Rate) -> float:
    """Return the share that is harmed: of a rate that is good to have, those who have it not."""
    return level.estimate if contrast.sign > 0 else 1 - level.estimate


def _shift(contrast: Contrast) -> float:
    """Return by how much the harmed share lies above the oriented rate, which is below 0 for a rate that is good to have."""
    return 1.0 if isinstance(contrast.sample, Rate) and contrast.sign < 0 else 0.0


def _by_spread(contrast: Contrast, sample: ErrorMean | MeanErrorDifference, claim: Claim, spread: Spread) -> int | None:
    """Return how many cases settle a mean, if cases to come spread, and lean, as today's do."""
    sides = (sample,) if isinstance(sample, ErrorMean) else (sample.first, sample.second)
    own = sides[0].spread.units
    lean = contrast.sign if claim.side == "pass" else -contrast.sign
    parts = []
    for side, sign in zip(sides, (lean, -lean), strict=False):
        known, root = side.spread, math.sqrt(side.spread.units)
        parts.append(Values(known.error * root, sign * known.bend * root, known.units / own))
    units = units_needed(parts, abs(contrast.margin - (contrast.harm or 0.0)), claim.level, claim.power, spread)
    return None if units is None else math.ceil(units * _have(sample) / own)


def _have(sample: Sample) -> float:
    """Return today's cases of the group itself."""
    own = sample.first if isinstance(sample, Difference | RateRatioContrast | MeanErrorDifference) else sample
    return min(part.n for part in parts_of(own))


def _worth(sample: Sample, level: float) -> float:
    """Return how many independent cases one case of the group is worth."""
    if isinstance(sample, Difference | RateRatioContrast):
        return _worth(sample.first, level)
    if isinstance(sample, Rate):
        return sample.size(level) / sample.n
    return sample.scale(level) if isinstance(sample, PairedDifference) else 1.0


def _by_width(contrast: Contrast, sample: Sample, claim: Claim, spread: Spread) -> int | None:
    """Return how many people make today's interval narrow enough: its half-width falls with the root of their number."""
    distance = abs(contrast.margin - (contrast.harm or 0.0))
    room = distance**2 - spread.half**2
    if room <= 0:
        return None
    interval, z = sample.examples(1 - claim.level), normal_quantile(1 - claim.level)
    half = float(interval.high - interval.low) / 2
    wanted = (z + normal_quantile(claim.power)) / z * half
    cases = _have(sample) * wanted**2 / room
    return math.ceil(cases) if cases <= MOST else None
