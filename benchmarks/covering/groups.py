"""Gaps: what chance makes of equal groups, the variance between groups, and limits that hold for all of them."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from covering.promises import COVERS, Array, Figures, Line, Promise, Table, covers, rng_of
from fairtransfer.stats import draws, gap

SKEWED = [3000, 1500, 800, 400, 200, 100, 60, 40, 30, 20]


def equal_groups(groups: int, n: int, many: int, rng: np.random.Generator, p: float = 0.15) -> Figures:
    """Return what truly equal groups show: gap, ratio, variances between them (in thousandths), and how far off they are.

    "off": how many standard errors the mean gap lies from its noise floor, or the corrected variance from 0.
    """
    rates = rng.binomial(n, p, (many, groups)) / n
    found = rates.max(axis=1) - rates.min(axis=1)
    corrected = np.array([gap.corrected_variance(row, [n] * groups) for row in rates])
    floor = gap.noise_floor(p, [n] * groups).mean
    return {
        "gap": found.mean(),
        "floor": floor,
        "gap > .05": (found > 0.05).mean(),
        "ratio": (rates.min(axis=1) / rates.max(axis=1)).mean(),
        "variance": 1000 * rates.var(axis=1, ddof=1).mean(),
        "corrected": 1000 * corrected.mean(),
        # The noise floor is itself simulated, from `draws.DRAWS` draws.
        "gap off": abs(found.mean() - floor) / found.std() / math.sqrt(1 / many + 1 / draws.DRAWS),
        "corr. off": abs(corrected.mean()) / corrected.std() * math.sqrt(many),
    }


def gaps(*, quick: bool) -> Table:
    """Measure what chance makes of truly equal groups."""
    title, many = "gap of equal groups", 1000 if quick else 3000
    short = ((2, 50), (8, 50), (8, 1000))
    settings = short if quick else (*short, (4, 50), (16, 50), (32, 50), (8, 200), (16, 200), (32, 1000))
    rng = rng_of(title)
    promised = (Promise("gap off", most=4), Promise("corr. off", most=4))
    lines = [Line(f"{g} x {n}", "", equal_groups(g, n, many, rng), promised) for g, n in settings]
    return Table(title, "simulated", lines)


def variance_covers(truth: Array, n: int, many: int, rng: np.random.Generator) -> Figures:
    """Return how often intervals of the variance between groups cover: corrected twice, and as resampled."""
    between, sizes = truth.var(ddof=1), [n] * len(truth)
    twice, plain = [], []
    for x in rng.binomial(n, truth, (many, len(truth))):
        found = gap.between_groups((x / n).tolist(), sizes, rng, draws=400)
        twice.append(found.low <= between <= found.high)
        low, high = draws.quantiles((rng.binomial(n, x / n, (400, len(truth))) / n).var(axis=1, ddof=1))
        plain.append(low <= between <= high)
    return {"coverage": float(np.mean(twice)), "bootstrap": float(np.mean(plain))}


def variances(*, quick: bool) -> Table:
    """Measure the variance between groups."""
    title, many = "variance between groups", 200 if quick else 1000
    rng, lines = rng_of(title), []
    for groups, n, equal in product((8, 16), (50, 300), (True, False)):
        truth = np.full(groups, 0.2) if equal else np.clip(rng.normal(0.2, 0.05, groups), 0.02, 0.6)
        setting = f"{groups} x {n}, {'equal' if equal else 'unequal'}"
        lines.append(Line(setting, "corrected twice", variance_covers(truth, n, many, rng), COVERS, many))
    return Table(title, "simulated", lines)


def bounds_together(*, quick: bool) -> Table:
    """Measure limits of every group against the rest that are to hold for all of them."""
    title, many = "simultaneous limits, equal groups", 1000 if quick else 4000
    rng, lines = rng_of(title), []
    for name, sizes in {"6 x 500": [500] * 6, "12 x 100": [100] * 12, "skewed": SKEWED}.items():
        x = rng.binomial(sizes, 0.2, (many, len(sizes)))
        found = [gap.against_rest(row / sizes, sizes).limits for row in x]
        together = [bool(covers(limits, 0.0).all()) for limits in found]
        lines.append(Line(name, "envelope, Bonferroni", {"coverage": float(np.mean(together))}, COVERS, many))
    return Table(title, "simulated", lines)
