"""Draws of what the counts could have been: from cells, never from rows, so their cost does not grow with the data.

A statistic that depends on the rows only through the counts of cells has the same bootstrap law whether rows are resampled
or counts are drawn. For reports only, of quantities without an interval in closed form: verdicts never rest on draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairtransfer.stats.intervals import Floats, Interval

DRAWS = 10_000
"""The ends of a 95 % interval then move by 0.027 standard deviations from one set of draws to the next."""

TOTAL = 2.0
"""Imaginary rows a group is given before its own are counted: without them a cell without rows stays empty for ever."""

BLOCK = 2**21
"""Weights held in memory at once (16 MiB)."""


def keyed(config: bytes, group: bytes) -> np.random.Generator:
    """Return the random numbers of one group: a function of what is computed and of the group's name, of nothing else.

    Adding a group, or asking in another order, leaves every other group's draws as they were.

    Parameters
    ----------
    config
        Whatever should change the numbers when it changes, such as the bytes of the settings and of the group's counts.
    """
    digest = hashlib.sha256(len(config).to_bytes(8, "big") + config + group).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def dirichlet(
    counts: ArrayLike, draws: int, rng: np.random.Generator, *, total: float = TOTAL, stratified: bool = False
) -> Floats:
    """Return draws of one group's cells, draws x cells: independent ``Gamma(c_j + total/K)``, a smoothed Bayesian bootstrap.

    Shares of such cells are Dirichlet distributed. The draws are additive: cells of several groups may be summed, and the
    group's size is then random, as it is when people are sampled without regard to their group.

    Parameters
    ----------
    counts
        The K cells of the group, those without rows included; averages over seeds may be fractions.
    total
        Imaginary rows shared evenly by the cells; 0 gives the Bayesian bootstrap (Rubin 1981), whose empty cells stay empty.
    stratified
        Scale every draw to the group's own size: for groups whose sizes the sampling fixed.
    """
    cells = np.asarray(counts, dtype=np.float64)
    # One cell's draws lie together in memory: sums over cells are then sums of whole columns. Drawn cell by cell, as
    # numpy is slower with a parameter per number; the numbers are the same.
    columns = np.empty((len(cells), draws))
    for column, shape in zip(columns, cells + total / len(cells), strict=True):
        rng.standard_gamma(shape, out=column)
    drawn = columns.T
    if not stratified:
        return drawn
    return drawn / drawn.sum(axis=1, keepdims=True) * cells.sum() if cells.any() else np.zeros_like(drawn)


def joint(
    counts: ArrayLike,
    names: Sequence[bytes],
    config: bytes,
    draws: int = DRAWS,
    *,
    total: float = TOTAL,
    stratified: bool = False,
) -> Floats:
    """Return draws of the cells of several groups, draws x groups x cells, each keyed by its own name and counts.

    Parameters
    ----------
    counts
        Groups x cells.
    names
        What the groups are called; a group's draws follow its name, not its place.
    """
    groups = np.asarray(counts, dtype=np.float64)
    if len(set(names)) != len(groups):
        message = f"{len(groups)} groups with {len(set(names))} different names: give every group a name of its own"
        raise ValueError(message)
    drawn = np.empty((*groups.shape, draws))
    for place, (cells, name) in enumerate(zip(groups, names, strict=True)):
        rng = keyed(config + cells.astype("<f8").tobytes(), name)
        drawn[place] = dirichlet(cells, draws, rng, total=total, stratified=stratified).T
    return drawn.transpose(2, 0, 1)


def multinomial(counts: ArrayLike, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the row bootstrap's counts, draws x the shape of `counts`; one group's cells alone are drawn at its fixed size.

    For comparison: a cell without rows stays empty, which makes intervals of small groups far too short.
    """
    cells = np.asarray(counts, dtype=np.int64)
    size = int(cells.sum())
    shares = cells.ravel() / max(size, 1)
    return rng.multinomial(size, shares, size=draws).reshape(draws, *cells.shape)


