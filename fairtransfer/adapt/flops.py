"""Floating-point operations of a training: counted by torch on a few passes, carried over to passes of other lengths.

Counting slows a pass down, so only some are counted: of each kind of pass the first lengths met and every length shorter or
longer than all before. What a row costs at the lengths between follows from a polynomial of second degree through three
counted ones: exact for transformers, whose cost is linear in the length but for attention, where it is quadratic. A batch
costs its rows. Optimisers, and what is fitted outside torch, are not counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import final

from torch.utils.flop_counter import FlopCounterMode

METHOD = (
    "torch FlopCounterMode on some passes of each kind, 2 per multiply-add; other lengths by interpolation, rows in "
    "proportion; optimiser and solvers outside torch not counted; shared frozen features charged to every job that uses them"
)
POINTS = 3

PerRow = Mapping[int, Fraction]


@final
class FlopTally:
    """Counts what is done while a job runs; changes no number that is computed.

    Parameters
    ----------
    on
        Whether anything is counted at all.
    """

    def __init__(self, *, on: bool = True) -> None:
        self.on = on
        self.begin()

    def begin(self) -> None:
        """Begin another job: nothing is counted yet."""
        self._counted: dict[Hashable, dict[int, Fraction]] = defaultdict(dict)
        self._rows: dict[Hashable, Counter[int]] = defaultdict(Counter)
        self._charged: dict[Hashable, int] = {}

    @contextmanager
    def passing(self, kind: Hashable, length: int, rows: int, *, count: bool | None = None) -> Iterator[None]:
        """Note a pass of this many rows of this length, and count it if that tells something new.

        Parameters
        ----------
        count
            Whether to count it, where the caller knows which lengths are still to come.
        """
        if not self.on:
            yield
            return
        known = self._counted[kind]
        self._rows[kind][length] += rows
        if not known or (_tells(length, known) if count is None else count and length not in known):
            with FlopCounterMode(display=False) as mode:
                yield
            known[length] = Fraction(int(mode.get_total_flops()), rows)
        else:
            yield

    @contextmanager
    def apart(self) -> Iterator[FlopTally]:
        """Keep what is done inside out of this job; it is returned, to be charged to everyone who uses it."""
        spent, kept = FlopTally(on=self.on), (self._counted, self._rows, self._charged)
        self._counted, self._rows, self._charged = spent._counted, spent._rows, spent._charged
        try:
            yield spent
        finally:
            self._counted, self._rows, self._charged = kept

    def charge(self, work: Hashable, operations: int) -> None:
        """Count work that was done once for many jobs as this job's too, once."""
        self._charged[work] = operations

    @property
    def total(self) -> int | None:
        """All operations of the job; None when nothing was counted because counting is off."""
        if not self.on:
            return None
        own = sum(
            per_row(length, self._counted[kind]) * n for kind, rows in self._rows.items() for length, n in rows.items()
        )
        return round(own) + sum(self._charged.values())


def _tells(length: int, known: PerRow) -> bool:
    return length not in known and (len(known) < POINTS or length < min(known) or length > max(known))


def per_row(length: int, known: PerRow) -> Fraction:
    """Return what a row of this length costs: as counted, or by the polynomial through the shortest, a middle and the longest."""
    if length in known:
        return known[length]
    lengths = sorted(known)
    points = sorted({lengths[0], lengths[len(lengths) // 2], lengths[-1]})
    found = Fraction(0)
    for x in points:
        weight = Fraction(1)
        for other in points:
            if other != x:
                weight *= Fraction(length - other, x - other)
        found += weight * known[x]
    return max(found, Fraction(0))
