"""What a group's rate could be if everyone whose group is not recorded were counted: bounds, not intervals.

People of unknown group have outcomes that are known. Each may or may not belong to the group; the bounds run over all ways
to say who does (Manski 2003), and hold whatever the reason is that the group was not recorded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.estimate import quotient
from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import Floats, Interval


def rate_bounds(k: ArrayLike, n: ArrayLike, k_unknown: ArrayLike, n_unknown: ArrayLike) -> Interval:
    """Return the least and the largest rate the group can have; both are reached, so nothing narrower holds.

    Parameters
    ----------
    k, n
        Events and people of the group, as recorded.
    k_unknown, n_unknown
        Events and people whose group is not recorded.

    Returns
    -------
    Interval
        In [0, 1]; NaN where nobody is in the group or could be.

    Notes
    -----
    Least: all unknown people without the event belong to the group, ``k / (n + n_u - k_u)``. Largest: all with the event
    do, ``(k + k_u) / (n + k_u)``. A group without recorded people is not empty for that: it can be anyone of the unknown.
    """
    events, people, with_event, without = _parts(k, n, k_unknown, n_unknown)
    # Where no one could take the rate down (or up), it is what everyone who could belong has: all 1 (or all 0).
    low = np.where(people + without > 0, events / np.maximum(people + without, 1), 1.0)
    high = np.where(people + with_event > 0, (events + with_event) / np.maximum(people + with_event, 1), 0.0)
    nobody = people + with_event + without == 0
    return Interval(np.where(nobody, np.nan, low), np.where(nobody, np.nan, high))


def difference_bounds(k: ArrayLike, n: ArrayLike, k_unknown: float, n_unknown: float) -> Interval:
    """Return the bounds of the rate of a group minus that of another, where the unknown may belong to either or to neither.

    Parameters
    ----------
    k, n
        Events and people of the two, first the group, along the last axis.

    Notes
    -----
    Both are reached: those who pull the one rate down and those who push the other up are different people.
    """
    bounds = rate_bounds(k, n, k_unknown, n_unknown)
    return Interval(bounds.low[..., 0] - bounds.high[..., 1], bounds.high[..., 0] - bounds.low[..., 1])


def impact_ratio_bounds(k: ArrayLike, n: ArrayLike, k_unknown: float, n_unknown: float) -> Interval:
    """Return, per group, the bounds of its rate over the highest rate of any group.

    Parameters
    ----------
    k, n
        Events (selections) and people of every group, along the last axis; at least two groups, all with people.

    Returns
    -------
    Interval
        In [0, 1]. The lower bounds are reached. The upper ones hold, but with three or more groups something narrower may
        hold too: not all others can have all the unknown people. NaN where no group can have an event.
    """
    bounds = rate_bounds(k, n, k_unknown, n_unknown)
    rivals = Interval(_highest_other(bounds.low), _highest_other(bounds.high))
    return Interval(_share(bounds.low, rivals.high), _share(bounds.high, rivals.low))


def sampled_rate_bounds(k: ArrayLike, n: ArrayLike, k_unknown: ArrayLike, n_unknown: ArrayLike, z: float) -> Interval:
    """Return limits that hold for every way to say who belongs to the group *and* for chance: exact ones at both bounds."""
    _, people, with_event, without = _parts(k, n, k_unknown, n_unknown)
    bounds = rate_bounds(k, n, k_unknown, n_unknown)
    low = clopper_pearson(bounds.low, np.maximum(people + without, 1), z).low
    return Interval(low, clopper_pearson(bounds.high, np.maximum(people + with_event, 1), z).high)


def _parts(k: ArrayLike, n: ArrayLike, k_unknown: ArrayLike, n_unknown: ArrayLike) -> tuple[Floats, ...]:
    """Return events and people of the group, and the unknown people with and without the event."""
    events, people, with_event, unknown = (np.asarray(a, dtype=np.float64) for a in (k, n, k_unknown, n_unknown))
    if (events > people).any() or (with_event > unknown).any() or min(events.min(), with_event.min()) < 0:
        raise ValueError("more events than people, or fewer than none")
    return events, people, with_event, unknown - with_event


def _highest_other(rates: Floats) -> Floats:
    """Return, per group, the highest rate of the others."""
    first = rates.argmax(axis=-1, keepdims=True)
    highest = np.take_along_axis(rates, first, axis=-1)
    without = rates.copy()
    np.put_along_axis(without, first, -np.inf, axis=-1)
    return np.where(np.arange(rates.shape[-1]) == first, without.max(axis=-1, keepdims=True), highest)


def _share(rate: Floats, highest_other: Floats) -> Floats:
    """Return the rate over the highest of all, its own among them; NaN where all are 0."""
    highest = np.maximum(rate, highest_other)
    return quotient(rate, highest)
