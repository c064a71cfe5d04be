"""What every family of models is: how its checkpoints are looked at, and how they are opened."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import TYPE_CHECKING

from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.models.checkpoint import Checkpoint, inspect_checkpoint
from fairtransfer.spec.families import FamilyKind, family_kind

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone


class Family(FamilyKind):
    """A family; subclasses are final and live one to a file, which imports torch inside `open` alone."""

    def inspect(self, folder: Path, source: str) -> Checkpoint:
        """Return what a folder holds, without loading it: safetensors and a `config.json`, unless a family says else.

        Raises
        ------
        DefinitionError
            When it is not acceptable (``FT-M006`` to ``FT-M010``, ``FT-M020``).
        """
        return inspect_checkpoint(folder, source)

    def labels(self, checkpoint: Checkpoint) -> tuple[str, ...] | None:  # noqa: ARG002  # the interface
        """Return the labels of a checkpoint's own head, from its files; empty where it has none, None where files do not tell.

        Raises
        ------
        DefinitionError
            When they cannot be read, or do not fit the weights (``FT-M050``).
        """
        return None

    @abc.abstractmethod
    def open(self, checkpoint: Checkpoint, max_tokens: int) -> Backbone:
        """Load a checkpoint's weights, without its head.

        Parameters
        ----------
        max_tokens
            Where longer texts are cut; without meaning for pictures.

        Raises
        ------
        DefinitionError
            When weights are missing, not finite, or do not fit the tokenizer (``FT-M012`` to ``FT-M014``).
        """


def family_named(name: str) -> Family:
    """Return a family that can be opened; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    found = family_kind(name)
    if not isinstance(found, Family):
        what = f"models of the family `{name}` cannot be opened: it is no subclass of `{__name__}.Family`"
        raise DefinitionError([Problem("FT-R025", what)])
    return found
