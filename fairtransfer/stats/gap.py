"""The gap between the best and worst served group, with what chance alone would give, and what may be said of all groups.

Rates are those of groups large enough to compare: one that is not defined is left out by the caller, and said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.draws import DRAWS, quantiles
from fairtransfer.stats.exact import exact_contrast
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile

_SEED = 20_260_101

LEAST_EVENTS = 5
"""A ratio is stated only where every group has so many events, and so many cases without."""


class NoiseFloor(NamedTuple):
    """The gap to expect when every group is served alike: its mean and 95th percentile."""

    mean: float
    p95: float


class MaxMinGap(NamedTuple):
    """The max-min gap, at least 0, and between which groups (their places): the first of several that are alike."""

    gap: float
    worst: int
    best: int


class Deviation(NamedTuple):
    """The group (its place) farthest from the overall rate, and by how much: positive above it."""

    group: int
    by: float
    overall: float


class AgainstRest(NamedTuple):
    """Every group's difference to everyone else, and limits that hold for all groups together."""

    differences: Floats
    limits: Interval


class Between(NamedTuple):
    """The variance between groups that sampling does not explain, with its interval; may be negative."""

    variance: float
    low: float
    high: float

    @property
    def sd(self) -> float:
        """The standard deviation to display; 0 where the variance is negative."""
        return float(max(self.variance, 0.0) ** 0.5)


def spread(rates: ArrayLike, *, higher_is_worse: bool = True) -> MaxMinGap:
    """Return the gap between the worst and the best served group, at least 0, and which they are.

    Raises
    ------
    ValueError
        When a group has no rate: a gap over the others would be about other people.
    """
    e = _defined(rates)
    worst, best = (e.argmax(), e.argmin()) if higher_is_worse else (e.argmin(), e.argmax())
    return MaxMinGap(float(abs(e[worst] - e[best])), int(worst), int(best))


def noise_floor(pooled: float, sizes: Sequence[float]) -> NoiseFloor:
    """Return the max-min gap of groups of these (effective) sizes that all have the same true rate.

    Drawn from binomials with a fixed seed: a number for reports, never for a verdict. The observed gap is biased upward;
    eight equal groups of 50 with an error of 15 % show a gap of 14 points on average.

    Parameters
    ----------
    pooled
        The rate they share, in [0, 1].
    sizes
        Of at least one group; fractions are rounded, to 1 at least.

    Notes
    -----
    For large groups about ``d2 · sqrt(p(1-p)/n)``, d2 the expected range of as many standard normals (Tippett 1925).
    """
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    whole = np.maximum(np.rint(np.asarray(sizes)), 1).astype(np.int64)
    rates = rng.binomial(whole, pooled, size=(DRAWS, len(whole))) / whole
    gaps = rates.max(axis=1) - rates.min(axis=1)
    return NoiseFloor(float(gaps.mean()), float(np.quantile(gaps, 0.95)))


def noise_floor_of_means(errors: Sequence[float]) -> NoiseFloor:
    """Return the max-min gap of groups with the same true mean, whose means have these standard errors.

    Drawn from normal distributions with a fixed seed: a number for reports, never for a verdict. Of one standard error for all
    it is that times the expected range of as many standard normals (Tippett 1925).
    """
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    means = rng.standard_normal((DRAWS, len(errors))) * np.asarray(errors, dtype=np.float64)
    gaps = means.max(axis=1) - means.min(axis=1)
    return NoiseFloor(float(gaps.mean()), float(np.quantile(gaps, 0.95)))


