"""What scores, classes and errors can look like: AUCs of any shape, F1 with rare classes, means with heavy tails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from scipy.special import ndtri

from covering.margins import SHARED
from covering.promises import ALPHA, LEVEL, Array, Figures, Line, Promise, Table, rng_of
from fairtransfer.stats.auc import auc_interval
from fairtransfer.stats.auc_limits import robust_auc_interval
from fairtransfer.stats.f1_limits import correlations, f1_contrast, f1_of_share, jaccard_sums
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.skewed import Skewed, skewed_limits, too_skewed

ONE_SIDED = (
    Promise("coverage", least=0.94),
    Promise("high < t", most=0.05),
    Promise("low > t", most=0.05),
    Promise("high < t/20", most=0.004),
    Promise("low > t/20", most=0.004),
)
"""How often the limits above and below lie on the wrong side of the truth, at 5 % and at a twentieth of it."""


def one_sided(bounds: Callable[[float], Interval], truth: float) -> Figures:
    """Return coverage at 95 % and the misses of one-sided limits."""
    both = bounds(LEVEL)
    found = {"coverage": float(((both.low <= truth) & (truth <= both.high)).mean())}
    for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
        low, high = bounds(1 - alpha)
        found |= {f"high < t{suffix}": float((high < truth).mean()), f"low > t{suffix}": float((low > truth).mean())}
    return found | {"width": float((both.high - both.low).mean())}


# --- AUCs --------------------------------------------------------------------------------------------------------------

_BOTTOM = -99.0


def _scores(shape: str, auc: float, p: int, n: int, many: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return scores of positives and negatives whose true AUC is as given."""
    positive, negative = rng.standard_normal((many, p)), rng.standard_normal((many, n))
    if shape == "exponential":
        return rng.exponential(auc / (1 - auc), (many, p)), rng.exponential(1, (many, n))
    if shape == "some lost":
        lost = 0.8 * min(1 - auc, 0.5)
        return np.where(
            rng.random((many, p)) < lost, _BOTTOM, positive + np.sqrt(2) * ndtri(auc / (1 - lost))
        ), negative
    spread = {"normal": 1.0, "wide": 2.0, "narrow": 0.4}[shape]
    return spread * positive + np.sqrt(1 + spread**2) * ndtri(auc), negative


def _ranked(positive: Array, negative: Array) -> tuple[Array, Array]:
    """Return AUCs and DeLong's variances, from every pair of rows."""
    value, variance = np.empty(len(positive)), np.empty(len(positive))
    for start in range(0, len(positive), 250):
        part = slice(start, start + 250)
        won = positive[part, :, None] > negative[part, None, :]
        value[part] = won.mean(axis=(1, 2))
        variance[part] = won.mean(axis=2).var(axis=1, ddof=1) / positive.shape[1]
        variance[part] += won.mean(axis=1).var(axis=1, ddof=1) / negative.shape[1]
    return value, variance


def aucs(*, quick: bool) -> Table:
    """Measure AUCs of scores of any shape."""
    title, many, lines = "AUC of scores of any shape", 500 if quick else 2000, []
    rng = rng_of(title)
    shapes = ("normal", "some lost") if quick else ("normal", "wide", "narrow", "exponential", "some lost")
    sizes = ((10, 50),) if quick else ((10, 10), (10, 50), (50, 10), (50, 100))
    for (p, n), shape, auc in product(sizes, shapes, (0.7, 0.95) if quick else (0.5, 0.7, 0.85, 0.95, 0.98)):
        value, variance = _ranked(*_scores(shape, auc, p, n, many, rng))
        for name, limits, promised in (
            ("Wilson, DeLong's size", auc_interval, ()),
            ("exact, two imaginary of each class", robust_auc_interval, ONE_SIDED),
        ):
            found = one_sided(lambda level, f=limits: f(value, p, n, variance, normal_quantile(level)), auc)  # noqa: B023  # called at once
            lines.append(Line(f"{p} and {n}, {shape}, AUC {auc:g}", name, found, promised, many))
    return Table(title, "simulated", lines)


# --- F1 ----------------------------------------------------------------------------------------------------------------

