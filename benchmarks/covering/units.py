"""People in units, with weights, and groups that share units: what each is worth, and what cancels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from covering.margins import SHARED
from covering.neighbours import PROMISED
from covering.promises import ALPHA, LEVEL, Array, Figures, Line, Promise, Table, rng_of
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.exact import clopper_pearson, exact_contrast
from fairtransfer.stats.gap import noise_floor
from fairtransfer.stats.intervals import Interval, normal_quantile, t_quantile
from fairtransfer.stats.neighbours import with_seeds
from fairtransfer.stats.shared_units import CrossSums, correlation, covariance, own_variances
from fairtransfer.stats.worth import Alike, worth_of_rate

RARE_UNITS = (Promise("coverage", least=0.94), Promise("PASS", most=0.07), Promise("FAIL", most=0.05))
"""Units of which one in twenty errs as a whole, or that differ much in size."""


class Units(NamedTuple):
    """Samples x units: rows of each, and errors of all seeds; and error rates by seed."""

    rows: Array
    wrong: Array
    by_seed: Array

    @property
    def seeds(self) -> int:
        """How many seeds."""
        return int(self.by_seed.shape[-1])

    @property
    def moments(self) -> Moments:
        """Sums over units, all seeds together."""
        return moments_of(self.rows * self.seeds, self.wrong)


def moments_of(m: Array, x: Array) -> Moments:
    """Return sums over the last axis."""
    present = (m > 0).sum(axis=-1)
    return Moments(present, m.sum(-1), x.sum(-1), (m * m).sum(-1), (m * x).sum(-1), (x * x).sum(-1))


def clustered(
    units: int, rows: int, alike: float, p: float, seeds: int, many: int, rng: np.random.Generator, *, uneven: bool
) -> Units:
    """Return units whose rows err together as `alike` says (on the normal scale)."""
    sizes = np.full((many, units), rows)
    if uneven:
        sizes = np.maximum(np.rint(np.exp(0.9 * rng.standard_normal((many, units))) * rows / 1.5), 1).astype(int)
    here = np.arange(sizes.max()) < sizes[:, :, None]
    within = max(0.6, alike)
    hard = np.sqrt(alike) * rng.standard_normal((many, units, 1), dtype=np.float32)
    hard = hard + np.sqrt(within - alike) * rng.standard_normal(here.shape, dtype=np.float32)
    by_unit = np.stack(
        [
            ((hard + np.sqrt(1 - within) * rng.standard_normal(here.shape, dtype=np.float32) < ndtri(p)) & here).sum(-1)
            for _ in range(seeds)
        ],
        axis=-1,
    )
    by_seed = by_unit.sum(axis=1) / sizes.sum(axis=1)[:, None]
    return Units(sizes.astype(float), by_unit.sum(axis=-1).astype(float), by_seed)


Size = Callable[[Moments, int, float], Array]


def size_today(moments: Moments, seeds: int, level: float, *, weighted: bool = False) -> Array:
    """Return the effective sizes of `fairtransfer.stats.effective`, of units or of weighted people, on arrays."""
    p, units = moments.x / moments.m, moments.units
    spread = np.maximum(moments.xx - 2 * p * moments.xm + p * p * moments.mm, 0) * units / (units - 1) / moments.m**2
    known = (spread > 0) & (p > 0) & (p < 1)
    without = moments.m**2 / moments.mm if weighted else units
    size = np.where(known, p * (1 - p) / np.where(known, spread, 1), without)
    most = units if weighted else np.where(spread > 0, moments.m, moments.m / seeds)
    t = (normal_quantile(level) / stdtrit(units - 1, level)) ** 2
    found: Array = np.maximum(np.minimum(size, most) * t, 1)
    return found


def size_today_of_weights(moments: Moments, seeds: int, level: float) -> Array:
    """Return `size_today` of weighted people."""
    return size_today(moments, seeds, level, weighted=True)


def size_of(alike: Alike) -> Size:
    """Return `worth_of_rate` for one kind of example."""
    return lambda moments, seeds, level: worth_of_rate(moments, seeds, alike, level)


def misses(sample: Units, p: float, size: Size, limits: Callable[..., Interval]) -> Figures:
    """Return coverage at 95 % and how often one-sided bounds lie on the wrong side."""
    seeds, rate = sample.seeds, sample.by_seed.mean(axis=-1)

    def bounds(level: float) -> Interval:
        worth = size(sample.moments, seeds, level)
        examples = limits(rate, worth, normal_quantile(level))
        if seeds == 1:
            return examples
        added = t_quantile(level, seeds - 1) ** 2 * sample.by_seed.var(axis=-1, ddof=1) / seeds
        return with_seeds(rate, examples, added)

    two = bounds(LEVEL)
    found = {"coverage": float(((two.low <= p) & (p <= two.high)).mean()), "width": float((two.high - two.low).mean())}
    for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
        one = bounds(1 - alpha)
        found |= {f"PASS{suffix}": float((one.high < p).mean()), f"FAIL{suffix}": float((one.low > p).mean())}
    return found


def settings(*, quick: bool) -> Iterator[tuple[str, tuple[int, int, float, float, int], bool, tuple[Promise, ...]]]:
    """Yield units, their rows, how alike these are, error rate and seeds; whether sizes differ; what is promised."""
    shapes = ((20, 5), (30, 5), (20, 20))
    for (units, rows), (alike, p), seeds in product(
        shapes[:1] if quick else shapes, ((0.05, 0.2), (0.5, 0.05), (0.5, 0.3)), (1, 5)
    ):
        name = f"{units} x {rows}, alike {alike:g}, {p:.0%} wrong, {seeds} seeds"
        yield name, (units, rows, alike, p, seeds), False, PROMISED
    for seeds in (1, 5):
        yield f"20 x 5, alike 0.9, 5% wrong, {seeds} seeds", (20, 5, 0.9, 0.05, seeds), False, RARE_UNITS
        yield f"45 uneven, alike 0.9, 30% wrong, {seeds} seeds", (45, 5, 0.9, 0.3, seeds), True, RARE_UNITS


def few_units(*, quick: bool) -> Table:
    """Measure a rate of rows in few units."""
    title, many, lines = "few units", 600 if quick else 1500, []
    rng = rng_of(title)
    for name, (units, rows, alike, p, seeds), uneven, promised in settings(quick=quick):
        sample = clustered(units, rows, alike, p, seeds, many, rng, uneven=uneven)
        lines.append(Line(name, "Wilson", misses(sample, p, size_today, iv.wilson), (), many))
        found = misses(sample, p, size_of("units"), clopper_pearson)
        lines.append(Line(name, "exact, doubt of units", found, promised, many))
    return Table(title, "simulated", lines)


def weights(*, quick: bool) -> Table:
    """Measure a rate of people whose weights are lognormal."""
    title, many, lines = "weighted people", 1500 if quick else 5000, []
    rng = rng_of(title)
    for (n, sd), p in product(
        ((50, 1.0), (200, 1.5)) if quick else ((50, 0.5), (50, 1.0), (50, 1.5), (200, 1.5)), (0.05, 0.2, 0.5)
    ):
        weight = np.exp(sd * rng.standard_normal((many, n)))
        wrong = weight * (rng.random((many, n)) < p)
        sample = Units(weight, wrong, (wrong.sum(-1) / weight.sum(-1))[:, None])
        name = f"{n} people, sd {sd:g}, {p:.0%} wrong"
        lines.append(Line(name, "Wilson", misses(sample, p, size_today_of_weights, iv.wilson), (), many))
        found = misses(sample, p, size_of("weights"), clopper_pearson)
        lines.append(Line(name, "exact, Kish's worth", found, PROMISED, many))
    return Table(title, "simulated", lines)


def templates(*, quick: bool) -> Table:
    """Measure a gap of 0 between groups that answer the same templates, and the gap that chance alone shows."""
    title, many, lines = "groups that share templates", 500 if quick else 1500, []
    rng = rng_of(title)
    shapes = ((30, 6, 1, 0.5, 0.2), (60, 3, 2, 0.7, 0.3), (30, 6, 3, 0.5, 0.2), (100, 8, 1, 0.6, 0.05))
    for count, groups, rows, alike, p in shapes[:2] if quick else shapes:
        hard = np.sqrt(alike) * rng.standard_normal((many, 1, count, 1))
        wrong = hard + np.sqrt(1 - alike) * rng.standard_normal((many, groups, count, rows)) < ndtri(p)
        m, x = np.full((many, groups, count), float(rows)), wrong.sum(axis=-1).astype(float)
        for name, share in (("as strangers", False), ("as they share", True)):
            found = _gap_misses(m, x, share=share) | _floor_figures(m, x, share=share)
            promised = (*PROMISED, Promise("gap > floor", least=0.02, most=0.08)) if share else ()
            lines.append(
                Line(f"{count} templates, {groups} groups, {rows} rows, {p:.0%} wrong", name, found, promised, many)
            )
    return Table(title, "simulated", lines)


def _sides(m: Array, x: Array) -> tuple[Moments, Moments, CrossSums]:
    rest_m, rest_x = m.sum(axis=1, keepdims=True) - m, x.sum(axis=1, keepdims=True) - x
    products = ((a * b).sum(-1) for a, b in ((m, rest_m), (m, rest_x), (x, rest_m), (x, rest_x)))
    return moments_of(m, x), moments_of(rest_m, rest_x), CrossSums(m.shape[-1], *products)


def _gap_misses(m: Array, x: Array, *, share: bool) -> Figures:
    one, two, cross = _sides(m, x)
    r = correlation(cross, one, two) if share else 0.0

    def bounds(level: float) -> Interval:
        sizes = (worth_of_rate(side, 1, "units", level) for side in (one, two))
        return exact_contrast(
            one.x / one.m, next(sizes), two.x / two.m, next(sizes), normal_quantile(level), correlation=r
        )

    both = bounds(LEVEL)
    found = {"coverage": float(((both.low <= 0) & (both.high >= 0)).mean(axis=0).min())}
    for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
        side = bounds(1 - alpha)
        found[f"PASS{suffix}"] = float((side.high < 0).mean(axis=0).max())
        found[f"FAIL{suffix}"] = float((side.low > 0).mean(axis=0).max())
    return found | {"width": float((both.high - both.low).mean())}


def _floor_figures(m: Array, x: Array, *, share: bool, samples: int = 60) -> Figures:
    """Return the mean noise floor, and how often the gap of equal groups exceeds its own."""
    one, two, cross = _sides(m, x)
    own = covariance(cross._replace(mm=one.mm, mx=one.xm, xm=one.xm, xx=one.xx), one, one)
    other = covariance(cross._replace(mm=two.mm, mx=two.xm, xm=two.xm, xx=two.xx), two, two)
    apart = own + other - 2 * covariance(cross, one, two)
    rates = one.x / one.m
    gaps = rates.max(axis=1) - rates.min(axis=1)
    floors = []
    for place in range(samples):
        p = float(x[place].sum() / m[place].sum())
        if share:
            sizes = p * (1 - p) / np.maximum(own_variances(apart[place], one.m[place]), 1e-9)
        else:
            sizes = worth_of_rate(Moments(*(np.asarray(column)[place] for column in one)), 1, "units", LEVEL)
        floors.append(noise_floor(p, sizes.tolist()).p95)
    return {"floor": float(np.mean(floors)), "gap > floor": float((gaps[:samples] > np.array(floors)).mean())}
