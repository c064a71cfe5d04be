"""Three-way verdicts of gates, beside the rule "the gap is above the limit"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from covering.promises import ALPHA, Array, Figures, Flags, Line, Promise, Table, rng_of
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.intervals import Interval, normal_quantile

SIZES: dict[str, tuple[int, ...]] = {
    "skewed": (2000, 1500, 800, 400, 200, 100, 60, 30),
    "8 x 1000": (1000,) * 8,
    "8 x 200": (200,) * 8,
    "large": (5000, 3000, 2000, 1500, 1200, 1000, 800, 600),
    "2 x 1000": (1000, 1000),
    "2 skewed": (3000, 300),
}


class Verdicts(NamedTuple):
    """Per sample: whether the three-way gate passes or fails, and whether the bare rule fails."""

    passed: Flags
    failed: Flags
    bare: Flags


def against_everyone_else(x: Array, sizes: Array, level: float) -> Interval:
    """Return one-sided bounds of each group's difference to the others, samples x groups."""
    rest = sizes.sum() - sizes
    return iv.envelope(x / sizes, sizes, (x.sum(axis=1, keepdims=True) - x) / rest, rest, normal_quantile(level))


def judge(x: Array, sizes: Sequence[int], margin: float, alpha: float = ALPHA) -> Verdicts:
    """Judge the errors of samples x groups: PASS if all upper bounds lie below the margin, FAIL if Holm finds one above it.

    Holm's procedure finds something just where its first step does, which is Bonferroni's. The bare rule fails where the
    largest gap between groups is above the margin.
    """
    n = np.array(sizes, dtype=float)
    upper, lower = (against_everyone_else(x, n, level) for level in (1 - alpha, 1 - alpha / len(n)))
    bare = (x / n).max(axis=1) - (x / n).min(axis=1) > margin
    return Verdicts((upper.high < margin).all(axis=1), (lower.low > margin).any(axis=1), bare)


class Case(NamedTuple):
    """One group (its place) whose error exceeds everyone else's, of `base`, by so many times the margin."""

    sizes: tuple[int, ...]
    margin: float
    times: float
    place: int
    base: float = 0.1


def gate_shares(case: Case, many: int, rng: np.random.Generator) -> Figures:
    """Return how often each verdict falls. "flip": two samples of one model get opposite verdicts, PASS and FAIL."""
    truth = np.full(len(case.sizes), case.base)
    truth[case.place] += case.times * case.margin
    found = judge(rng.binomial(case.sizes, truth, (many, len(truth))), case.sizes, case.margin)
    passed, failed, bare = (float(share.mean()) for share in found)
    flips = {"flip": 2 * passed * failed, "bare flip": 2 * bare * (1 - bare)}
    return {"PASS": passed, "FAIL": failed, "flip": flips["flip"], "bare FAIL": bare, "bare flip": flips["bare flip"]}


FALSE = {
    0: (Promise("FAIL", most=ALPHA),),
    1: (Promise("PASS", most=ALPHA), Promise("FAIL", most=ALPHA)),
    2: (Promise("PASS", most=ALPHA),),
}
"""Verdicts that are false where one group's excess is so many times the margin; at the margin both are."""


def gates(*, quick: bool) -> Table:
    """Measure three-way verdicts, group against everyone else, beside the rule "the gap is above the limit"."""
    title, many = "gates, base error .10", 4000 if quick else 20_000
    rng, lines = rng_of(title), []
    for margin, name, times in product((0.05,) if quick else (0.05, 0.1), SIZES, FALSE):
        for place, group in {0: "first", -1: "last"}.items():
            if group == "last" and (times == 0 or len(set(SIZES[name])) == 1):
                continue
            figures = gate_shares(Case(SIZES[name], margin, times, place), many, rng)
            setting = f"margin {margin}, {name}, " + (f"{group} group at {times} x margin" if times else "all equal")
            lines.append(Line(setting, "", figures, FALSE[times], many))
    return Table(title, "simulated", lines)
