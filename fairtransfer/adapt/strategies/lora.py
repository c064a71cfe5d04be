"""`lora`: the model stays as it is; low-rank additions to some of its layers are learned, and the head.

Defaults, the layers added to (queries and values), and ranks that begin at 0 are those of Ding et al. 2024 (fairness of
LoRA), from their code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, final

from torch import nn

from fairtransfer.adapt.freezing import rest
from fairtransfer.adapt.head_only import train_head
from fairtransfer.adapt.loop import Recipe, new_head, train
from fairtransfer.adapt.random_streams import torch_stream
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.errors import MissingExtra
from fairtransfer.models.backbone import Backbone, Prepared
from fairtransfer.models.blocks import Layout
from fairtransfer.models.checkpoint import refuse
from fairtransfer.spec.transfer_options import LoraOptions, Options

_APART = frozenset({"query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "query_proj", "value_proj", "q", "v"})
_TOGETHER = frozenset({"qkv", "Wqkv", "c_attn", "query_key_value", "qkv_proj"})
QUERY_VALUE = _APART | _TOGETHER
"""What architectures call the layers that make queries and values; some make keys by the same layer."""


@final
class Lora(Strategy):
    """Learn additions of low rank. The frozen model under them is at rest: no dropout, no batch statistics."""

    kind = "lora"

    def check(self, backbone: Backbone, prepared: Prepared, options: Options) -> None:
        """Refuse a model without the layers that are to be added to."""
        assert isinstance(options, LoraOptions), "the registry pairs strategies with their options"
        if options.rank:
            network = backbone.pretrained().module
            _inject(backbone, network, _names(backbone, network, backbone.layout(prepared), options), options)

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Train additions and head; with rank 0 the head alone."""
        assert isinstance(options, LoraOptions), "the registry pairs strategies with their options"
        if not options.rank:
            adapted = train_head(setting, options)
            return replace(adapted, record={**adapted.record, "adapted_layers": 0})
        network = setting.backbone.pretrained()
        layout = setting.backbone.layout(setting.train.prepared)
        names = _names(setting.backbone, network.module, layout, options)
        with torch_stream(setting.seed, "lora"):
            _inject(setting.backbone, network.module, names, options)
        still = [module for name, module in network.module.named_modules() if "lora_" not in name]
        adapted = train(setting, network, new_head(setting), options, Recipe(before_step=lambda *_: rest(still)))
        return replace(adapted, record={**adapted.record, "adapted_layers": len(names)})


def _names(backbone: Backbone, network: nn.Module, layout: Layout, options: LoraOptions) -> list[str]:
    """Return the names of the layers to add to, or refuse a model without any."""
    names = list(_targets(network, layout, options.targets))
    if not names:
        raise refuse(
            "FT-M024",
            backbone.checkpoint,
            f"`lora` finds no layer for `targets: {options.targets}` in the model's blocks",
            "query_value | linear",
            "`linear` takes every linear layer and convolution of the blocks",
        )
    return names


def _targets(network: nn.Module, layout: Layout, targets: str) -> Iterator[str]:
    """Yield the names of the layers to add to, all inside the blocks."""
    for name, module in network.named_modules():
        inside = 0 < layout.depth(name) < layout.top
        if targets == "query_value":
            fits = name.rpartition(".")[2] in QUERY_VALUE and any(True for _ in module.parameters(recurse=False))
        else:
            fits = _is_linear(module) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        if inside and fits:
            yield name


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or _is_turned(module)


def _is_turned(module: nn.Module) -> bool:
    """Return whether a layer is GPT-2's kind of linear layer, whose weight lies the other way round."""
    return type(module).__name__ == "Conv1D" and not isinstance(module, nn.Conv1d)


def _inject(backbone: Backbone, network: nn.Module, names: list[str], options: LoraOptions) -> None:
    """Put additions beside the named layers, in place, and take everything else out of training."""
    try:
        # Imported here: the extra is needed for this strategy only.
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MissingExtra(error.name or "peft", "lora", "the strategy `lora`") from None
    asked: Any = {"r": options.rank, "lora_alpha": options.alpha, "lora_dropout": options.dropout}
    asked["fan_in_fan_out"] = any(_is_turned(network.get_submodule(name)) for name in names)
    try:
        inject_adapter_in_model(LoraConfig(target_modules=names, bias="none", **asked), network)
    except ValueError as error:
        found = f"peft cannot add to `targets: {options.targets}` of this architecture: {error}"
        raise refuse("FT-M024", backbone.checkpoint, found, "query_value | linear") from None
