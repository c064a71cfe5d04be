"""Code of plug-ins that an audit uses: it decides results as the tool's own code does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fairtransfer.data.table import TableRefused
from fairtransfer.data.tables import reader_of
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.plugins import Used, used
from fairtransfer.registry import Room, names
from fairtransfer.spec.audit_files import AuditFiles

if TYPE_CHECKING:
    from fairtransfer.runner.job import Training


def plugins_of(files: AuditFiles) -> tuple[Used, ...]:
    """Return every plug-in an audit uses."""
    return used(_entries(files))


def deciding(files: AuditFiles, training: Training | None = None) -> dict[str, Any]:
    """Return what of plug-ins decides the answers of a training, or of all of an audit's: nothing where there are none.

    Gates and metrics are no part of it: they are about answers that are there.
    """
    entries = [*_opening(files)]
    if training is not None and training.stage == "after":
        entries.append(("strategies", training.kind))
    return code_of(used(entries))


def code_of(plugins: Iterable[Used]) -> dict[str, Any]:
    """Return names, versions and digests as part of an id; nothing where there are no plug-ins."""
    found = {one.origin.name: [one.origin.version, one.origin.digest] for one in plugins}
    return {"plugins": found} if found else {}


def installed_only(plugins: Iterable[Used]) -> list[str]:
    """Return the names of plug-ins that another process can switch on too.

    Raises
    ------
    DefinitionError
        When one was registered by a program, which no other process knows of (``FT-R031``).
    """
    here_alone = [one for one in plugins if not one.origin.version]
    if here_alone:
        do = "make it an installed plug-in, or use the executor `local`"
        raise DefinitionError(
            Problem("FT-R031", f"{one} is registered in this process alone", "", do) for one in here_alone
        )
    return [one.origin.name for one in plugins]


def _entries(files: AuditFiles) -> Iterator[tuple[Room, str]]:
    audit = files.loaded.audit
    yield from _opening(files)
    yield from (("strategies", strategy.kind) for strategy in audit.strategies)
    yield from (("gates", gate.kind) for gate in audit.gates if gate.kind in names("gates"))
    told = [*(metric.name for metric in audit.metrics), *(name for gate in audit.gates for name in gate.options.judged)]
    yield from (("metrics", name) for name in told if name in names("metrics"))


def _opening(files: AuditFiles) -> Iterator[tuple[Room, str]]:
    """Yield what opens model and data."""
    if files.loaded.audit.model.family is not None:
        yield "models", files.loaded.audit.model.family
    for card in files.cards:
        for ref in card.card.files:
            try:
                yield "readers", reader_of(card.folder / ref.path, ref.format).form
            except TableRefused:
                continue  # opening the file says so
