"""Every outcome listed: rates, differences, paired changes and ratios of counts, whose coverage is a sum of probabilities."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import binom, multinomial

from covering.promises import Z90, Z95, Figures, Line, Method, Promise, Table
from covering.textbook import clopper_pearson, percentile, wald, wald_change, wald_difference
from fairtransfer.stats import intervals as iv
from fairtransfer.stats.contrasts import ratio_contrast

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
