"""Reading pictures: from image files, and from an array that holds one a row."""

from __future__ import annotations

import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
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
from fairtransfer.formats import noun, plural
from fairtransfer.libraries import refusing

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 25_000_000

_OF_PHONES = "MPO"
"""What Pillow calls a JPEG with further pictures behind the first: a small one, a map of light, the other eye."""

ORIENTATION, UPRIGHT = 0x0112, 1
"""EXIF's tag for how a picture is to be turned, and its value for not at all (Exif 2.3, 4.6.4)."""

MOST_DECODED = 512 * 2**20
"""Bytes of decoded pictures a card keeps in memory; the others are decoded anew whenever they are needed."""


_TURNED, _SEVERAL, _DIM = "FT-D063", "FT-D064", "FT-D065"
_TOLD = {
    _TURNED: (
        "to be turned, by their own tag (EXIF)",
        "they are read as stored; turn them as they are turned where the model is used",
    ),
    _SEVERAL: (
        "followed by others in the same file, as phones store them (MPO)",
        "the first of each is read, as Pillow, timm and torchvision do",
    ),
    _DIM: (
        "stored with 16 bits of which the two highest are empty",
        "read as stored they are nearly black; scale them to the range they use, or give them as an array with `range`",
    ),
}
"""What is told of pictures that are read, by code: what they are, and how they are read or what to do."""

_QUARTER = 64
"""Grey levels of 256: pictures of 16 bits that stay below hold 14 bits or fewer (X-rays have 10 to 14), or are dark."""


def read_array(path: Path, key: str, index: Sequence[int], scale: tuple[float, float]) -> Images:
    """Read entries of an array of pictures; `scale` names the values that mean black and white.

    Raises
    ------
    TableRefused
        When the file is not a plain array, or an index lies outside it.
    """
    do = "save it with numpy.savez, without objects"
    with (
        refusing(lambda why: TableRefused("FT-D058", f"not a plain array file: {why}", do), TableRefused),
        path.open("rb") as file,
    ):
        opened: Any = np.load(file, allow_pickle=False)
        if not isinstance(opened, np.lib.npyio.NpzFile):
            raise TableRefused("FT-D058", "one array without a name (.npy), named .npz", do)
        with opened as archive:
            if key not in archive:
                raise TableRefused("FT-D001", f"array `{shown(key)}` not found; arrays are {', '.join(archive.files)}")
            array = archive[key]
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
    held, seen = 0, Counter[str]()
    repeated = len(names) - len(set(names))
    if repeated:
        problems.append(_problem("FT-D043", f"{repeated} images used by two rows"))
    problems += [_problem("FT-D045", found, "rename one") for found in _clashes(names)]
    for name in names:
        try:
            path = locate(root, name)
            pixels, told = _decode(path)
            held += pixels.nbytes
            seen.update(told)
            picture = Picture.of(pixels)
            pictures.append(
                picture if held <= MOST_DECODED else replace(picture, read=partial(_again, path, picture.key))
            )
        except PathRefused as refused:
            problems.append(_problem("FT-D043" if refused.code == "FT-D001" else refused.code, refused.found))
        except TableRefused as refused:
            problems.append(_problem(refused.code, f"`{shown(name)}`: {refused.found}", refused.do))
    problems += [
        _problem(code, f"{plural(n, 'picture')} {noun(n, 'is', 'are')} {_TOLD[code][0]}", _TOLD[code][1], warn=True)
        for code, n in seen.items()
    ]
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


def _decode(path: Path) -> tuple[PixelArray, list[str]]:
    """Return the pixels as they are stored, and the codes of what is to be told of them."""
    if path.stat().st_size == 0:
        raise TableRefused("FT-D044", "image is empty")
    with path.open("rb") as file, warnings.catch_warnings():
        # A tag that cannot be read says nothing about the picture.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with _refusing_damage(), Image.open(file, formats=PICTURE_FORMATS) as image:
                deep = _is_deep(image)
                pixels = _pixels(image)
                upright = image.getexif().get(ORIENTATION, UPRIGHT) == UPRIGHT
                noticed = {
                    _TURNED: not upright,
                    _SEVERAL: image.format == _OF_PHONES,
                    _DIM: deep and pixels.max() < _QUARTER,
                }
                return pixels, [code for code, is_so in noticed.items() if is_so]
        except UnidentifiedImageError:
            raise TableRefused("FT-D044", "not a PNG, JPEG or WebP image", "convert it") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise TableRefused("FT-D044", f"more than {MAX_PIXELS / 1e6:.0f} million pixels", "scale it down") from None


def _refusing_damage() -> AbstractContextManager[None]:
    others = (TableRefused, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning)
    return refusing(lambda why: TableRefused("FT-D044", f"image is damaged: {why}"), *others)


def _is_deep(image: Any) -> bool:
    """Say whether a picture is stored with 16 bits; of colours Pillow tells it before it decodes them, and keeps 8."""
    return image.mode.startswith("I") or any(";16" in str(tile[3]) for tile in image.tile)


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
    if getattr(image, "n_frames", 1) > 1 and image.format != _OF_PHONES:
        raise TableRefused("FT-D044", "animated image", "store one still picture")
    if image.mode.startswith("I"):
        # Pillow would cut what is above 255 off: nearly all of a scan or an X-ray would be white.
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"), dtype=np.uint8)


def _problem(code: str, found: str, do: str = "", *, warn: bool = False) -> Problem:
    return Problem(code, found, "", do, path="input", severity="warning" if warn else "error")
