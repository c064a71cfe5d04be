"""Tables of predicted numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

NAMES = {"label": "y", "before": "old", "after": "new", "target": "number"}


def table(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    """Days in hospital, predicted by two models; the newer one fails in the west."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["north", "south", "west"], rows, p=[0.5, 0.3, 0.2])
    y = rng.gamma(2, 4, rows).round(2)
    west = region == "west"
    return pd.DataFrame(
        {
            "item": [f"i{i}" for i in range(rows)],
            "person": rng.integers(0, rows // 4, rows),
            "region": region,
            "age": rng.choice(["old", "young"], rows),
            "y": y,
            "old": (y + rng.normal(1, 3, rows)).round(3),
            "new": (y + rng.normal(0, 1.5, rows) * (1 + west) + 1.2 * west).round(3),
        }
    )
