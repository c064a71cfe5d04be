"""Groups of people, answered by a model before and by one per seed after: the counts that a verdict is made of.

Seeds move all groups together and each for itself, by laws of several shapes. Whether an example is answered wrong depends
on how hard it is, the same for all models, and on chance of its own (a Gaussian copula), so that every seed's error rate is
what the law says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from covering.promises import Array

LAWS: dict[str, Callable[[tuple[int, ...], np.random.Generator], Array]] = {
    "normal": lambda size, rng: rng.standard_normal(size),
    "heavy tails": lambda size, rng: rng.standard_t(3, size) / np.sqrt(3),
    "right-skewed": lambda size, rng: (np.exp(rng.standard_normal(size)) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e),
    "one seed in ten bad": lambda size, rng: ((rng.random(size) < 0.1) - 0.1) / 0.3,
}
"""How seeds differ: mean 0, standard deviation 1."""

AT_ONCE = 4_000_000
"""Answers held in memory together."""


class World(NamedTuple):
    """Groups and how they fare.

    Attributes
    ----------
    sizes, before, after
        Of every group: people, error rate of the model before, and mean error rate of the models after.
    seeds
        How many.
    common, own
        Standard deviations over seeds of what moves all groups, and of what moves each for itself (one for all, or one per
        group).
    law
        Of `LAWS`.
    others
        Spreads of other strategies' models, as multiples of this one's.
    """

    sizes: tuple[int, ...]
    before: float | tuple[float, ...]
    after: float | tuple[float, ...]
    seeds: int
    common: float
    own: float | tuple[float, ...]
    law: str = "normal"
    others: tuple[float, ...] = (1.0, 1.0, 1.0)
    alike: float = 0.6

    def rates(self) -> tuple[Array, Array]:
        """Return the groups' error rates before and after."""
        shape = (len(self.sizes),)
        return np.broadcast_to(self.before, shape).astype(float), np.broadcast_to(self.after, shape).astype(float)


class Counts(NamedTuple):
    """What evidence keeps, samples x groups (x seeds): errors before and after, pairs that rose and fell, and squares.

    Attributes
    ----------
    wrong_squares, moved_squares
        Sums over people of the squared number of seeds that err, and of the squared sum of what changed.
    others
        Samples x models: how far other strategies' models move all groups together.
    """

    sizes: Array
    wrong: Array
    rose: Array
    fell: Array
    wrong_squares: Array
    moved_squares: Array
    others: Array


def drawn_rates(world: World, many: int, rng: np.random.Generator, times: float = 1.0) -> Array:
    """Return the error rates of trainings, samples x groups x seeds."""
    law, groups = LAWS[world.law], len(world.sizes)
    common = world.common * law((many, 1, world.seeds), rng)
    own = np.broadcast_to(world.own, (groups,))[:, None] * law((many, groups, world.seeds), rng)
    return np.clip(world.rates()[1][:, None] + times * (common + own), 0.001, 0.999)


def sampled(world: World, many: int, rng: np.random.Generator, rates: Array | None = None) -> Counts:
    """Return the counts of samples of people and seeds; `rates` are the trainings' error rates where they are not to be drawn."""
    rates, groups = drawn_rates(world, many, rng) if rates is None else rates, len(world.sizes)
    wrong, rose, fell = (np.zeros((many, groups, world.seeds)) for _ in range(3))
    wrong_squares, moved_squares = np.zeros((many, groups)), np.zeros((many, groups))
    for place, (size, before) in enumerate(zip(world.sizes, world.rates()[0], strict=True)):
        step = max(1, AT_ONCE // (size * world.seeds))
        for start in range(0, many, step):
            part = slice(start, min(start + step, many))
            was, now = _answers(rates[part, place], size, before, world.alike, rng)
            wrong[part, place], by_person = now.sum(axis=1), now.sum(axis=2, dtype=np.int32)
            rose[part, place], fell[part, place] = (now & ~was).sum(axis=1), (was & ~now).sum(axis=1)
            wrong_squares[part, place] = (by_person**2).sum(axis=1)
            moved_squares[part, place] = ((by_person - world.seeds * was[:, :, 0]) ** 2).sum(axis=1)
    return Counts(
        np.array(world.sizes, dtype=float), wrong, rose, fell, wrong_squares, moved_squares, _others(world, many, rng)
    )


def _answers(rates: Array, size: int, before: float, alike: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return whether a person is answered wrong, samples x people x (1 before, or seeds)."""

    def noise(columns: int) -> Array:
        return rng.standard_normal((len(rates), size, columns), dtype=np.float32)

    hard = noise(1)
    was = np.sqrt(alike) * hard + np.sqrt(1 - alike) * noise(1) < ndtri(before)
    now = np.sqrt(alike) * hard + np.sqrt(1 - alike) * noise(rates.shape[1])
    return was, now < ndtri(rates).astype(np.float32)[:, None, :]


def _others(world: World, many: int, rng: np.random.Generator) -> Array:
    """Return the variance over seeds of the groups' mean error for other strategies' models, samples x models."""
    found = []
    for times in world.others:
        rates = drawn_rates(world, many, rng, times)
        noise = (1 - world.alike) * 0.7 * rates * (1 - rates) / np.array(world.sizes)[:, None]
        seen = rates + np.sqrt(noise) * rng.standard_normal(rates.shape)
        found.append(seen.mean(axis=1).var(axis=1, ddof=1))
    return np.stack(found, axis=1) if found else np.zeros((many, 0))
