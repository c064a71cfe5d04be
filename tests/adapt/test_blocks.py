"""Where a network's blocks are, and running it from the middle."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
import transformers
from support.adapting import RUNNER, TEXTS
from support.tiny_models import save_encoder, save_image_model
from torch import Tensor, nn

from fairtransfer.adapt import frozen_blocks
from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.head_only import PreparedFeatures
from fairtransfer.data.inputs import Texts
from fairtransfer.errors import DefinitionError
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone, Network
from fairtransfer.models.blocks import Layout, listed_blocks, matched_blocks, trace
from fairtransfer.models.reading import Reading
from fairtransfer.models.tokens import PreparedTexts

pytestmark = pytest.mark.train
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "vocab_size": 40,
    "pad_token_id": 0,
}


def text_layout(name: str, **changes: Any) -> tuple[nn.Module, Layout | None]:
    config = getattr(transformers, f"{name}Config")(**{**SIZES, **changes})
    model: nn.Module = transformers.AutoModel.from_config(config, attn_implementation="eager").eval()
    batch = {"input_ids": torch.tensor([[5, 6, 7]]), "attention_mask": torch.ones(1, 3, dtype=torch.long)}
    return model, trace(model, listed_blocks(model), lambda: model(**batch).last_hidden_state)


def image_layout(name: str) -> tuple[nn.Module, Layout | None]:
    model: nn.Module = timm.create_model(name, num_classes=0).eval()
    return model, trace(model, matched_blocks(model), lambda: model(torch.zeros(1, 3, 224, 224)))


def owners(model: nn.Module, layout: Layout | None, depth: int) -> set[str]:
    assert layout is not None
    return {name.rpartition(".")[0] for d, name, _ in layout.parameters(model) if d == depth}


@pytest.mark.parametrize(
    ("name", "changes", "blocks", "above"),
    [
        ("Bert", {}, "encoder.layer", {"pooler.dense"}),
        ("Roberta", {}, "encoder.layer", {"pooler.dense"}),
        ("Electra", {"embedding_size": 8}, "encoder.layer", set()),
        ("ModernBert", {}, "layers", {"final_norm"}),
        ("Qwen3", {"num_key_value_heads": 2, "head_dim": 8}, "layers", {"norm"}),
    ],
)
def test_the_layers_of_a_text_model_are_its_blocks(
    name: str, changes: dict[str, Any], blocks: str, above: set[str]
) -> None:
    model, layout = text_layout(name, **changes)

    assert layout is not None
    assert layout.blocks == (f"{blocks}.0", f"{blocks}.1")
    assert owners(model, layout, layout.top) == above
    assert all("embed" in owner for owner in owners(model, layout, 0))


def test_what_the_lowest_block_needs_is_below_it_wherever_it_is_registered() -> None:
    """DeBERTa keeps relative positions, and a norm of them, beside its layers and after them."""
    changes = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"}

    model, layout = text_layout("DebertaV2", **changes, position_buckets=8)

    assert {"encoder.LayerNorm", "encoder.rel_embeddings"} <= owners(model, layout, 0)


def test_layers_that_share_their_weights_are_one_block() -> None:
    _, layout = text_layout("Albert", embedding_size=8)

    assert layout is not None
    assert layout.blocks == ("encoder.albert_layer_groups.0",)


@pytest.mark.parametrize(
    ("name", "blocks", "above"),
    [
        ("resnet10t", ["layer1", "layer2", "layer3", "layer4"], set()),
        ("vit_tiny_patch16_224", [f"blocks.{i}" for i in range(12)], {"norm"}),
        ("convnext_atto", [f"stages.{i}" for i in range(4)], {"head.norm"}),
        ("mobilenetv3_small_050", [f"blocks.{i}" for i in range(6)], {"conv_head"}),
    ],
)
def test_the_stages_or_layers_of_an_image_model_are_its_blocks(name: str, blocks: list[str], above: set[str]) -> None:
    model, layout = image_layout(name)

    assert layout is not None
    assert list(layout.blocks) == blocks
    assert owners(model, layout, layout.top) == above
    assert owners(model, layout, 0)


def test_an_architecture_without_blocks_is_refused(tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["x"], channels=3, architecture="resnet10t")
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")
    backbone.module.group_matcher = lambda coarse: lambda name: 0  # type: ignore[assignment]  # as some of timm's are

    with pytest.raises(DefinitionError, match="not a stack of blocks"):
        backbone.layout(backbone.prepare(pictures()))


def pictures() -> Any:
    import numpy as np

    from fairtransfer.data.pictures import Images

    rng = np.random.default_rng(0)
    return Images.of(rng.integers(0, 255, (32, 32, 3)).astype(np.uint8) for _ in range(6))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", num_hidden_layers=3)
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


LONG = Texts(("apple", "a word about hammer and many more words than that", "fox hen", *TEXTS.values))


def resumed(backbone: Backbone, inputs: Any, cut: int) -> tuple[Any, Tensor, Tensor, list[str]]:
    """Rows with their states, features of the whole network and from the middle, and what ran of the blocks."""
    prepared = backbone.prepare(inputs)
    layout = backbone.layout(prepared)
    ready = frozen_blocks.entered(FrozenFeatures(backbone, RUNNER), prepared, layout.blocks[:cut])
    network = frozen_blocks.resuming(backbone.pretrained(), layout.blocks[:cut])
    ran: list[str] = []
    for name in layout.blocks:
        inner = next(m for m in network.module.get_submodule(name).children())
        inner.register_forward_hook(lambda *_, name=name: ran.append(name))
    found = RUNNER.features(network, ready)
    return ready, RUNNER.features(backbone.pretrained(), prepared), found, ran


@pytest.mark.parametrize("cut", [1, 2])
def test_resuming_gives_what_the_whole_network_gives(encoder: Backbone, cut: int) -> None:
    """And the lower blocks do not run."""
    ready, whole, found, ran = resumed(encoder, LONG, cut)

    assert isinstance(ready, frozen_blocks.Entered)
    assert torch.allclose(whole, found, atol=1e-5)
    assert {*ran} == {f"encoder.layer.{i}" for i in range(cut, 3)}


def test_an_image_model_resumes_too(tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["x", "y"], channels=3)
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")

    ready, whole, found, ran = resumed(backbone, pictures(), 3)

    assert isinstance(ready, frozen_blocks.Entered)
    assert torch.allclose(whole, found, atol=1e-5)
    assert {*ran} == {"layer4"}


def test_too_many_hidden_states_are_not_kept(encoder: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows stay as they are, and the whole network runs."""
    monkeypatch.setattr(frozen_blocks, "LIMIT", 100)

    ready, whole, found, ran = resumed(encoder, LONG, 2)

    assert not isinstance(ready, frozen_blocks.Entered)
    assert torch.equal(whole, found)
    assert "encoder.layer.0" in ran


