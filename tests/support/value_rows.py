"""Rows of the evidence made of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fairtransfer.findings.sums import PerSeed


def value_row(values: Any, seed: int | None = None) -> dict[str, Any]:
    """Return the sums of independent cases, as the evidence keeps them."""
    x = np.asarray(values, dtype=np.float64)
    n, off = len(x), x - x.mean()
    squares = float((off**2).sum())
    sizes = {"seed": seed, "n": n, "positives": None, "units": n, "m": float(n), "x": float(x.sum()), "mm": float(n)}
    return {**sizes, "squares": squares, "spread": squares, "cubes": float((off**3).sum()), "low": None, "high": None}


def once(values: Any) -> PerSeed:
    """Return values of a model without seeds."""
    row = value_row(values)
    return PerSeed((row,), row)


def seeded(means: Sequence[float], n: int, error: float) -> PerSeed:
    """Return means of several seeds, and their average with a standard error."""
    rows = tuple({"seed": s, "n": n, "units": n, "m": float(n), "x": mean * n, "mm": n} for s, mean in enumerate(means))
    spread = error**2 * n * (n - 1)
    about = {"squares": spread, "spread": spread, "cubes": 0.0, "low": None, "high": None}
    return PerSeed(rows, {**rows[0], "seed": None, "x": float(np.mean(means)) * n, **about})
