"""How a rate changed whose denominator moves with the model: precision, and the negative predictive value.

A case has a truth and two models' answers; all eight kinds of cases are drawn. Samples in which a model puts fewer than ten cases
into the class are left out: the policy asks for as many. Such samples are no fair ones where they are rare, so that settings
keep nine of ten at least.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from covering.promises import Array, Line, Promise, Table, rng_of
from covering.shapes import one_sided
from fairtransfer.findings.estimates.moving import CERTAIN
from fairtransfer.stats.contrasts import correlated_difference
from fairtransfer.stats.intervals import Interval, normal_quantile, wilson

MINIMUM = 10
PROMISED = (
    Promise("coverage", least=0.94),
    Promise("high < t", most=0.06),
    Promise("low > t", most=0.06),
    Promise("high < t/20", most=0.004),
    Promise("low > t/20", most=0.004),
)


class World(NamedTuple):
    """How often the class comes, how each model answers inside and outside it, and how often the second repeats the first."""

    common: float
    found: float
    false: float
    found_after: float
    false_after: float
    repeats: float


WORLDS = (
    World(0.4, 0.7, 0.2, 0.8, 0.15, 0.5),
    World(0.2, 0.6, 0.1, 0.8, 0.1, 0.7),
    World(0.5, 0.9, 0.1, 0.9, 0.05, 0.3),
    World(0.3, 0.8, 0.02, 0.85, 0.01, 0.9),
    World(0.1, 0.5, 0.05, 0.9, 0.3, 0.0),
    World(0.5, 0.6, 0.4, 0.6, 0.4, 0.95),
    World(0.3, 0.95, 0.02, 0.95, 0.02, 0.0),
)


def changes(*, quick: bool) -> Table:
    """Measure changes of rates whose denominators move."""
    title, many, lines = "changes of precision and NPV", 4000 if quick else 20_000, []
    rng = rng_of(title)
    for metric, world, n in product(("precision", "npv"), WORLDS[:2] if quick else WORLDS, (60, 150, 400)):
        chances = _chances(world)
        truth = _change(_sums(metric, chances))
        sums = _sums(metric, rng.multinomial(n, chances.ravel(), many).reshape(-1, 2, 2, 2).astype(float))
        enough = (sums["m"] >= MINIMUM) & (sums["m0"] >= MINIMUM)
        if enough.mean() < 0.9:
            continue
        kept = {name: values[enough] for name, values in sums.items()}
        for method, part, promised in (("as different people", 0.0, ()), ("correlated mover", CERTAIN, PROMISED)):
            found = one_sided(lambda level: _interval(kept, level, part), truth)  # noqa: B023  # called at once
            lines.append(
                Line(f"{metric}, world {WORLDS.index(world) + 1}, n = {n}", method, found, promised, len(kept["m"]))
            )
    return Table(title, "simulated", lines)


def _chances(world: World) -> Array:
    """Return the chances of truth x answer before x answer after."""
    inside = np.array([[1 - world.false, world.false], [1 - world.found, world.found]])
    after = np.array([[1 - world.false_after, world.false_after], [1 - world.found_after, world.found_after]])
    anew = (1 - world.repeats) * after[:, None, :] + world.repeats * np.eye(2)
    chances: Array = np.array([1 - world.common, world.common])[:, None, None] * inside[:, :, None] * anew
    return chances / chances.sum()


def _sums(metric: str, counts: Array) -> dict[str, Array]:
    """Return the denominators m and numerators x of both models, and how many cases are in several of them."""
    y, before, after = (np.arange(2).reshape(shape) for shape in ((2, 1, 1), (1, 2, 1), (1, 1, 2)))
    if metric == "npv":
        y, before, after = 1 - y, 1 - before, 1 - after
    flags = {
        "m": after,
        "x": after * y,
        "m0": before,
        "x0": before * y,
        "both": before * after,
        "right": before * after * y,
    }
    return {name: (counts * flag).sum(axis=(-3, -2, -1)) for name, flag in flags.items()}


def _change(sums: dict[str, Array]) -> float:
    return float(sums["x"] / sums["m"] - sums["x0"] / sums["m0"])


def _interval(sums: dict[str, Array], level: float, part: float) -> Interval:
    """Return the interval of the change; `part` of the observed correlation is relied on."""
    new, old = sums["x"] / sums["m"], sums["x0"] / sums["m0"]
    spread = np.sqrt(sums["m"] * new * (1 - new) * sums["m0"] * old * (1 - old))
    moved = sums["right"] - (old + new) * sums["right"] + old * new * sums["both"]
    together = np.divide(moved, spread, out=np.zeros_like(spread), where=spread > 0)
    z = normal_quantile(level)
    return correlated_difference(new, wilson(new, sums["m"], z), old, wilson(old, sums["m0"], z), part * together)