class Stack(nn.Module):
    """Two blocks and a sum; `skip` lets the top see what the lowest block gave, `pair` has blocks say two things."""

    def __init__(self, *, skip: bool = False, pair: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.blocks = nn.ModuleList(Block(pair=pair) for _ in range(3))
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for block in self.blocks:
            found = block(x)
            x = found[0] if isinstance(found, tuple) else found
            outputs.append(x)
        return x + outputs[0] if self.skip else x


class Block(nn.Module):
    def __init__(self, *, pair: bool) -> None:
        super().__init__()
        self.linear, self.pair = nn.Linear(4, 4), pair

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        found = self.linear(x).tanh()
        return (found, x) if self.pair else found


@pytest.mark.parametrize(("changes", "kept"), [({}, True), ({"skip": True}, False), ({"pair": True}, False)])
def test_a_network_that_cannot_be_resumed_is_run_whole(changes: dict[str, bool], kept: bool) -> None:
    """Blocks that hand on two things, or a top that looks further down, are found out on one batch."""
    module = Stack(**changes)
    network = Network(module, lambda m, batch: m(batch["features"]))
    rows = PreparedFeatures(PreparedTexts(Texts(("",) * 5), [[1]] * 5, None, 0, Reading((), (), ())), torch.randn(5, 4))
    backbone = SimpleNamespace(pretrained=lambda: network)
    frozen = FrozenFeatures(backbone, RUNNER)  # type: ignore[arg-type]  # all that is needed of one

    found = frozen_blocks.entered(frozen, rows, ("blocks.0", "blocks.1"))

    assert isinstance(found, frozen_blocks.Entered) == kept
    assert frozen_blocks.entered(frozen, rows, ("blocks.0", "blocks.1")) is found
