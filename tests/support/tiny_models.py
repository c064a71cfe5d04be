"""Tiny models saved to folders by the libraries themselves: real loading code, no download, a second each."""

from __future__ import annotations

from pathlib import Path

WORDS = [
    "apple",
    "plum",
    "pear",
    "fig",
    "hammer",
    "saw",
    "drill",
    "file",
    "cat",
    "dog",
    "fox",
    "hen",
    "small",
    "big",
    "word",
    "about",
]
LETTERS = list("abcdefghijklmnopqrstuvwxyz0123456789")
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS, *(f"##{c}" for c in LETTERS)]


END = "<end>"


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    numbers = {word: i for i, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", special)
    names = {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)


def save_encoder(folder: Path, labels: list[str] | None = None, seed: int = 0, **changes: object) -> Path:
    """A BERT of two layers; with `labels` it has a classification head with those names."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(VOCABULARY), max_position_embeddings=64, **{**sizes, **changes})
    if labels is not None:
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: i for i, name in enumerate(labels)}
    torch.manual_seed(seed)
    model = BertModel(config) if labels is None else BertForSequenceClassification(config)
    model.save_pretrained(folder, safe_serialization=True)
    _tokenizer(folder)
    return folder


def save_decoder(folder: Path, kind: str = "gpt2", labels: list[str] | None = None, *, padding: bool = False) -> Path:
    """A GPT-2 or Llama of two layers, with `labels` under a classification head; few decoders have a token for padding."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    folder.mkdir(parents=True, exist_ok=True)
    numbers = {word: i for i, word in enumerate([*VOCABULARY, END])}
    ids = {"bos_token_id": numbers[END], "eos_token_id": numbers[END], "pad_token_id": 0 if padding else None}
    config: transformers.PreTrainedConfig
    if kind == "gpt2":
        config = transformers.GPT2Config(vocab_size=len(numbers), n_embd=32, n_layer=2, n_head=2, n_positions=64, **ids)
        bare, headed = transformers.GPT2Model, transformers.GPT2ForSequenceClassification
    else:
        sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = transformers.LlamaConfig(
            vocab_size=len(numbers), num_key_value_heads=1, max_position_embeddings=64, **sizes, **ids
        )
        bare, headed = transformers.LlamaModel, transformers.LlamaForSequenceClassification
    if labels is not None:
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: i for i, name in enumerate(labels)}
    torch.manual_seed(0)
    (bare if labels is None else headed)(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = {"unk_token": "[UNK]", "eos_token": END, "bos_token": END, **({"pad_token": "[PAD]"} if padding else {})}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder


def save_image_model(
    folder: Path, labels: list[str], seed: int = 0, channels: int = 1, architecture: str = "resnet10t", **more: object
) -> Path:
    """A small timm network with named labels."""
    import timm
    import torch
    from timm.models._hub import save_for_hf

    torch.manual_seed(seed)
    arguments: dict[str, object] = {"in_chans": channels, **more}
    model = timm.create_model(architecture, num_classes=len(labels), **arguments)
    data = {"input_size": (channels, 32, 32), "crop_pct": 1.0}
    config = {"label_names": labels}
    save_for_hf(
        model, str(folder), model_config=config, model_args=arguments, data_config=data, safe_serialization=True
    )
    return folder
