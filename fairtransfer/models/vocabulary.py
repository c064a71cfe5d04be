"""Whether a model's tokenizer is there, seen in its files: transformers makes one of nothing, which knows no word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairtransfer.errors import DefinitionError, shown
from fairtransfer.models.checkpoint import Checkpoint, read_json_object, refuse

TOKENIZER = "tokenizer.json"
_CONFIG = "tokenizer_config.json"
_VOCABULARIES = (TOKENIZER, "vocab.txt", "vocab.json", "*.model", "*.spm", "*vocab*", "*.tiktoken", "tekken.json")
_OF_BYTES = ("ByT5", "Canine", "Perceiver", "Byte", "Char")
"""Tokenizers of bytes or characters have no vocabulary to keep; what their classes' names begin with."""
_LEAST = 0.5
"""Weights for tokens are padded to round numbers, not to twice as many."""


def check_vocabulary(checkpoint: Checkpoint) -> None:
    """Refuse a model without a tokenizer, or with one that knows far fewer tokens than it has vectors for.

    Raises
    ------
    DefinitionError
        ``FT-M014``, before anything is loaded.
    """
    config = _read(checkpoint, _CONFIG)
    folder = checkpoint.folder
    if not any(path.is_file() for pattern in _VOCABULARIES for path in folder.glob(pattern)):
        if str(config.get("tokenizer_class") or "").startswith(_OF_BYTES):
            return
        raise missing(checkpoint, f"the tokenizer's vocabulary is not in {folder}")
    known, rows = _known(checkpoint), checkpoint.config.get("vocab_size")
    if known is not None and isinstance(rows, int):
        check_size(checkpoint, known, rows)


def check_size(checkpoint: Checkpoint, known: int, rows: int) -> None:
    """Refuse a tokenizer that knows far fewer tokens than the model has vectors for."""
    if known < _LEAST * rows:
        raise missing(checkpoint, f"the tokenizer knows {known:,} tokens, and the model has vectors for {rows:,}")


def missing(checkpoint: Checkpoint, found: str) -> DefinitionError:
    """Return the error for a tokenizer that is not there, or not the model's."""
    return refuse("FT-M014", checkpoint, found, "the model's own tokenizer", "put its files beside the weights")


def _read(checkpoint: Checkpoint, name: str) -> dict[str, Any]:
    path = checkpoint.folder / name
    try:
        return read_json_object(path) if path.is_file() else {}
    except ValueError as error:
        raise missing(checkpoint, f"`{name}` cannot be read: {shown(str(error))}") from None


def _known(checkpoint: Checkpoint) -> int | None:
    """Return how many tokens the tokenizer's files list; None where they do not say so in plain words."""
    if (checkpoint.folder / TOKENIZER).is_file():
        tokenizer = _read(checkpoint, TOKENIZER)
        model = tokenizer.get("model")
        vocabulary = model.get("vocab") if isinstance(model, dict) else None
        added = tokenizer.get("added_tokens")
        return None if not isinstance(vocabulary, (dict, list)) else len(vocabulary) + len(added or ())
    for name in ("vocab.json", "vocab.txt"):
        path = checkpoint.folder / name
        if path.is_file():
            return _entries(path)
    return None


def _entries(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8")
        return len(json.loads(text)) if path.suffix == ".json" else text.count("\n") + 1
    except (UnicodeDecodeError, ValueError, TypeError, RecursionError):
        return None
