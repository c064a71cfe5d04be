"""How often the intervals cover and how often gates err, measured anew and set against what is promised.

Run ``python benchmarks/coverage.py`` (a minute or two) or ``python benchmarks/coverage.py --quick`` (some seconds); name
tables to print those only. It ends with 1 if a promise is broken. Where every outcome can be listed its probability is
added up and a figure is exact; elsewhere samples are simulated from fixed seeds, and a promise counts as kept within three
standard errors of the simulation. Methods without a promise are there for comparison: what they get wrong is why they are
not used.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, ndtri
from scipy.stats import binom, multinomial

from fairtransfer.stats import draws, gap
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.auc import MINIMUM_CLASS, auc_interval
from fairtransfer.stats.auc_change import Area, Sizes, auc_change_interval
from fairtransfer.stats.contrasts import difference_of_changes, ratio_contrast
from fairtransfer.stats.effective import Moments, effective_size
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.seeds import seed_part, widen

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Figures = dict[str, float]
Method = Callable[..., Interval]

ALPHA = 0.05
LEVEL = 1 - ALPHA / 2
Z95, Z90 = normal_quantile(LEVEL), normal_quantile(1 - ALPHA)
"""Of two-sided intervals at 95 %, and of one-sided bounds at 95 % (the ends of a two-sided interval at 90 %)."""

SLACK = 3
"""Standard errors of the simulation."""


class Promise(NamedTuple):
    """The range in which one figure is to lie."""

    figure: str
    least: float = -math.inf
    most: float = math.inf

    def kept(self, value: float, samples: int | None) -> bool:
        """Tell whether a figure from so many samples (None: exact) lies in the range."""
        return self.least - _error(self.least, samples) <= value <= self.most + _error(self.most, samples)

    def __str__(self) -> str:
        """Return the promise in words."""
        bounds = [f">= {self.least:g}"] * math.isfinite(self.least) + [f"<= {self.most:g}"] * math.isfinite(self.most)
        return f"{self.figure} {' and '.join(bounds)}"


def _error(share: float, samples: int | None) -> float:
    return SLACK * math.sqrt(share * (1 - share) / samples) if samples and 0 < share < 1 else 0.0


class Line(NamedTuple):
    """Measured figures of one method in one setting, from so many samples (None: exact), and what is promised of them."""

    setting: str
    method: str
    figures: Figures
    promised: tuple[Promise, ...] = ()
    samples: int | None = None

    def broken(self) -> list[Promise]:
        """Return the promises that the figures do not keep."""
        return [p for p in self.promised if not p.kept(self.figures[p.figure], self.samples)]


class Table(NamedTuple):
    """A table with how it was made: "exact" or "simulated"."""

    title: str
    how: str
    lines: list[Line]


def rng_of(title: str) -> np.random.Generator:
    """Return the random numbers of one table: leaving out or adding another changes nothing here."""
    return draws.keyed(b"benchmark of coverage", title.encode())


def covers(interval: Interval, truth: float) -> Flags:
    """Return where an interval contains the truth."""
    found: Flags = (interval.low <= truth) & (truth <= interval.high)
    return found


# --- the textbook's methods, for comparison ----------------------------------------------------------------------------


def wald(p: Array, n: float, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(p * (1 - p) / n)
    return Interval(p - half, p + half)


def percentile(p: Array, n: int, z: float) -> Interval:
    """Return the quantiles of resampled rates, without the noise of drawing them."""
    tail = iv.normal_tail(z)
    return Interval(binom.ppf(tail, n, p) / n, binom.ppf(1 - tail, n, p) / n)


def clopper_pearson(p: Array, n: int, z: float) -> Interval:
    """Return the rates that the exact test at each tail does not reject."""
    x, tail = np.rint(p * n), iv.normal_tail(z)
    low = betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail)
    return Interval(np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high))


def wald_difference(p1: Array, n1: int, p2: Array, n2: int, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return Interval(p1 - p2 - half, p1 - p2 + half)


def wald_change(b: Array, c: Array, n: int, z: float) -> Interval:
    """Return the estimate plus and minus its standard error times z."""
    half = z * np.sqrt(b + c - (b - c) ** 2 / n) / n
    return Interval((b - c) / n - half, (b - c) / n + half)


# --- every outcome listed ------------------------------------------------------------------------------------------------

ONE: dict[str, Method] = {
    "Wald": wald,
    "percentile bootstrap": percentile,
    "Clopper-Pearson": clopper_pearson,
    "Wilson": iv.wilson,
}
TWO: dict[str, Method] = {
    "Wald": wald_difference,
    "Newcombe": iv.newcombe,
    "Agresti-Caffo": iv.agresti_caffo,
    "envelope": iv.envelope,
}
PAIRED: dict[str, Method] = {"Wald": wald_change, "Bonett-Price": iv.bonett_price}

PROMISED: dict[str, tuple[Promise, ...]] = {
    "Wilson": (Promise("mean", least=0.949), Promise("miss-up", most=0.06)),
    "envelope": (Promise("min", least=0.945), Promise("high < d", most=0.04), Promise("low > d", most=0.04)),
    "Bonett-Price": (Promise("min", least=0.945),),
}

RATES = [
    (0.05, 0.05),
    (0.1, 0.1),
    (0.2, 0.2),
    (0.3, 0.3),
    (0.15, 0.1),
    (0.2, 0.1),
    (0.3, 0.1),
    (0.1, 0.02),
    (0.02, 0.1),
]
RATES += [(0.4, 0.2)]
CHURN = [(0.02, 0.02), (0.05, 0.05), (0.1, 0.1), (0.05, 0.02), (0.1, 0.05), (0.15, 0.05), (0.03, 0.1), (0.05, 0.15)]
CHURN += [(0.0, 0.05), (0.05, 0.0)]
"""Shares of the pairs that go from right to wrong and from wrong to right."""


def one_proportion(n: int, method: Method) -> Figures:
    """Return coverage over 99 rates from .01 to .5: mean, at .05, and the largest chance that the upper limit is too low."""
    x, rates = np.arange(n + 1), np.linspace(0.01, 0.5, 99)[:, None]
    weight = binom.pmf(x, n, rates)
    low, high = method(x / n, n, Z95)
    covered = (weight * ((low <= rates) & (rates <= high))).sum(axis=1)
    return {"mean": covered.mean(), "at .05": covered[8], "miss-up": (weight * (high < rates)).sum(axis=1).max()}


def two_proportions(n1: int, n2: int, method: Method) -> Figures:
    """Return coverage over ten pairs of rates: mean, minimum, and the largest chance of missing on either side."""
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    low, high = method(x1 / n1, n1, x2 / n2, n2, Z95)
    missed = []
    for p1, p2 in RATES:
        weight = binom.pmf(x1, n1, p1) * binom.pmf(x2, n2, p2)
        missed.append(((weight * (high < p1 - p2)).sum(), (weight * (low > p1 - p2)).sum()))
    below, above = np.array(missed).T
    covered = 1 - below - above
    return {"mean": covered.mean(), "min": covered.min(), "high < d": below.max(), "low > d": above.max()}


def paired(n: int, method: Method) -> Figures:
    """Return coverage over ten patterns of churn: mean and minimum."""
    most = min(n, 45)  # more changes than that have no probability to speak of
    b, c = (grid.ravel() for grid in np.meshgrid(np.arange(most + 1), np.arange(most + 1)))
    b, c = b[b + c <= most], c[b + c <= most]
    low, high = method(b, c, n, Z95)
    covered = []
    for harm, fix in CHURN:
        weight = multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, [harm, fix, 1 - harm - fix])
        covered.append((weight * ((low <= harm - fix) & (harm - fix <= high))).sum())
    return {"mean": float(np.mean(covered)), "min": float(np.min(covered))}


def ratio_errors(n_a: int, n_b: int, rate: float, tau: float = 0.8) -> Figures:
    """Return the verdicts at a true ratio of exactly tau: each is false; and how often the bare ratio is below it."""
    x, y = np.arange(n_a + 1)[:, None], np.arange(n_b + 1)[None, :]
    weight = binom.pmf(x, n_a, tau * rate) * binom.pmf(y, n_b, rate)
    low, high = ratio_contrast(x / n_a, n_a, y / n_b, n_b, tau, Z90)
    naive = x / n_a < tau * y / n_b
    return {
        "PASS": (weight * (low > 0)).sum(),
        "FAIL": (weight * (high < 0)).sum(),
        "bare FAIL": (weight * naive).sum(),
    }


def proportions(*, quick: bool) -> Table:
    """Measure one group's rate."""
    sizes = (5, 20, 100) if quick else (5, 10, 20, 30, 50, 100)
    lines = [Line(f"n={n}", m, one_proportion(n, ONE[m]), PROMISED.get(m, ())) for n in sizes for m in ONE]
    return Table("one proportion", "exact", lines)


