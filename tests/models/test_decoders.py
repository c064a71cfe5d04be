"""Decoders: a token sees only what stands before it, few have a token for padding, and GPT-2 has linear layers of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from support.adapting import OPTIONS, RUNNER, TEXTS, error, setting
from support.projects import text_project
from support.tiny_models import VOCABULARY, save_decoder, save_encoder
from support.toy import edit
from transformers import AutoModelForSequenceClassification

from fairtransfer import api
from fairtransfer.adapt.before.way import before_named
from fairtransfer.adapt.before.zero_shot import ZeroShotOptions
from fairtransfer.adapt.strategies.gradual import GradualOptions
from fairtransfer.adapt.strategies.lora import LoraOptions
from fairtransfer.adapt.strategies.scratch import ScratchOptions
from fairtransfer.adapt.strategy import strategy_named
from fairtransfer.data.inputs import Texts
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone, Network
from fairtransfer.models.text import TextBackbone

pytestmark = pytest.mark.train
KINDS = pytest.mark.parametrize("kind", ["gpt2", "llama"])
PADDING = pytest.mark.parametrize("padding", [False, True])
LABELS = ["fruit", "tool", "animal"]
OF_EVERY_LENGTH = Texts(("fox", "apple small", "a word about hammer and many more words", "dog big", "hen"))


def opened(folder: Path) -> TextBackbone:
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "text")
    assert isinstance(backbone, TextBackbone)
    return backbone


def alone(folder: Path, ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """What the library gives for each text by itself: the hidden state of its last token, and the logits of the head."""
    model: Any = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        hidden = [model.base_model(torch.tensor([row])).last_hidden_state[:, -1] for row in ids]
        logits = [model(torch.tensor([row])).logits for row in ids]
    return torch.cat(hidden), torch.cat(logits)


@KINDS
@PADDING
def test_a_decoders_text_is_read_at_its_last_token_whatever_the_batch(tmp_path: Path, kind: str, padding: bool) -> None:
    """No name in the configuration says that it is a decoder."""
    folder = save_decoder(tmp_path / "m", kind, LABELS, padding=padding)
    backbone = opened(folder)
    prepared = backbone.prepare(OF_EVERY_LENGTH)

    features = RUNNER.features(backbone.pretrained(), prepared)

    assert torch.allclose(features, alone(folder, prepared.ids)[0], atol=1e-5)


def test_what_reads_both_ways_is_averaged(tmp_path: Path) -> None:
    """The twin: the same question asked of an encoder, and of the same encoder told to look back only."""
    save_encoder(tmp_path / "encoder")
    save_encoder(tmp_path / "decoder", is_decoder=True)

    assert [opened(tmp_path / name).pooling for name in ("encoder", "decoder")] == [("mean",), ("lasttoken",)]


@KINDS
@PADDING
def test_its_own_head_says_of_a_text_what_it_says_of_it_alone(tmp_path: Path, kind: str, padding: bool) -> None:
    folder = save_decoder(tmp_path / "m", kind, LABELS, padding=padding)
    backbone = opened(folder)
    prepared = backbone.prepare(OF_EVERY_LENGTH)

    logits, names = backbone.native_logits(prepared, RUNNER)

    assert names == LABELS
    assert torch.allclose(logits, alone(folder, prepared.ids)[1], atol=1e-5)


def test_a_head_that_knows_another_padding_than_the_tokenizer_is_not_misled(tmp_path: Path) -> None:
    """It would take the tokenizer's padding for the end of the text."""
    folder = save_decoder(tmp_path / "m", "gpt2", LABELS)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "pad_token_id": 3}))
    backbone = opened(folder)
    prepared = backbone.prepare(OF_EVERY_LENGTH)
    expected = alone(folder, prepared.ids)[1]
    model = backbone.classifier()

    together = RUNNER.run(lambda batch: model(**batch).logits, model, prepared)

    assert torch.allclose(backbone.native_logits(prepared, RUNNER)[0], expected, atol=1e-5)
    assert not torch.allclose(together, expected, atol=1e-3), "run together it is misled"


def test_a_decoder_can_be_asked_by_entailment(tmp_path: Path) -> None:
    backbone = opened(save_decoder(tmp_path / "m", "llama", ["entailment", "neutral", "contradiction"]))
    found = setting(backbone)

    logits = (
        before_named("zero_shot")
        .ask(found, ZeroShotOptions(prompt="a word about {label}"))
        .logits(found.train.prepared)
    )

    assert logits.shape == (len(TEXTS), 2)
    assert torch.isfinite(logits).all()


