"""Pictures larger than memory: decoded again from their files, transformed once, kept as bytes, in a file where they are many."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torchvision.transforms import Compose, Normalize, RandomErasing, Resize, ToTensor

from fairtransfer.data import picture_files
from fairtransfer.data.duplicates import find_twins
from fairtransfer.data.picture_files import read_array, read_images
from fairtransfer.data.tables import TableRefused
from fairtransfer.errors import IntegrityError
from fairtransfer.models.pixels import Pixels, TransformSteps, prepared_pixels

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
NAMES = [f"{i}.png" for i in range(6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, name in enumerate(NAMES):
        shape = (40 + i, 50, 3) if i % 2 else (40 + i, 50)
        Image.fromarray(RNG.integers(0, 255, shape).astype(np.uint8)).save(tmp_path / name)
    return tmp_path


def evaluation(channels: int = 3, **options: Any) -> Any:
    mean, deviation = ((0.48, 0.45, 0.4), (0.22, 0.22, 0.25)) if channels == 3 else ((0.5,), (0.3,))
    return create_transform(input_size=(channels, 32, 32), mean=mean, std=deviation, **options)


def opened(channels: int, count: int = 9) -> list[Image.Image]:
    shape = (45, 38, 3) if channels == 3 else (45, 38)
    return [Image.fromarray(RNG.integers(0, 255, shape).astype(np.uint8)) for _ in range(count)]


# --- files -------------------------------------------------------------------------------------------------------------


def test_pictures_read_again_are_those_that_were_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, _ = read_images(folder, NAMES)
    monkeypatch.setattr(picture_files, "MOST_DECODED", 5000)  # two of six fit
    again, problems = read_images(folder, NAMES)

    assert problems == []
    assert held.digest() == again.digest()
    for first, second in zip(held.values, again.values, strict=True):
        assert np.array_equal(first.read(), second.read())
        assert np.array_equal(first.sketch, second.sketch)
    assert [picture.read() is picture.read() for picture in again.values] == [True, *[False] * 5]
    assert find_twins(held, again, near=True, threshold=0.9).exact.all()


def test_a_file_that_changed_or_went_after_it_was_read_is_noticed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_files, "MOST_DECODED", 0)
    pictures, _ = read_images(folder, NAMES)
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(folder / "0.png")
    (folder / "1.png").unlink()
    (folder / "2.png").write_bytes(b"no picture")

    for position, words in enumerate(["was changed after", "cannot be read any more", "cannot be read any more"]):
        with pytest.raises(IntegrityError, match=words):
            pictures.values[position].read()
    assert pictures.values[3].read().shape == (43, 50, 3)


# --- arrays ------------------------------------------------------------------------------------------------------------


def saved(path: Path, array: Any) -> Path:
    np.savez(path / "pictures.npz", x=array)
    return path / "pictures.npz"


def test_one_channel_is_grey(tmp_path: Path) -> None:
    array = RNG.random((5, 8, 8, 1))

    found = read_array(saved(tmp_path, array), "x", [4, 0], (0.0, 1.0))

    assert [picture.read().shape for picture in found.values] == [(8, 8), (8, 8)]
    assert np.abs(found.values[0].read() / 255 - array[4, ..., 0]).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((5, 8, 8, 4)), "1 or 3 channels"),
        (np.full((5, 8, 8), np.nan), "are no numbers"),
        (np.zeros(5), "shape"),
    ],
)
def test_an_array_of_something_else_is_refused(tmp_path: Path, array: Any, words: str) -> None:
    with pytest.raises(TableRefused) as refused:
        read_array(saved(tmp_path, array), "x", [0, 1], (0.0, 1.0))

    assert refused.value.code == "FT-D058"
    assert words in refused.value.found


# --- what the network takes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{}, {"crop_pct": 1.0, "interpolation": "bilinear"}, {"crop_mode": "squash"}])
def test_bytes_and_two_steps_are_the_transform_to_the_bit(channels: int, options: dict[str, Any]) -> None:
    transform, pictures = evaluation(channels, **options), opened(channels)

    found = prepared_pixels([lambda p=p: p for p in pictures], (channels, 32, 32), transform)  # type: ignore[misc]

    assert found.steps.bytes
    assert torch.equal(found.batch(range(9)), torch.stack([transform(picture) for picture in pictures]))
    assert torch.equal(found.batch([7, 2]), found.batch(range(9))[[7, 2]])


@pytest.mark.parametrize(
    "last", [[], [ToTensor()], [ToTensor(), Normalize(0.5, 0.2), RandomErasing(0)], [Normalize(0.5, 0.2)]]
)
def test_a_transform_that_ends_otherwise_is_kept_as_it_is(last: list[Any]) -> None:
    """The twin: nothing may be taken apart that does not end with the two steps."""
    assert not TransformSteps(Compose([Resize(32), *last])).bytes


def test_floats_are_kept_where_bytes_would_not_do() -> None:
    transform = Compose([Resize((32, 32)), ToTensor(), Normalize(0.5, 0.2), RandomErasing(0)])
    pictures = opened(3)

    found = prepared_pixels([lambda p=p: p for p in pictures], (3, 32, 32), transform)  # type: ignore[misc]

    assert torch.equal(found.batch(range(9)), torch.stack([transform(picture) for picture in pictures]))


@pytest.mark.parametrize("bytes_", [True, False])
def test_in_a_file_they_are_what_they_are_in_memory(bytes_: bool) -> None:
    transform = evaluation() if bytes_ else Compose([Resize((32, 32)), ToTensor()])
    pictures = [lambda p=p: p for p in opened(3)]

    memory, file = (prepared_pixels(pictures, (3, 32, 32), transform, held) for held in (2**30, 0))  # type: ignore[arg-type]

    assert isinstance(file._rows, np.memmap)
    assert not isinstance(memory._rows, np.memmap)
    assert torch.equal(memory.batch(range(9)), file.batch(range(9)))
    assert memory.digest.hexdigest() == file.digest.hexdigest()


def test_no_pictures_are_no_error() -> None:
    found = prepared_pixels([], (3, 32, 32), evaluation())

    assert len(found) == 0
    assert found.batch([]).shape == (0, 3, 32, 32)


def test_the_digest_tells_pictures_and_steps_apart() -> None:
    first, second = opened(3, 2)

    def digest(picture: Image.Image, mean: float = 0.4) -> str:
        transform = Compose([Resize((32, 32)), ToTensor(), Normalize((mean,) * 3, (0.2,) * 3)])
        return prepared_pixels([lambda: picture], (3, 32, 32), transform).digest.hexdigest()

    assert digest(first) == digest(first)
    assert len({digest(first), digest(second), digest(first, 0.400001)}) == 3


def test_a_full_disk_is_an_error_and_not_the_end_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def write(self, _: object) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("fairtransfer.models.pixels.tempfile.TemporaryFile", Full)

    with pytest.raises(OSError, match="No space left"):
        Pixels(iter([np.zeros((3, 32, 32), np.uint8)]), 1, (3, 32, 32), TransformSteps(evaluation()), held=0)
