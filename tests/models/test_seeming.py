"""Models that are not what they seem: what a library makes up, leaves out or freezes is refused, told or undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.tiny_models import VOCABULARY, save_decoder, save_encoder, save_image_model

from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.data.inputs import Texts
from fairtransfer.data.pictures import Images
from fairtransfer.errors import DefinitionError, IntegrityError
from fairtransfer.models import Checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.family import family_named
from fairtransfer.models.head_labels import labels_by_id
from fairtransfer.models.sentence import WAYS
from fairtransfer.models.text import TextBackbone

pytestmark = pytest.mark.train
RUNNER = Runner(Hardware("cpu", "fp32"))
TEXTS = Texts(("apple", "small big word", "fig cat dog fox hen", "plum pear"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("models") / "tiny", ["no", "yes"])


@pytest.fixture
def copy(encoder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(encoder, tmp_path / "copy")


def inspected(folder: Path, family: str = "text") -> Checkpoint:
    return family_named(family).inspect(folder, "folder:m")


def opened(folder: Path, family: str = "text", most: int = 128) -> Backbone:
    return open_backbone(inspected(folder, family), family, most)


def text_model(folder: Path, most: int = 128) -> TextBackbone:
    found = opened(folder, "text", most)
    assert isinstance(found, TextBackbone)
    return found


def put(folder: Path, name: str, content: object) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def configured(folder: Path, **changes: object) -> Path:
    put(folder, "config.json", json.loads((folder / "config.json").read_text()) | changes)
    return folder


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(DefinitionError) as error:
        act()
    assert len(error.value.problems) == 1
    return f"{error.value.problems[0].code} {error.value.problems[0].found}"


# --- pooling, prompt and length of sentence-transformers -----------------------------------------------------------------


def by_hand(way: str, tokens: torch.Tensor) -> torch.Tensor:
    """The slow twin: one text's vectors, token by token."""
    rows = [row.double() for row in tokens]
    weighted = sum((i * row for i, row in enumerate(rows, 1)), torch.zeros_like(rows[0]))
    total = sum(rows, torch.zeros_like(rows[0]))
    return {
        "cls": rows[0],
        "max": torch.tensor([max(float(row[k]) for row in rows) for k in range(len(rows[0]))]).double(),
        "mean": total / len(rows),
        "mean_sqrt_len_tokens": total / len(rows) ** 0.5,
        "weightedmean": weighted / sum(range(1, len(rows) + 1)),
        "lasttoken": rows[-1],
    }[way]


def features_by_hand(model: TextBackbone, ways: tuple[str, ...]) -> torch.Tensor:
    found = []
    for text in TEXTS.values:
        ids = torch.tensor([model.tokenizer(text)["input_ids"]])
        with torch.no_grad():
            hidden = model.module(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        found.append(torch.cat([by_hand(way, hidden) for way in ways]))
    return torch.stack(found).float()


OLD = {
    "cls": "cls_token",
    "max": "max_tokens",
    "mean": "mean_tokens",
    "mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "weightedmean": "weightedmean_tokens",
    "lasttoken": "lasttoken",
}


@pytest.mark.parametrize(
    ("written", "ways"),
    [
        *[({"pooling_mode": way}, (way,)) for way in WAYS],
        *[({f"pooling_mode_{switch}": other == way for other, switch in OLD.items()}, (way,)) for way in WAYS],
        ({"pooling_mode": ["max", "cls"]}, ("max", "cls")),
        ({"pooling_mode_max_tokens": True, "pooling_mode_cls_token": True}, ("cls", "max")),
        ({"word_embedding_dimension": 32}, ("mean",)),
    ],
)
def test_texts_are_pooled_as_the_checkpoint_says_in_either_form(
    written: dict[str, object], ways: tuple[str, ...], copy: Path
) -> None:
    put(copy, "1_Pooling/config.json", written)
    model = text_model(copy)
    found = RUNNER.features(model.pretrained(), model.prepare(TEXTS))
    assert model.pooling == ways
    assert found.shape == (4, model.dim) == (4, 32 * len(ways))
    assert torch.allclose(found, features_by_hand(model, ways), atol=1e-5)


def modules(*kinds: str) -> list[dict[str, object]]:
    return [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "attention"}, "it pools by `attention`"),
        ("1_Pooling/config.json", {"pooling_mode": 3}, "it pools by `3`"),
        ("1_Pooling/config.json", ["mean"], "holds no object"),
        ("modules.json", {"0": "Transformer"}, "`modules.json` cannot be read"),
        ("modules.json", modules("Transformer", "LSTM"), "it has the module `LSTM`"),
        ("modules.json", modules("StaticEmbedding"), "it has the module `StaticEmbedding`"),
        ("modules.json", [{"type": "x.Pooling", "path": "../elsewhere"}], "a module lies in `../elsewhere`"),
        ("config_sentence_transformers.json", {"default_prompt_name": "q", "prompts": {}}, "`q` is not among"),
        ("tokenizer_config.json", [1], "`tokenizer_config.json` cannot be read"),
    ],
)
def test_settings_that_are_not_carried_out_here_are_refused_before_anything_is_loaded(
    name: str, content: object, said: str, copy: Path
) -> None:
    put(copy, name, content)
    assert said in refused(lambda: inspected(copy))


