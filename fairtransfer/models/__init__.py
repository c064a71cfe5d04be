"""Pretrained models behind one interface. Importing this package does not import torch; opening a model does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairtransfer.models.checkpoint import Checkpoint, inspect_checkpoint
from fairtransfer.models.family import family_named
from fairtransfer.models.fetch import fetch

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone

__all__ = ["Checkpoint", "fetch", "inspect_checkpoint", "open_backbone"]


def open_backbone(checkpoint: Checkpoint, family: str, max_tokens: int = 128) -> Backbone:
    """Load a checkpoint's weights, without its head; those of a source that was trained here replace its base's.

    Parameters
    ----------
    family
        The name of a family, such as ``text`` (transformers) or ``image`` (timm).

    Raises
    ------
    DefinitionError
        When weights are missing, not finite, or do not fit the tokenizer (``FT-M012`` to ``FT-M014``).
    """
    backbone = family_named(family).open(checkpoint, max_tokens)
    if checkpoint.trained is None:
        return backbone
    from fairtransfer.models.trained import put_in_place

    return put_in_place(backbone, checkpoint)
