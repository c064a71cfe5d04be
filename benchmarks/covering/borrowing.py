"""Groups that borrow from others, and groups known by probability only."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from scipy.special import expit

from covering.promises import ALPHA, LEVEL, Array, Line, Promise, Table, rng_of
from fairtransfer.stats.exact import clopper_pearson
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.likely_groups import LikelyRates, likely_rates
from fairtransfer.stats.pooled import pooled_rates
from fairtransfer.stats.shrink import main_effects

CELLS = [tuple(cell) for cell in product("ab", "xyz", "1234")]
SMALL = 40
"""Groups below this many people are the small ones."""


def intersections(*, quick: bool) -> Table:
    """Measure rates of 24 intersections of three attributes, most of them small.

    "worst missed": how often the upper limit at 97.5 % lies below the rate of the group that is truly worst.
    """
    title, many, lines = "small intersections, pooled", 25 if quick else 120, []
    rng, design = rng_of(title), main_effects(CELLS)
    designs = {"raw, exact": None, "pooled, main effects": design, "pooled, one rate": np.ones((len(CELLS), 1))}
    for people, interaction in ((1000, 0.5),) if quick else product((1000, 4000), (0.0, 0.5)):
        samples = [_cells(people, interaction, design, rng) for _ in range(many)]
        for name, columns in designs.items():
            figures = np.array([_of_cells(*sample, columns) for sample in samples])
            told = dict(
                zip(
                    ("coverage", "small groups", "worst missed", "width"),
                    np.nanmean(figures, axis=0).tolist(),
                    strict=True,
                )
            )
            promised = (Promise("coverage", least=0.94), Promise("small groups", least=0.93))
            setting = f"{people} people, interactions {interaction:g}"
            lines.append(Line(setting, name, told, promised, many * len(CELLS) // 4))
    return Table(title, "simulated", lines)


def _cells(people: int, interaction: float, design: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return sizes, true rates and events of cells whose sizes differ a lot."""
    shares = np.exp(1.3 * rng.standard_normal(len(CELLS)))
    n = np.maximum(rng.multinomial(people, shares / shares.sum()), 2)
    effects = np.r_[-2.0, rng.normal(0, 0.6, design.shape[1] - 1)]
    truth = expit(design @ effects + interaction * rng.standard_normal(len(CELLS)))
    return n.astype(float), truth, rng.binomial(n, truth).astype(float)


def _of_cells(n: Array, truth: Array, x: Array, design: Array | None) -> tuple[float, float, float, float]:
    limits = (
        clopper_pearson(x / n, n, normal_quantile(LEVEL))
        if design is None
        else pooled_rates(x, n, design, LEVEL).limits
    )
    held, small, worst = (limits.low <= truth) & (truth <= limits.high), n < SMALL, truth.argmax()
    missed = float(limits.high[worst] < truth[worst])
    return float(held.mean()), float(held[small].mean()), missed, float((limits.high - limits.low)[small].mean())


RATES = np.array([0.1, 0.25, 0.15])
PROMISED = (Promise("coverage", least=0.94), Promise("PASS", most=0.06), Promise("FAIL", most=0.065))
ESTIMATES: dict[str, Callable[[LikelyRates], Interval]] = {
    "averaged by probability": lambda rates: rates.weighted_limits,
    "regressed": lambda rates: rates.regressed_limits,
    "the union": lambda rates: rates.limits,
}


def likely(*, quick: bool) -> Table:
    """Measure rates of groups that only probabilities are known of, where outcomes follow the group, its proxy, or both."""
    title, many, lines = "groups known by probability", 40 if quick else 600, []
    rng = rng_of(title)
    for people, sure, kind in product((400,) if quick else (150, 400, 1500), (0.5, 2.0), ("group", "proxy", "both")):
        truth = _people(300_000, sure, kind, rng)[2]
        found = {name: np.zeros((many, 3, 3), dtype=bool) for name in ESTIMATES}
        for place in range(many):
            y, pi, _ = _people(people, sure, kind, rng)
            for level, sides in ((LEVEL, (0,)), (1 - ALPHA, (1, 2))):
                told = likely_rates(y, pi, level)
                for name, limits_of in ESTIMATES.items():
                    low, high = limits_of(told)
                    wrong = ((low <= truth) & (truth <= high), high < truth, low > truth)
                    for side in sides:
                        found[name][place, side] = wrong[side]
        setting = f"{people} people, {'sure' if sure < 1 else 'unsure'}, by {kind}"
        for name, shares in found.items():
            held, passed, failed = shares.mean(axis=0)
            figures = {"coverage": float(held.min()), "PASS": float(passed.max()), "FAIL": float(failed.max())}
            lines.append(Line(setting, name, figures, PROMISED if name == "the union" else (), many))
    return Table(title, "simulated", lines)


def _people(people: int, sure: float, kind: str, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return outcomes, probabilities and the groups' true rates; `sure`: how far probabilities are from 0 and 1."""
    pi = rng.dirichlet(sure * np.array([0.6, 0.25, 0.15]), people)
    group = (pi.cumsum(axis=1) > rng.random((people, 1))).argmax(axis=1)
    by_group, by_proxy = RATES[group], 0.05 + 0.3 * pi[:, 1]
    chance = {"group": by_group, "proxy": by_proxy, "both": (by_group + by_proxy) / 2}[kind]
    truth = np.array([chance[group == g].mean() if (group == g).any() else np.nan for g in range(3)])
    return (rng.random(people) < chance).astype(float), pi, truth
