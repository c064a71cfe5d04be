"""Image models: any timm model saved to a folder, its own `timm.data` transforms, one vector per picture."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, final

import numpy as np
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torch import Tensor, nn

from fairtransfer.data.inputs import Inputs
from fairtransfer.data.pictures import Images, Picture
from fairtransfer.models.backbone import Backbone, Prepared, bad_tensors
from fairtransfer.models.blocks import matched_blocks
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.pixels import Opener, Pixels, prepared_pixels

_MODES = {1: "L", 3: "RGB"}
"""How Pillow names pictures of as many channels."""


@final
class PreparedImages(Prepared):
    """Pictures as the network takes them, rows x channels x height x width.

    Parameters
    ----------
    pictures
        Open one picture each, as it was before any transform.
    training
        The model's training transform.
    """

    def __init__(self, pixels: Pixels, pictures: Sequence[Opener], training: Callable[[Image.Image], Tensor]) -> None:
        self.pixels, self.pictures, self.training = pixels, pictures, training

    @property
    def lengths(self) -> Sequence[int]:
        """Every picture costs the same."""
        return [1] * len(self.pixels)

    @property
    def fingerprint(self) -> str:
        """The digest of all pictures as the network takes them, in order."""
        return self.pixels.digest.hexdigest()

    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """Return the pictures at these positions."""
        return {"pixels": self.pixels.batch(positions).to(device)}

    def filed(self, rows: int) -> int:
        """Return how many bytes so many rows take in temporary files."""
        return self.pixels.filed(rows)

    def augmented(self, positions: Sequence[int], device: torch.device, seed: int) -> dict[str, Tensor]:
        """Return these pictures after the model's training transform; what it draws depends on the seed alone."""
        with _drawing(seed):
            return {"pixels": torch.stack([self.training(self.pictures[i]()) for i in positions]).to(device)}


@final
class ImageBackbone(Backbone):
    """A timm model without its classifier; a picture's vector is the pooled output."""

    def __init__(self, checkpoint: Checkpoint, module: nn.Module) -> None:
        self.checkpoint, self.module = checkpoint, module
        self.data_config: dict[str, Any] = resolve_model_data_config(module)
        self.dim = _width(checkpoint, module, self.data_config["input_size"])

    @classmethod
    def load(cls, checkpoint: Checkpoint) -> ImageBackbone:
        """Load weights, and check that they are complete and finite."""
        module = _create(checkpoint, pretrained=True, num_classes=0)
        missing = sorted(module.state_dict().keys() - checkpoint.tensors)
        if missing:
            raise refuse(
                "FT-M012",
                checkpoint,
                f"{len(missing)} backbone weights not found in checkpoint (first: `{missing[0]}`)",
                "a complete checkpoint",
            )
        if bad := bad_tensors(module):
            raise refuse("FT-M013", checkpoint, "; ".join(bad[:3]), "finite weights")
        return cls(checkpoint, module.eval())

    def prepare(self, inputs: Inputs) -> PreparedImages:
        """Apply the model's own evaluation transform; grey pictures become three equal channels where the model wants colour."""
        assert isinstance(inputs, Images), "an image model is only given pictures"
        size = self.data_config["input_size"]
        evaluation: Any = create_transform(**self.data_config, is_training=False)
        training: Any = create_transform(**self.data_config, is_training=True)
        pictures = [partial(_opened, picture, _MODES[size[0]]) for picture in inputs.values]
        return PreparedImages(prepared_pixels(pictures, size, evaluation), pictures, training)

    def forward(self, module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Return one vector per picture."""
        features: Tensor = module(batch["pixels"])
        return features

    def blank(self) -> nn.Module:
        """Return the architecture with random weights."""
        return _create(self.checkpoint, pretrained=False, num_classes=0)

    def block_names(self) -> list[str]:
        """Return the stages of a convolutional network, the layers of a transformer."""
        return matched_blocks(self.module)

    def limit_embeddings(self, module: nn.Module, prepared: Prepared, rows: Sequence[int], *, trained: bool) -> None:
        """Do nothing: pictures have no tokens."""

    def native_logits(self, prepared: Prepared, runner: Any) -> tuple[Tensor, list[str]]:
        """Return the logits of the checkpoint's own classifier, and its labels in order."""
        model = _create(self.checkpoint, pretrained=True)
        names = self.checkpoint.config.get("label_names") or (self.checkpoint.config.get("pretrained_cfg") or {}).get(
            "label_names"
        )
        if not int(getattr(model, "num_classes", 0)) or not names:
            raise refuse(
                "FT-M023",
                self.checkpoint,
                "the checkpoint has no classifier with named labels",
                "`label_names` in its config",
                "use `before: probe`",
            )
        model.eval()
        return runner.run(lambda batch: model(batch["pixels"]), model, prepared), [str(name) for name in names]


def _width(checkpoint: Checkpoint, module: nn.Module, size: tuple[int, int, int]) -> int:
    """Return how many features a picture has, seen on a blank one: heads of some architectures widen `num_features`."""
    if size[0] not in _MODES:
        found = f"the model takes pictures of {size[0]} channels"
        raise refuse("FT-M044", checkpoint, found, "1 (grey) or 3 (colour)")
    with torch.no_grad():
        features = module.eval()(torch.zeros((1, *size)))
    return int(features.shape[1])


def _opened(picture: Picture, mode: str) -> Image.Image:
    return Image.fromarray(picture.read()).convert(mode)


@contextmanager
def _drawing(seed: int) -> Iterator[None]:
    """Seed every generator that timm's transforms draw from, and put their states back."""
    kept = random.getstate(), np.random.get_state()  # noqa: NPY002  # timm draws from the legacy generator
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002  # as above
            yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002  # as above


def _create(checkpoint: Checkpoint, *, pretrained: bool, num_classes: int | None = None) -> nn.Module:
    name = checkpoint.config.get("architecture")
    if not isinstance(name, str) or not timm.is_model(name):
        raise refuse("FT-M011", checkpoint, f"`{name}` is not an architecture timm knows", "a folder saved by timm")
    arguments = copy.deepcopy(dict(checkpoint.config.get("model_args") or {}))
    if num_classes is not None:
        arguments["num_classes"] = num_classes
    try:
        module: nn.Module = timm.create_model(f"local-dir:{checkpoint.folder}", pretrained=pretrained, **arguments)
    except (RuntimeError, ValueError, OSError) as error:
        raise refuse("FT-M011", checkpoint, f"timm cannot load this model: {error}") from None
    return module
