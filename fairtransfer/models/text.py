"""Text models: any transformers encoder or decoder, its own tokenizer, one vector per text.

A decoder's tokens see only what stands before them: its last token alone has read the whole text, and it is the one that
heads of decoders are trained on. Whether a model is one is seen in what it does, as names and configurations do not tell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from fairtransfer.data.inputs import Inputs, Texts
from fairtransfer.models.backbone import Backbone, Prepared, bad_tensors
from fairtransfer.models.blocks import listed_blocks
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.embedding import SeenRows

Pooling = Literal["mean", "cls", "last"]

_SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_HEADS = ("classifier", "score", "classification_head")
_NO_TOKEN = -1
_ROUNDING, _SLIGHT = 1e-5, 1e-2
_FOLLOWING = 8


@final
class PreparedTexts(Prepared):
    """Token ids of every text, without padding."""

    def __init__(self, texts: Texts, ids: list[list[int]], types: list[list[int]] | None, pad: int, cut: int) -> None:
        self.texts, self.ids, self.types, self.pad, self.cut = texts, ids, types, pad, cut

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
        return PreparedTexts(self.texts.take(rows), [self.ids[i] for i in rows], types, self.pad, 0)

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


@final
class TextBackbone(Backbone):
    """A transformers model without its head; a text's vector is pooled as the checkpoint says, else the mean of its tokens."""

    def __init__(self, checkpoint: Checkpoint, module: nn.Module, tokenizer: Any, max_tokens: int) -> None:
        self.checkpoint, self.module, self.tokenizer = checkpoint, module, tokenizer
        config: Any = module.config
        self.config = config
        self.dim = int(config.hidden_size)
        positions = int(getattr(self.config, "max_position_embeddings", None) or max_tokens)
        self.max_tokens = min(max_tokens, positions) if positions > 0 else max_tokens  # XLNet's are without end, and -1
        self.pooling = _pooling(checkpoint, module)

    @classmethod
    def load(cls, checkpoint: Checkpoint, max_tokens: int) -> TextBackbone:
        """Load weights and tokenizer, and check that they are complete, finite and fit each other."""
        try:
            # Eager attention: on short texts it trains faster than the fused kernel on CPUs, whose backward pass is slow.
            with _quiet():
                module, info = AutoModel.from_pretrained(
                    checkpoint.folder,
                    use_safetensors=True,
                    output_loading_info=True,
                    attn_implementation="eager",
                    dtype=torch.float32,
                    **_SAFE,
                )
        except (ValueError, KeyError, OSError) as error:
            raise refuse("FT-M011", checkpoint, f"transformers cannot load this architecture: {error}") from None
        missing = sorted(name for name in info["missing_keys"] if not name.startswith("pooler."))
        if missing:
            raise refuse(
                "FT-M012",
                checkpoint,
                f"{len(missing)} backbone weights not found in checkpoint (first: `{missing[0]}`)",
                "a complete checkpoint",
            )
        if bad := bad_tensors(module):
            raise refuse("FT-M013", checkpoint, "; ".join(bad[:3]), "finite weights")
        found = cls(checkpoint, module.eval(), _tokenizer(checkpoint, module), max_tokens)
        if not found.heeds_its_mask():
            said = "the model reads padding as text: what it says of a text would depend on the others in its batch"
            raise refuse("FT-M045", checkpoint, said, "a model that heeds its attention mask")
        return found

    def prepare(self, inputs: Inputs) -> PreparedTexts:
        """Tokenise texts; longer ones are cut, and counted."""
        assert isinstance(inputs, Texts), "a text model is only given texts"
        return self._encode(inputs)

    def prepare_pairs(self, inputs: Texts, second: str) -> PreparedTexts:
        """Tokenise each text together with one sentence, as entailment models expect (premise, hypothesis)."""
        return self._encode(inputs, second)

    def _encode(self, texts: Texts, sentence: str | None = None) -> PreparedTexts:
        if not len(texts):
            return PreparedTexts(texts, [], None, 0, 0)
        first, second = list(texts.values), None if sentence is None else [sentence] * len(texts)
        cut = {"truncation": "only_first" if second else True, "max_length": self.max_tokens}
        found = self.tokenizer(first, second, add_special_tokens=True, return_token_type_ids=second is not None, **cut)
        whole = self.tokenizer(first, second, add_special_tokens=True, truncation=False, verbose=False)["input_ids"]
        longer = sum(len(full) > len(kept) for full, kept in zip(whole, found["input_ids"], strict=True))
        types = found.get("token_type_ids") if second else None
        return PreparedTexts(texts, found["input_ids"], types, self.tokenizer.pad_token_id or 0, longer)

    def forward(self, module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Return one vector per text."""
        hidden: Tensor = module(**batch).last_hidden_state
        mask = batch["attention_mask"]
        if self.pooling == "cls":
            return hidden[:, 0]
        if self.pooling == "last":
            return hidden[torch.arange(len(mask), device=hidden.device), mask.sum(dim=1) - 1]
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)

    def heeds_its_mask(self) -> bool:
        """Return whether a text of one token has the vector that it has with padding behind it."""
        ids, mask = torch.tensor([[1]]), torch.tensor([[1]])
        padded = torch.tensor([[1, *[self.tokenizer.pad_token_id or 0] * _FOLLOWING]])
        with torch.no_grad():
            alone = self.forward(self.module, {"input_ids": ids, "attention_mask": mask})
            behind = {"input_ids": padded, "attention_mask": nn.functional.pad(mask, (0, _FOLLOWING))}
            together = self.forward(self.module, behind)
        return not bool((alone - together).abs().max() > _SLIGHT * alone.abs().max())

    def blank(self) -> nn.Module:
        """Return the architecture with random weights."""
        config = AutoConfig.from_pretrained(self.checkpoint.folder, **_SAFE)
        module: nn.Module = AutoModel.from_config(config, attn_implementation="eager", trust_remote_code=False)
        return module

    def block_names(self) -> list[str]:
        """Return the layers."""
        return listed_blocks(self.module)

    def limit_embeddings(self, module: nn.Module, prepared: Prepared, rows: Sequence[int], *, trained: bool) -> None:
        """Freeze the token embeddings, half of a small model's weights, or train the rows of tokens that occur only."""
        assert isinstance(prepared, PreparedTexts), "a text backbone prepares texts"
        table = module.get_input_embeddings()  # type: ignore[operator]  # every transformers model has this method
        if trained:
            # A decoder behind an encoder begins with a token of its own.
            begin = getattr(self.config, "decoder_start_token_id", None)
            own = {prepared.pad, *(() if begin is None else (begin,))}
            module.set_input_embeddings(SeenRows(table, {token for i in rows for token in prepared.ids[i]} | own))  # type: ignore[operator]  # as above
        else:
            table.requires_grad_(requires_grad=False)

    def classifier(self) -> nn.Module:
        """Return the checkpoint with the classification head it was published with."""
        headed = any("ForSequenceClassification" in name for name in self.checkpoint.config.get("architectures") or ())
        if not headed and not any(name.startswith(_HEADS) for name in self.checkpoint.tensors):
            raise refuse(
                "FT-M023",
                self.checkpoint,
                "the checkpoint has no classification head",
                "",
                "use `before: zero_shot` or `before: probe`",
            )
        with _quiet():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                self.checkpoint.folder, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **_SAFE
            )
        if info["missing_keys"]:
            raise refuse(
                "FT-M012",
                self.checkpoint,
                f"{len(info['missing_keys'])} weights not found in checkpoint (first: `{sorted(info['missing_keys'])[0]}`)",
            )
        head: nn.Module = model.eval()
        return head

    def native_logits(self, prepared: Prepared, runner: Any) -> tuple[Tensor, list[str]]:
        """Return the logits of the checkpoint's own head, and its labels in order."""
        assert isinstance(prepared, PreparedTexts), "a text backbone prepares texts"
        model: Any = self.classifier()
        names = {int(k): str(v) for k, v in model.config.id2label.items()}
        return classifier_logits(model, prepared, runner), [names[i] for i in range(len(names))]


