"""Samples of people: changes compared, scores that rank, and rows that share a person or a document."""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from covering.promises import COVERS, LEVEL, NEARLY, Z95, Array, Line, Table, covers, rng_of
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.auc import MINIMUM_CLASS, auc_interval
from fairtransfer.stats.auc_change import Area, Sizes, auc_change_interval
from fairtransfer.stats.contrasts import difference_of_changes
from fairtransfer.stats.effective import Moments, effective_size
from fairtransfer.stats.intervals import Interval

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