def differences(*, quick: bool) -> Table:
    """Measure a small group against a large one, and two small ones."""
    small = (5, 20) if quick else (5, 10, 20, 30, 50)
    sizes = [(n, 300) for n in small] + [(n, n) for n in small if n > 5]
    lines = [Line(f"{a} vs {b}", m, two_proportions(a, b, TWO[m]), PROMISED.get(m, ())) for a, b in sizes for m in TWO]
    return Table("difference of two groups", "exact", lines)


def changes(*, quick: bool) -> Table:
    """Measure one group before and after."""
    sizes = (10, 50) if quick else (10, 20, 30, 50, 100)
    lines = [Line(f"n={n}", m, paired(n, PAIRED[m]), PROMISED.get(m, ())) for n in sizes for m in PAIRED]
    return Table("paired change", "exact", lines)


def ratios(*, quick: bool) -> Table:
    """Measure the four-fifths rule at its own limit."""
    sizes = ((20, 300), (200, 1000)) if quick else ((10, 300), (20, 300), (50, 300), (200, 1000))
    promised = (Promise("PASS", most=0.065), Promise("FAIL", most=0.06))
    settings = product(sizes, (0.1, 0.3, 0.5))
    lines = [Line(f"{a} vs {b}, rate {r}", "MOVER", ratio_errors(a, b, r), promised) for (a, b), r in settings]
    return Table("ratio of exactly 0.8", "exact", lines)


