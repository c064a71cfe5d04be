"""Holding parts of a network still: no gradient, no dropout, no batch statistics."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from fairtransfer.models.blocks import Layout


def freeze(network: nn.Module, layout: Layout, below: int) -> list[nn.Module]:
    """Take every parameter below a depth out of training and return the modules that `rest` has to keep at rest."""
    for depth, _, parameter in layout.parameters(network):
        parameter.requires_grad = parameter.requires_grad and depth >= below
    return [module for depth, module in layout.modules(network) if depth < below]


def rest(modules: Iterable[nn.Module]) -> None:
    """Put modules, but not what they contain, into evaluation mode: BatchNorm's statistics and dropout rest too."""
    for module in modules:
        module.training = False
