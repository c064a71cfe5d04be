"""Dropout as a function of (seed, step), drawn cheaply on the CPU.

torch draws one Bernoulli number at a time there, which takes a fifth of a training step of a small model. A byte per
element does as well: an element is dropped when its byte is below 256·p, so that p is rounded to the nearest 1/256, and
the others are scaled by what is exactly kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from fairtransfer.adapt.random_streams import stream_seed, torch_stream


class _ByteDropout(TorchFunctionMode):
    """Answers calls of `torch.nn.functional.dropout` (from modules too) on CPU tensors; everything else passes through."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        self.rng = rng

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.dropout:
            return self._dropout(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(self, x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        threshold = round(p * 256)
        if not training or threshold == 0:
            return x
        words = self.rng.integers(0, 2**64, -(-x.numel() // 8), dtype=np.uint64)
        kept = torch.from_numpy(words.view(np.uint8)[: x.numel()]).view(x.shape) >= threshold
        return x * kept.to(x.dtype).mul_(256 / (256 - threshold))


@contextmanager
def seeded_dropout(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Run a forward pass whose random draws depend on seed and step alone, on whatever machine state."""
    with torch_stream(seed, "dropout", step):
        if device.type != "cpu":
            yield
            return
        with _ByteDropout(np.random.Generator(np.random.SFC64(stream_seed(seed, "dropout", step)))):
            yield
