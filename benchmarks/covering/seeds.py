"""Samples of people and seeds: what another training on other people would do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product

import numpy as np
from scipy.special import expit

from covering.promises import COVERS, LEVEL, Z95, Array, Flags, Line, Table, covers, rng_of
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.effective import Moments, effective_size
from fairtransfer.stats.intervals import Interval
from fairtransfer.stats.seeds import seed_part, widen

LAST = "examples and seeds"
"""The only one of the methods compared that says what another training would do."""


def worth(wrong: Flags) -> tuple[float, float]:
    """Return the mean error of seeds x examples, and how many examples it is worth."""
    seeds, n = wrong.shape
    by_example = wrong.sum(axis=0)
    x, xx = int(by_example.sum()), int((by_example**2).sum())
    moments = Moments(n, n * seeds, x, n * seeds**2, seeds * x, xx)
    return moments.rate, effective_size(moments, seeds, clustered=False, level=LEVEL)


def with_seeds(by_seed: Array, examples: Interval) -> Interval:
    """Return an interval over examples, widened by what the seeds add."""
    low, high = widen(float(by_seed.mean()), examples, seed_part(by_seed.tolist(), LEVEL).half)
    return Interval(np.asarray(low), np.asarray(high))


def rate_intervals(wrong: Flags) -> dict[str, Interval]:
    """Return intervals of the mean error over seeds x examples."""
    p, size = worth(wrong)
    examples = iv.wilson(p, size, Z95)
    return {
        "first seed": iv.wilson(wrong[0].mean(), wrong.shape[1], Z95),
        "rows pooled": iv.wilson(p, wrong.size, Z95),
        "examples only": examples,
        LAST: with_seeds(wrong.mean(axis=1), examples),
    }


def difference_intervals(one: Flags, two: Flags) -> dict[str, Interval]:
    """Return intervals of the difference of two groups' mean errors."""
    examples = iv.envelope(*worth(one), *worth(two), Z95)
    first = iv.envelope(one[0].mean(), one.shape[1], two[0].mean(), two.shape[1], Z95)
    return {
        "first seed": first,
        "examples only": examples,
        LAST: with_seeds(one.mean(axis=1) - two.mean(axis=1), examples),
    }


def change_intervals(before: Flags, after: Flags) -> dict[str, Interval]:
    """Return intervals of the change from one model (examples) to one per seed (seeds x examples)."""
    b, c = (after & ~before).sum(axis=1), (before & ~after).sum(axis=1)
    n = len(before)
    examples = iv.bonett_price(b.mean(), c.mean(), n, Z95)
    return {
        "first seed": iv.bonett_price(b[0], c[0], n, Z95),
        "examples only": examples,
        LAST: with_seeds((b - c) / n, examples),
    }


def seeds_cover(samples: Iterable[dict[str, Interval]], truth: float, setting: str) -> Iterator[Line]:
    """Yield how often each method covers the mean over all the seeds there could be."""
    covered: dict[str, list[bool]] = {}
    for intervals in samples:
        for name, interval in intervals.items():
            covered.setdefault(name, []).append(bool(covers(interval, truth)))
    for name, found in covered.items():
        yield Line(setting, name, {"coverage": float(np.mean(found))}, COVERS if name == LAST else (), len(found))


def normal_mean(function: Callable[[Array], Array], sd: float) -> float:
    """Return the mean of a function of a normal variable with mean 0, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float((weights * function(sd * nodes)).sum() / weights.sum())


def errors(intercept: float, spread: float, n: int, by_seed: Array, rng: np.random.Generator) -> Flags:
    """Return seeds x examples: examples differ by a normal effect of this spread on the logit scale, seeds as given."""
    chance = expit(intercept + rng.normal(0, spread, (1, n)) + by_seed[:, None])
    return rng.random(chance.shape) < chance


def seeds_of_rates(*, quick: bool) -> Table:
    """Measure a recipe trained several times: one group's error."""
    title, many = "seeds: one group", 300 if quick else 1000
    rng, lines = rng_of(title), []
    for sd, n, count in product((0.0, 0.25, 0.6), (300,) if quick else (50, 300), (3, 5) if quick else (3, 5, 10, 20)):
        truth = normal_mean(lambda x: expit(-2 + x), math.hypot(1.5, sd))
        samples = (rate_intervals(errors(-2, 1.5, n, rng.normal(0, sd, count), rng)) for _ in range(many))
        lines += seeds_cover(samples, truth, f"seed sd {sd}, n={n}, {count} seeds")
    return Table(title, "simulated", lines)


def two_groups(sizes: Sequence[int], common: float, own: float, count: int, rng: np.random.Generator) -> list[Flags]:
    """Return the errors of two groups that seeds move together (`common`) and each for itself (`own`)."""
    shared = rng.normal(0, common, count)
    return [
        errors(a, 1.2, n, shared + rng.normal(0, own, count), rng) for a, n in zip((-1.8, -2.4), sizes, strict=True)
    ]


def seeds_of_differences(*, quick: bool) -> Table:
    """Measure a recipe trained several times: the difference of two groups."""
    title, many = "seeds: difference of two groups", 200 if quick else 800
    rng, lines = rng_of(title), []
    settings = ((20, 500, 3), (200, 2000, 5)) if quick else ((20, 500, 3), (20, 500, 5), (200, 2000, 3), (200, 2000, 5))
    for (a, b, count), (common, own) in product(settings, ((0.0, 0.0), (0.4, 0.0), (0.2, 0.3), (0.0, 0.6))):
        total = math.hypot(1.2, common, own)
        truth = normal_mean(lambda x: expit(-1.8 + x), total) - normal_mean(lambda x: expit(-2.4 + x), total)
        samples = (difference_intervals(*two_groups((a, b), common, own, count, rng)) for _ in range(many))
        lines += seeds_cover(samples, truth, f"{a} vs {b}, {count} seeds, sd {common} common, {own} own")
    return Table(title, "simulated", lines)


def before_and_after(n: int, sd: float, count: int, rng: np.random.Generator) -> tuple[Flags, Flags]:
    """Return the errors of one model, and of one adapted from it per seed, which tends to err on the same examples."""
    effect = rng.normal(0, 1.5, n)
    before = rng.random(n) < expit(-2 + effect)
    chance = expit(np.where(before, 1.2, -3) + effect / 2 + rng.normal(0, sd, (count, 1)))
    return before, rng.random(chance.shape) < chance


def mean_change(sd: float) -> float:
    """Return the change that `before_and_after` has on average."""

    def change(effect: Array) -> Array:
        was = expit(-2 + effect)
        kept, new = (
            np.array([normal_mean(lambda e, s=start + x / 2: expit(s + e), sd) for x in effect]) for start in (1.2, -3)
        )
        return was * kept + (1 - was) * new - was

    return normal_mean(change, 1.5)


def seeds_of_changes(*, quick: bool) -> Table:
    """Measure a recipe trained several times: what adaptation changed."""
    title, many = "seeds: paired change", 300 if quick else 1000
    rng, lines = rng_of(title), []
    for sd, (n, count) in product(
        (0.0, 0.5, 1.0), ((30, 3), (200, 5)) if quick else ((30, 3), (30, 5), (200, 3), (200, 5))
    ):
        samples = (change_intervals(*before_and_after(n, sd, count, rng)) for _ in range(many))
        lines += seeds_cover(samples, mean_change(sd), f"seed sd {sd}, n={n}, {count} seeds")
    return Table(title, "simulated", lines)
