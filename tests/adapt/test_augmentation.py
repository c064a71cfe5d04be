"""Pictures changed at random in training: decided by seed and step, never in evaluation, never for texts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.tiny_models import save_encoder, save_image_model

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategies.full import Full, FullOptions
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.inputs import Texts
from fairtransfer.data.pictures import Images
from fairtransfer.models import open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.checkpoint import inspect_checkpoint

pytestmark = pytest.mark.train
CPU = torch.device("cpu")
RNG = np.random.default_rng(0)


def pictures(channels: int) -> Images:
    shape = (40, 40) if channels == 1 else (40, 40, 3)
    return Images.of(RNG.integers(0, 255, shape).astype(np.uint8) for _ in range(20))


@pytest.fixture(scope="module", params=[1, 3])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Backbone, Images]:
    """A model for grey pictures and one for coloured ones; both with dropout, both shown both kinds of pictures."""
    folder = save_image_model(tmp_path_factory.mktemp("m") / "m", ["x", "y"], channels=request.param)
    return open_backbone(inspect_checkpoint(folder, "folder:m"), "image"), pictures(4 - request.param)


def states() -> tuple[object, NDArray[np.uint32], torch.Tensor]:
    return random.getstate(), np.random.get_state()[1], torch.get_rng_state()  # type: ignore[index,return-value]  # noqa: NPY002


def test_a_seed_decides_and_nothing_else_is_touched(opened: tuple[Backbone, Images]) -> None:
    prepared = opened[0].prepare(opened[1])
    before = states()

    first, again, other = (prepared.augmented([3, 1], CPU, seed)["pixels"] for seed in (5, 5, 6))

    after = states()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == prepared.batch([3, 1], CPU)["pixels"].shape
    assert not torch.equal(first, prepared.batch([3, 1], CPU)["pixels"])
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert torch.equal(before[2], after[2])


def trained(backbone: Backbone, inputs: Images, augmentation: str, seed: int = 0) -> tuple[Adapted, torch.Tensor]:
    prepared, runner = backbone.prepare(inputs), Runner(Hardware("cpu", "fp32"))
    y = tuple("xy"[i % 2] for i in range(len(inputs)))
    train, val = Labelled(prepared, y, range(14)), Labelled(prepared, y, range(14, 20))
    setting = Setting(
        backbone, FrozenFeatures(backbone, runner), runner, Task(("x", "y")), train, val, seed, lambda _: None
    )
    options = FullOptions(epochs=1, min_steps=4, batch_size=4, lr=1e-2, augmentation=augmentation)  # type: ignore[arg-type]
    adapted = Full().fit(setting, options)
    return adapted, adapted.logits(prepared)


def test_training_is_the_same_every_time_and_differs_from_plain_training(opened: tuple[Backbone, Images]) -> None:
    backbone, inputs = opened
    first = trained(backbone, inputs, "timm")[1]
    random.seed(99)
    torch.manual_seed(99)

    assert torch.equal(first, trained(backbone, inputs, "timm")[1])
    assert not torch.equal(first, trained(backbone, inputs, "none")[1])


def test_answers_are_about_the_pictures_as_they_are(opened: tuple[Backbone, Images]) -> None:
    adapted, logits = trained(*opened, "timm")

    assert torch.equal(logits, adapted.logits(opened[0].prepare(opened[1])))


def test_texts_are_not_augmented(tmp_path: Path) -> None:
    backbone = open_backbone(inspect_checkpoint(save_encoder(tmp_path / "t"), "folder:t"), "text")

    with pytest.raises(TypeError, match="holds no pictures"):
        backbone.prepare(Texts(("apple",))).augmented([0], CPU, 0)
