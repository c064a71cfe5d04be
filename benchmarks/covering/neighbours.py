"""Limits over few seeds, each group for itself or with what its neighbours lend, in worlds that seeds shape in many ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from covering import estimates as es
from covering.margins import SHARED
from covering.promises import ALPHA, LEVEL, Array, Figures, Line, Promise, Table, rng_of
from covering.trainings import Counts, World, sampled

MIXED = (1000, 300, 150, 60, 30, 25)
"""From a group that is known well to one that is hardly known."""

SPREAD = (0.0, 0.035)
"""Standard deviations of a seed's error rate, common to all groups and of each group's own."""

PROMISED = (
    Promise("coverage", least=0.94),
    Promise("PASS", most=0.06),
    Promise("FAIL", most=0.05),
    Promise("PASS/20", most=0.003),
    Promise("FAIL/20", most=0.003),
)
RESTLESS = (Promise("coverage", least=0.925), Promise("PASS", most=0.08), Promise("FAIL", most=0.07))
"""Where the group or the model judged is the one that seeds move by far the most, what neighbours lend is too little."""


def worlds(*, quick: bool) -> Iterator[tuple[str, World, tuple[Promise, ...]]]:
    """Yield worlds with their names and what is promised in them."""
    for seeds in (3, 5) if quick else (3, 5, 10):
        for law, spread in product(("normal",) if quick else ("normal", "heavy tails", "right-skewed"), SPREAD):
            yield f"{seeds} seeds, {law} {spread:g}", World(MIXED, 0.15, 0.15, seeds, spread, spread, law), PROMISED
        if quick or seeds == 10:
            continue
        rare = World(MIXED, 0.15, 0.15, seeds, 0.035, 0.035, "one seed in ten bad")
        yield f"{seeds} seeds, one in ten bad", rare, ()
        yield f"{seeds} seeds, errors of 5 %", World(MIXED, 0.05, 0.05, seeds, 0.015, 0.015), PROMISED
        yield f"{seeds} seeds, common 0.1", World(MIXED, 0.3, 0.3, seeds, 0.1, 0.03), PROMISED
        yield f"{seeds} seeds, own 0.1", World(MIXED, 0.3, 0.3, seeds, 0.02, 0.1), PROMISED
        yield f"{seeds} seeds, two groups", World((200, 50), 0.2, 0.2, seeds, 0.03, 0.03), PROMISED
        yield f"{seeds} seeds, nearly alike", World((60,) * 6, 0.1, 0.1, seeds, 0.005, 0.005, alike=0.95), PROMISED
        own = (0.08, *[0.02] * 7)
        yield f"{seeds} seeds, a restless group", World((150,) * 8, 0.25, 0.25, seeds, 0.02, own), RESTLESS
        calm = (0.2, 0.3, 0.5)
        yield (
            f"{seeds} seeds, a restless model",
            World((150,) * 6, 0.25, 0.25, seeds, 0.06, 0.03, others=calm),
            RESTLESS,
        )


METHODS: dict[str, tuple[es.Limits, es.Limits, Callable[[World], Array]]] = {
    "rate": (es.separate_rate, es.lent_rate, lambda world: world.rates()[1]),
    "change": (es.separate_change, es.lent_change, lambda world: world.rates()[1] - world.rates()[0]),
    "gap": (es.separate_gap, es.lent_gap, lambda world: _against_rest(world)),
}


def _against_rest(world: World) -> Array:
    n, rates = np.array(world.sizes, dtype=float), world.rates()[1]
    found: Array = rates - ((rates * n).sum() - rates * n) / (n.sum() - n)
    return found


def misses(limits: es.Limits, counts: Counts, truth: Array) -> Figures:
    """Return, for the group that fares worst, coverage at 95 % and how often one-sided bounds lie on the wrong side."""
    low, high = limits(counts, LEVEL)
    found = {"coverage": float(((low <= truth) & (truth <= high)).mean(axis=0).min())}
    for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
        low, high = limits(counts, 1 - alpha)
        found[f"PASS{suffix}"] = float((high < truth).mean(axis=0).max())
        found[f"FAIL{suffix}"] = float((low > truth).mean(axis=0).max())
    return found


def few_seeds(*, quick: bool) -> Table:
    """Measure rates, changes and gaps of recipes trained three to ten times."""
    title, many = "few seeds, with what neighbours lend", 400 if quick else 1000
    rng, lines = rng_of(title), []
    for name, world, promised in worlds(quick=quick):
        counts = sampled(world, many, rng)
        for kind, (separate, lent, truth) in METHODS.items():
            one, two = (misses(limits, counts, truth(world)) for limits in (separate, lent))
            wide, narrow = (_width(limits(counts, LEVEL)) for limits in (separate, lent))
            lines.append(Line(f"{kind}, {name}", "separate", {**one, "width": 1.0}, (), many))
            lines.append(Line(f"{kind}, {name}", "lent", {**two, "width": narrow / wide}, promised, many))
    return Table(title, "simulated", lines)


def _width(limits: es.Interval) -> float:
    return float((limits.high - limits.low).mean())
