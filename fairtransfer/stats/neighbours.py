"""What seeds add to an interval, with what a group's neighbours lend: other groups of the same model, other adapted models.

Three to five seeds know their own spread badly, and Student's quantile charges for it: at a one-sided 0.25 % and three
seeds 14 standard errors. But seeds move groups together, and other groups, like other models, were trained on the same
seeds. What they spread tells what a spread to expect. They lend two degrees of freedom, no more, and never make an interval
narrower than its own spread: an unusually restless group or model pays little for quiet neighbours.

The spread over seeds of a mean of examples holds one part twice. That seeds err on different examples is in the interval over
examples, whose examples are averaged over seeds, and makes seeds differ as well. It is taken off once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import Floats, Interval, normal_quantile, t_quantile

LENT = 2.0
"""Degrees of freedom that neighbours lend; fixed and small, as estimating them failed for the group that is worst served."""


def noise_of_seeds(moments: Moments, squares: ArrayLike, by_seed: ArrayLike) -> Floats:
    """Return the variance of one seed's value that comes of seeds erring on different examples.

    Parameters
    ----------
    moments
        Sums over units of rows m and of values x, all seeds together; of one event, or of rises less falls.
    squares
        Sum over units *and seeds* of the squares of a unit's value with one seed: of independent rows the number of events
        (or of pairs that rose or fell) of all seeds.
    by_seed
        The mean of every seed, (..., seeds).

    Returns
    -------
    Floats
        At least 0; 0 with fewer than two seeds or units.

    Notes
    -----
    The mean square of the interaction of units and seeds, over the number of rows: with residuals ``e_ks = x_ks - p·m_k`` of
    unit k and seed s, ``(Σe_ks² - Σ_k(Σ_s e_ks)²/S - Σm_k²·Σ(p_s - p)²) / (S - 1) · K/(K - 1) / n²``.
    """
    values = np.asarray(by_seed, dtype=np.float64)
    seeds = values.shape[-1]
    units, m, x, mm, xm, xx, own = (np.asarray(value, dtype=np.float64) for value in (*moments, squares))
    if seeds < 2:
        return np.zeros_like(m)
    mean, rows, per_seed = x / m, m / seeds, mm / seeds**2
    between = ((values - mean[..., None]) ** 2).sum(axis=-1)
    one_by_one = own - 2 * mean * xm / seeds + seeds * mean**2 * per_seed
    summed = xx - 2 * mean * xm + mean**2 * mm
    left = np.maximum(one_by_one - summed / seeds - per_seed * between, 0)
    found = left / (seeds - 1) * units / np.maximum(units - 1, 1) / rows**2
    return np.where(units < 2, 0.0, found)


def common_spread(by_seed: ArrayLike) -> Floats:
    """Return the variance over seeds of the groups' mean: by how much seeds move all groups together.

    Parameters
    ----------
    by_seed
        Estimates, (..., groups, seeds), of one adapted model.
    """
    found: Floats = np.asarray(by_seed, dtype=np.float64).mean(axis=-2).var(axis=-1, ddof=1)
    return found


def squared_seed_half(
    by_seed: ArrayLike, noise: ArrayLike, level: float, *, others: ArrayLike | None = None, common: bool = True
) -> Floats:
    """Return what seeds add to the squared half-width of every group's limit, (..., groups).

    Parameters
    ----------
    by_seed
        The estimates of every group and seed, (..., groups, seeds): of a comparison the comparison's own.
    noise
        Of `noise_of_seeds` for every group, (..., groups); of a difference the sum of both sides'. 0 where it is not known.
    level
        One-sided.
    others
        `common_spread` of other adapted models on the same seeds, (..., models): None where there are none.
    common
        Whether seeds move the groups together. Of comparisons between groups they do not: that part cancels.

    Returns
    -------
    Floats
        At least 0; all 0 with a single seed.

    Notes
    -----
    ``t²·V_c/S + t²·V_g/S - z²·N/S``. ``V_c`` is the variance over seeds of the groups' mean, moderated by other models';
    ``V_g`` that of a group's deviation from the mean, moderated by its own noise plus what the other groups spread beyond
    theirs; N the noise. A variance with ``d`` degrees of freedom is moderated to ``(L·lent + d·own) / (L + d)`` with ``L =
    LENT``, or stays its own where that is more, and t has ``L + d`` degrees. Two groups have one deviation between them and
    lend each other nothing.
    """
    values = np.asarray(by_seed, dtype=np.float64)
    groups, seeds = values.shape[-2:]
    noisy = np.broadcast_to(np.asarray(noise, dtype=np.float64), values.shape[:-1])
    if seeds < 2:
        return np.zeros(values.shape[:-1])
    if common:
        lent = None if others is None else np.asarray(others, dtype=np.float64).mean(axis=-1)
        shared = _moderated(common_spread(values), lent, seeds - 1, LENT, level)[..., None]
        apart, share = values - values.mean(axis=-2, keepdims=True), 1 - 1 / groups
        parts = shared + _own_part(apart, noisy * share, level)
    else:
        parts = _own_part(values, noisy, level)
    found: Floats = np.maximum(parts - normal_quantile(level) ** 2 * noisy, 0) / seeds
    return found


class Neighbourhood:
    """All groups of a view over the same seeds, and the other adapted models there are.

    Parameters
    ----------
    by_seed, noise
        Of all groups, as `squared_seed_half` takes them.
    others
        `common_spread` of other adapted models on the same seeds; empty where there are none.
    common
        Whether seeds move the groups together.
    """

    def __init__(
        self, by_seed: ArrayLike, noise: ArrayLike, others: Sequence[float] = (), *, common: bool = True
    ) -> None:
        self._values, self._noise = np.asarray(by_seed, dtype=np.float64), np.asarray(noise, dtype=np.float64)
        self._others, self._common = tuple(others), common
        self._halves: dict[float, list[float]] = {}

    def half(self, place: int, level: float) -> float:
        """Return the seeds' half-width at a one-sided level, of the group at this place."""
        if level not in self._halves:
            squared = squared_seed_half(
                self._values, self._noise, level, others=self._others or None, common=self._common
            )
            self._halves[level] = np.sqrt(squared).tolist()
        return self._halves[level][place]

    @property
    def lends(self) -> bool:
        """Whether anyone lends anything: another model, or at least three groups."""
        return len(self._values) > 2 or (self._common and bool(self._others))


