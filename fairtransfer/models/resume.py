"""Running a network from the middle: the output of its lower blocks is put in place instead of being computed again.

Nothing is rewired. While a batch runs, the lower blocks answer with the hidden states they are given; masks, positions
and what lies above come from the architecture's own code. It works where blocks hand on one tensor and nothing else;
whoever uses it compares one batch first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from fairtransfer.models.backbone import Network

ENTERING = "entering"
"""The key under which a batch carries the hidden states that enter the lowest block to be run."""


def resuming(network: Network, lower: Sequence[str]) -> Network:
    """Return a network that skips its lower blocks for batches that carry what they would give."""

    def forward(module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        inputs = {name: tensor for name, tensor in batch.items() if name != ENTERING}
        if ENTERING not in batch:
            return network.forward(module, inputs)
        with _answering([module.get_submodule(name) for name in lower], batch[ENTERING]):
            return network.forward(module, inputs)

    return Network(network.module, forward)


@contextmanager
def _answering(blocks: Sequence[nn.Module], states: Tensor) -> Iterator[None]:
    """Have blocks answer with given states, whatever they are asked."""
    try:
        for block in blocks:
            block.forward = lambda *_, **__: states  # on the instance, for one batch
        yield
    finally:
        for block in blocks:
            vars(block).pop("forward", None)


def output_of(network: Network, block: str) -> Callable[[dict[str, Tensor]], Tensor | None]:
    """Return a function of a batch that runs the network and gives the output of a block, None unless it is one tensor."""

    def found(batch: dict[str, Tensor]) -> Tensor | None:
        kept: list[object] = []
        # Cloned, for what comes next may write into it.
        keep = lambda _, __, output: kept.append(output.clone() if isinstance(output, Tensor) else None)  # noqa: E731
        hook = network.module.get_submodule(block).register_forward_hook(keep)
        try:
            network.features(batch)
        finally:
            hook.remove()
        last = kept[-1]
        return last if isinstance(last, Tensor) else None

    return found
