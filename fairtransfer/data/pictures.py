"""Pictures: a few are held in memory, the rest are read from their files again whenever somebody looks at them.

A folder of photographs is larger than memory long before it is a large benchmark: 5,000 pictures of 12 million pixels
take 180 GB. What is asked of all pictures again and again (are two the same?) is therefore kept when each is first read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PixelArray = NDArray[np.uint8]
"""Height x width (grey) or height x width x 3, 0 is black."""

HASH_SIDE = 16
HASH_BITS = HASH_SIDE * HASH_SIDE


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture.

    Attributes
    ----------
    key
        Digest of shape and pixels: what makes two pictures the same.
    sketch
        Its difference hash, `HASH_BITS` bits in bytes: is each spot brighter than its left neighbour, in a small grey copy?
    read
        Returns the pixels.
    """

    key: str
    sketch: NDArray[np.uint8]
    read: Callable[[], PixelArray]

    @classmethod
    def of(cls, pixels: PixelArray) -> Picture:
        """Return a picture whose pixels are held."""
        return cls(key_of(pixels), _difference_hash(pixels), lambda: pixels)


@dataclass(frozen=True, slots=True)
class Images:
    """Pictures, row by row."""

    values: tuple[Picture, ...]

    @classmethod
    def of(cls, arrays: Iterable[PixelArray]) -> Images:
        """Return pictures held in memory."""
        return cls(tuple(map(Picture.of, arrays)))

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> Images:
        """Return the inputs at these positions."""
        return Images(tuple(self.values[i] for i in positions))

    def keys(self) -> list[str]:
        """Return what makes two pictures the same."""
        return [picture.key for picture in self.values]

    def digest(self) -> str:
        """Return the content's digest."""
        return hashlib.sha256("\0".join(self.keys()).encode()).hexdigest()


def key_of(pixels: PixelArray) -> str:
    """Return the digest of a picture's shape and pixels."""
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _difference_hash(pixels: PixelArray) -> NDArray[np.uint8]:
    grey = Image.fromarray(pixels).convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BILINEAR)
    values = np.asarray(grey, dtype=np.int16)
    return np.packbits(values[:, 1:] > values[:, :-1])
