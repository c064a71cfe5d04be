"""The smallest harm a sample would have shown: what "no difference was found" leaves room for."""

from __future__ import annotations

import math

from fairtransfer.findings.estimates.combined import Difference
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.rates import PairedDifference, Rate, Sample
from fairtransfer.stats.planning import CLAIM, detectable, detectable_by_width, detectable_change

CLAIMED = 1 - CLAIM
"""The one-sided level of a claim of harm."""


def detectable_of(sample: Sample, people: float = math.inf) -> float:
    """Return the smallest difference that this many people would have shown with 80 % power, in one comparison.

    Parameters
    ----------
    people
        How many everyone else is, whom a rate is compared with; infinite for the rate of everyone.

    Notes
    -----
    For a rate, its distance to everyone else's; for a change, its distance to none; what seeds add to the interval is added
    to it likewise. Of a ratio it is told as the difference of
    the two rates. For averages over classes, metrics made of scores and differences of changes it follows from the
    width of the interval.
    """
    seeds = detectable_by_width(sample.seed_part(CLAIMED).half, CLAIMED)
    least = math.hypot(_of_examples(sample, people), seeds)
    return least if math.isinf(sample.range[1]) else min(least, 1.0)  # a number in the label's unit has no upper end


def _of_examples(sample: Sample, people: float) -> float:
    if isinstance(sample, Rate):
        size = sample.size(CLAIMED)
        return detectable(sample.share, size, 1, people / sample.n if people > 0 else math.inf)
    if isinstance(sample, PairedDifference):
        return detectable_change(sample.discordant, sample.n * sample.scale(CLAIMED), 1)
    if isinstance(sample, Difference | RateRatioContrast) and isinstance(sample.second, Rate):
        return _of_examples(sample.first, sample.second.n)
    interval = sample.examples(CLAIMED)
    return detectable_by_width(float(interval.high - interval.low) / 2, CLAIMED)