@KINDS
@pytest.mark.parametrize("name", sorted({*OPTIONS} - {"majority"}))
def test_every_strategy_learns_with_a_decoder(tmp_path: Path, kind: str, name: str) -> None:
    found = setting(opened(save_decoder(tmp_path / "m", kind)))
    longer = {"gradual": GradualOptions(epochs=16, lr=5e-3, head_lr=1e-2, batch_size=8)}

    adapted = strategy_named(name).fit(found, longer.get(name, OPTIONS[name]))

    assert error(adapted, found) <= 0.2


@KINDS
def test_lora_adapts_every_linear_layer_and_leaves_every_byte(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of GPT-2 too, whose weights lie the other way round."""
    backbone = opened(save_decoder(tmp_path / "m", kind))
    made: list[Network] = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: made.append(real(self)) or made[-1])
    start = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}

    options = LoraOptions(targets="linear", epochs=1, min_steps=5, batch_size=8)
    adapted = strategy_named("lora").fit(setting(backbone), options)

    after = {n.replace(".base_layer", ""): t for n, t in made[-1].module.state_dict().items() if "lora_" not in n}
    assert adapted.record["adapted_layers"] == {"gpt2": 2 * 4, "llama": 2 * 7}[kind]
    assert after.keys() == start.keys()
    assert all(torch.equal(tensor, start[name]) for name, tensor in after.items())


def test_what_needs_a_text_to_answer_is_refused(tmp_path: Path) -> None:
    """An encoder with a decoder gives nothing for a text alone."""
    from transformers import T5Config, T5Model

    save_encoder(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()
    T5Model(T5Config(vocab_size=100, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)).save_pretrained(
        tmp_path / "m"
    )

    with pytest.raises(DefinitionError, match="does not read texts as token ids") as refused:
        opened(tmp_path / "m")

    assert [problem.code for problem in refused.value.problems] == ["FT-M043"]


def small(folder: Path, name: str, **sizes: object) -> Path:
    """Another architecture beside the encoder's tokenizer, under a classification head where it has one."""
    import transformers

    save_encoder(folder)
    (folder / "model.safetensors").unlink()
    config = getattr(transformers, f"{name}Config")(vocab_size=len(VOCABULARY), pad_token_id=0, **sizes)
    kind = getattr(transformers, f"{name}ForSequenceClassification", None) or getattr(transformers, f"{name}Model")
    torch.manual_seed(0)
    kind(config).save_pretrained(folder)
    return folder


def test_what_reads_padding_as_text_is_refused(tmp_path: Path) -> None:
    """A Fourier transform over all tokens, those of padding too."""
    folder = small(tmp_path / "m", "FNet", hidden_size=32, num_hidden_layers=2, intermediate_size=64)

    with pytest.raises(DefinitionError) as refused:
        opened(folder)

    assert [problem.code for problem in refused.value.problems] == ["FT-M045"]


def test_positions_without_end_cut_no_text(tmp_path: Path) -> None:
    """XLNet says so with -1, and calls its head otherwise than others do."""
    backbone = opened(small(tmp_path / "m", "XLNet", d_model=32, n_layer=2, n_head=2, d_inner=64))
    prepared = backbone.prepare(OF_EVERY_LENGTH)

    assert backbone.max_tokens == 128
    assert prepared.cut == 0
    assert backbone.native_logits(prepared, RUNNER)[0].shape == (5, 2)


def test_the_token_a_decoder_begins_with_is_among_the_trained(tmp_path: Path) -> None:
    """BART's decoder behind its encoder begins with a token that no text has."""
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    ids = {"bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 4}
    sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "max_position_embeddings": 64}
    found = setting(opened(small(tmp_path / "m", "Bart", **sizes, **heads, **ids)))

    assert strategy_named("scratch").fit(found, ScratchOptions(epochs=1, min_steps=3)).record["steps"] > 0


def test_additions_peft_cannot_make_are_refused_in_words(tmp_path: Path) -> None:
    backbone = opened(small(tmp_path / "m", "Mamba", hidden_size=32, num_hidden_layers=2, state_size=4))

    with pytest.raises(DefinitionError, match="peft cannot add") as refused:
        strategy_named("lora").check(backbone, backbone.prepare(TEXTS), LoraOptions(targets="linear"))

    assert [problem.code for problem in refused.value.problems] == ["FT-M024"]


def test_an_audit_of_a_published_decoder(tmp_path: Path) -> None:
    """Its own head before, heads and fine-tuning after: a whole run, every job with a result."""
    audit = text_project(tmp_path / "p")
    for path in (tmp_path / "p" / "models" / "tiny").iterdir():
        path.unlink()
    save_decoder(tmp_path / "p" / "models" / "tiny", "gpt2", LABELS)
    edit(audit, ('before: {zero_shot: {prompt: "a word about {label}"}}', "before: native_head"))

    run = api.run(audit, workspace=tmp_path / "w")

    assert read_json(run.folder / "run.json")["failed_jobs"] == []
