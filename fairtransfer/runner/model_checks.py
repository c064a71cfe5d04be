"""What of a model can be checked from its files: that it is whole, and that its own head can answer what is asked."""

from __future__ import annotations

from pathlib import Path

from fairtransfer.adapt.before.way import Asked, before_named
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.models import Checkpoint, fetch
from fairtransfer.models.checkpoint import at_source, placed
from fairtransfer.models.family import family_named
from fairtransfer.runner.opened_data import is_multilabel
from fairtransfer.spec.audit_files import AuditFiles


def inspected(files: AuditFiles, model_root: Path | None) -> Checkpoint:
    """Return an audit's model as its files tell it, fetched first where it is not here yet; nothing is loaded.

    Raises
    ------
    DefinitionError
        When it is not there, not acceptable, or cannot be asked as the audit wants.
    """
    audit = files.loaded.audit
    with placed(files.loaded):
        family = family_named(audit.model.loaded_as)
        found = family.inspect(fetch(files.loaded, model_root), str(audit.model.source))
        way, options = before_named(audit.before_stage.kind), audit.before_stage.options
        # The head of a source that is trained here is that training's, and has its classes.
        labels = None if audit.model.pretrain is not None or not way.reads_head else family.labels(found)
        problems = way.refused(Asked(found, labels, files.classes, family.reads, is_multilabel(files)), options)
    if problems:
        raise DefinitionError(_in_place(files, problems))
    return found


def model_warnings(files: AuditFiles, checkpoint: Checkpoint) -> tuple[Problem, ...]:
    """Return what is told of a checkpoint, at the audit's line that names it."""
    return at_source(files.loaded, checkpoint.told)


def _in_place(files: AuditFiles, problems: list[Problem]) -> list[Problem]:
    """Return problems of the way to ask, at the audit's line for it."""
    document = files.loaded.document
    return [document.problem(p.code, ("before",), p.found, p.allowed, p.do) for p in problems]
