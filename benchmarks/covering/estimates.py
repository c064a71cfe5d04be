"""Limits of rates, changes and gaps over trainings: as they are today, and with exact shares and what neighbours lend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from covering.promises import Array
from covering.trainings import Counts
from fairtransfer.stats import exact
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import Interval, normal_quantile, t_quantile
from fairtransfer.stats.neighbours import noise_of_seeds, squared_seed_half, with_seeds
from fairtransfer.stats.worth import worth_of_change, worth_of_rate


class Part(NamedTuple):
    """A rate (or a paired change, with `moved`) of samples x groups: moments, squares over seeds, and values by seed."""

    moments: Moments
    squares: Array
    by_seed: Array
    moved: tuple[Array, Array] | None = None

    @property
    def seeds(self) -> int:
        """How many seeds."""
        return int(self.by_seed.shape[-1])

    def noise(self) -> Array:
        """Return the variance of a seed's value that comes of seeds erring on different people."""
        return noise_of_seeds(self.moments, self.squares, self.by_seed)

    def worth(self, level: float) -> Array:
        """Return how many independent people it is worth."""
        if self.moved is None:
            return worth_of_rate(self.moments, self.seeds, "rows", level)
        return worth_of_change(self.moments, self.squares / self.seeds, self.seeds, "rows", level)


def _part(n: Array, values: Array, by_person: Array, squares: Array, moved: tuple[Array, Array] | None = None) -> Part:
    seeds, x = values.shape[-1], values.sum(axis=-1)
    n = np.broadcast_to(n, x.shape)
    moments = Moments(n, n * seeds, x, n * seeds**2, seeds * x, by_person)
    return Part(moments, squares, values / n[..., None], moved)


def rate(counts: Counts) -> Part:
    """Return every group's error rate after."""
    return _part(counts.sizes, counts.wrong, counts.wrong_squares, counts.wrong.sum(axis=-1))


def rest(counts: Counts) -> Part:
    """Return the error rate after of everyone outside each group."""

    def outside(values: Array) -> Array:
        found: Array = values.sum(axis=1, keepdims=True) - values
        return found

    wrong = outside(counts.wrong)
    return _part(
        counts.sizes.sum() - counts.sizes, wrong, outside(counts.wrong_squares), outside(counts.wrong.sum(axis=-1))
    )


def change(counts: Counts) -> Part:
    """Return how every group's error rate changed."""
    moved = counts.rose.mean(axis=-1) / counts.sizes, counts.fell.mean(axis=-1) / counts.sizes
    squares = (counts.rose + counts.fell).sum(axis=-1)
    return _part(counts.sizes, counts.rose - counts.fell, counts.moved_squares, squares, moved)


Limits = Callable[[Counts, float], Interval]
"""Counts and a one-sided level to limits, samples x groups."""


def lent_rate(counts: Counts, level: float, others: Any = "theirs") -> Interval:
    """Return limits of a rate."""
    found = rate(counts)
    examples = exact.clopper_pearson(found.by_seed.mean(axis=-1), found.worth(level), normal_quantile(level))
    return _lent(found, found.noise(), examples, level, counts.others if others == "theirs" else others)


def lent_change(counts: Counts, level: float, others: Any = "theirs") -> Interval:
    """Return limits of a paired change."""
    found = change(counts)
    assert found.moved is not None
    examples = exact.exact_change(*found.moved, found.worth(level), normal_quantile(level))
    return _lent(found, found.noise(), examples, level, counts.others if others == "theirs" else others)


def lent_gap(counts: Counts, level: float) -> Interval:
    """Return limits of a rate less that of everyone else."""
    one, two = rate(counts), rest(counts)
    values = one.by_seed - two.by_seed
    sides = (one.by_seed.mean(axis=-1), one.worth(level), two.by_seed.mean(axis=-1), two.worth(level))
    examples = exact.exact_contrast(*sides, normal_quantile(level))
    squares = squared_seed_half(values, one.noise() + two.noise(), level, common=False)
    return with_seeds(values.mean(axis=-1), examples, squares)


def _lent(found: Part, noise: Array, examples: Interval, level: float, others: Any) -> Interval:
    squares = squared_seed_half(found.by_seed, noise, level, others=others)
    return with_seeds(found.by_seed.mean(axis=-1), examples, squares)


def _size_today(found: Part) -> Array:
    """Return the effective size of `fairtransfer.stats.effective`, on arrays."""
    moments, seeds = found.moments, found.seeds
    n, p = moments.m / seeds, moments.x / moments.m
    spread = moments.xx - 2 * p * moments.xm + p * p * moments.mm
    variance = np.maximum(spread, 0) * moments.units / (moments.units - 1) / moments.m**2
    known = (variance > 0) & (p > 0) & (p < 1)
    size = p * (1 - p) / np.where(known, variance, 1)
    return np.where(known, np.clip(size, n, seeds * n), n)


def _separate(values: Array, examples: Interval, level: float) -> Interval:
    seeds = values.shape[-1]
    half = t_quantile(level, seeds - 1) ** 2 * values.var(axis=-1, ddof=1) / seeds
    return with_seeds(values.mean(axis=-1), examples, half)


def separate_rate(counts: Counts, level: float) -> Interval:
    """Return limits of a rate, every group for itself: Wilson's, and Student's t of the seeds."""
    found = rate(counts)
    size = _size_today(found)
    return _separate(found.by_seed, iv.wilson(found.by_seed.mean(axis=-1), size, normal_quantile(level)), level)


def separate_change(counts: Counts, level: float) -> Interval:
    """Return limits of a paired change, every group for itself: Bonett and Price's, and Student's t of the seeds."""
    values = (counts.rose - counts.fell) / counts.sizes[:, None]
    sides = counts.rose.mean(axis=-1), counts.fell.mean(axis=-1)
    return _separate(values, iv.bonett_price(*sides, counts.sizes, normal_quantile(level)), level)


def separate_gap(counts: Counts, level: float) -> Interval:
    """Return limits of a gap, every group for itself: the envelope, and Student's t of the seeds."""
    one, two = rate(counts), rest(counts)
    sizes = _size_today(one), _size_today(two)
    examples = iv.envelope(
        one.by_seed.mean(axis=-1), sizes[0], two.by_seed.mean(axis=-1), sizes[1], normal_quantile(level)
    )
    return _separate(one.by_seed - two.by_seed, examples, level)
