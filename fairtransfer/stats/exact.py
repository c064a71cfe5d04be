"""Limits of shares that err no more often than they say, and what is combined from them.

Wilson's limits are right on average and wrong where it matters: at a true error of 5 % two wrong answers among fifteen lie
above his lower limit, and in one of twelve groups that happens by chance. Clopper and Pearson's limits hold for every share
and every number of cases. Differences, ratios and changes combine the limits of their two shares (MOVER, Zou and Donner
2008). Everything broadcasts; numbers of cases may be fractions, such as effective sizes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.beta_number import beta_quantile_of_one, near_beta_quantile
from fairtransfer.stats.contrasts import FOUR_FIFTHS, RatioBounds, correlated_difference
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile, normal_tail
from fairtransfer.stats.special import beta_quantile

_ONE_BY_ONE = 400
"""Up to so many shares one after the other are faster than all at once, and limits that were asked for before are kept."""

_FEW = 20
"""From so many cases with and without an event on, near limits are within 0.3 % of the width of exact ones."""

LARGEST_RATIO = 1e6
_HALVINGS = 80


def clopper_pearson(p: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return the shares that an exact test at either tail does not reject (Clopper and Pearson 1934).

    Parameters
    ----------
    p, n
        Share in [0, 1] and (effective) number of cases, above 0.
    z
        Normal quantile of the one-sided level, as everywhere in `fairtransfer.stats.intervals`.

    Notes
    -----
    Quantiles of ``Beta(x, n - x + 1)`` and ``Beta(x + 1, n - x)`` with ``x = p·n``. Each limit misses with a chance of at
    most its tail, whatever the true share; Wilson's lower limit misses with up to 16 % where 2.5 % are meant.
    """
    rate, size = np.asarray(p, dtype=np.float64), np.asarray(n, dtype=np.float64)
    x, tail = rate * size, normal_tail(z)
    rest = size - x
    low = np.where(x > 0, _quantiles(np.where(x > 0, x, 1), rest + 1, tail), 0.0)
    high = np.where(rest > 0, _quantiles(x + 1, np.where(rest > 0, rest, 1), 1 - tail), 1.0)
    return Interval(np.minimum(low, rate), np.maximum(high, rate))


def _quantiles(a: Floats, b: Floats, level: float) -> Floats:
    """Return quantiles of beta distributions."""
    if np.size(a) > _ONE_BY_ONE or not 0 < level < 1:
        return beta_quantile(a, b, level)
    found = [
        beta_quantile_of_one(one, two, level)
        for one, two in zip(np.ravel(a).tolist(), np.ravel(b).tolist(), strict=True)
    ]
    return np.reshape(found, np.shape(a))