CLASSES: dict[str, tuple[tuple[float, ...], float, int]] = {
    "two, 95 % right": ((1, 1), 0.95, 60),
    "three unequal": ((14, 5, 1), 0.85, 250),
    "six equal, 95 % right": ((1,) * 6, 0.95, 150),
    "twelve": (tuple(np.linspace(1, 4, 12)), 0.7, 250),
    "twelve, rare ones": (tuple(1 / k for k in range(1, 13)), 0.9, 400),
}
"""How frequent classes are, how many of each are right, and cases."""

LEAST_OF_CLASS = 5


def rare_classes(*, quick: bool) -> Table:
    """Measure macro-F1."""
    title, many, lines = "macro F1 with rare classes", 1500 if quick else 6000, []
    rng = rng_of(title)
    promised = (Promise("coverage", least=0.94), Promise("high < t", most=0.075), Promise("low > t", most=0.06))
    for name, (frequent, right, n) in list(CLASSES.items())[:2] if quick else CLASSES.items():
        counts, truth = _confusions(np.array(frequent), right, n, many, rng)
        of, said = (place.ravel()[:, None] == np.arange(len(frequent)) for place in np.indices(counts.shape[1:]))
        found = _f1_limits([(of & said, of | said)], counts.reshape(len(counts), -1), len(frequent))
        lines.append(Line(name, "combined shares", one_sided(found, truth), promised, len(counts)))
    return Table(title, "simulated", lines)


def _f1_limits(models: Sequence[tuple[Array, Array]], counts: Array, classes: int) -> Callable[[float], Interval]:
    """Return limits of the mean F1 of one model, or of its change to the first of two, at any one-sided level."""
    right, concerned = (np.hstack(flags) for flags in zip(*models, strict=True))
    sums = jaccard_sums(right, concerned, counts)
    together, shares = correlations(sums, classes), sums.x / np.maximum(sums.m, 1)
    weights = np.repeat([1 / classes, -1 / classes][: len(models)], classes)
    return lambda level: f1_contrast(shares, sums.m, weights, together, normal_quantile(level))


TWO_MODELS: dict[str, tuple[int, float, float, float, int]] = {
    "two classes, 98 % right, 60 cases": (2, 0.98, 0.98, 0.7, 60),
    "two classes, 95 % right, 40 cases": (2, 0.95, 0.95, 1.0, 40),
    "two classes, 70 to 90 %, 150 cases": (2, 0.7, 0.9, 0.7, 150),
    "three classes, 95 to 70 %, 250 cases": (3, 0.95, 0.7, 0.3, 250),
    "six classes, 85 % right, 150 cases": (6, 0.85, 0.85, 0.7, 150),
}
"""Classes, right ones before and after, how often both models err alike, and cases."""


def changed_f1(*, quick: bool) -> Table:
    """Measure how macro-F1 changed on the same cases."""
    title, many, lines = "change of macro F1", 1500 if quick else 6000, []
    rng = rng_of(title)
    promised = (Promise("coverage", least=0.94), Promise("high < t", most=0.06), Promise("low > t", most=0.06))
    for name, (classes, old, new, alike, n) in list(TWO_MODELS.items())[:2] if quick else TWO_MODELS.items():
        truth, before, after = (a.ravel() for a in np.indices((classes,) * 3))
        chances = _two_answers(truth, (before, after), (old, new), alike) / classes
        of, first, second = (a[:, None] == np.arange(classes) for a in (truth, before, after))
        models = [(of & said, of | said) for said in (second, first)]
        scores = [f1_of_share((chances @ hit) / (chances @ near)).mean() for hit, near in models]
        counts = rng.multinomial(n, chances, many).astype(float)
        counts = counts[((counts @ of.astype(float)) >= LEAST_OF_CLASS).all(axis=1)]
        found = one_sided(_f1_limits(models, counts, classes), float(scores[0] - scores[1]))
        lines.append(Line(name, "combined shares", found, promised, len(counts)))
    return Table(title, "simulated", lines)


