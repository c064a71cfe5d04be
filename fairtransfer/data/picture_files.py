"""Reading pictures: from image files, and from an array that holds one a row."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.pictures import Images, Picture, PixelArray, key_of
from fairtransfer.data.tables import TableRefused
from fairtransfer.errors import IntegrityError, Problem, shown

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 25_000_000

ORIENTATION, UPRIGHT = 0x0112, 1
"""EXIF's tag for how a picture is to be turned, and its value for not at all (Exif 2.3, 4.6.4)."""

MOST_DECODED = 512 * 2**20
"""Bytes of decoded pictures a card keeps in memory; the others are decoded anew whenever they are needed."""


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
    if array.ndim not in (3, 4) or array.dtype.kind not in "uif" or (array.ndim == 4 and array.shape[3] not in (1, 3)):
        found = f"array `{key}` has shape {array.shape} of {array.dtype}"
        wanted = "rows x height x width, or this x 1 or 3 channels, of numbers"
        raise TableRefused("FT-D058", f"{found}; expected {wanted}")
    outside = [i for i in index if not 0 <= i < len(array)]
    if outside:
        raise TableRefused(
            "FT-D043", f"{len(outside)} images missing (first index {outside[0]}; the array has {len(array):,})"
        )
    broken = [i for i in index if not np.isfinite(array[i]).all()]
    if broken:
        raise TableRefused(
            "FT-D058", f"{len(broken)} pictures have values that are no numbers (first index {broken[0]})"
        )
    return Images.of(_grey_levels(array[i], *scale) for i in index)


def _grey_levels(picture: NDArray[Any], low: float, high: float) -> PixelArray:
    plain = picture[..., 0] if picture.shape[2:] == (1,) else picture
    levels = (plain.astype(np.float32) - low) / (high - low) * 255
    return np.asarray(np.clip(levels, 0, 255).round(), dtype=np.uint8)


def read_images(root: Path, names: Sequence[str]) -> tuple[Images, list[Problem]]:
    """Read image files below `root`; every file that cannot be decoded is one problem.

    All are decoded once. Beyond the first `MOST_DECODED` bytes of pixels a picture is decoded again whenever it is looked at.
    """
    problems: list[Problem] = []
    pictures: list[Picture] = []
    held = turned = 0
    repeated = len(names) - len(set(names))
    if repeated:
        problems.append(_problem("FT-D043", f"{repeated} images used by two rows"))
    problems += [_problem("FT-D045", found, "rename one") for found in _clashes(names)]
    for name in names:
        try:
            path = locate(root, name)
            pixels, as_stored = _decode(path)
            held += pixels.nbytes
            turned += not as_stored
            picture = Picture.of(pixels)
            pictures.append(
                picture if held <= MOST_DECODED else replace(picture, read=partial(_again, path, picture.key))
            )
        except PathRefused as refused:
            problems.append(_problem("FT-D043" if refused.code == "FT-D001" else refused.code, refused.found))
        except TableRefused as refused:
            problems.append(_problem(refused.code, f"`{shown(name)}`: {refused.found}", refused.do))
    if turned:
        found = f"{turned} pictures are to be turned, by their own tag (EXIF)"
        do = "they are read as stored; turn them as they are turned where the model is used"
        problems.append(_problem("FT-D063", found, do, warn=True))
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


def _decode(path: Path) -> tuple[PixelArray, bool]:
    """Return the pixels as they are stored, and whether that is how they are to be seen."""
    if path.stat().st_size == 0:
        raise TableRefused("FT-D044", "image is empty")
    with path.open("rb") as file, warnings.catch_warnings():
        # A tag that cannot be read says nothing about the picture.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=PICTURE_FORMATS) as image:
                return _pixels(image), image.getexif().get(ORIENTATION, UPRIGHT) == UPRIGHT
        except UnidentifiedImageError:
            raise TableRefused("FT-D044", "not a PNG, JPEG or WebP image", "convert it") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise TableRefused("FT-D044", f"more than {MAX_PIXELS / 1e6:.0f} million pixels", "scale it down") from None
        except (OSError, SyntaxError, ValueError) as error:
            raise TableRefused("FT-D044", f"image is damaged: {shown(str(error))}") from None


def _again(path: Path, key: str) -> PixelArray:
    """Decode a picture that was decoded before; its file must still hold what was seen then."""
    try:
        pixels, _ = _decode(path)
    except (OSError, TableRefused) as error:
        raise IntegrityError(f"{shown(str(path))} cannot be read any more: {shown(str(error))}") from None
    if key_of(pixels) != key:
        raise IntegrityError(f"{shown(str(path))} was changed after its benchmark was opened")
    return pixels


def _pixels(image: Any) -> PixelArray:
    if image.width * image.height > MAX_PIXELS:
        raise TableRefused("FT-D044", f"more than {MAX_PIXELS / 1e6:.0f} million pixels", "scale it down")
    if getattr(image, "n_frames", 1) > 1:
        raise TableRefused("FT-D044", "animated image", "store one still picture")
    if image.mode.startswith("I"):
        # Pillow would cut what is above 255 off: nearly all of a scan or an X-ray would be white.
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"), dtype=np.uint8)


def _problem(code: str, found: str, do: str = "", *, warn: bool = False) -> Problem:
    return Problem(code, found, "", do, path="input", severity="warning" if warn else "error")