# --- samples of people ---------------------------------------------------------------------------------------------------

COVERS = (Promise("coverage", least=0.95),)
NEARLY = (Promise("coverage", least=0.93),)

CHURN_OF_TWO = [((0.08, 0.03), (0.03, 0.05)), ((0.02, 0.10), (0.02, 0.10)), ((0.15, 0.05), (0.05, 0.05))]


def changes_compared(*, quick: bool) -> Table:
    """Measure the change of one group less the change of another."""
    title, many = "difference in differences", 2000 if quick else 6000
    rng, lines = rng_of(title), []
    for sizes, churn in product(((15, 500), (30, 500), (60, 500), (200, 1000)), CHURN_OF_TWO):
        sides = [rng.multinomial(n, [*side, 1 - sum(side)], many) for n, side in zip(sizes, churn, strict=True)]
        point = [(s[:, 0] - s[:, 1]) / n for s, n in zip(sides, sizes, strict=True)]
        limits = [iv.bonett_price(s[:, 0], s[:, 1], n, Z95) for s, n in zip(sides, sizes, strict=True)]
        (harm, fix), (other_harm, other_fix) = churn
        interval = difference_of_changes(point[0], limits[0], point[1], limits[1])
        share = covers(interval, harm - fix - other_harm + other_fix).mean()
        setting = f"{sizes[0]} vs {sizes[1]}, churn {harm}+{fix} vs {other_harm}+{other_fix}"
        lines.append(Line(setting, "MOVER", {"coverage": share}, COVERS, many))
    return Table(title, "simulated", lines)


