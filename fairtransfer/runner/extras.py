"""What has to be installed to carry out an audit; asks without importing it."""

from __future__ import annotations

import importlib.util

from fairtransfer.errors import MissingExtra
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.families import family_kind


def missing_for_training(audit: Audit) -> MissingExtra | None:
    """Return the error that says which extra is missing to carry out an audit, or None when all is there."""
    needed = family_kind(audit.model.loaded_as).modules
    absent = next((name for name in needed if importlib.util.find_spec(name) is None), None)
    if absent is not None:
        return MissingExtra(absent, "train", "adapting a model")
    wanted = [(s.kind, s.way.extra) for s in audit.strategies]
    return next(
        (
            MissingExtra(extra.package, extra.name, f"the strategy `{kind}`")
            for kind, extra in wanted
            if extra is not None and importlib.util.find_spec(extra.package) is None
        ),
        None,
    )
