"""Sums of values: a loss of a probability, the error of a number, a number of one's own. Rows as in `fairtransfer.evidence.sums`.

What values vary by is kept as sums about their mean: of values that are nearly alike, squares lose the digits that count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fairtransfer.evidence.sums import Row, rows_of
from fairtransfer.evidence.unit_sums import SECOND, THIRD, UNITS, Product, add, over_cases, over_units
from fairtransfer.evidence.views import Cases, Flags, Numbers, View
from fairtransfer.stats.estimate import quotient
from fairtransfer.stats.intervals import Floats

_ROUNDING = 1e-12
"""A spread below this part of the squares it is made of is what rounding left of them."""

_CANCELLED = 1e-9
"""The same of cubes."""

DIGITS = 13
"""Sums that a database made are told to so many digits: it adds in parallel, in any order, which changes the last ones."""


class ValuePowers(Protocol):
    """The values of the rows that cells stand for."""

    @property
    def exact(self) -> bool:
        """Whether the same rows always give the same digits."""

    @property
    def about(self) -> float:
        """What was taken off every value already."""

    def moment(self, weight: int, value: int) -> Numbers:
        """Return for every cell the sum over its rows of these powers of weight and value."""

    def less(self, about: float) -> ValuePowers | None:
        """Return the values less a number; None where only sums of them are at hand, which would lose digits."""


@dataclass(frozen=True, slots=True)
class RowValues:
    """Values in memory, one for each row."""

    values: Floats
    weights: Floats | None = None
    about: float = 0.0
    exact: bool = True

    def moment(self, weight: int, value: int) -> Numbers:
        """Return powers of every row's weight and value."""
        powers = self.values**value if value else np.ones_like(self.values)
        return powers if self.weights is None else self.weights**weight * powers

    def less(self, about: float) -> RowValues:
        """Return the values less a number (one more, where some was taken off before)."""
        return RowValues(self.values - about, self.weights, self.about + about)


@dataclass(frozen=True, slots=True)
class CellValues:
    """Sums of powers that a database made for every cell.

    Attributes
    ----------
    powers
        ``(power of the weight, power of the value) -> sums``; of rows that weigh one, the power of the weight is 0.
    about
        What was taken off every value before.
    """

    powers: Mapping[tuple[int, int], Numbers]
    weighted: bool = False
    about: float = 0.0
    exact: bool = False

    def moment(self, weight: int, value: int) -> Numbers:
        """Return the sums of these powers."""
        return self.powers[weight if self.weighted else 0, value]

    def less(self, about: float) -> None:  # sums have no digits to gain
        """Return None."""


def value_rows(
    cases: Cases, values: ValuePowers, key: Mapping[str, Any], *, skewed: bool, positive: Flags | None = None
) -> Iterator[Row]:
    """Yield the sums of a value in every group, and among everyone outside it.

    Parameters
    ----------
    skewed
        Tell the cubes too: no bound keeps single values from lying far off.
    positive
        Whether a cell's rows have the class, where the metric is about one.
    """
    total = values.moment(1, 0).sum()
    moved = values.less(float(values.moment(1, 1).sum() / total) if total > 0 else 0.0)
    frame = values if moved is None else moved
    for names, view in cases.views.items():
        counts = {"n": cases.n} | ({} if positive is None else {"positives": cases.n * positive})
        sides = _sums(cases, view, frame, THIRD if skewed else SECOND)
        inside = {name: add(view.codes, column, len(view.groups)) for name, column in counts.items()}
        for number, side in enumerate(("group", "rest")[: 2 if names else 1]):
            told = {name: column.sum() - column if number else column for name, column in inside.items()}
            told |= _centred(sides[number], frame.about, skewed=skewed, exact=values.exact)
            yield from rows_of(names, view, told, {**key, "side": side})


_SQUARES: Product = ("squares",)
"""The sum over rows of their weighted squares: what single values vary by, whatever units they share."""


def _sums(
    cases: Cases, view: View, values: ValuePowers, wanted: tuple[Product, ...]
) -> tuple[dict[Product, Numbers], ...]:
    squares = over_cases(view, {_SQUARES: values.moment(1, 2)})
    if cases.alone:
        rows = {product: values.moment(len(product), product.count("x")) for product in wanted if product}
        sides = over_cases(view, {**rows, UNITS: cases.n})
    else:
        columns = {"m": values.moment(1, 0), "x": values.moment(1, 1)}
        sides = over_units(view, cases.units, columns, wanted)
    return tuple({**mine, **more} for mine, more in zip(sides, squares, strict=True))


def _centred(sums: Mapping[Product, Numbers], about: float, *, skewed: bool, exact: bool) -> dict[str, Numbers]:
    """Return sums about the mean of every group; they are of values less `about`."""
    m, x, mm = (np.asarray(sums[product], dtype=np.float64) for product in (("m",), ("x",), ("m", "m")))
    mean = np.nan_to_num(quotient(x, m))
    xm, xx, raw = sums["m", "x"], sums["x", "x"], sums[_SQUARES]
    told = {"units": sums[UNITS], "m": m, "x": x + about * m, "mm": mm}
    told["squares"] = _above(raw - mean * x, raw)
    told["spread"] = _above(xx - 2 * mean * xm + mean**2 * mm, xx)
    scale = np.sqrt(np.abs(quotient(xx, mm)))
    if skewed:
        parts = (sums["x", "x", "x"], -3 * mean * sums["m", "x", "x"], 3 * mean**2 * sums["m", "m", "x"])
        cubes = sum(parts) - mean**3 * sums["m", "m", "m"]
        size = sum(map(np.abs, parts[:2]))
        told["cubes"] = np.where(np.abs(cubes) < _CANCELLED * size, 0.0, cubes)
    if exact:
        return told
    sizes = {"m": m, "x": scale * m, "mm": mm, "squares": raw, "spread": xx, "cubes": scale**3 * sums[UNITS]}
    return {name: steady(column, sizes[name]) if name in sizes else column for name, column in told.items()}


def _above(spread: Numbers, made_of: Numbers) -> Numbers:
    """Return a spread without what is only rounding."""
    return np.where(spread <= _ROUNDING * made_of, 0.0, spread)


def steady(values: Numbers, scale: Numbers) -> Numbers:
    """Return values to thirteen digits of their scale."""
    sizes = np.where((scale > 0) & np.isfinite(scale), scale, 1.0)
    inverse = 10.0 ** (DIGITS - 1 - np.floor(np.log10(sizes)))
    rounded = np.round(values * inverse) / inverse
    return np.where((scale > 0) & np.isfinite(values), rounded, values)
