"""Text models: any transformers encoder or decoder, its own tokenizer, one vector per text.

A decoder's tokens see only what stands before them: its last token alone has read the whole text, and it is the one that
heads of decoders are trained on. Whether a model is one is seen in what it does, as names and configurations do not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification
from transformers.utils import logging

from fairtransfer.data.inputs import Inputs, Texts
from fairtransfer.errors import shown
from fairtransfer.libraries import refusing
from fairtransfer.models.backbone import Backbone, Prepared, bad_tensors, thaw
from fairtransfer.models.blocks import listed_blocks
from fairtransfer.models.checkpoint import Checkpoint, refuse
from fairtransfer.models.embedding import SeenRows
from fairtransfer.models.head_labels import has_text_head, labels_by_id
from fairtransfer.models.pooling import pooled
from fairtransfer.models.reading import Reading
from fairtransfer.models.sentence import sentence_settings
from fairtransfer.models.tokens import SAFE, PreparedTexts, encoded, load_tokenizer

_NO_TOKEN = -1
_ROUNDING, _SLIGHT = 1e-5, 1e-2
_FOLLOWING = 8


@final
class TextBackbone(Backbone):
    """A transformers model without its head; a text's vector is pooled as the checkpoint says, else the mean of its tokens."""

    def __init__(self, checkpoint: Checkpoint, module: nn.Module, tokenizer: Any, max_tokens: int) -> None:
        self.checkpoint, self.module, self.tokenizer = checkpoint, module, tokenizer
        config: Any = module.config
        self.config = config
        settings = sentence_settings(checkpoint)
        self.prompt = settings.prompt
        self.max_tokens = _most_tokens(module, max_tokens, settings.most_tokens)
        causal = _looks_back_only(checkpoint, module)
        self.pooling = settings.pooling or (("lasttoken",) if causal else ("mean",))
        self.dim = int(config.hidden_size) * len(self.pooling)

    @classmethod
    def load(cls, checkpoint: Checkpoint, max_tokens: int) -> TextBackbone:
        """Load weights and tokenizer, and check that they are complete, finite and fit each other."""
        # Eager attention: on short texts it trains faster than the fused kernel on CPUs, whose backward pass is slow.
        module = _loaded(AutoModel, checkpoint, attn_implementation="eager")
        if bad := bad_tensors(module):
            raise refuse("FT-M013", checkpoint, "; ".join(bad[:3]), "finite weights")
        tokenizer = load_tokenizer(checkpoint, module)
        checkpoint.check_unchanged()
        with refusing(lambda why: refuse("FT-M011", checkpoint, f"transformers cannot run this model: {why}")):
            found = cls(checkpoint, module.eval(), tokenizer, max_tokens)
            heeds = found.heeds_its_mask()
        if not heeds:
            said = "the model reads padding as text: what it says of a text would depend on the others in its batch"
            raise refuse("FT-M045", checkpoint, said, "a model that heeds its attention mask")
        thaw(module, found.blank)
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
            return PreparedTexts(texts, [], None, 0, Reading((), (), ()))
        return encoded(self.tokenizer, texts, self.prompt if sentence is None else "", sentence, self.max_tokens)

    def forward(self, module: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Return one vector per text."""
        hidden: Tensor = module(**batch).last_hidden_state
        return pooled(hidden, batch["attention_mask"], self.pooling)

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
        config = AutoConfig.from_pretrained(self.checkpoint.folder, **SAFE)
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
        if not has_text_head(self.checkpoint):
            raise refuse(
                "FT-M023",
                self.checkpoint,
                "the checkpoint has no classification head",
                "",
                "use `before: zero_shot` or `before: probe`",
            )
        head: nn.Module = _loaded(AutoModelForSequenceClassification, self.checkpoint).eval()
        self.checkpoint.check_unchanged()
        return head

    def native_logits(self, prepared: Prepared, runner: Any) -> tuple[Tensor, list[str]]:
        """Return the logits of the checkpoint's own head, and its labels in order."""
        assert isinstance(prepared, PreparedTexts), "a text backbone prepares texts"
        model: Any = self.classifier()
        labels = labels_by_id(self.checkpoint, model.config.id2label)
        return classifier_logits(model, prepared, runner), list(labels)


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


def _loaded(kind: Any, checkpoint: Checkpoint, **more: Any) -> Any:
    """Return a network with the checkpoint's weights, all of them and none that the library made up or left out.

    Raises
    ------
    DefinitionError
        When the library cannot load it, or weights are missing, of another shape, or left over (``FT-M011``, ``FT-M012``).
    """
    cannot = "transformers cannot load this architecture"
    with refusing(lambda why: refuse("FT-M011", checkpoint, f"{cannot}: {why}")), _quiet():
        module, info = kind.from_pretrained(
            checkpoint.folder,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told below, with names: the library's own error has none
            dtype=torch.float32,
            **more,
            **SAFE,
        )
    problems = list(_not_as_saved(module, info))
    if problems:
        raise refuse("FT-M012", checkpoint, "; ".join(problems), "a complete checkpoint")
    return module


def _not_as_saved(module: Any, info: Any) -> Iterator[str]:
    """Yield what of a loaded network is not what the checkpoint holds, by the library's own account."""
    missing = sorted(name for name in info["missing_keys"] if not name.startswith("pooler."))
    if missing:
        yield f"{len(missing)} weights not found in checkpoint (first: `{missing[0]}`)"
    if shapes := sorted((name, *map(list, sizes)) for name, *sizes in info["mismatched_keys"]):
        name, saved, built = shapes[0]
        told = f"`{name}`: {saved} in the checkpoint, {built} in the model"
        yield f"{len(shapes)} weights have another shape than the configuration says (first: {told})"
    if lost := _lost_blocks(listed_blocks(module), info["unexpected_keys"]):
        yield f"{len(lost)} weights of blocks that the configuration leaves out (first: `{lost[0]}`)"
    if info["error_msgs"]:
        yield shown(str(info["error_msgs"]))


def _lost_blocks(blocks: Sequence[str], unused: Iterable[str]) -> list[str]:
    """Return the unused weights that belong to a block above those that the network has; heads are not wanted here."""
    if not blocks:
        return []
    stack = re.escape(blocks[0].rpartition(".")[0])
    found = ((name, re.search(rf"(?:^|\.){stack}\.(\d+)\.", name)) for name in unused)
    return sorted(name for name, match in found if match and int(match[1]) >= len(blocks))


def _most_tokens(module: nn.Module, asked: int, said: int | None) -> int:
    """Return where texts are cut: as asked, unless the publisher's tools cut earlier or the network has fewer positions.

    The RoBERTa family counts positions from the one behind padding, so that two of 514 are never a text's.
    """
    config: Any = module.config
    positions = int(getattr(config, "max_position_embeddings", None) or asked)
    tables = [part for name, part in module.named_modules() if name.endswith("position_embeddings")]
    offsets = [part.padding_idx + 1 for part in tables if getattr(part, "padding_idx", None) is not None]
    usable = positions - max(offsets, default=0)
    limits = [asked, *([usable] if positions > 0 else []), *([said] if said else [])]  # XLNet's are without end, and -1
    return min(limits)


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