def poisson(counts: ArrayLike, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return independent Poisson counts, draws x the shape of `counts`: given their sum they are the row bootstrap's.

    Public, for programs and to compare with: cells that are drawn apart, on several machines for instance. Not used here.
    """
    cells = np.asarray(counts, dtype=np.float64)
    return rng.poisson(cells, size=(draws, *cells.shape))


def rates(drawn: ArrayLike, numerator: ArrayLike, denominator: ArrayLike, counts: ArrayLike) -> Floats:
    """Return the values of several metrics in every draw: shares of the cells a denominator selects.

    Parameters
    ----------
    drawn
        Draws x ... x cells.
    numerator, denominator
        Metrics x cells, true where a cell counts.
    counts
        What the draws were made from, ... x cells. Where a denominator holds none of these rows there is nothing to
        measure, whatever the imaginary rows say.

    Returns
    -------
    Draws x ... x metrics; NaN where a denominator is 0, in the draw or in the counts.
    """
    cells, chosen = _columns(drawn), np.asarray(denominator, dtype=bool)
    observed = _columns(np.asarray(counts, dtype=np.float64)[None])
    found = np.empty((len(chosen), *cells.shape[1:]))
    for row, above, below in zip(found, np.asarray(numerator, dtype=bool), chosen, strict=True):
        bottom = _sum(cells, below)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(_sum(cells, above), bottom, out=row)
        row[np.broadcast_to(_sum(observed, below) <= 0, row.shape)] = np.nan
        if bottom.size and bottom.min() <= 0:
            row[bottom <= 0] = np.nan
    return np.moveaxis(found, (0, -1), (-1, 0))


def _columns(cells: ArrayLike) -> NDArray[np.generic]:
    """Return cells x ... x draws."""
    return np.moveaxis(np.asarray(cells), (0, -1), (-1, 0))


def _sum(columns: NDArray[np.generic], chosen: NDArray[np.bool_]) -> Floats:
    """Return ... x draws. Added cell by cell: a matrix product's last digit depends on the number of threads."""
    found = np.zeros(columns.shape[1:])
    for cell in np.flatnonzero(chosen):
        found += columns[cell]
    return found


def quantiles(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the percentile limits of draws over their first axis, at a two-sided level.

    NaN wherever any draw is: limits of the draws that happen to be defined would describe another population.
    """
    found = np.sort(np.moveaxis(np.asarray(values, dtype=np.float64), 0, -1), axis=-1)  # sorting puts NaN last
    low, high = (_between(found, tail * (found.shape[-1] - 1)) for tail in ((1 - level) / 2, (1 + level) / 2))
    undefined = np.isnan(found[..., -1])
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def _between(values: Floats, position: float) -> Floats:
    """Return the value at a fractional position of the last axis."""
    before = int(position)
    after = min(before + 1, values.shape[-1] - 1)
    found: Floats = values[..., before] + (position - before) * (values[..., after] - values[..., before])
    return found


def row_weights(n: int, draws: int, rng: np.random.Generator, block: int = BLOCK) -> Iterator[Floats]:
    """Yield the Bayesian bootstrap's weights of n rows, Exp(1), in blocks of draws x n; the blocks' size changes no number.

    Public, for programs and to compare with: for metrics that counts do not settle, and for many models on the same rows, as
    the same weights serve all of them. Not used here.
    """
    most = max(1, block // max(n, 1))
    for start in range(0, draws, most):
        yield rng.standard_exponential((min(most, draws - start), n))


def weighted_sums(weights: ArrayLike | Iterable[Floats], columns: ArrayLike) -> Floats:
    """Return the weighted sum of every column in every draw, draws x columns: one matrix product per block of weights.

    Public, the other half of `row_weights`. Its last digits may depend on the number of threads.

    Parameters
    ----------
    weights
        Draws x rows, or blocks of such, as `row_weights` yields them.
    columns
        Rows x columns.
    """
    blocks = weights if isinstance(weights, Iterator) else chain([weights])
    table = np.asarray(columns, dtype=np.float64)
    return np.concatenate([np.asarray(block, dtype=np.float64) @ table for block in blocks])
