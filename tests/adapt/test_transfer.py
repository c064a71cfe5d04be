"""Strategies that move a part of the model: what moves, what stays byte for byte, and where they meet each other."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from support.adapting import CLASSES, OPTIONS, TEXTS, error, setting
from support.tiny_models import save_encoder, save_image_model
from support.transfer_settings import HEAD, PICTURES
from torch import Tensor

from fairtransfer.adapt import frozen_blocks
from fairtransfer.adapt.strategies.bitfit import BitfitOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.gradual import GradualOptions, lowest_depth
from fairtransfer.adapt.strategies.l2_sp import L2SpOptions
from fairtransfer.adapt.strategies.lora import LoraOptions
from fairtransfer.adapt.strategies.majority import MajorityOptions
from fairtransfer.adapt.strategies.partial import PartialOptions
from fairtransfer.adapt.strategy import Adapted, Diverged, Labelled, Setting, strategy_named
from fairtransfer.adapt.task import Task
from fairtransfer.errors import DefinitionError, MissingExtra
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone, Network
from fairtransfer.models.blocks import Layout
from fairtransfer.spec.transfer_options import Options

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", num_hidden_layers=3, hidden_dropout_prob=0.1)
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_image_model(tmp_path_factory.mktemp("m") / "resnet", list(CLASSES))
    return open_backbone(inspect_checkpoint(folder, "folder:resnet"), "image")


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Network]]:
    """The copies of the pretrained network that were made."""
    made: list[Network] = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: made.append(real(self)) or made[-1])
    return made


def fit(kind: str, found: Setting, options: Options | None = None) -> Adapted:
    return strategy_named(kind).fit(found, OPTIONS[kind] if options is None else options)


def changed(backbone: Backbone, networks: list[Network]) -> set[str]:
    """Names of the parameters and buffers any copy of the network has in other bytes than the checkpoint."""
    start = {name: tensor.detach() for name, tensor in every_tensor(backbone.module)}
    return {
        name
        for network in networks
        for name, tensor in every_tensor(network.module)
        if name in start and tensor.detach().numpy().tobytes() != start[name].numpy().tobytes()
    }


def every_tensor(module: torch.nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers under the names they have without what was put around them."""
    yield from ((n.replace(".base_layer", ""), p) for n, p in module.named_parameters())
    yield from ((n.replace(".base_layer", ""), b) for n, b in module.named_buffers())


def names(backbone: Backbone, *starts: str, without: str = "pooler") -> set[str]:
    return {n for n, _ in every_tensor(backbone.module) if n.startswith(starts) and without not in n}


# --- what moves --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_partial_moves_the_top_blocks_and_not_a_byte_below(
    encoder: Backbone, networks: list[Network], blocks: int
) -> None:
    found = setting(encoder)

    adapted = fit("partial", found, PartialOptions(blocks=blocks, lr=2e-3, batch_size=8))

    moved = names(encoder, *(f"encoder.layer.{i}." for i in range(3 - blocks, 3)))
    assert changed(encoder, networks) == moved
    assert adapted.record["blocks"] == {"moved": blocks, "of": 3}
    head = 2 * 32 + 2
    assert adapted.record["trainable_parameters"] == head + sum(
        p.numel() for n, p in encoder.module.named_parameters() if n in moved
    )


def test_frozen_stages_keep_their_batch_statistics(resnet: Backbone, networks: list[Network]) -> None:
    """Those of the stage that moves do change, so the check can fail."""
    fit("partial", setting(resnet, PICTURES), PartialOptions(blocks=1, lr=1e-3, batch_size=8))

    moved = changed(resnet, networks)
    assert {n for n in moved if "running" in n} == {n for n in names(resnet, "layer4") if "running" in n}
    assert moved == names(resnet, "layer4")


