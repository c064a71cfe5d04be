"""Low-rank additions beside frozen layers, by peft: where they go, and how they are put there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from fairtransfer.errors import MissingExtra
from fairtransfer.libraries import refusing
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.blocks import Layout
from fairtransfer.models.checkpoint import refuse

_APART = frozenset({"query", "value", "q_proj", "v_proj", "q_lin", "v_lin", "query_proj", "value_proj", "q", "v"})
_TOGETHER = frozenset({"qkv", "Wqkv", "c_attn", "query_key_value", "qkv_proj"})
QUERY_VALUE = _APART | _TOGETHER
"""What architectures call the layers that make queries and values; some make keys by the same layer."""


Targets = Literal["query_value", "linear"]


@dataclass(frozen=True)
class Additions:
    """What is put beside a layer; `alpha / rank` scales it."""

    rank: int
    alpha: float
    dropout: float
    targets: Targets


def layers_to_add_to(backbone: Backbone, network: nn.Module, layout: Layout, targets: Targets) -> list[str]:
    """Return the names of the layers to add to, or refuse a model without any."""
    names = list(_targets(network, layout, targets))
    if not names:
        raise refuse(
            "FT-M024",
            backbone.checkpoint,
            f"`lora` finds no layer for `targets: {targets}` in the model's blocks",
            "query_value | linear",
            "`linear` takes every linear layer and convolution of the blocks",
        )
    return names


def _targets(network: nn.Module, layout: Layout, targets: Targets) -> Iterator[str]:
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


def inject(backbone: Backbone, network: nn.Module, names: list[str], additions: Additions) -> None:
    """Put additions beside the named layers, in place, and take everything else out of training."""
    try:
        # Imported here: the extra is needed for this strategy only.
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MissingExtra(error.name or "peft", "lora", "the strategy `lora`") from None
    asked: Any = {"r": additions.rank, "lora_alpha": additions.alpha, "lora_dropout": additions.dropout}
    asked["fan_in_fan_out"] = any(_is_turned(network.get_submodule(name)) for name in names)
    found = f"peft cannot add to `targets: {additions.targets}` of this architecture"
    with refusing(lambda why: refuse("FT-M024", backbone.checkpoint, f"{found}: {why}", "query_value | linear")):
        inject_adapter_in_model(LoraConfig(target_modules=names, bias="none", **asked), network)