def test_a_prompt_that_is_left_out_of_the_pooling_is_refused(copy: Path) -> None:
    put(copy, "config_sentence_transformers.json", {"default_prompt_name": "q", "prompts": {"q": "cat "}})
    put(copy, "1_Pooling/config.json", {"pooling_mode": "mean", "include_prompt": False})
    assert refused(lambda: inspected(copy)).startswith("FT-M048")


def test_texts_are_read_behind_the_checkpoints_own_prompt_and_that_is_told(copy: Path, encoder: Path) -> None:
    put(copy, "config_sentence_transformers.json", {"default_prompt_name": "q", "prompts": {"q": "cat: ", "d": ""}})
    prepared = text_model(copy).prepare(TEXTS)
    plain = text_model(encoder).prepare(Texts(tuple(f"cat: {text}" for text in TEXTS.values)))
    assert prepared.ids == plain.ids
    assert prepared.reading.tokens == (1, 3, 5, 2), "the prompt is no part of the text"
    assert prepared.reading.unknown == (0, 0, 0, 0)
    assert [p.code for p in inspected(copy).told] == ["FT-M049"]
    assert inspected(encoder).told == ()


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"sentence_bert_config.json": {"max_seq_length": 16, "do_lower_case": False}}, 16),
        ({"modules.json": modules("Transformer", "Pooling"), "tokenizer_config.json": {"model_max_length": 24}}, 24),
        ({"sentence_bert_config.json": {"max_seq_length": None}}, 64),
        ({"tokenizer_config.json": {"model_max_length": 1e30}}, 64),
    ],
)
def test_texts_are_cut_where_the_publishers_tools_cut_them(files: dict[str, object], most: int, copy: Path) -> None:
    for name, content in files.items():
        there = json.loads((copy / name).read_text()) if (copy / name).is_file() else {}
        put(copy, name, there | content if isinstance(content, dict) else content)
    prepared = text_model(copy).prepare(Texts(("apple " * 100,)))
    assert prepared.lengths == [most]


# --- positions, tokens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Roberta", "XLMRoberta", "MPNet", "Camembert"])
def test_the_roberta_family_has_fewer_positions_than_it_says(name: str, tmp_path: Path) -> None:
    import transformers

    folder = save_encoder(tmp_path / "m")
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(VOCABULARY), max_position_embeddings=42, pad_token_id=1, **sizes
    )
    getattr(transformers, f"{name}Model")(config).save_pretrained(folder)
    model = text_model(folder)
    prepared = model.prepare(Texts(("apple " * 100, "fig")))
    assert model.max_tokens == 40
    assert RUNNER.features(model.pretrained(), prepared).isfinite().all()


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_text_of_which_nothing_becomes_a_token_is_answered_and_counted(kind: str, tmp_path: Path) -> None:
    model = text_model(save_decoder(tmp_path / "m", kind, ["no", "yes"]))
    prepared = model.prepare(Texts(("", " \t", "apple", "\u200b")))
    assert min(prepared.lengths) == 1
    assert prepared.reading.tokens.count(0) >= 2
    assert RUNNER.features(model.pretrained(), prepared).isfinite().all()
    assert model.native_logits(prepared, RUNNER)[0].isfinite().all()


