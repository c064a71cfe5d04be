"""What a model reads or sees: texts, or pictures. Row by row in the order of the benchmark's items."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtransfer.data.pictures import Images


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts, as they are."""

    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> Texts:
        """Return the inputs at these positions."""
        return Texts(tuple(self.values[i] for i in positions))

    def keys(self) -> list[str]:
        """Return what makes two texts the same: letters without case, runs of white space as one."""
        return [" ".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in self.values]

    def digest(self) -> str:
        """Return the content's digest."""
        return hashlib.sha256("\0".join(self.values).encode()).hexdigest()


Inputs = Texts | Images
