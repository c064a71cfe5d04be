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

from fairtransfer.stats.contrasts import RatioBounds, correlated_difference
from fairtransfer.stats.intervals import Floats, Interval, normal_tail
from fairtransfer.stats.special import beta_quantile

"""Stands where a formula has no value and its result is not used."""

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
    low = np.where(x > 0, beta_quantile(np.where(x > 0, x, 1), rest + 1, tail), 0.0)
    high = np.where(rest > 0, beta_quantile(x + 1, np.where(rest > 0, rest, 1), 1 - tail), 1.0)
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
    first, second = clopper_pearson(a, n_a, z), clopper_pearson(b, n_b, z)
    scaled = Interval(second.low * tau, second.high * tau)
    return correlated_difference(a, first, tau * b, scaled, correlation)


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
    rose, fell = np.asarray(up, dtype=np.float64), np.asarray(down, dtype=np.float64)
    first, second = clopper_pearson(rose, n, z), clopper_pearson(fell, n, z)
    found = correlated_difference(rose, first, fell, second, _of_one_sample(rose, fell))
    return Interval(np.maximum(found.low, -1), np.minimum(found.high, 1))


def _of_one_sample(up: Floats, down: Floats) -> Floats:
    """Return the correlation of two shares of the same cases; -1 where they are all there is."""
    room = (1 - up) * (1 - down)
    share = up * down / np.where(room > 0, room, 1.0)
    return np.asarray(-np.sqrt(np.where(room > 0, np.minimum(share, 1.0), np.sign(up * down))))
