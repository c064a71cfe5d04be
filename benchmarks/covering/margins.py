"""Verdicts at the margin, where each is false: every outcome listed, at 5 % and at 5 % shared by twenty evaluations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from covering.promises import ALPHA, Array, Figures, Line, Promise, Table
from fairtransfer.stats import exact as ex
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.contrasts import ratio_contrast
from fairtransfer.stats.families import step_down_counts
from fairtransfer.stats.intervals import Interval, normal_quantile

SHARED = ALPHA / 20
AT_MARGIN = (
    Promise("PASS", most=0.06),
    Promise("FAIL", most=0.05),
    Promise("PASS/20", most=0.003),
    Promise("FAIL/20", most=0.003),
)
NEGLIGIBLE = 1e-10
"""Outcomes less likely than this are left out."""


class Outcomes(NamedTuple):
    """Counts of an outcome along the first axis or the first two, and how likely it is."""

    counts: tuple[Array, ...]
    weight: Array


Bounds = Callable[[Outcomes, float], Interval]


def of_rate(n: int, p: float) -> Outcomes:
    """Return how many of n err."""
    x = np.arange(n + 1.0)
    weight = binom.pmf(x, n, p)
    kept = weight > NEGLIGIBLE
    return Outcomes((x[kept],), weight[kept])


def of_two_rates(one: tuple[int, float], two: tuple[int, float]) -> Outcomes:
    """Return how many of two groups err."""
    (x,), (y,) = of_rate(*one).counts, of_rate(*two).counts
    weight = of_rate(*one).weight[:, None] * of_rate(*two).weight
    return Outcomes((x[:, None], y[None, :]), weight)


def of_pairs(n: int, worse: float, better: float) -> Outcomes:
    """Return how many pairs get worse and better."""
    (b,) = of_rate(n, worse).counts
    most = int(binom.isf(NEGLIGIBLE, n, better)) if better > 0 else 0
    c = np.arange(most + 1.0)[None, :]
    b = b[:, None]
    rest = binom.pmf(c, np.maximum(n - b, 0), min(1.0, better / (1 - worse)))
    return Outcomes((b, c), np.where(b + c <= n, binom.pmf(b, n, worse) * rest, 0.0))


def errors_at(cases: Iterable[tuple[float, Outcomes]], bounds: Bounds) -> Figures:
    """Return the largest chance, over truths, of an upper bound below the truth (PASS) and of a lower one above it (FAIL)."""
    worst = dict.fromkeys(("PASS", "FAIL", "PASS/20", "FAIL/20"), 0.0)
    for truth, outcomes in cases:
        for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
            low, high = bounds(outcomes, normal_quantile(1 - alpha))
            for name, wrong in ((f"PASS{suffix}", high < truth), (f"FAIL{suffix}", low > truth)):
                worst[name] = max(worst[name], float((outcomes.weight * wrong).sum()))
    return worst


def rates(*, quick: bool) -> Table:
    """Measure a rate against a limit: `worst_group` with one group and one model."""
    methods: dict[str, Callable[..., Interval]] = {"Wilson": iv.wilson, "exact": ex.clopper_pearson}
    limits = (
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8) if quick else (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
    )
    lines = []
    for n, (name, method) in product((10, 100) if quick else (10, 15, 20, 30, 50, 100, 300, 1000), methods.items()):
        cases = ((p, of_rate(n, p)) for p in limits)
        found = errors_at(cases, lambda o, z, n=n, method=method: method(o.counts[0] / n, n, z))
        lines.append(Line(f"n={n}", name, found, AT_MARGIN if name == "exact" else ()))
    return Table("a rate at its limit", "exact", lines)


def changes(*, quick: bool) -> Table:
    """Measure a paired change at its margin: `no_harm`, also where adaptation only breaks."""
    methods: dict[str, Callable[..., Interval]] = {
        "Bonett-Price": lambda b, c, n, z: iv.bonett_price(b, c, n, z),
        "exact": lambda b, c, n, z: ex.exact_change(np.minimum(b / n, 1), np.minimum(c / n, 1 - b / n), n, z),
    }
    margins, better = (
        ((0.02, 0.1), (0.0, 0.05)) if quick else ((0.01, 0.02, 0.05, 0.1, 0.2), (0.0, 0.005, 0.02, 0.1, 0.3))
    )
    lines = []
    for n, (name, method) in product((20, 120) if quick else (20, 30, 50, 80, 120, 200, 400), methods.items()):
        cases = ((m, of_pairs(n, m + f, f)) for m, f in product(margins, better))
        found = errors_at(cases, lambda o, z, n=n, method=method: _of_valid(o, method, n, z))
        lines.append(Line(f"n={n}", name, found, AT_MARGIN if name == "exact" else ()))
    return Table("a paired change at its margin", "exact", lines)


def _of_valid(outcomes: Outcomes, method: Callable[..., Interval], n: int, z: float) -> Interval:
    """Return bounds of more and fewer pairs than there are as those of all pairs: they have no weight."""
    b, c = outcomes.counts
    return method(b, np.minimum(c, np.maximum(n - b, 0)), n, z)


def contrasts(*, quick: bool) -> Table:
    """Measure differences of two groups at their margin (`gap`), and ratios of exactly 0.8 (`ratio`)."""
    sizes = (
        ((20, 100),)
        if quick
        else ((10, 10), (10, 50), (10, 300), (20, 20), (20, 300), (50, 250), (100, 500), (300, 300))
    )
    lines = []
    for one, two in sizes:
        for name, method in (("envelope", _envelope), ("exact", _exact)):
            found = errors_at(_gaps(one, two, quick=quick), method(one, two, 1.0))
            lines.append(Line(f"gap, {one} vs {two}", name, found, AT_MARGIN if name == "exact" else ()))
        for name, method in (("MOVER of Wilson", _ratio), ("exact", _exact)):
            found = errors_at(_ratios(one, two), method(one, two, 0.8))
            lines.append(Line(f"ratio, {one} vs {two}", name, found, AT_MARGIN if name == "exact" else ()))
    return Table("two groups at their margin", "exact", lines)


def _gaps(one: int, two: int, *, quick: bool) -> Iterator[tuple[float, Outcomes]]:
    for p, d in product((0.01, 0.1, 0.5) if quick else (0.005, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7), (0.0, 0.05, 0.2)):
        yield d, of_two_rates((one, p + d), (two, p))


def _ratios(one: int, two: int) -> Iterator[tuple[float, Outcomes]]:
    for p in (0.05, 0.1, 0.3, 0.5, 0.7, 0.9):
        yield 0.0, of_two_rates((one, 0.8 * p), (two, p))


def _envelope(one: int, two: int, _: float) -> Bounds:
    return lambda o, z: iv.envelope(o.counts[0] / one, one, o.counts[1] / two, two, z)


def _ratio(one: int, two: int, tau: float) -> Bounds:
    return lambda o, z: ratio_contrast(o.counts[0] / one, one, o.counts[1] / two, two, tau, z)


def _exact(one: int, two: int, tau: float) -> Bounds:
    return lambda o, z: ex.exact_contrast(o.counts[0] / one, one, o.counts[1] / two, two, z, tau=tau)


FAMILIES = (
    ((15,) * 12, 0.05),
    ((19,) * 12, 0.02),
    ((13,) * 6, 0.01),
    ((100,) * 12, 0.02),
    ((300,) * 40, 0.05),
    ((2000, 1000, 500, 200, 100, 60, 40, 30, 20, 15), 0.05),
)


def families(*, quick: bool) -> Table:
    """Measure how often `worst_group` fails: all groups at the limit; one at twice, the others at half of it."""
    lines = []
    for sizes, limit in FAMILIES[:3] if quick else FAMILIES:
        setting = f"{_told(sizes)} at {limit:g}"
        for name, adjust in FAMILY_METHODS.items():
            figures = {}
            for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
                by_size = {n: adjust(sizes.index(n), sizes, limit, alpha) for n in set(sizes)}
                least = [by_size[n] for n in sizes]
                figures[f"FAIL{suffix}"] = _any_fails(sizes, least, [limit] * len(sizes))
                truth = [2 * limit if place == len(sizes) // 2 else limit / 2 for place in range(len(sizes))]
                figures[f"power{suffix}"] = _any_fails(sizes, least, truth)
            promised = () if name == "Wilson, Holm" else (Promise("FAIL", most=0.05), Promise("FAIL/20", most=0.0025))
            lines.append(Line(setting, name, figures, promised))
    return Table("a family of groups at their limit", "exact", lines)


def _told(sizes: tuple[int, ...]) -> str:
    return f"{len(sizes)} x {sizes[0]}" if len(set(sizes)) == 1 else f"{len(sizes)} unequal"


def _any_fails(sizes: tuple[int, ...], least: list[int], truth: list[float]) -> float:
    """Return the chance that any group has at least so many events: the first step of any step-down procedure."""
    clear = [binom.cdf(k - 1, n, p) for n, k, p in zip(sizes, least, truth, strict=True)]
    return 1 - float(np.prod(clear))


def _least_by_bound(bound: Callable[..., Interval]) -> Callable[[int, tuple[int, ...], float, float], int]:
    def least(place: int, sizes: tuple[int, ...], limit: float, alpha: float) -> int:
        n = sizes[place]
        x = np.arange(n + 1)
        over = bound(x / n, n, normal_quantile(1 - alpha / len(sizes))).low > limit
        return int(np.argmax(over)) if over.any() else n + 1

    return least


def _least_by_steps(place: int, sizes: tuple[int, ...], limit: float, alpha: float) -> int:
    low, high = 0, sizes[place] + 1
    while high - low > 1:
        middle = (low + high) // 2
        events = [middle if other == place else 0 for other in range(len(sizes))]
        if step_down_counts(events, sizes, limit)[place] <= alpha:
            high = middle
        else:
            low = middle
    return high


FAMILY_METHODS: dict[str, Callable[[int, tuple[int, ...], float, float], int]] = {
    "Wilson, Holm": _least_by_bound(iv.wilson),
    "exact, Holm": _least_by_bound(ex.clopper_pearson),
    "exact, step-down of counts": _least_by_steps,
}
"""The fewest events with which a group fails, if it is the one with the smallest p-value."""
