"""How a text model would read texts, without loading it: its tokenizer's file alone, by the library that runs it.

What a run records comes from the tokenizer as transformers loads it; this is for what is told before.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

from fairtransfer.libraries import refusing
from fairtransfer.models.checkpoint import Checkpoint
from fairtransfer.models.reading import Reading
from fairtransfer.models.sentence import sentence_settings
from fairtransfer.models.vocabulary import TOKENIZER, missing

_POSITIONS = ("max_position_embeddings", "n_positions")
_COUNTING_FROM_PADDING = ("roberta", "camembert", "mpnet")
"""Kinds of models whose first positions are no text's; the loaded network tells it of any kind."""


def quick_reading(checkpoint: Checkpoint, texts: Sequence[str], asked: int) -> tuple[Reading, int] | None:
    """Return how texts would be read, and where they are cut; None where the files or the machine cannot tell it cheaply.

    Raises
    ------
    DefinitionError
        When the tokenizer's file cannot be read (``FT-M014``).
    """
    path = checkpoint.folder / TOKENIZER
    if not path.is_file() or importlib.util.find_spec("tokenizers") is None:
        return None
    with refusing(lambda why: missing(checkpoint, f"`{TOKENIZER}` cannot be read: {why}")):
        from tokenizers import Tokenizer  # noqa: PLC0415  # an extra, and asked for above

        tokenizer: Any = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        settings = sentence_settings(checkpoint)
        behind = [f"{settings.prompt}{text}" for text in texts]
        whole = [found.ids for found in tokenizer.encode_batch(behind)]
        prompt = tokenizer.encode(settings.prompt, add_special_tokens=False).ids if settings.prompt else []
        besides, unknown = tokenizer.num_special_tokens_to_add(is_pair=False), _unknown(tokenizer)
    limits = (asked, settings.most_tokens, _positions(checkpoint.config))
    most = min(limit for limit in limits if limit)
    return Reading.of(whole, [row[:most] for row in whole], besides, unknown, prompt), most


def _positions(config: Mapping[str, Any]) -> int | None:
    """Return how many positions a configuration gives a text; None where it gives no number."""
    stated = (config.get(key) for key in _POSITIONS)
    found = next((n for n in stated if isinstance(n, int) and n > 0), None)
    if found is None or not any(name in str(config.get("model_type")) for name in _COUNTING_FROM_PADDING):
        return found
    padding = config.get("pad_token_id", 1)
    return found - (padding if isinstance(padding, int) else 1) - 1


def _unknown(tokenizer: Any) -> int | None:
    """Return the id of the token for what is not known, where the tokenizer's model names one."""
    name = getattr(tokenizer.model, "unk_token", None)
    found = tokenizer.token_to_id(name) if isinstance(name, str) else getattr(tokenizer.model, "unk_id", None)
    return found if isinstance(found, int) else None
