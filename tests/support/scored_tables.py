"""Tables of predictions with scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from support.tables import NAMES, table

from fairtransfer.measurement import Measurement, measure

ALL = ["auc", "brier_score", "log_loss", "calibration_bias", "calibration_slope", "debiased_ece"]


SCORES = {"score": "s1", "score_before": "s0", "positive": "yes"}


def scored(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """The table of answers with scores; on a grid of 1/256, where no bin holds two of them."""
    frame = table(rows, seed)
    rng = np.random.default_rng(seed + 1)
    for name, noise in (("s0", 2.0), ("s1", 1.2)):
        exact = expit((frame.y == "yes") * 2.0 - 1 + rng.normal(0, noise, rows))
        frame[name] = np.clip(np.round(exact * 256), 1, 255) / 256
    return frame


def seen(frame: Any, **more: Any) -> Measurement:
    return measure(frame, **{**NAMES, **SCORES, "metrics": ["error_rate", *ALL], **more})