def limits_of_counts(x: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return limits of shares as `clopper_pearson` does, near enough for plans, in a hundredth of the time.

    Parameters
    ----------
    x, n
        Cases with an event, and all, above 0.

    Notes
    -----
    Exact where fewer than 20 cases have the event, or have it not. Elsewhere within 0.3 % of the half-width (Abramowitz and
    Stegun 26.5.22; seen for 10 to 10,000 cases at one-sided levels of 95 to 99.98 %).
    """
    events, size = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64))
    rate, y = events / size, normal_quantile(1 - normal_tail(z))
    many = (events >= _FEW) & (size - events >= _FEW)
    low, high = np.empty_like(rate), np.empty_like(rate)
    inside, among = events[many], size[many]
    low[many] = near_beta_quantile(inside, among - inside + 1, -y)
    high[many] = near_beta_quantile(inside + 1, among - inside, y)
    pairs, back = np.unique(np.stack([events[~many], size[~many]]), axis=1, return_inverse=True)
    few = clopper_pearson(pairs[0] / np.maximum(pairs[1], 1), pairs[1], z)
    low[~many], high[~many] = few.low[back.ravel()], few.high[back.ravel()]
    return Interval(np.minimum(low, rate), np.maximum(high, rate))


def exact_contrast(
    p_a: ArrayLike,
    n_a: ArrayLike,
    p_b: ArrayLike,
    n_b: ArrayLike,
    z: float,
    *,
    tau: float = 1.0,
    correlation: ArrayLike = 0.0,
) -> Interval:
    """Return limits of ``p_a - tau·p_b``: a difference of two groups, or a ratio against the limit `tau`.

    Parameters
    ----------
    p_a, n_a, p_b, n_b
        Shares in [0, 1] and (effective) numbers of cases of two groups.
    tau
        Above 0; 1 for the difference.
    correlation
        Of the two shares' sampling errors: above 0 where the groups share units (`fairtransfer.stats.shared_units`).

    Returns
    -------
    Interval
        Within [-tau, 1], the contrast between the limits.

    Notes
    -----
    Distances to Clopper and Pearson's limits, combined as those of Newcombe's interval are. Every outcome listed, groups of
    10 to 1500 and shares of 0.5 to 98 %: a limit at 95 % misses with at most 4.7 %, one at 99.75 % with at most 0.29 %,
    where Newcombe's misses with up to 11 and the union with Agresti and Caffo's with up to 1.9 times what it says.
    """
    a, b = np.asarray(p_a, dtype=np.float64), np.asarray(p_b, dtype=np.float64)
    return contrast_of_limits(
        a, clopper_pearson(a, n_a, z), b, clopper_pearson(b, n_b, z), tau=tau, correlation=correlation
    )


def contrast_of_limits(
    a: ArrayLike,
    limits_a: Interval,
    b: ArrayLike,
    limits_b: Interval,
    *,
    tau: float = 1.0,
    correlation: ArrayLike = 0.0,
) -> Interval:
    """Return limits of ``a - tau·b`` from those of both shares, as `exact_contrast` does.

    Raises
    ------
    ValueError
        When `tau` is not above 0: the limits would point the wrong way.
    """
    if not tau > 0:
        raise ValueError(f"tau is {tau:g}; a ratio is compared with a number above 0, such as {FOUR_FIFTHS:g}")
    scaled = Interval(limits_b.low * tau, limits_b.high * tau)
    return correlated_difference(a, limits_a, tau * np.asarray(b, dtype=np.float64), scaled, correlation)


def ratio_limits(contrast: Callable[[float], tuple[float, float]]) -> RatioBounds:
    """Return between which ratios the limits of ``p_a - tau·p_b`` say neither too low nor too high.

    Parameters
    ----------
    contrast
        From a ratio tau to the limits of the contrast, with whatever seeds and units add; both fall as tau grows.

    Returns
    -------
    RatioBounds
        The largest ratio that is surely exceeded, 0 if none, and the smallest that is surely not reached, None if none below
        `LARGEST_RATIO`: the limits that would just pass and just fail, found by halving a fixed number of times.
    """
    low = _halved(lambda tau: contrast(tau)[0] > 0)
    high = _halved(lambda tau: contrast(tau)[1] >= 0)
    return RatioBounds(low, high if high < LARGEST_RATIO else None)


def _halved(exceeds: Callable[[float], bool]) -> float:
    """Return the largest number, at most `LARGEST_RATIO`, up to which something holds; 0 where it never does."""
    low, high = 1 / LARGEST_RATIO, LARGEST_RATIO
    if not exceeds(low):
        return 0.0
    if exceeds(high):
        return LARGEST_RATIO
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    return low


def exact_change(up: ArrayLike, down: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return limits of a paired change ``up - down``.

    Parameters
    ----------
    up, down
        Shares of the pairs that rose and that fell; together at most 1.
    n
        (Effective) number of pairs, above 0.

    Returns
    -------
    Interval
        Within [-1, 1], the change between the limits.

    Notes
    -----
    Distances to Clopper and Pearson's limits of both shares, with the correlation that two shares of one multinomial sample
    have, ``-sqrt(up·down / ((1-up)(1-down)))``. Every outcome listed, 20 to 1000 pairs: limits at 95 and 99.75 % miss with
    at most what they say, where Bonett and Price's miss with up to 2 and 7 times that if adaptation only breaks and never
    mends.
    """
    return change_of_limits(up, clopper_pearson(up, n, z), down, clopper_pearson(down, n, z))


def change_of_limits(up: ArrayLike, limits_up: Interval, down: ArrayLike, limits_down: Interval) -> Interval:
    """Return limits of a paired change from those of the shares that rose and fell, as `exact_change` does."""
    rose, fell = np.asarray(up, dtype=np.float64), np.asarray(down, dtype=np.float64)
    found = correlated_difference(rose, limits_up, fell, limits_down, _of_one_sample(rose, fell))
    return Interval(np.maximum(found.low, -1), np.minimum(found.high, 1))


def change_of_counts(up: ArrayLike, down: ArrayLike, n: ArrayLike, z: float) -> Interval:
    """Return limits of a paired change as `exact_change` does, near enough for plans; of counts that rose and that fell."""
    rose, fell, size = (np.asarray(value, dtype=np.float64) for value in (up, down, n))
    return change_of_limits(rose / size, limits_of_counts(rose, size, z), fell / size, limits_of_counts(fell, size, z))


def _of_one_sample(up: Floats, down: Floats) -> Floats:
    """Return the correlation of two shares of the same cases; -1 where they are all there is."""
    room = (1 - up) * (1 - down)
    share = up * down / np.where(room > 0, room, 1.0)
    return np.asarray(-np.sqrt(np.where(room > 0, np.minimum(share, 1.0), np.sign(up * down))))
