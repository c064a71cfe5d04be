"""How many independent cases a share is worth, allowing for what a small sample does not show of its own spread.

Rows of one unit, weights that differ and seeds on the same rows all make a sample worth another number of cases than it
has. That number is a quotient by a variance, and a variance that is small by chance makes it explode: thirty cases that
every seed happened to answer alike. So two imaginary examples are added before the variance is taken, one always wrong and
one always right: as Agresti and Caffo do for the share itself, only here for its spread. Moments may hold arrays;
everything broadcasts.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fairtransfer.stats.effective import Moments
from fairtransfer.stats.intervals import Floats, normal_quantile, t_quantile
from fairtransfer.stats.special import student_quantile

Alike = Literal["rows", "units", "weights"]
"""What counts as one example: a row; a unit with several rows; a row that weighs more or less than others."""

DOUBT = 4.0
"""Events' worth of doubt that the rows of a unit err together: with few events, how alike they are is not known."""

_LEAST = 1e-100


class _Sums(NamedTuple):
    """Moments of a mean of values per seed: units, rows, and sums over units, with the squares of the rows' own values."""

    units: Floats
    n: Floats
    x: Floats
    mm: Floats
    xm: Floats
    xx: Floats
    squares: Floats

    def with_two(self, size: Floats, least: float) -> _Sums:
        """Return the sums with an imaginary example at each bound, `least` and 1, of so many rows."""
        both, squared, area = 1 + least, 1 + least * least, size * size
        return _Sums(
            self.units,
            self.n + 2 * size,
            self.x + size * both,
            self.mm + 2 * area,
            self.xm + area * both,
            self.xx + area * squared,
            self.squares + size * squared,
        )

    def together(self) -> Floats:
        """Return what units add to the variance, times the squared number of rows."""
        mean = self.x / self.n
        spread = self.xx - 2 * mean * self.xm + mean**2 * self.mm
        return np.maximum(spread, 0) * self.units / np.maximum(self.units - 1, 1)

    def single(self) -> Floats:
        """Return the variance of one row's value."""
        return np.maximum(self.squares / self.n - (self.x / self.n) ** 2, 0)


def worth_of_rate(moments: Moments, seeds: int, alike: Alike, level: float) -> Floats:
    """Return how many independent cases a rate is worth, at least 1.

    Parameters
    ----------
    moments
        Sums over units (or rows) of a rate's numerator and denominator, all seeds together; the denominator above 0.
    level
        One-sided level of the limit it is used for: few units know their own spread badly, which costs by level.

    Returns
    -------
    Floats
        Of rows between their number and `seeds` times that; of units at most the latter; of weights at most what they are
        worth by Kish's formula (1965).
    """
    return _worth(_per_seed(moments, moments.x / np.float64(seeds), seeds), seeds, alike, level, least=0.0)


def worth_of_change(moments: Moments, changed: ArrayLike, seeds: int, alike: Alike, level: float) -> Floats:
    """Return how many independent pairs a paired change is worth, at least 1.

    Parameters
    ----------
    moments
        Sums over units of pairs, and of those that rose less those that fell.
    changed
        Pairs that rose or fell (with weights: their weight), averaged over seeds.
    """
    return _worth(_per_seed(moments, changed, seeds), seeds, alike, level, least=-1.0)


def _per_seed(moments: Moments, squares: ArrayLike, seeds: int) -> _Sums:
    units, m, x, mm, xm, xx, own = (np.asarray(value, dtype=np.float64) for value in (*moments, squares))
    both = seeds * seeds
    return _Sums(units, m / seeds, x / seeds, mm / both, xm / both, xx / both, own)


def _worth(sums: _Sums, seeds: int, alike: Alike, level: float, least: float) -> Floats:
    """Return the variance of one row's value over that of their mean, both with two imaginary examples."""
    more = sums.with_two(_rows_of_example(sums, alike), least)
    found = more.single() * more.n * sums.n / np.maximum(more.together(), _LEAST)
    if alike == "rows":
        return np.clip(found, sums.n, sums.n * seeds)
    kish = sums.n**2 / sums.mm
    degrees = np.maximum(kish - 1, 1)
    t = student_quantile(level, degrees) if np.ndim(degrees) else t_quantile(level, float(degrees))
    correction = (normal_quantile(level) / t) ** 2
    most = kish if alike == "weights" else sums.n * seeds
    return np.where(sums.units < 2, 1.0, np.maximum(np.minimum(found * correction, most), 1.0))


def _rows_of_example(sums: _Sums, alike: Alike) -> Floats:
    """Return how many rows an imaginary example has.

    Of weights the weight of the typical row. Of units between one row (rows of a unit err one by one) and the typical unit
    (they err as one), by how alike they are seen to be, and by `DOUBT` where few events show it.
    """
    typical = sums.mm / sums.n
    if alike == "rows":
        return np.ones_like(typical)
    if alike == "weights":
        return typical
    more, alone = np.maximum(typical - 1, 0), sums.single() * sums.n
    excess = sums.together() / np.where(alone > 0, alone, 1) - 1
    likeness = np.where(alone > 0, np.clip(excess / np.maximum(more, _LEAST), 0, 1), 1.0)
    events = np.maximum(np.minimum(sums.squares, sums.n - sums.squares), 0) / (1 + more * likeness)
    found: Floats = 1 + more * (likeness * events + DOUBT) / (events + DOUBT)
    return found
