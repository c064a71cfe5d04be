"""What a model reads or sees: texts, or pictures as one array. Row by row in the order of the benchmark's items."""

from __future__ import annotations

import hashlib
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.tables import TableRefused
from fairtransfer.errors import Problem, shown

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 25_000_000


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


@dataclass(frozen=True, slots=True)
class Images:
    """Pictures: a list of uint8 arrays, height x width (grey) or height x width x 3, 0 is black."""

    values: tuple[NDArray[np.uint8], ...]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> Images:
        """Return the inputs at these positions."""
        return Images(tuple(self.values[i] for i in positions))

    def keys(self) -> list[str]:
        """Return what makes two pictures the same: shape and pixels."""
        return [hashlib.sha256(str(picture.shape).encode() + picture.tobytes()).hexdigest() for picture in self.values]

    def digest(self) -> str:
        """Return the content's digest."""
        return hashlib.sha256("\0".join(self.keys()).encode()).hexdigest()


Inputs = Texts | Images


def read_array(path: Path, key: str, index: Sequence[int], scale: tuple[float, float]) -> Images:
    """Read entries of an array of pictures; `scale` names the values that mean black and white.

    Raises
    ------
    TableRefused
        When the file is not a plain array, or an index lies outside it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if key not in archive:
                raise TableRefused("FT-D001", f"array `{shown(key)}` not found; arrays are {', '.join(archive.files)}")
            array = archive[key]
    except (ValueError, OSError) as error:
        raise TableRefused(
            "FT-D058", f"not a plain array file: {shown(str(error))}", "save it with numpy.savez, without objects"
        ) from None
    if array.ndim not in (3, 4) or array.dtype.kind not in "uif":
        raise TableRefused(
            "FT-D058",
            f"array `{key}` has shape {array.shape} of {array.dtype}; expected rows x height x width (x channels) of numbers",
        )
    outside = [i for i in index if not 0 <= i < len(array)]
    if outside:
        raise TableRefused(
            "FT-D043", f"{len(outside)} images missing (first index {outside[0]}; the array has {len(array):,})"
        )
    low, high = scale
    taken = array[list(index)].astype(np.float32)
    pixels = np.clip((taken - low) / (high - low) * 255, 0, 255).round().astype(np.uint8)
    return Images(tuple(pixels))


def read_images(root: Path, names: Sequence[str]) -> tuple[Images, list[Problem]]:
    """Read and decode image files below `root`; every file that cannot be decoded is one problem."""
    problems: list[Problem] = []
    pictures: list[NDArray[np.uint8]] = []
    repeated = len(names) - len(set(names))
    if repeated:
        problems.append(_problem("FT-D043", f"{repeated} images used by two rows"))
    problems += [_problem("FT-D045", found, "rename one") for found in _clashes(names)]
    for name in names:
        try:
            pictures.append(_decode(locate(root, name)))
        except PathRefused as refused:
            problems.append(_problem("FT-D043" if refused.code == "FT-D001" else refused.code, refused.found))
        except TableRefused as refused:
            problems.append(_problem(refused.code, f"`{shown(name)}`: {refused.found}", refused.do))
    return Images(tuple(pictures)), problems


def _clashes(names: Sequence[str]) -> list[str]:
    """Return what to say of file names that are one name on other systems."""
    seen: dict[str, str] = {}
    found = []
    for name in dict.fromkeys(names):
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            found.append(f"`{shown(other)}` and `{shown(name)}` clash (differ only by case or Unicode form)")
    return found


def _decode(path: Path) -> NDArray[np.uint8]:
    if path.stat().st_size == 0:
        raise TableRefused("FT-D044", "image is empty")
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as image:
                return _pixels(image)
        except UnidentifiedImageError:
            raise TableRefused("FT-D044", "not a PNG, JPEG or WebP image", "convert it") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise TableRefused("FT-D044", f"more than {MAX_PIXELS / 1e6:.0f} million pixels", "scale it down") from None
        except (OSError, SyntaxError, ValueError) as error:
            raise TableRefused("FT-D044", f"image is damaged: {shown(str(error))}") from None


def _pixels(image: Any) -> NDArray[np.uint8]:
    if image.width * image.height > MAX_PIXELS:
        raise TableRefused("FT-D044", f"more than {MAX_PIXELS / 1e6:.0f} million pixels", "scale it down")
    if getattr(image, "n_frames", 1) > 1:
        raise TableRefused("FT-D044", "animated image", "store one still picture")
    if image.mode.startswith("I"):
        # Pillow would cut what is above 255 off: nearly all of a scan or an X-ray would be white.
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"), dtype=np.uint8)


def _problem(code: str, found: str, do: str = "") -> Problem:
    return Problem(code, found, "", do, path="input")
