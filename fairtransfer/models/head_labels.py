"""The labels of a checkpoint's own head, in the order of its outputs, read from its files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairtransfer.errors import DefinitionError, shown
from fairtransfer.models.checkpoint import Checkpoint, refuse

TEXT_HEADS = ("classifier", "score", "classification_head")
"""How the modules of classification heads are called in transformers."""
_LAST = ("", ".out_proj", ".dense")


def text_labels(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the labels of a transformers head; empty where there is none.

    Raises
    ------
    DefinitionError
        When the labels cannot be read, or are not as many as the head has outputs (``FT-M050``).
    """
    if not has_text_head(checkpoint):
        return ()
    outputs = _outputs(checkpoint, [f"{head}{last}" for head in TEXT_HEADS for last in _LAST])
    written = checkpoint.config.get("id2label")
    if not written:
        return tuple(f"LABEL_{i}" for i in range(outputs or 2))  # what transformers calls them
    return _fitting(checkpoint, labels_by_id(checkpoint, written), outputs)


def has_text_head(checkpoint: Checkpoint) -> bool:
    """Say whether a transformers checkpoint has a classification head."""
    named = any("ForSequenceClassification" in str(n) for n in checkpoint.config.get("architectures") or ())
    return named or any(name.startswith(TEXT_HEADS) for name in checkpoint.tensors)


def image_labels(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the labels of a timm classifier; empty where they have no names.

    Raises
    ------
    DefinitionError
        As `text_labels`.
    """
    published = checkpoint.config.get("pretrained_cfg")
    published = published if isinstance(published, Mapping) else {}
    written = checkpoint.config.get("label_names") or published.get("label_names")
    if not written:
        return ()
    head = published.get("classifier")
    outputs = _outputs(checkpoint, [head] if isinstance(head, str) else list(head or ()))
    return _fitting(checkpoint, labels_by_id(checkpoint, written), outputs)


def labels_by_id(checkpoint: Checkpoint, written: Any) -> tuple[str, ...]:
    """Return labels in the order of their ids: a JSON object has no order, and tools sort its keys as texts (1, 10, 2)."""
    if isinstance(written, Sequence) and not isinstance(written, str):
        return tuple(map(str, written))
    try:
        by_id = {int(key): str(label) for key, label in written.items()}
    except (AttributeError, TypeError, ValueError):
        raise _unreadable(checkpoint, "its labels are no list, and no object from ids to names") from None
    if sorted(by_id) != list(range(len(written))):
        raise _unreadable(checkpoint, f"its labels have the ids {shown(sorted(by_id))}, which leave some out")
    return tuple(by_id[i] for i in range(len(by_id)))


def _outputs(checkpoint: Checkpoint, heads: Sequence[str]) -> int | None:
    """Return how many outputs the head in the weight files has; None where it is called otherwise."""
    shapes = (checkpoint.tensors.get(f"{head}.weight") for head in heads)
    return next((shape[0] for shape in shapes if shape), None)


def _fitting(checkpoint: Checkpoint, labels: tuple[str, ...], outputs: int | None) -> tuple[str, ...]:
    if outputs is not None and outputs != len(labels):
        found = f"the configuration names {len(labels)} labels, and the head in the weights has {outputs} outputs"
        raise _unreadable(checkpoint, found)
    return labels


def _unreadable(checkpoint: Checkpoint, found: str) -> DefinitionError:
    return refuse("FT-M050", checkpoint, found, "one name for every output: ids from 0", "mend `config.json`")
