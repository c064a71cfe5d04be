"""What would settle an open comparison: how many people, units or seeds, if today's estimates were the truth.

The numbers come from adding up outcomes (`fairtransfer.stats.power`). A verdict holds them, so no random numbers here.
"""

from __future__ import annotations

import math
from dataclasses import replace

from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.gates.contrast import MINIMUM_UNITS, Contrast
from fairtransfer.gates.results import Needed
from fairtransfer.stats.intervals import t_quantile
from fairtransfer.stats.neighbours import LENT
from fairtransfer.stats.planning import MOST, POWER, power_for_all
from fairtransfer.stats.power import Claim, SeedSpread
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MOST_SEEDS = 100

MOST_TIMES = 100
"""More than so many times today's cases are no advice: the estimate lies within about half a standard error of the limit,
so that the number says more about chance than about people."""

FEW = 10_000
"""So many cases are advice however few there are today."""


def leans_to_pass(contrast: Contrast) -> bool:
    """Say whether the comparison would pass if today's estimate were the truth."""
    return (contrast.harm or 0.0) < contrast.margin


def to_settle(contrast: Contrast, passing: float, failing: float, together: int) -> Needed:
    """Return how many people, units or seeds would settle a comparison if today's estimates were the truth.

    Parameters
    ----------
    passing, failing
        Error rates of the bounds that would decide.
    together
        How many open comparisons of the gate have to pass for it to pass.

    Notes
    -----
    People are cases of the group, in a benchmark that grows as a whole. Neither people nor seeds: no `realistic` number settles
    it, as the estimate lies on the limit.
    """
    sample = contrast.sample
    found = Needed(contrast.benchmark, contrast.group, contrast.other, contrast.smallest, metric=contrast.metric)
    if isinstance(sample, NotEstimable):
        return _least(found, contrast, sample)
    found = replace(found, have_seeds=sample.seeds_count)
    if contrast.blocked:
        return _unblocked(found, contrast, sample)
    passes = leans_to_pass(contrast)
    claim = Claim("pass", passing, power_for_all(together)) if passes else Claim("fail", failing, POWER)
    people, seeds = _amounts(contrast, sample, claim)
    found = replace(found, have=sample.own.smallest, settles=claim.side, detectable=sample.detectable())
    return replace(found, people=people, seeds=seeds)


def _unblocked(found: Needed, contrast: Contrast, sample: Estimate) -> Needed:
    """Return all that it takes to judge at all: seeds, cases and units, whichever are too few."""
    few_units = "few_clusters" in contrast.blocked
    return replace(
        found,
        seeds=PROCEDURE_MINIMUM if "few_seeds" in contrast.blocked else None,
        people=contrast.min_group if "below_min_n" in contrast.blocked else None,
        units=MINIMUM_UNITS if few_units else None,
        have_units=sample.fewest_units if few_units else None,
    )


def _least(found: Needed, contrast: Contrast, sample: NotEstimable) -> Needed:
    """Return all that it takes to judge at all; nothing where there are enough cases and these are all alike."""
    if sample.units is None and sample.least is not None and sample.status == "undefined":
        return replace(found, have=sample.n or 0.0)
    people = max(sample.least or 0, contrast.min_group)
    if "few_seeds" in contrast.blocked:
        found = replace(found, seeds=PROCEDURE_MINIMUM, have_seeds=sample.seeds)
    if sample.units is None:
        return replace(found, people=people)
    found = replace(found, units=sample.least, have_units=sample.units)
    return replace(found, people=people) if contrast.smallest < people else found


def _amounts(contrast: Contrast, sample: Estimate, claim: Claim) -> tuple[int | None, int | None]:
    """Return how many people settle it with today's seeds; where none do, how many people and seeds; None: that is not needed."""
    seeds = sample.seeds_count if sample.of_procedure else 1
    people = _people(contrast, sample, claim, seeds)
    if people is not None or seeds < 2:
        return people, None
    more = _seeds(contrast, sample, claim)
    people = None if more is None else _people(contrast, sample, claim, more)
    if people is None:
        return None, None
    return None if people <= sample.own.smallest + 1 else people, more


def _seeds(contrast: Contrast, sample: Estimate, claim: Claim) -> int | None:
    """Return with how many seeds the seeds' part would be half the distance to the margin, at today's spread."""
    distance = abs(contrast.margin - (contrast.harm or 0.0))
    for count in range(sample.seeds_count + 1, MOST_SEEDS + 1):
        if _spread(sample, claim.level, count).half <= distance / 2:
            return count
    return None


def _spread(sample: Estimate, level: float, seeds: int) -> SeedSpread:
    """Return what so many seeds add to a bound, if they spread as today's do."""
    if seeds < 2:
        return SeedSpread()
    sd = sample.seed_part(1 - level).sd / math.sqrt(seeds)
    return SeedSpread(_half_of_seeds(sample, seeds, 1 - level), sd)


def _half_of_seeds(sample: Estimate, seeds: int, level: float) -> float:
    """Return what so many seeds would add to a bound, with as many degrees of freedom lent as today."""
    lent = 0.0 if sample.among is None else LENT
    today, more = sample.seeds_count - 1 + lent, seeds - 1 + lent
    half = sample.seed_part(level).half * math.sqrt(sample.seeds_count / seeds)
    return half * t_quantile(level, more) / t_quantile(level, today)


def _people(contrast: Contrast, sample: Estimate, claim: Claim, seeds: int) -> int | None:
    """Return how many people of the group settle it, at what one of them is worth today; None: no realistic number."""
    spread, have = _spread(sample, claim.level, seeds), sample.own.smallest
    found = sample.cases_needed(contrast.sign, contrast.margin, claim, spread, realistic(have))
    return None if found is None or found > realistic(have) else max(found, math.ceil(have) + 1)


def realistic(have: float) -> float:
    """Return the largest number of cases that is advice where there are so many today."""
    return min(max(FEW, MOST_TIMES * have), MOST)