def test_an_empty_text_of_an_encoder_has_no_token_of_its_own(encoder: Path) -> None:
    prepared = text_model(encoder).prepare(Texts(("", "apple fig", "\u4f60\u597d")))
    assert prepared.reading.tokens == (0, 2, 2)
    assert prepared.reading.unknown == (0, 0, 2)


def test_what_is_cut_and_unknown_is_counted_of_the_whole_text(encoder: Path) -> None:
    prepared = text_model(encoder, 8).prepare(Texts(("apple " * 10 + "\u4f60 " * 5, "fig")))
    assert prepared.reading.cut == (True, False)
    assert prepared.reading.tokens == (15, 1)
    assert prepared.reading.unknown == (5, 0)
    assert prepared.among([1]).reading.cut == (False,)


@pytest.mark.parametrize("lost", ["tokenizer.json", "both"])
def test_a_tokenizer_that_is_lost_is_not_made_up(lost: str, copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    if lost == "both":
        (copy / "tokenizer_config.json").unlink()
    assert refused(lambda: inspected(copy)).startswith("FT-M014 the tokenizer's vocabulary is not in")


def test_a_tokenizer_of_another_model_is_seen_in_its_files(copy: Path) -> None:
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    kept = dict(list(tokenizer["model"]["vocab"].items())[: len(VOCABULARY) // 3])
    tokenizer["model"]["vocab"] = kept
    tokenizer["added_tokens"] = []
    put(copy, "tokenizer.json", tokenizer)
    assert refused(lambda: inspected(copy)).startswith("FT-M014 the tokenizer knows")


# --- weights -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_hidden_layers": 3}, "weights not found in checkpoint"),
        ({"num_hidden_layers": 1}, "weights of blocks that the configuration leaves out"),
        ({"intermediate_size": 48}, "have another shape than the configuration says"),
        ({"hidden_size": 16}, "have another shape than the configuration says"),
    ],
)
def test_blocks_that_a_library_would_start_anew_or_drop_are_refused(
    changes: dict[str, object], said: str, copy: Path
) -> None:
    assert said in refused(lambda: opened(configured(copy, **changes)))


def test_a_head_that_a_library_would_start_anew_is_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    model = text_model(copy)
    assert refused(model.classifier).startswith("FT-M012 1 weights not found")


def test_a_head_of_other_sizes_is_refused_by_its_labels_and_by_its_weights(copy: Path) -> None:
    configured(copy, id2label={"0": "no", "1": "yes", "2": "maybe"}, label2id={"no": 0, "yes": 1, "maybe": 2})
    assert refused(lambda: family_named("text").labels(inspected(copy))).startswith("FT-M050")
    model = text_model(copy)
    assert "another shape" in refused(model.classifier)


@pytest.mark.parametrize("change", [{"num_classes": 5}, {"model_args": {"in_chans": 1, "num_classes": 5}}])
def test_a_picture_models_head_that_timm_would_drop_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["no", "yes"])
    model = opened(folder, "image")
    prepared = model.prepare(Images.of([np.zeros((32, 32), dtype=np.uint8)]))
    assert model.native_logits(prepared, RUNNER)[1] == ["no", "yes"]
    configured(folder, **change)
    again = opened(folder, "image")
    assert refused(lambda: again.native_logits(prepared, RUNNER)).startswith("FT-M012")


def test_names_of_pictures_classes_are_as_many_as_outputs(tmp_path: Path) -> None:
    folder = configured(save_image_model(tmp_path / "m", ["no", "yes"]), label_names=["no", "yes", "maybe"])
    assert refused(lambda: family_named("image").labels(inspected(folder, "image"))).startswith("FT-M050")


