"""Choosing, then judging: how often the best of equal strategies passes a limit at which none of them should."""

from __future__ import annotations

from itertools import product

import numpy as np

from covering import estimates as es
from covering.promises import ALPHA, Array, Line, Promise, Table, rng_of
from covering.trainings import World, drawn_rates, sampled

PEOPLE = 600
VALIDATION = 200
"""Rows by which validation chooses."""

SPREADS = (0.016, 0.048, 0.095)
"""Standard deviation of a strategy's error over seeds; the luck of a training raises validation and test alike."""

STRATEGIES, BUDGETS = 8, 3
TRUE = 0.25
"""The error rate of every strategy, and the limit of the gate."""

LIMITS: dict[str, es.Limits] = {"separate": es.separate_rate, "lent": es.lent_rate}


def chosen_rates(world: World, models: int, many: int, rng: np.random.Generator) -> Array:
    """Return the error rates by seed of the model that validation prefers, of equal ones: samples x 1 x seeds."""
    every = drawn_rates(world._replace(sizes=(PEOPLE,) * models), many, rng)
    seen = rng.binomial(VALIDATION, every).mean(axis=2)
    best = seen.argmin(axis=1)
    found: Array = every[range(many), best][:, None, :]
    return found


def selection(*, quick: bool) -> Table:
    """Measure how often the chosen model passes a limit that is its own true error."""
    title, lines = "a model chosen among equal ones, judged on the seeds that chose it and on fresh ones", []
    rng = rng_of(title)
    settings = product(SPREADS[1:2] if quick else SPREADS, (5,) if quick else (3, 5), (1, BUDGETS))
    for spread, seeds, budgets in settings:
        many = 500 if quick else 4000
        # What every model would have, were it drawn for itself: all of its spread is common to its groups, of which there is one.
        world = World((PEOPLE,), 0.3, TRUE, seeds, 0.0, spread)
        setting = f"{STRATEGIES} strategies x {budgets}, {seeds} seeds, sd {100 * spread:.1f}"
        lucky = chosen_rates(world, STRATEGIES * budgets, many, rng)
        for way, rates in (("on the seeds that chose", lucky), ("on fresh seeds", None)):
            counts = sampled(world._replace(common=spread, own=0.0), many, rng, rates)
            promised = (Promise("false pass", most=0.06),) if rates is None else ()
            for name, limits in LIMITS.items():
                passed = (limits(counts, 1 - ALPHA).high < TRUE).mean()
                lines.append(Line(setting, f"{way}, {name}", {"false pass": float(passed)}, promised, many))
    return Table(title, "simulated", lines)
