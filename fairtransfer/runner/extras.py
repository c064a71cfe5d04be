"""What has to be installed to carry out an audit; asks without importing it."""

from __future__ import annotations

import importlib.util

from fairtransfer.errors import MissingExtra
from fairtransfer.spec.audit import Audit


def missing_for_training(audit: Audit) -> MissingExtra | None:
    """Return the error that says which extra is missing to carry out an audit, or None when all is there."""
    needed = {"text": ("torch", "transformers", "sklearn"), "image": ("torch", "timm", "sklearn")}[audit.model.reads]
    absent = next((name for name in needed if importlib.util.find_spec(name) is None), None)
    if absent is not None:
        return MissingExtra(absent, "train", "adapting a model")
    if any(s.kind == "lora" for s in audit.strategies) and importlib.util.find_spec("peft") is None:
        return MissingExtra("peft", "lora", "the strategy `lora`")
    return None
