"""`text`: any encoder or decoder of transformers, with its own tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fairtransfer.models.family import Family

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone
    from fairtransfer.models.checkpoint import Checkpoint


@final
class TextFamily(Family):
    """Reads one text a row; longer ones are cut at `max_tokens`, and counted."""

    kind = "text"
    reads = "text"
    words = "a model of texts, loaded by transformers"
    modules = ("torch", "transformers", "sklearn")
    libraries = ("torch", "transformers", "tokenizers", "scikit-learn", "fairlearn", "numpy")

    def open(self, checkpoint: Checkpoint, max_tokens: int) -> Backbone:
        """Load weights and tokenizer."""
        from fairtransfer.models.text import TextBackbone

        return TextBackbone.load(checkpoint, max_tokens)
