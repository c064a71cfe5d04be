"""A network's parts from its input to its output: the stem, the blocks (lowest first), and what comes after the last block.

Which modules are the blocks is told by the library that made the network (`block_names` of each backbone). What lies
above them is seen by running one input: a module first used after the last block is above, all else is the stem. Names
would not do: DeBERTa registers a norm after its blocks and uses it before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of an architecture, by the names of its modules; it holds for every copy of the network.

    Attributes
    ----------
    blocks
        Names of the blocks, lowest first.
    above
        Names of modules that work after the last block: a final norm, a pooler.
    """

    blocks: tuple[str, ...]
    above: frozenset[str]

    @property
    def top(self) -> int:
        """The depth of what is above the blocks."""
        return len(self.blocks) + 1

    def depth(self, module: str) -> int:
        """Return 0 for a module of the stem, k for one of the k-th block, `top` for one above the blocks."""
        inside = (i for i, block in enumerate(self.blocks, 1) if module == block or module.startswith(f"{block}."))
        return next(inside, self.top if module in self.above else 0)

    def parameters(self, network: nn.Module) -> Iterator[tuple[int, str, nn.Parameter]]:
        """Yield depth, name and value of every parameter."""
        for name, parameter in network.named_parameters():
            yield self.depth(name.rpartition(".")[0]), name, parameter

    def modules(self, network: nn.Module) -> Iterator[tuple[int, nn.Module]]:
        """Yield depth and module, for every module; a container of blocks belongs to the stem, its blocks do not."""
        for name, module in network.named_modules():
            yield self.depth(name), module


def trace(network: nn.Module, blocks: Sequence[str], run: Callable[[], Tensor]) -> Layout | None:
    """Return the layout of a network, seen while `run` passes one input through it; None when a block is not used."""
    order: list[str] = []
    finished = 0

    def started(name: str) -> Callable[..., None]:
        return lambda *_: order.append(name)

    def ended(*_: object) -> None:
        nonlocal finished
        finished = len(order)

    named = dict(network.named_modules())
    hooks = [module.register_forward_pre_hook(started(name)) for name, module in named.items()]
    hooks += [named[name].register_forward_hook(ended) for name in blocks]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    used = sorted({*blocks} & {*order}, key=order.index)
    if not used or len(used) < len(blocks):
        return None
    return Layout(tuple(used), frozenset(order[finished:]) - frozenset(order[:finished]))


def listed_blocks(network: nn.Module) -> list[str]:
    """Return the blocks of a transformers model: the entries of its largest list of modules that is inside no other list."""
    lists = {name: module for name, module in network.named_modules() if isinstance(module, nn.ModuleList)}
    outer = {n: m for n, m in lists.items() if not any(n.startswith(f"{other}.") for other in lists)}
    sizes = {name: sum(p.numel() for p in module.parameters()) for name, module in outer.items()}
    if not sizes:
        return []
    largest = max(sizes, key=lambda name: sizes[name])
    return [f"{largest}.{i}" for i in range(len(outer[largest]))]


def matched_blocks(network: nn.Module) -> list[str]:
    """Return the blocks of a timm model, by its own `group_matcher`: stages where there are stages, else layers."""
    matcher = getattr(network, "group_matcher", None)
    groups = matcher(coarse=True) if matcher else None
    if not isinstance(groups, dict) or not groups.get("blocks"):
        return []
    written = groups["blocks"]
    # A part with a suffix is put beside the blocks for the learning rate's sake: a final norm, a downsampling.
    patterns = [written] if isinstance(written, str) else [pattern for pattern, suffix in written if suffix is None]
    with_weights = [name for name, module in network.named_modules() if any(True for _ in module.parameters())]
    names = [name for name in with_weights if any(re.fullmatch(pattern, name) for pattern in patterns)]
    return [name for name in names if not any(name.startswith(f"{other}.") for other in names)]
