"""Random numbers by name: one seed drives the label subset, the head, the order and the dropout, each on a stream of its own.

A stream depends on its seed and name alone, so that adding a draw to one changes no other, and step 17 draws the same
numbers whether or not the run was interrupted before it.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


def stream_seed(seed: int, name: str, step: int = 0) -> int:
    """Return the 63-bit seed of a named stream."""
    digest = hashlib.sha256(f"{seed}|{name}|{step}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_stream(seed: int, name: str, step: int = 0) -> np.random.Generator:
    """Return numpy's generator for a named stream."""
    return np.random.Generator(np.random.Philox(key=stream_seed(seed, name, step)))


@contextmanager
def torch_stream(seed: int, name: str, step: int = 0) -> Iterator[None]:
    """Run a block under torch's random state of a named stream, and put the former state back."""
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(stream_seed(seed, name, step))
        yield