def _two_answers(truth: Array, said: tuple[Array, Array], right: tuple[float, float], alike: float) -> Array:
    """Return the chance of two answers given the truth: a share `alike` is right and wrong together, as far as can be."""
    others = truth.max()
    each = [np.where(one == truth, r, (1 - r) / others) for one, r in zip(said, right, strict=True)]
    hits = [one == truth for one in said]
    both, same = min(right), said[0] == said[1]
    together = np.select(
        [hits[0] & hits[1], hits[0], hits[1], same],
        [both, (right[0] - both) / others, (right[1] - both) / others, (1 - max(right)) / others],
        0.0,
    )
    return np.asarray(alike * together + (1 - alike) * each[0] * each[1])


def _confusions(frequent: Array, right: float, n: int, many: int, rng: np.random.Generator) -> tuple[Array, float]:
    """Return samples of truth x answer in which every class has some cases, and the true macro-F1."""
    k = len(frequent)
    chances = np.where(np.eye(k, dtype=bool), right, (1 - right) / (k - 1)) * (frequent / frequent.sum())[:, None]
    truth = float((2 * np.diag(chances) / (chances.sum(axis=0) + chances.sum(axis=1))).mean())
    drawn = rng.multinomial(n, chances.ravel(), many).reshape(-1, k, k).astype(float)
    return drawn[(drawn.sum(axis=2) >= LEAST_OF_CLASS).all(axis=1)], truth


# --- heavy tails -------------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Callable[[tuple[int, int], np.random.Generator], Array], float]] = {
    "size of normal errors": (lambda size, rng: np.abs(rng.standard_normal(size)), float(np.sqrt(2 / np.pi))),
    "exponential": (lambda size, rng: rng.exponential(1, size), 1.0),
    "size of t3 errors": (lambda size, rng: np.abs(rng.standard_t(3, size)), float(2 * np.sqrt(3) / np.pi)),
    "lognormal, sd 1": (lambda size, rng: np.exp(rng.standard_normal(size)), float(np.exp(0.5))),
    "lognormal, sd 1.5": (lambda size, rng: np.exp(1.5 * rng.standard_normal(size)), float(np.exp(1.125))),
    "lognormal, sd 2": (lambda size, rng: np.exp(2 * rng.standard_normal(size)), float(np.exp(2))),
}
"""Errors and their true mean."""


def heavy_tails(*, quick: bool) -> Table:
    """Measure means of errors: coverage, false passes at the margin, and how many samples are too skewed to pass."""
    title, many, lines = "means of errors with heavy tails", 1000 if quick else 4000, []
    rng = rng_of(title)
    for n, (name, (draw, truth)) in product((50,) if quick else (30, 50, 100, 300), ERRORS.items()):
        values = draw((many, n), rng)
        samples = [_sample(row) for row in values]
        barred = np.array([too_skewed(sample, above=True) for sample in samples])
        least = 0.93 if name == "lognormal, sd 2" and n < 50 else 0.94
        promised = (Promise("coverage", least=least), Promise("PASS", most=0.065), Promise("FAIL", most=0.05))
        for method, limits, held in (
            ("student and hall", Skewed.limits, np.zeros(many, dtype=bool)),
            ("allowing for more", skewed_limits, barred),
        ):
            found = {"coverage": _covered([limits(sample, LEVEL) for sample in samples], truth)}
            for alpha, suffix in ((ALPHA, ""), (SHARED, "/20")):
                low, high = np.array([limits(sample, 1 - alpha) for sample in samples]).T
                found[f"PASS{suffix}"] = float(((high < truth) & ~held).mean())
                found[f"FAIL{suffix}"] = float((low > truth).mean())
            found["too skewed"] = float(held.mean())
            lines.append(Line(f"{name}, {n}", method, found, () if method == "student and hall" else promised, many))
    return Table(title, "simulated", lines)


def _covered(limits: list[tuple[float, float]], truth: float) -> float:
    return float(np.mean([low <= truth <= high for low, high in limits]))


def _sample(values: Array) -> Skewed:
    """Return what limits of a mean need to be known."""
    n, off = len(values), values - values.mean()
    spread = float((off**2).sum())
    return Skewed(float(values.mean()), float(np.sqrt(spread / (n - 1) / n)), float((off**3).sum()) / spread**1.5, n)
