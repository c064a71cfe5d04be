"""Pictures and heads that strategies are tried on."""

from __future__ import annotations

import numpy as np
from support.adapting import Y

from fairtransfer.data.pictures import Images

PICTURES = Images.of(
    (np.random.default_rng(i).integers(0, 80, (32, 32)) + 150 * (i % 2)).astype(np.uint8) for i in range(len(Y))
)


HEAD = {"epochs": 5, "head_lr": 1e-2, "weight_decay": 0.01, "warmup": 0.1, "batch_size": 8}
