"""Weights of a source that was trained here: written as one file of safetensors, put in place of the base's when it is opened."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fairtransfer.models.backbone import Backbone, OwnHead, bad_tensors
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.embedding import SeenRows

_BACKBONE, _HEAD = "backbone.", "head."


def weights_of(module: nn.Module, head: nn.Linear) -> dict[str, Tensor]:
    """Return copies of a network's weights and statistics under the architecture's own names, and of its head's."""
    state = module.state_dict()
    for place, part in module.named_modules():
        if isinstance(part, SeenRows):
            # It stood in for an embedding while that was trained.
            prefix = f"{place}." if place else ""
            del state[f"{prefix}seen"]
            state[f"{prefix}weight"] = part.merged()
            del state[f"{prefix}table.weight"]
    named = {f"{_BACKBONE}{name}": tensor for name, tensor in state.items()}
    named |= {f"{_HEAD}{name}": tensor for name, tensor in head.state_dict().items()}
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in named.items()}


def write_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write weights as safetensors."""
    save_file(weights, path)


def put_in_place(backbone: Backbone, checkpoint: Checkpoint) -> Backbone:
    """Give a base the weights and the head that its training here ended with.

    Raises
    ------
    DefinitionError
        When they are not those of this architecture, or not finite (``FT-M012``, ``FT-M013``).
    """
    assert checkpoint.trained is not None, "asked for where a source was trained here"
    weights = load_file(checkpoint.trained.weights)
    checkpoint.check_unchanged()
    own = {n.removeprefix(_BACKBONE): t for n, t in weights.items() if n.startswith(_BACKBONE)}
    if odd := sorted(own.keys() ^ backbone.module.state_dict().keys()):
        found = f"{len(odd)} weights of the trained source are not those of its base (first: `{odd[0]}`)"
        raise refuse("FT-M012", checkpoint, found, "the base the source was trained from")
    backbone.module.load_state_dict(own)
    if bad := bad_tensors(backbone.module):
        raise refuse("FT-M013", checkpoint, "; ".join(bad[:3]), "finite weights")
    backbone.checkpoint = checkpoint
    head = OwnHead(checkpoint.trained.classes, weights[f"{_HEAD}weight"], weights[f"{_HEAD}bias"])
    backbone.own_head = head
    return backbone
