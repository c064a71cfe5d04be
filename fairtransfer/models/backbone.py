"""What every pretrained model is to the rest of the house: inputs prepared once, features with or without gradient."""

from __future__ import annotations

import abc
import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fairtransfer.data.inputs import Inputs
from fairtransfer.libraries import refusing
from fairtransfer.models.blocks import Layout, trace
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.reading import Reading


class PassFailed(RuntimeError):
    """A library broke off in the middle of a pass: weights, configuration and inputs do not fit, or memory ran out."""


def one_pass() -> AbstractContextManager[None]:
    """Return what a pass through a network, or back, happens in: whatever a library raises there is a `PassFailed`."""
    return refusing(PassFailed, PassFailed)


class Prepared(abc.ABC):
    """Inputs in the form a network takes, tokenised or transformed once.

    Attributes
    ----------
    cut
        How many inputs were longer than the network reads, and lost their end.
    reading
        How each text was read; None for pictures.
    """

    cut: int = 0
    reading: Reading | None = None

    @property
    @abc.abstractmethod
    def lengths(self) -> Sequence[int]:
        """The cost of each row (tokens); rows of similar length make cheap batches."""

    @property
    def fingerprint(self) -> str | None:
        """The digest of all rows as the network takes them; None where they are not worth recognising again."""
        return None

    @abc.abstractmethod
    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """Return the network's inputs for these rows."""

    def filed(self, rows: int) -> int:  # noqa: ARG002  # the interface
        """Return how many bytes so many rows take in temporary files: 0 where prepared rows stay in memory."""
        return 0

    def augmented(self, positions: Sequence[int], device: torch.device, seed: int) -> dict[str, Tensor]:  # noqa: ARG002  # the interface
        """Return the network's inputs for these rows, changed at random as the seed decides; pictures only."""
        raise TypeError(f"{type(self).__name__} holds no pictures")

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True)
class Network:
    """A trainable module and how it is run: `features` maps a batch to one vector per row."""

    module: nn.Module
    forward: Callable[[nn.Module, dict[str, Tensor]], Tensor]

    def features(self, batch: dict[str, Tensor]) -> Tensor:
        """Return features, rows x `dim`.

        Raises
        ------
        PassFailed
            When the library that made the network gives up.
        """
        with one_pass():
            return self.forward(self.module, batch)


@dataclass(frozen=True)
class OwnHead:
    """The head a source was trained with here: classes x dim, one bias a class."""

    classes: tuple[str, ...]
    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return logits of the source's classes, rows x classes."""
        return features @ self.weight.T + self.bias


class Backbone(abc.ABC):
    """A pretrained network without its head.

    Subclasses are final: `TextBackbone` and `ImageBackbone`.

    Attributes
    ----------
    own_head
        The head of a source that was trained here; None for checkpoints that came from elsewhere.
    max_tokens
        Where texts are cut; 0 for pictures.
    """

    checkpoint: Checkpoint
    module: nn.Module
    dim: int
    own_head: OwnHead | None = None
    max_tokens: int = 0

    @abc.abstractmethod
    def prepare(self, inputs: Inputs) -> Prepared:
        """Tokenise or transform inputs, once."""

    @abc.abstractmethod
    def forward(self, module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Return the features of a batch, rows x `dim`, computed by `module`."""

    @abc.abstractmethod
    def blank(self) -> nn.Module:
        """Return the same architecture with random weights, drawn from torch's current random state."""

    @abc.abstractmethod
    def block_names(self) -> list[str]:
        """Return the names of the blocks, those parts of the network that are stacked; none where none are known."""

    @abc.abstractmethod
    def limit_embeddings(self, module: nn.Module, prepared: Prepared, rows: Sequence[int], *, trained: bool) -> None:
        """Freeze the token embeddings of `module`, or leave only those of the tokens in these rows to be trained."""

    @abc.abstractmethod
    def native_logits(self, prepared: Prepared, runner: Any) -> tuple[Tensor, list[str]]:
        """Return the logits of the checkpoint's own head and its labels; raise `DefinitionError` when it has none."""

    def pretrained(self) -> Network:
        """Return a copy of the pretrained network that may be changed."""
        return Network(copy.deepcopy(self.module), self.forward)

    def random(self) -> Network:
        """Return the same architecture with random weights."""
        return Network(self.blank(), self.forward)

    def layout(self, prepared: Prepared) -> Layout:
        """Return the network's parts, seen while the first of these rows passes through it.

        Raises
        ------
        DefinitionError
            When the architecture is not a stack of blocks (``FT-M024``).
        """
        batch = prepared.batch([0], torch.device("cpu"))
        found = trace(self.module, self.block_names(), lambda: self.forward(self.module, batch))
        if found is None:
            raise refuse(
                "FT-M024",
                self.checkpoint,
                "this architecture is not a stack of blocks that can be frozen one by one",
                "",
                "use `probe`, `full` or `bitfit`",
            )
        return found


def bad_tensors(module: nn.Module) -> list[str]:
    """Return the names of tensors that hold NaN or infinity, with how many."""
    found = []
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            count = int((~torch.isfinite(tensor)).sum())
            if count:
                found.append(f"`{name}` has {count} non-finite values")
    return found


def thaw(module: nn.Module, blank: Callable[[], nn.Module]) -> None:
    """Let every parameter be trained that the architecture trains: loaders freeze some, as that of an adapter does.

    What the architecture itself holds fixed (sines of positions) stays so; it is asked for without memory.
    """
    if all(parameter.requires_grad for parameter in module.parameters()):
        return
    with torch.device("meta"):
        trained = {name for name, parameter in blank().named_parameters() if parameter.requires_grad}
    for name, parameter in module.named_parameters():
        if name in trained:
            parameter.requires_grad = True