def auc_samples(auc: float, p: int, n: int, many: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return AUCs of normal scores and DeLong's variances, slowly: from every pair of rows."""
    values, variances = np.empty(many), np.empty(many)
    for place in range(many):
        won = rng.normal(math.sqrt(2) * ndtri(auc), 1, (p, 1)) > rng.normal(0, 1, (1, n))
        values[place] = won.mean()
        variances[place] = won.mean(axis=1).var(ddof=1) / p + won.mean(axis=0).var(ddof=1) / n
    return values, variances


def aucs(*, quick: bool) -> Table:
    """Measure how well scores tell two classes apart."""
    title, many = "AUC", 1000 if quick else 2500
    rng, lines = rng_of(title), []
    sizes = ((5, 20), (20, 80)) if quick else ((5, 20), (10, 30), (20, 80), (50, 200))
    for (p, n), auc in product(sizes, (0.7, 0.85, 0.95)):
        value, variance = auc_samples(auc, p, n, many, rng)
        half = Z95 * np.sqrt(variance)
        plain = covers(Interval(value - half, value + half), auc).mean()
        mine = covers(auc_interval(value, p, n, variance, Z95), auc).mean()
        setting, promised = f"{p} and {n}, AUC {auc}", NEARLY if p >= MINIMUM_CLASS else ()
        lines.append(Line(setting, "DeLong", {"coverage": plain}, (), many))
        lines.append(Line(setting, "Wilson, effective size", {"coverage": mine}, promised, many))
    return Table(title, "simulated", lines)


class TwoModels(NamedTuple):
    """AUCs of two models on the same rows, their variances and their covariance, one entry per sample."""

    before: Area
    after: Area
    covariance: Array


def two_models(aucs: tuple[float, float], r: float, p: int, n: int, many: int, rng: np.random.Generator) -> TwoModels:
    """Return what two models with correlated normal scores come to, slowly: from every pair of rows."""
    found = np.empty((many, 5))
    for place in range(many):
        own, shared = rng.normal(size=(p + n, 2)), rng.normal(size=(p + n, 1))
        scores = math.sqrt(r) * shared + math.sqrt(1 - r) * own
        scores[:p] += math.sqrt(2) * ndtri(np.array(aucs))
        won = scores[:p, None] > scores[None, p:]
        cov = np.cov(won.mean(axis=1).T) / p + np.cov(won.mean(axis=0).T) / n
        found[place] = *won.mean(axis=(0, 1)), cov[0, 0], cov[1, 1], cov[0, 1]
    one, two, v_one, v_two, covariance = found.T
    return TwoModels(Area(one, v_one), Area(two, v_two), covariance)


def auc_changes(*, quick: bool) -> Table:
    """Measure the change of an AUC where two models score the same rows."""
    title, many = "change of an AUC on the same rows", 500 if quick else 2000
    rng, lines = rng_of(title), []
    sizes = ((10, 10), (20, 80)) if quick else ((10, 10), (10, 30), (20, 80), (50, 200))
    pairs = ((0.7, 0.8), (0.85, 0.95)) if quick else ((0.5, 0.5), (0.7, 0.8), (0.8, 0.7), (0.85, 0.95), (0.95, 0.95))
    for (p, n), aucs, r in product(sizes, pairs, (0.0, 0.9) if quick else (0.0, 0.5, 0.9, 0.99)):
        found, truth = two_models(aucs, r, p, n, many, rng), aucs[1] - aucs[0]
        (a, va), (b, vb) = found.before, found.after
        half = Z95 * np.sqrt(np.maximum(np.asarray(va) + vb - 2 * found.covariance, 0))
        change = np.asarray(b) - a
        setting = f"{p} and {n}, AUC {aucs[0]} to {aucs[1]}, r {r}"
        plain = covers(Interval(change - half, change + half), truth).mean()
        mine = covers(auc_change_interval(*found, Sizes(p, n), LEVEL), truth).mean()
        lines.append(Line(setting, "DeLong", {"coverage": plain}, (), many))
        lines.append(Line(setting, "MOVER and DeLong, t", {"coverage": mine}, NEARLY, many))
    return Table(title, "simulated", lines)


def clusters(*, quick: bool) -> Table:
    """Measure rows that share a person or a document."""
    title, many, p = "clustered rows", 1000 if quick else 3000, 0.15
    rng, lines = rng_of(title), []
    for count, rows, icc in ((20, 5, 0.1), (20, 5, 0.3), (60, 5, 0.3), (60, 20, 0.1)):
        x = rng.binomial(rows, rng.beta(p * (1 / icc - 1), (1 - p) * (1 / icc - 1), (many, count)))
        n, share = count * rows, x.mean(axis=1) / rows
        moments = [Moments(count, n, int(r.sum()), n * rows, rows * int(r.sum()), int((r * r).sum())) for r in x]
        size = np.array([effective_size(m, 1, clustered=True, level=LEVEL) for m in moments])
        plain, mine = covers(iv.wilson(share, n, Z95), p).mean(), covers(iv.wilson(share, size, Z95), p).mean()
        setting = f"{count} x {rows}, correlation {icc}"
        lines.append(Line(setting, "Wilson on rows", {"coverage": plain}, (), many))
        lines.append(Line(setting, "Wilson, effective size", {"coverage": mine}, NEARLY, many))
    return Table(title, "simulated", lines)


# --- samples of people and seeds -------------------------------------------------------------------------------------------

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


# --- draws of counts -------------------------------------------------------------------------------------------------------

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


# --- gaps ------------------------------------------------------------------------------------------------------------------


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


SKEWED = [3000, 1500, 800, 400, 200, 100, 60, 40, 30, 20]

# --- gates -----------------------------------------------------------------------------------------------------------------

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


# --- printing --------------------------------------------------------------------------------------------------------------

TABLES: dict[str, Callable[..., Table]] = {
    "proportions": proportions,
    "differences": differences,
    "changes": changes,
    "ratios": ratios,
    "changes-compared": changes_compared,
    "aucs": aucs,
    "auc-changes": auc_changes,
    "clusters": clusters,
    "seeds": seeds_of_rates,
    "seeds-differences": seeds_of_differences,
    "seeds-changes": seeds_of_changes,
    "draws": drawn,
    "gaps": gaps,
    "variances": variances,
    "together": bounds_together,
    "gates": gates,
}


def show(table: Table) -> str:
    """Return a table as text, one line per method and setting."""
    names = list(table.lines[0].figures)
    setting, method = (max(len(line[place]) for line in table.lines) for place in (0, 1))
    rows = [f"{table.title} ({table.how})", " " * (setting + method + 2) + "".join(f"{name:>11}" for name in names)]
    for line in table.lines:
        figures = "".join(f"{line.figures[name]:11.4f}" for name in names)
        said = "; ".join(map(str, line.promised)) + "  BROKEN" * bool(line.broken())
        rows.append(f"{line.setting:{setting}}  {line.method:{method}}{figures}  {said}".rstrip())
    return "\n".join(rows)


def main() -> int:
    """Print the tables asked for, or all, and return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="fewer settings and samples")
    asked = parser.parse_args()
    if unknown := set(asked.tables) - set(TABLES):
        parser.error(f"no table is called {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    broken = 0
    for name in asked.tables or TABLES:
        start = time.perf_counter()
        table = TABLES[name](quick=asked.quick)
        broken += sum(len(line.broken()) for line in table.lines)
        print(f"{show(table)}\n({time.perf_counter() - start:.1f} s)\n", flush=True)
    print(f"{broken} promise(s) broken" if broken else "every promise kept")
    return int(broken > 0)


if __name__ == "__main__":
    raise SystemExit(main())