def test_what_a_loader_froze_is_trained_and_what_the_architecture_holds_fixed_is_not(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    load = transformers.AutoModel.from_pretrained

    def freezing(*args: object, **more: object) -> object:
        module, info = load(*args, **more)
        return module.requires_grad_(requires_grad=False), info

    monkeypatch.setattr("transformers.AutoModel.from_pretrained", freezing)
    assert all(p.requires_grad for p in opened(encoder).pretrained().module.parameters())


def test_weights_that_change_while_they_are_loaded_are_noticed(copy: Path) -> None:
    found = inspected(copy)
    weights = load_file(copy / "model.safetensors")
    weights["classifier.bias"] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError, match="was changed while the model was loaded"):
        open_backbone(found, "text")


@pytest.mark.parametrize("beside", ["model.safetensors", None])
def test_an_adapter_is_never_put_on_without_a_word(beside: str | None, copy: Path) -> None:
    put(copy, "adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "somewhere"})
    if beside is None:
        (copy / "config.json").unlink()
    assert refused(lambda: inspected(copy)).startswith("FT-M046")


# --- labels --------------------------------------------------------------------------------------------------------------


def test_labels_are_read_by_their_ids_however_they_are_sorted(encoder: Path) -> None:
    names = [f"label {i}" for i in range(12)]
    sorted_as_text = {str(i): names[i] for i in sorted(range(12), key=str)}
    assert list(sorted_as_text.values()) != names
    assert labels_by_id(inspected(encoder), sorted_as_text) == tuple(names)
    assert labels_by_id(inspected(encoder), names) == tuple(names)


@pytest.mark.parametrize("written", [{"0": "a", "2": "b"}, {"a": 0}, {"0": "a", "00": "b"}, 7, "no, yes"])
def test_labels_that_cannot_be_read_are_refused(written: object, encoder: Path) -> None:
    assert refused(lambda: labels_by_id(inspected(encoder), written)).startswith("FT-M050")


# --- whatever else -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"[1, 2]"),
        ("config.json", b'{"a": NaN}'),
        ("config.json", b"\xff\xfe"),
        ("config.json", b'{"model_type": "nosuch"}'),
        ("config.json", b'{"model_type": "bert", "hidden_size": "wide"}'),
        ("config.json", b'{"model_type": ["bert"]}'),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b'{"model": {"vocab": 3}}'),
        ("config.json", b'{"model_type": "bert", "num_hidden_layers": 1000000000}'),
        ("tokenizer_config.json", b'{"tokenizer_class": 5}'),
        ("model.safetensors", b"\x10\0\0\0\0\0\0\0" + b'{"w": {"a": 1}} '),
    ],
)
def test_a_file_that_is_not_what_its_library_expects_ends_in_a_code(name: str, content: bytes, copy: Path) -> None:
    (copy / name).write_bytes(content)
    with pytest.raises(DefinitionError) as error:
        opened(copy)
    assert all(p.code.startswith("FT-M") for p in error.value.problems)


@pytest.mark.parametrize("shape", [[2, 16], [1], [-1, 2]])
def test_headers_that_lie_about_shapes_end_in_a_code(shape: list[int], copy: Path) -> None:
    raw = (copy / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header["bert.embeddings.LayerNorm.bias"]["shape"] = shape
    changed = json.dumps(header).encode()
    (copy / "model.safetensors").write_bytes(len(changed).to_bytes(8, "little") + changed + raw[8 + length :])
    assert refused(lambda: opened(copy)).startswith(("FT-M011", "FT-M012"))


@pytest.mark.parametrize(("kind", "is_fine"), [(torch.float16, True), (torch.bfloat16, True), (torch.int8, False)])
def test_weights_that_are_codes_for_numbers_are_not_taken_for_the_numbers(
    kind: torch.dtype, is_fine: bool, copy: Path
) -> None:
    weights = {name: tensor.to(kind) for name, tensor in load_file(copy / "model.safetensors").items()}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    if is_fine:
        assert opened(copy).dim == 32
    else:
        assert refused(lambda: inspected(copy)).startswith("FT-M047")
