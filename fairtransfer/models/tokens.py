"""Texts as token ids: the tokenizer that comes with a model, and texts prepared with it once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from fairtransfer.data.inputs import Texts
from fairtransfer.libraries import refusing
from fairtransfer.models.backbone import Prepared
from fairtransfer.models.checkpoint import Checkpoint
from fairtransfer.models.reading import Reading
from fairtransfer.models.vocabulary import check_size, missing

SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""How every file of a checkpoint is loaded: from this machine, without code of its own."""


@final
class PreparedTexts(Prepared):
    """Token ids of every text, without padding.

    Attributes
    ----------
    reading
        How much of each text was read, and in how many tokens.
    """

    def __init__(
        self, texts: Texts, ids: list[list[int]], types: list[list[int]] | None, pad: int, reading: Reading
    ) -> None:
        self.texts, self.ids, self.types, self.pad = texts, ids, types, pad
        self.reading: Reading = reading
        self.cut = reading.n_cut

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each text."""
        return [len(row) for row in self.ids]

    @property
    def fingerprint(self) -> str:
        """The digest of the token ids (and segments) of all texts, in order."""
        return hashlib.sha256(json.dumps([self.ids, self.types, self.pad]).encode()).hexdigest()

    def among(self, rows: Sequence[int]) -> PreparedTexts:
        """Return some of the texts."""
        types = None if self.types is None else [self.types[i] for i in rows]
        ids = [self.ids[i] for i in rows]
        return PreparedTexts(self.texts.take(rows), ids, types, self.pad, self.reading.among(rows))

    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """Return token ids and attention mask, padded to the longest of these texts."""
        rows = [self.ids[i] for i in positions]
        width = max(map(len, rows))
        batch = {
            "input_ids": torch.tensor([row + [self.pad] * (width - len(row)) for row in rows]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        }
        if self.types is not None:
            batch["token_type_ids"] = torch.tensor(
                [self.types[i] + [0] * (width - len(self.types[i])) for i in positions]
            )
        return {name: tensor.to(device) for name, tensor in batch.items()}


def load_tokenizer(checkpoint: Checkpoint, module: nn.Module) -> Any:
    """Return the tokenizer that lies beside a model's weights.

    Raises
    ------
    DefinitionError
        When there is none, or it is another model's (``FT-M014``).
    """
    with refusing(lambda why: missing(checkpoint, f"transformers cannot load the tokenizer: {why}")):
        tokenizer: Any = AutoTokenizer.from_pretrained(checkpoint.folder, **SAFE)
        vocabulary = tokenizer.get_vocab()
        rows = module.get_input_embeddings().num_embeddings  # type: ignore[operator]  # every transformers model has this method
    largest = max(vocabulary.values(), default=0)
    if largest >= rows:
        raise missing(checkpoint, f"tokenizer produces id {largest}, model has {rows}")
    check_size(checkpoint, len(vocabulary), rows)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer


def encoded(tokenizer: Any, texts: Texts, prompt: str, sentence: str | None, most: int) -> PreparedTexts:
    """Return texts as token ids, each behind a prompt, or together with one sentence; longer ones are cut.

    A text of which nothing becomes a token (an empty one, for a decoder) is one token that says nothing, for a model has to be
    asked something; how many these are is told.
    """
    first = [f"{prompt}{text}" for text in texts.values]
    second = None if sentence is None else [sentence] * len(texts)
    cut = {"truncation": "only_first" if second else True, "max_length": most}
    found = tokenizer(first, second, add_special_tokens=True, return_token_type_ids=second is not None, **cut)
    whole = tokenizer(first, second, add_special_tokens=True, truncation=False, verbose=False)["input_ids"]
    besides = tokenizer.num_special_tokens_to_add(pair=second is not None)
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"] if prompt else []
    reading = Reading.of(whole, found["input_ids"], besides, _unknown(tokenizer), before)
    nothing = _nothing(tokenizer)
    ids = [row or [nothing] for row in found["input_ids"]]
    types = [row or [0] for row in found["token_type_ids"]] if second else None
    return PreparedTexts(texts, ids, types, tokenizer.pad_token_id or 0, reading)


def _unknown(tokenizer: Any) -> int | None:
    """Return the token of what a tokenizer does not know; None where that token means something else as well."""
    other = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id}
    unknown = tokenizer.unk_token_id
    return None if unknown in other else unknown


def _nothing(tokenizer: Any) -> int:
    """Return the token that stands for a text of which nothing is left: the one texts begin or end with."""
    tokens = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id, tokenizer.pad_token_id)
    return next((token for token in tokens if token is not None), 0)
