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
from safetensors.torch import load_file
from timm.data import create_transform, resolve_model_data_config
from torch import Tensor, nn

from fairtransfer.data.inputs import Inputs
from fairtransfer.data.pictures import Images, Picture
from fairtransfer.libraries import refusing
from fairtransfer.models.backbone import Backbone, Prepared, bad_tensors, thaw
from fairtransfer.models.blocks import matched_blocks
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.head_labels import image_labels
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
        _check_loaded(module, checkpoint)
        if bad := bad_tensors(module):
            raise refuse("FT-M013", checkpoint, "; ".join(bad[:3]), "finite weights")
        with refusing(lambda why: refuse("FT-M011", checkpoint, f"timm cannot run this model: {why}")):
            found = cls(checkpoint, module.eval())
        thaw(module, found.blank)
        return found

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
        names = image_labels(self.checkpoint)
        model = _create(self.checkpoint, pretrained=True)
        if not int(getattr(model, "num_classes", 0)) or not names:
            raise refuse(
                "FT-M023",
                self.checkpoint,
                "the checkpoint has no classifier with named labels",
                "`label_names` in its config",
                "use `before: probe`",
            )
        _check_loaded(model, self.checkpoint)
        model.eval()
        return runner.run(lambda batch: model(batch["pixels"]), model, prepared), list(names)


def _check_loaded(module: nn.Module, checkpoint: Checkpoint) -> None:
    """Refuse a network with weights that are not the file's: timm drops a head of other sizes, and starts one anew.

    Values are compared. Weights that timm converts (first layers for other channels, positions for other sizes) have another
    shape in the file, and as many outputs.
    """
    state = module.state_dict()
    missing = sorted(state.keys() - checkpoint.tensors.keys())
    if not missing:
        with refusing(lambda why: refuse("FT-M011", checkpoint, f"its weights cannot be read: {why}")):
            saved = {n: t for path in checkpoint.weights for n, t in load_file(path).items()}
        missing = sorted(name for name, tensor in state.items() if not _is_loaded(name, tensor, saved[name]))
    checkpoint.check_unchanged()
    if missing:
        found = f"{len(missing)} weights not loaded from the checkpoint (first: `{missing[0]}`)"
        raise refuse("FT-M012", checkpoint, found, "a complete checkpoint, with a head as its configuration says")


def _is_loaded(name: str, tensor: Tensor, saved: Tensor) -> bool:
    if saved.shape == tensor.shape:
        return torch.equal(saved.to(tensor.dtype), tensor)
    return (
        "rel" in name or saved.shape[:1] == tensor.shape[:1]
    )  # tables of relative positions grow in their first direction


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
    written = checkpoint.config.get("model_args") or {}
    if not isinstance(written, dict):
        raise refuse("FT-M011", checkpoint, "`model_args` in `config.json` is no object", "a folder saved by timm")
    arguments = copy.deepcopy(written)
    if num_classes is not None:
        arguments["num_classes"] = num_classes
    with refusing(lambda why: refuse("FT-M011", checkpoint, f"timm cannot load this model: {why}")):
        module: nn.Module = timm.create_model(f"local-dir:{checkpoint.folder}", pretrained=pretrained, **arguments)
    return module