def ratio(events: ArrayLike, sizes: ArrayLike) -> float | None:
    """Return the smallest rate over the largest; None where some group has fewer than 5 events, or 5 cases without.

    Biased downward: of two equal groups of 50 with a rate of 15 % it is 0.69 on average.

    Parameters
    ----------
    events, sizes
        People of each group with the event, and all of them.
    """
    x, n = np.asarray(events, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if min(x.min(), (n - x).min()) < LEAST_EVENTS:
        return None
    return float((x / n).min() / (x / n).max())


def largest_deviation(rates: ArrayLike, sizes: ArrayLike) -> Deviation:
    """Return the largest distance of a group from the overall rate; biased upward, as the gap is."""
    e, n = _defined(rates), np.asarray(sizes, dtype=np.float64)
    overall = float((e * n).sum() / n.sum())
    group = int(np.abs(e - overall).argmax())
    return Deviation(group, float(e[group] - overall), overall)


def against_rest(rates: ArrayLike, sizes: ArrayLike, alpha: float = 0.05) -> AgainstRest:
    """Return each group's difference to everyone else with simultaneous limits, in closed form.

    All of them hold together with probability 1 - alpha at least: exact limits at alpha shared by the groups
    (Bonferroni).

    Parameters
    ----------
    rates, sizes
        Of two or more groups that share no rows; sizes may be effective ones.
    """
    e, n = _defined(rates), np.asarray(sizes, dtype=np.float64)
    rest = n.sum() - n
    others = ((e * n).sum() - e * n) / rest
    limits = exact_contrast(e, n, np.clip(others, 0, 1), rest, normal_quantile(1 - alpha / (2 * len(e))))
    return AgainstRest(e - others, limits)


def corrected_variance(rates: Sequence[float], sizes: Sequence[float]) -> float:
    """Return the variance between groups without the part that sampling adds (Lum, Zhang and Bower 2022); may be negative.

    ``S²(e_k) - mean(e_k(1-e_k)/(n_k-1))``.
    """
    e, n = np.asarray(rates), np.asarray(sizes)
    return float(e.var(ddof=1) - (e * (1 - e) / (n - 1)).mean())


def double_coefficient(sizes: ArrayLike) -> Floats:
    """Return ``c_k = n_k(2n_k-1)/(n_k-1)²``: how much of a resampled group's variance is noise, the sample's and its own."""
    n = np.asarray(sizes, dtype=np.float64)
    found: Floats = n * (2 * n - 1) / (n - 1) ** 2
    return found


def double_corrected(resampled: ArrayLike, sizes: ArrayLike) -> Floats:
    """Return the corrected variance between groups in every resample: its mean over resamples is the corrected variance.

    ``S²(e*_k) - mean(c_k e*_k(1-e*_k)/n_k)``: a resample carries the noise of the sample and its own, hence the doubling
    (after Lum, Zhang and Bower 2022, with the coefficient that makes the mean exact).

    Parameters
    ----------
    resampled
        Resamples x groups: shares of n_k rows drawn with replacement from the group's own.
    """
    e, n = np.asarray(resampled), np.asarray(sizes, dtype=np.float64)
    found: Floats = e.var(axis=1, ddof=1) - (double_coefficient(n) * e * (1 - e) / n).mean(axis=1)
    return found


def between_groups(
    rates: Sequence[float], sizes: Sequence[float], rng: np.random.Generator, draws: int = DRAWS, level: float = 0.95
) -> Between:
    """Return the corrected variance between groups and its interval from double-corrected resamples.

    Parameters
    ----------
    sizes
        Effective sizes may be fractions; the resamples round them. At least 2.
    """
    whole = np.maximum(np.rint(np.asarray(sizes)), 2).astype(np.int64)
    resampled = rng.binomial(whole, rates, size=(draws, len(whole))) / whole
    low, high = quantiles(double_corrected(resampled, whole), level)
    return Between(corrected_variance(rates, sizes), float(low), float(high))


class LevellingDown(NamedTuple):
    """Whether a gap closed at the cost of the group that was served best.

    Attributes
    ----------
    best
        Place of the group that was served best before.
    rise
        By how much its harm grew; negative where it fell.
    """

    flag: bool
    gap_before: float
    gap_after: float
    best: int
    rise: float


class HiddenHarm(NamedTuple):
    """Whether an average that improved hides groups (their places) that surely fare worse."""

    flag: bool
    average: float
    harmed: tuple[int, ...]


def levelling_down(before: ArrayLike, after: ArrayLike, lower: ArrayLike) -> LevellingDown:
    """Tell whether the gap closed while harm to the group served best surely rose.

    Parameters
    ----------
    before, after
        Harm per group, larger is worse.
    lower
        Lower limits of each group's change. The group is chosen by the same numbers: limits should hold for all groups
        together, each at the one-sided level ``1 - alpha/groups``.
    """
    old, new, low = _defined(before), _defined(after), np.asarray(lower, dtype=np.float64)
    best = int(np.lexsort((-new, old))[0])  # of several served equally well, the one that fares worst now
    was, now = spread(old).gap, spread(new).gap
    return LevellingDown(bool(now < was and low[best] > 0), was, now, best, float(new[best] - old[best]))


def hidden_harm(average: float, lower: ArrayLike) -> HiddenHarm:
    """Tell whether harm fell on average while it surely rose in some group.

    Parameters
    ----------
    average
        Change of the harm over everybody; negative is better.
    lower
        Lower limits of each group's change, holding for all groups together (see `levelling_down`).
    """
    harmed = tuple(int(place) for place in np.flatnonzero(np.asarray(lower) > 0))
    return HiddenHarm(average < 0 and bool(harmed), average, harmed)


def _defined(rates: ArrayLike) -> Floats:
    e = np.asarray(rates, dtype=np.float64)
    if e.size == 0 or np.isnan(e).any():
        message = f"{int(np.isnan(e).sum())} of {e.size} groups have no rate: leave them out, and say so"
        raise ValueError(message)
    return e
