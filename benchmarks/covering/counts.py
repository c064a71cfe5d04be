"""Draws of counts: one group's cells before and after, against a bootstrap of rows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from covering.promises import LEVEL, Array, Figures, Line, Promise, Table, rng_of
from fairtransfer.stats import draws

TRUTHS = ((0.35, 0.15, 0.08, 0.03, 0.2), (0.35, 0.3, 0.15, 0.08, 0.15), (0.2, 0.1, 0.03, 0.02, 0.1))
"""Prevalence, false negatives and false positives before, then shares going from right to wrong and from wrong to right."""

LABEL, BEFORE, AFTER = (np.array(bits, dtype=bool) for bits in zip(*product((0, 1), repeat=3), strict=True))
"""The eight cells of label, answer before and answer after."""

WRONG, WAS_WRONG, EVERYBODY = LABEL != AFTER, LABEL != BEFORE, np.ones(8, dtype=bool)
ASKED = np.stack([WRONG, LABEL & AFTER, WRONG & ~WAS_WRONG, WAS_WRONG & ~WRONG])
AMONG = np.stack([EVERYBODY, LABEL, EVERYBODY, EVERYBODY])


def cell_chances(prevalence: float, missed: float, alarmed: float, harm: float, fix: float) -> Array:
    """Return the probabilities of the eight cells."""
    label = np.where(LABEL, prevalence, 1 - prevalence)
    wrong = np.where(LABEL, missed, alarmed)
    flipped = np.where(WAS_WRONG, fix, harm)
    return label * np.where(WAS_WRONG, wrong, 1 - wrong) * np.where(WRONG != WAS_WRONG, flipped, 1 - flipped)


def drawn_values(drawn: Array, counts: Array) -> Array:
    """Return draws x (error after, positives found, change in error)."""
    found = draws.rates(drawn, ASKED, AMONG, counts)
    return np.stack([found[:, 0], found[:, 1], found[:, 2] - found[:, 3]], axis=1)


def draws_cover(n: int, tables: int, rng: np.random.Generator, many: int = 1000) -> dict[str, Figures]:
    """Return the coverage of percentile limits of draws, by scheme."""
    schemes: dict[str, Callable[[Array], Array]] = {
        "row bootstrap": lambda c: draws.multinomial(c, many, rng),
        "Dirichlet": lambda c: draws.dirichlet(c, many, rng),
    }
    covered: dict[str, list[Array]] = {name: [] for name in schemes}
    for truth in TRUTHS:
        chances = cell_chances(*truth)
        values = drawn_values(chances[None], chances)[0]
        for counts in rng.multinomial(n, chances, tables):
            if counts[LABEL].sum() == 0:
                continue  # of those found nothing can be said
            for name, draw in schemes.items():
                # Leaving undefined draws out is what row bootstraps do; Dirichlet draws have none.
                low, high = np.nanquantile(drawn_values(draw(counts), counts), [1 - LEVEL, LEVEL], axis=0)
                covered[name].append((low <= values) & (values <= high))
    names = ("error", "found", "change")
    return {name: dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True)) for name, rows in covered.items()}


def drawn(*, quick: bool) -> Table:
    """Measure joint draws of one group's cells before and after."""
    title, tables, lines = "count-space draws", 150 if quick else 500, []
    rng = rng_of(title)
    promised = {"Dirichlet": tuple(Promise(figure, least=0.93) for figure in ("error", "found", "change"))}
    for n in (20, 100) if quick else (10, 20, 30, 50, 100, 300):
        for name, figures in draws_cover(n, tables, rng).items():
            lines.append(Line(f"n={n}", name, figures, promised.get(name, ()), tables * len(TRUTHS)))
    return Table(title, "simulated", lines)
