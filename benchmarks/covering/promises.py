"""What is promised of a figure, the tables that hold figures, and what all of them share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairtransfer.stats import draws
from fairtransfer.stats.intervals import Interval, normal_quantile

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


COVERS = (Promise("coverage", least=0.95),)
NEARLY = (Promise("coverage", least=0.93),)
