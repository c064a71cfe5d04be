"""Limits of counts, one at a time and from scipy's beta distribution: the slow twins of `fairtransfer.stats.exact`."""

from __future__ import annotations

import math

from scipy.stats import beta, norm

Limits = tuple[float, float]


def slow_share(x: float, n: float, z: float) -> Limits:
    """Clopper and Pearson's limits of ``x / n``."""
    tail = float(norm.sf(z))
    low = 0.0 if x <= 0 else float(beta.ppf(tail, x, n - x + 1))
    high = 1.0 if x >= n else float(beta.isf(tail, x + 1, n - x))
    return min(low, x / n), max(high, x / n)


def slow_contrast(a: float, of_a: Limits, b: float, of_b: Limits, tau: float = 1.0, r: float = 0.0) -> Limits:
    """MOVER limits of ``a - tau·b``."""
    below, above = (a - of_a[0], tau * (of_b[1] - b)), (of_a[1] - a, tau * (b - of_b[0]))
    half = [math.sqrt(max(p * p + q * q - 2 * r * p * q, 0.0)) for p, q in (below, above)]
    return a - tau * b - half[0], a - tau * b + half[1]


def slow_difference(x: float, n: float, y: float, m: float, z: float, tau: float = 1.0) -> Limits:
    """Limits of ``x/n - tau·y/m``."""
    return slow_contrast(x / n, slow_share(x, n, z), y / m, slow_share(y, m, z), tau)


def slow_change(worse: float, better: float, n: float, z: float) -> Limits:
    """Limits of a paired change ``(worse - better) / n``."""
    p, q = worse / n, better / n
    room = (1 - p) * (1 - q)
    r = -math.sqrt(min(p * q / room, 1.0)) if room > 0 else (-1.0 if p * q else 0.0)
    low, high = slow_contrast(p, slow_share(worse, n, z), q, slow_share(better, n, z), r=r)
    return max(low, -1.0), min(high, 1.0)