@dataclass(frozen=True)
class PlaceAmong:
    """One group's place among those that share its seeds."""

    neighbours: Neighbourhood
    number: int

    def half(self, level: float) -> float:
        """Return the seeds' half-width at a one-sided level."""
        return self.neighbours.half(self.number, level)


def with_seeds(estimate: ArrayLike, examples: Interval, squared_half: ArrayLike) -> Interval:
    """Return limits over examples widened by what seeds add (MOVER, Zou and Donner 2008)."""
    value, added = np.asarray(estimate, dtype=np.float64), np.asarray(squared_half, dtype=np.float64)
    below, above = np.maximum(value - examples.low, 0), np.maximum(examples.high - value, 0)
    return Interval(value - np.sqrt(below**2 + added), value + np.sqrt(above**2 + added))


def _own_part(apart: Floats, noise: Floats, level: float) -> Floats:
    """Return ``t²·V_g`` of every group from its deviations by seed, (..., groups, seeds)."""
    groups, seeds = apart.shape[-2:]
    own = apart.var(axis=-1, ddof=1)
    # Groups' deviations add up to nothing: what the others know beside a group's own is of groups - 2.
    lending = min(LENT, (groups - 2) * (seeds - 1) / 2)
    if lending <= 0:
        return _moderated(own, None, seeds - 1, 0.0, level)
    excess = own - noise
    of_others = (excess.sum(axis=-1, keepdims=True) - excess) / (groups - 1)
    return _moderated(own, noise + np.maximum(of_others, 0), seeds - 1, lending, level)


def _moderated(own: Floats, lent: Floats | None, degrees: float, lending: float, level: float) -> Floats:
    """Return ``t²`` times a variance, moderated by a lent one where there is one."""
    if lent is None:
        return t_quantile(level, degrees) ** 2 * own
    mixed = (lending * lent + degrees * own) / (lending + degrees)
    return t_quantile(level, lending + degrees) ** 2 * np.maximum(mixed, own)
