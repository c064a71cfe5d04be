"""`text`: any encoder or decoder of transformers, with its own tokenizer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, final

from fairtransfer.models.checkpoint import Checkpoint
from fairtransfer.models.family import Family
from fairtransfer.models.head_labels import text_labels
from fairtransfer.models.sentence import sentence_settings, told_of
from fairtransfer.models.vocabulary import check_vocabulary

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone


@final
class TextFamily(Family):
    """Reads one text a row; longer ones are cut at `max_tokens`, and counted."""

    kind = "text"
    reads = "text"
    words = "a model of texts, loaded by transformers"
    modules = ("torch", "transformers", "sklearn")
    libraries = ("torch", "transformers", "tokenizers", "scikit-learn", "fairlearn", "numpy")

    def inspect(self, folder: Path, source: str) -> Checkpoint:
        """Return what a folder holds, with its tokenizer's files and the settings of sentence-transformers looked at too.

        Raises
        ------
        DefinitionError
            As any family, and where there is no tokenizer, or settings that are not carried out here (``FT-M014``, ``FT-M048``).
        """
        found = super().inspect(folder, source)
        check_vocabulary(found)
        return replace(found, told=(*found.told, *told_of(found, sentence_settings(found))))

    def labels(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return the labels of its classification head."""
        return text_labels(checkpoint)

    def open(self, checkpoint: Checkpoint, max_tokens: int) -> Backbone:
        """Load weights and tokenizer."""
        from fairtransfer.models.text import TextBackbone

        return TextBackbone.load(checkpoint, max_tokens)
