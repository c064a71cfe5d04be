"""Pictures as a network takes them: transformed once, as bytes where they can be, in a file where they are many.

Evaluation transforms end with two steps that are a function of each pixel: to fractions, then minus a mean over a
deviation. What comes before them is a picture of bytes, a quarter as large. Only these are kept, and the two steps are
taken batch by batch, by the transforms' own code.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import Compose, Normalize, ToTensor

Opener = Callable[[], Image.Image]
"""Opens one picture."""

MOST_TRANSFORMED = 256 * 2**20
"""Bytes of transformed pictures that a part of a benchmark (its test rows, say) keeps in memory; larger ones lie in a file."""


@final
class TransformSteps:
    """An evaluation transform in two parts.

    Attributes
    ----------
    once
        Picture to array (channels x height x width), done once.
    each_time
        A batch of these arrays to what the network takes; elementwise, so that it is the same in any batch.
    """

    def __init__(self, transform: Any) -> None:
        steps: list[Any] = list(transform.transforms)
        ends = [type(step) for step in steps[-2:]]
        self.bytes = len(ends) == 2 and issubclass(ends[0], ToTensor) and issubclass(ends[1], Normalize)
        self._first: Any = Compose(steps[:-2]) if self.bytes else transform
        self._normalize = steps[-1]

    def once(self, picture: Image.Image) -> NDArray[Any]:
        """Return what is kept of a picture: bytes, or floats where the transform ends in another way."""
        found = self._first(picture)
        if not self.bytes:
            return np.asarray(found.numpy(), dtype=np.float32)
        pixels = np.asarray(found, dtype=np.uint8)
        return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)

    def each_time(self, kept: NDArray[Any]) -> Tensor:
        """Return a batch as the network takes it, float32."""
        batch = torch.from_numpy(kept)
        if not self.bytes:
            return batch
        normalized: Tensor = self._normalize(batch.to(torch.float32).div(255))
        return normalized

    def __str__(self) -> str:
        if not self.bytes:
            return "as they are"
        # The library's own text rounds.
        numbers = [list(map(float, part)) for part in (self._normalize.mean, self._normalize.std)]
        return f"bytes, then {numbers}"


@final
class Pixels:
    """Pictures, rows x channels x height x width.

    Parameters
    ----------
    size
        Channels, height and width of each.
    held
        Above this many bytes they lie in a file without a name in the folder for temporary files (``TMPDIR``): it goes
        with the process, however that ends, and the system drops from memory what is not in use.
    """

    def __init__(
        self,
        pictures: Iterable[NDArray[Any]],
        rows: int,
        size: Sequence[int],
        steps: TransformSteps,
        held: int = MOST_TRANSFORMED,
    ) -> None:
        self.steps, kind = steps, np.dtype(np.uint8 if steps.bytes else np.float32)
        self.shape, self.digest = (rows, *size), hashlib.sha256(f"{(rows, *size)} {kind} {steps}".encode())
        self._of_row, self._held = int(np.prod(size)) * kind.itemsize, held
        self._rows = (self._in_file if self.filed(rows) else self._in_memory)(pictures, kind)

    def __len__(self) -> int:
        return self.shape[0]

    def filed(self, rows: int) -> int:
        """Return how many bytes so many rows take in a file: 0 where they are few enough to stay in memory."""
        size = rows * self._of_row
        return size if size > self._held else 0

    def batch(self, positions: Sequence[int]) -> Tensor:
        """Return these pictures as the network takes them."""
        return self.steps.each_time(self._rows[list(positions)])

    def _seen(self, pictures: Iterable[NDArray[Any]]) -> Iterable[NDArray[Any]]:
        for picture in pictures:
            whole = np.ascontiguousarray(picture)
            assert whole.shape == self.shape[1:], "a transform's pictures have the size its model states"
            self.digest.update(whole.data)
            yield whole

    def _in_memory(self, pictures: Iterable[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
        rows = np.empty(self.shape, kind)
        for position, picture in enumerate(self._seen(pictures)):
            rows[position] = picture
        return rows

    def _in_file(self, pictures: Iterable[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
        with tempfile.TemporaryFile() as file:
            # Written, not mapped while it grows: a full disk is then an error and not the end of the process.
            for picture in self._seen(pictures):
                file.write(picture.data)
            file.flush()
            return np.memmap(file, kind, "r", shape=self.shape)


def prepared_pixels(
    pictures: Sequence[Opener], size: Sequence[int], transform: Any, held: int = MOST_TRANSFORMED
) -> Pixels:
    """Return pictures transformed one by one; each is opened only while it is transformed."""
    steps = TransformSteps(transform)
    return Pixels((steps.once(picture()) for picture in pictures), len(pictures), size, steps, held)