def classifier_logits(model: Any, prepared: PreparedTexts, runner: Any) -> Tensor:
    """Return the logits of a classifier, of every text what it says of that text alone.

    A decoder's classifier reads the last token that is not the padding of its configuration. Without one there, or with another
    than the tokenizer's, it would take padding for the text: then only texts of one length are run together.
    """

    def logits(texts: PreparedTexts) -> Tensor:
        found: Tensor = runner.run(lambda batch: model(**batch).logits, model, texts)
        return found

    config = model.config.get_text_config()
    if getattr(config, "pad_token_id", None) == prepared.pad:
        return logits(prepared)
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = _NO_TOKEN
    alike: dict[int, list[int]] = {}
    for row, length in enumerate(prepared.lengths):
        alike.setdefault(length, []).append(row)
    pieces = torch.cat([logits(prepared.among(rows)) for rows in alike.values()])
    found = torch.empty_like(pieces)
    found[torch.tensor([row for rows in alike.values() for row in rows])] = pieces
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's bars and notes off the terminal while it loads: what matters of them we check ourselves."""
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _pooling(checkpoint: Checkpoint, module: nn.Module) -> Pooling:
    causal = _looks_back_only(checkpoint, module)
    path = checkpoint.folder / "1_Pooling" / "config.json"
    if path.is_file():
        chosen = json.loads(path.read_text(encoding="utf-8"))
        return (
            "cls"
            if chosen.get("pooling_mode_cls_token")
            else "last"
            if chosen.get("pooling_mode_lasttoken")
            else "mean"
        )
    return "last" if causal else "mean"


def _looks_back_only(checkpoint: Checkpoint, module: nn.Module) -> bool:
    """Return whether what a token becomes is the same whatever follows it, seen on texts of two tokens."""
    vocabulary = module.get_input_embeddings().num_embeddings  # type: ignore[operator]  # every transformers model has this method
    ids = torch.tensor([[0, int(following)] for following in torch.linspace(0, vocabulary - 1, _FOLLOWING)])
    try:
        with torch.no_grad():
            first = module(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[:, 0]
    except (AttributeError, TypeError, ValueError) as error:
        found = f"the model does not read texts as token ids and attention mask: {str(error).splitlines()[0]}"
        raise refuse("FT-M043", checkpoint, found, "an encoder or a decoder") from None
    return bool((first - first[0]).abs().max() <= _ROUNDING * first.abs().max())


def _tokenizer(checkpoint: Checkpoint, module: nn.Module) -> Any:
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(checkpoint.folder, **_SAFE)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refuse("FT-M014", checkpoint, f"tokenizer not found: {error}") from None
    largest = max(tokenizer.get_vocab().values())
    rows = module.get_input_embeddings().num_embeddings  # type: ignore[operator]  # every transformers model has this method
    if largest >= rows:
        raise refuse(
            "FT-M014",
            checkpoint,
            f"tokenizer produces id {largest}, model has {rows}",
            "a tokenizer that belongs to the model",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer
