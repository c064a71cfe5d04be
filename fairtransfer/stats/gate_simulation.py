"""A whole gate, drawn before there is data: how often all of its groups pass, and how often one of them fails.

Comparisons with everyone else share people, so that no formula holds for all of them together. Here counts are drawn and
judged by the intervals that gates use, at the real sizes of the groups. The draws have a fixed seed: the same plan says the
same everywhere. Random numbers are for plans only; a verdict is made from counts, and nothing here is part of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.exact import change_of_counts, contrast_of_limits, limits_of_counts
from fairtransfer.stats.gap import LEAST_EVENTS
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile

SIMULATIONS = 4000
"""Draws: a chance is known to within 1.6 points."""

_SEED = 20_261_122

GroupPair = tuple[int, int | None]
"""A group's place, and that of the group it is compared with; None for everyone else."""


class Chances(NamedTuple):
    """How often all comparisons passed, and how often at least one failed."""

    passes: float
    fails: float


class GateLayout(NamedTuple):
    """The (effective) people of each group, at least 1, and who is compared with whom, on one side or on both."""

    sizes: Sequence[int]
    pairs: Sequence[GroupPair]
    both: bool = False


def simulate_rates(sizes: Sequence[int], rates: ArrayLike, limit: float, alpha: float, family: int) -> Chances:
    """Simulate rates against a limit; arguments as `simulate_gaps`."""
    n = np.asarray(sizes)
    drawn = _generator().binomial(n, np.asarray(rates, dtype=np.float64), size=(SIMULATIONS, len(n)))
    upper, lower = (limits_of_counts(drawn, n, normal_quantile(1 - a)) for a in (alpha, alpha / family))
    return _judged(upper, lower, limit)


def simulate_changes(
    sizes: Sequence[int], worse: ArrayLike, better: ArrayLike, margin: float, alpha: float, family: int
) -> Chances:
    """Simulate changes on the same people; `worse` and `better` are shares of each group's pairs."""
    n, (b, c) = np.asarray(sizes), _moved(sizes, worse, better)
    upper, lower = (change_of_counts(b, c, n, normal_quantile(1 - a)) for a in (alpha, alpha / family))
    return _judged(upper, lower, margin)


def simulate_gaps(layout: GateLayout, rates: ArrayLike, margin: float, alpha: float, family: int) -> Chances:
    """Simulate differences between groups.

    Parameters
    ----------
    rates
        The true rate of harm of each group.
    margin, alpha
        Of the gate; a pass has a one-sided bound at alpha.
    family
        Over how many comparisons a failure is corrected: the first step of Holm's procedure.
    """
    one, two = _sides(layout, _drawn(layout.sizes, rates))
    upper, lower = (_contrast(one, two, normal_quantile(1 - a)) for a in (alpha, alpha / family))
    if layout.both:
        upper, lower = (_with(found, Interval(-found.high, -found.low)) for found in (upper, lower))
    return _judged(upper, lower, margin)


def simulate_ratios(
    layout: GateLayout, rates: ArrayLike, share: float, margin: float, alpha: float, family: int
) -> Chances:
    """Simulate ratios of groups; `rates` are of being given the class, `share` is the least part of the other's rate."""
    one, two = _sides(layout, _drawn(layout.sizes, rates))

    def short(own: _Side, other: _Side, level: float) -> Interval:
        """Return the limits of by how much a rate falls short of its share of the other."""
        found = _contrast(own, other, normal_quantile(1 - level), share)
        return Interval(-found.high, np.where(own.x < LEAST_EVENTS, np.inf, -found.low))

    upper, lower = (short(one, two, a) for a in (alpha, alpha / family))
    if layout.both:
        upper, lower = _with(upper, short(two, one, alpha)), _with(lower, short(two, one, alpha / family))
    return _judged(upper, lower, margin)


def simulate_change_gaps(
    layout: GateLayout, worse: ArrayLike, better: ArrayLike, margin: float, alpha: float, family: int
) -> Chances:
    """Simulate how much further groups move than others, each on its own people; arguments as `simulate_changes`."""
    b, c = (_sides(layout, counts) for counts in _moved(layout.sizes, worse, better))

    def limits(level: float) -> Interval:
        z = normal_quantile(1 - level)
        one, two = ((up.x - down.x) / up.n for up, down in zip(b, c, strict=True))
        own, other = (change_of_counts(up.x, down.x, up.n, z) for up, down in zip(b, c, strict=True))
        return difference_of_changes(one, own, two, other)

    return _judged(limits(alpha), limits(alpha / family), margin)


class _Side(NamedTuple):
    x: NDArray[Any]
    n: NDArray[Any]


def _contrast(one: _Side, two: _Side, z: float, share: float = 1.0) -> Interval:
    """Return limits of one side's rate less a share of the other's."""
    limits = (limits_of_counts(side.x, side.n, z) for side in (one, two))
    return contrast_of_limits(one.x / one.n, next(limits), two.x / two.n, next(limits), tau=share)


def _drawn(sizes: Sequence[int], rates: ArrayLike) -> NDArray[Any]:
    """Return drawn counts, draws x groups."""
    n = np.asarray(sizes)
    return _generator().binomial(n, np.asarray(rates, dtype=np.float64), size=(SIMULATIONS, len(n)))


def _moved(sizes: Sequence[int], worse: ArrayLike, better: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return drawn pairs that get worse, and better."""
    n, rng = np.asarray(sizes), _generator()
    up, down = np.broadcast_arrays(np.asarray(worse, dtype=np.float64), np.asarray(better, dtype=np.float64), n)[:2]
    c = rng.binomial(n, down, size=(SIMULATIONS, len(n)))
    b = rng.binomial(n - c, np.minimum(up / np.maximum(1 - down, 1e-12), 1))
    return b, c


def _sides(layout: GateLayout, x: NDArray[Any]) -> tuple[_Side, _Side]:
    """Return counts and sizes of every pair's own group, and of the one it is compared with."""
    n, pairs = np.asarray(layout.sizes), layout.pairs
    own = np.array([group for group, _ in pairs])
    n_other = np.array([n.sum() - n[g] if other is None else n[other] for g, other in pairs])
    x_other = np.stack([x.sum(axis=1) - x[:, g] if other is None else x[:, other] for g, other in pairs], axis=1)
    return _Side(x[:, own], n[own]), _Side(x_other, n_other)


def _with(found: Interval, other: Interval) -> Interval:
    """Return the comparisons of both sides, one beside the other."""
    low, high = (np.concatenate(np.broadcast_arrays(*ends), axis=1) for ends in zip(found, other, strict=True))
    return Interval(low, high)


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=_SEED))


def _judged(upper: Interval, lower: Interval, margin: float) -> Chances:
    high: Floats = upper.high
    low: Floats = lower.low
    return Chances(float((high < margin).all(axis=1).mean()), float((low > margin).any(axis=1).mean()))
