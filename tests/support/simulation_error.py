"""How far a simulated number may lie from the truth."""

from __future__ import annotations

import numpy as np

ERRORS = 5
"""Standard errors of the simulation within which a simulated number must lie."""

_ROUNDING = 2e-13


def errors_off(values: np.ndarray, truth: np.ndarray | float) -> float:
    """How many standard errors the mean over the first axis lies from the truth; of several means, the farthest."""
    error = values.std(axis=0) / len(values) ** 0.5
    return float(np.max(np.abs(values.mean(axis=0) - truth) / (error + _ROUNDING)))