def test_partial_learns_the_same_with_and_without_kept_states(
    encoder: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow twin: every step through the whole network."""
    options = PartialOptions(blocks=1, lr=1e-3, batch_size=8)
    first, second = setting(encoder), setting(encoder)
    kept = fit("partial", first, options).logits(first.train.prepared)
    monkeypatch.setattr(frozen_blocks, "LIMIT", 0)

    whole = fit("partial", second, options).logits(second.train.prepared)

    assert any(isinstance(ready, frozen_blocks.Entered) for _, ready in first.frozen.entered.values())
    assert not any(isinstance(ready, frozen_blocks.Entered) for _, ready in second.frozen.entered.values())
    assert torch.allclose(kept, whole, atol=1e-3)


def test_more_blocks_than_there_are_is_told(encoder: Backbone) -> None:
    with pytest.raises(DefinitionError, match="to move 4 blocks; the model has 3"):
        fit("partial", setting(encoder), PartialOptions(blocks=4))


def test_bitfit_moves_biases_and_norms_only(encoder: Backbone, networks: list[Network]) -> None:
    adapted = fit("bitfit", setting(encoder), BitfitOptions(lr=1e-2, batch_size=8))

    allowed = {n for n in names(encoder, "") if n.endswith("bias") or "LayerNorm" in n}
    # Softmax does not see a key's bias: its gradient is rounding, and may be nothing at all.
    keys = {n for n in allowed if "key.bias" in n}
    assert allowed - keys <= changed(encoder, networks) <= allowed
    sizes = {n: p.numel() for n, p in encoder.module.named_parameters()}
    assert adapted.record["trainable_parameters"] == 2 * 32 + 2 + sum(sizes[n] for n in allowed)


def test_bitfit_of_a_convolutional_network_moves_its_norms(resnet: Backbone, networks: list[Network]) -> None:
    fit("bitfit", setting(resnet, PICTURES), BitfitOptions(lr=1e-2, batch_size=8))

    moved = changed(resnet, networks)
    assert moved
    assert all("bn" in name or "downsample" in name or name.startswith("conv1.") for name in moved)
    assert not any(p.ndim > 1 for n, p in resnet.module.named_parameters() if n in moved)


@pytest.mark.parametrize(
    ("epochs", "moved", "stem"), [(1, [], False), (2, [2], False), (3, [1, 2], False), (5, [0, 1, 2], True)]
)
def test_gradual_goes_down_one_block_per_epoch(
    encoder: Backbone, networks: list[Network], epochs: int, moved: list[int], stem: bool
) -> None:
    """Token embeddings stay as they are even when the stem is reached."""
    adapted = fit("gradual", setting(encoder), GradualOptions(epochs=epochs, lr=1e-3, batch_size=8))

    expected = names(encoder, *(f"encoder.layer.{i}." for i in moved)) if moved else set()
    if stem:
        expected |= names(encoder, "embeddings.position", "embeddings.token_type", "embeddings.LayerNorm")
    # The last check may prefer an earlier checkpoint, in which the lowest part had not moved yet.
    assert changed(encoder, networks) <= expected
    assert adapted.record["blocks"] == {"moved": len(moved), "of": 3, "stem": stem}


def test_gradual_unfreezes_from_the_top() -> None:
    layout = Layout(("a", "b", "c"), frozenset({"norm"}))

    assert [lowest_depth(layout, epoch) for epoch in range(6)] == [5, 3, 2, 1, 0, 0]


@pytest.mark.parametrize("targets", ["query_value", "linear"])
def test_lora_leaves_every_byte_of_the_model(encoder: Backbone, networks: list[Network], targets: str) -> None:
    """Full fine-tuning of the same does not, so the check can fail."""
    found = setting(encoder)

    adapted = fit("lora", found, LoraOptions(targets=targets, lr=1e-2, batch_size=8))
    untouched = changed(encoder, networks)
    fit("full", found)

    layers, numbers = {"query_value": (6, 6 * 8 * 64), "linear": (18, 3 * 8 * (4 * 64 + 2 * 96))}[targets]
    assert untouched == set()
    assert changed(encoder, networks)
    assert adapted.record["adapted_layers"] == layers
    assert adapted.record["trainable_parameters"] == 2 * 32 + 2 + numbers


def test_lora_of_a_convolutional_network_leaves_its_batch_statistics(resnet: Backbone, networks: list[Network]) -> None:
    found = setting(resnet, PICTURES)

    adapted = fit("lora", found, LoraOptions(targets="linear", lr=1e-3, batch_size=8))

    assert changed(resnet, networks) == set()
    assert adapted.record["adapted_layers"] > 0
    with pytest.raises(DefinitionError, match="finds no layer"):
        fit("lora", found, LoraOptions())


def test_l2_sp_is_drawn_to_where_it_started(encoder: Backbone, networks: list[Network]) -> None:
    """A huge penalty keeps the model at the start, none is full fine-tuning, and what lies between is between."""

    def distance(penalty: float) -> float:
        networks.clear()
        options = L2SpOptions(penalty=penalty, lr=1e-3, head_lr=1e-2, weight_decay=0.0, batch_size=8)
        adapted = fit("l2_sp", setting(encoder), options)
        assert adapted.record["validation_error"] <= 0.2
        start = dict(encoder.module.named_parameters())
        return math.sqrt(
            sum(float((p - start[n]).detach().pow(2).sum()) for n, p in networks[-1].module.named_parameters())
        )

    free, some, huge = distance(0.0), distance(0.1), distance(1e6)

    assert huge < 0.1 * free, (huge, some, free)
    assert huge < some < free


def test_l2_sp_without_penalties_is_full_fine_tuning(encoder: Backbone) -> None:
    first, second = setting(encoder), setting(encoder)
    common = {"lr": 1e-3, "batch_size": 8, "weight_decay": 0.0}

    l2_sp = fit("l2_sp", first, L2SpOptions(penalty=0.0, **common)).logits(first.train.prepared)
    full = fit("full", second, FullOptions(**common)).logits(second.train.prepared)

    assert torch.equal(l2_sp, full)


# --- the head alone ----------------------------------------------------------------------------------------------------


def test_rank_nought_and_no_blocks_are_the_same_head(
    encoder: Backbone, networks: list[Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, and without peft; the features are those of the probe."""
    monkeypatch.setitem(sys.modules, "peft", None)
    found = setting(encoder)

    lora = fit("lora", found, LoraOptions(rank=0, **HEAD))
    partial = fit("partial", found, PartialOptions(blocks=0, **HEAD))

    assert torch.equal(lora.logits(found.train.prepared), partial.logits(found.train.prepared))
    assert lora.record["trainable_parameters"] == partial.record["trainable_parameters"] == 2 * 32 + 2
    assert changed(encoder, networks) == set()
    assert error(lora, found) <= 0.1


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("lora", LoraOptions(rank=4, lr=1e-12, **HEAD)),
        ("partial", PartialOptions(blocks=1, lr=1e-12, **HEAD)),
        ("gradual", GradualOptions(lr=1e-12, **{**HEAD, "epochs": 1, "min_steps": 60})),
    ],
)
def test_what_does_not_move_leaves_the_head_alone(
    encoder: Backbone, kind: str, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a learning rate of nearly nothing each of them is the head alone: same head, same order, nothing in between.

    The block that `partial` moves has its dropout, and gradients of the backbone count where gradients are clipped: both
    are switched off here.
    """
    found = setting(encoder)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: None)
    for module in encoder.module.modules():
        if isinstance(module, torch.nn.Dropout):
            monkeypatch.setattr(module, "p", 0.0)
    steps = {**HEAD, "epochs": options.epochs, "min_steps": options.min_steps}  # type: ignore[attr-defined]  # each has them

    adapted = fit(kind, found, options).logits(found.train.prepared)
    head = fit("partial", found, PartialOptions(blocks=0, **steps)).logits(found.train.prepared)

    assert torch.allclose(adapted, head, atol=1e-3)


def test_lora_without_peft_says_what_to_install(encoder: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)

    with pytest.raises(MissingExtra, match=r"fairtransfer\[lora\]"):
        fit("lora", setting(encoder))


# --- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["partial", "bitfit", "l2_sp", "gradual", "lora"])
def test_a_loss_that_is_no_number_is_told_by_each(
    encoder: Backbone, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([1.0, math.nan])
    whole = Task.loss
    monkeypatch.setattr(Task, "loss", lambda self, x, y: whole(self, x, y) * next(losses))

    with pytest.raises(Diverged) as raised:
        fit(kind, setting(encoder))

    assert str(raised.value).endswith("at step 2")


@pytest.mark.parametrize("kind", ["partial", "bitfit", "l2_sp", "gradual", "lora"])
def test_new_rows_are_answered_as_rows_seen_before(encoder: Backbone, kind: str) -> None:
    """The same texts, prepared anew: nothing depends on which rows were at hand in training."""
    found = setting(encoder)
    adapted = fit(kind, found)

    again = adapted.logits(encoder.prepare(TEXTS))

    assert torch.allclose(adapted.logits(found.train.prepared), again, atol=1e-5)


# --- majority ----------------------------------------------------------------------------------------------------------


def test_the_majority_is_the_most_frequent_class_of_the_training_labels(encoder: Backbone) -> None:
    """Of the training rows, not of all; its scores are their shares, and a tie goes to the first class of the audit."""
    y = ("tool",) * 40 + ("fruit",) * 24
    found = setting(encoder, y=y)
    even = replace(found, train=Labelled(found.train.prepared, y, range(32, 48)))
    mostly = replace(found, train=Labelled(found.train.prepared, y, range(30, 64)))

    adapted = fit("majority", mostly, MajorityOptions())
    scores = found.task.scores(adapted.logits(found.train.prepared))

    assert scores[0].tolist() == pytest.approx([24 / 34, 10 / 34])
    assert set(found.task.answers(scores)) == {"fruit"}
    assert len(scores) == 64
    assert adapted.record["trainable_parameters"] == 0
    assert adapted.record["validation_error"] == pytest.approx(8 / 13)
    tied = fit("majority", even, MajorityOptions()).logits(found.train.prepared)
    assert set(found.task.answers(found.task.scores(tied))) == {"fruit"}


def test_the_majority_of_several_labels_is_taken_class_by_class(encoder: Backbone) -> None:
    task = Task(("fruit", "big", "red"), multilabel=True)
    y = ("fruit|big",) * 10 + ("fruit",) * 30 + ("",) * 24
    found = setting(encoder, y=y, task=task)

    answers = task.answers(task.scores(fit("majority", found, MajorityOptions()).logits(found.train.prepared)))

    assert set(answers) == {"fruit"}


def test_the_majority_never_answers_a_class_without_labels_and_its_loss_is_a_number(encoder: Backbone) -> None:
    found = setting(encoder, task=Task((*CLASSES, "animal")))

    adapted = fit("majority", found, MajorityOptions())

    assert math.isfinite(adapted.record["validation_loss"])
    assert "animal" not in found.task.answers(found.task.scores(adapted.logits(found.train.prepared)))


def test_pictures_are_learned_by_each(resnet: Backbone) -> None:
    found = setting(resnet, PICTURES)
    options: dict[str, Options] = {
        "partial": PartialOptions(lr=1e-3, batch_size=8),
        "gradual": GradualOptions(lr=1e-3, batch_size=8),
        "lora": LoraOptions(targets="linear", lr=1e-3, head_lr=1e-2, batch_size=8),
    }

    assert {kind: error(fit(kind, found, chosen), found) for kind, chosen in options.items()} == {
        kind: pytest.approx(0, abs=0.1) for kind in options
    }
