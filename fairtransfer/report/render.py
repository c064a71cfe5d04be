"""Rendering: one document, written in each form that is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fairtransfer.errors import DefinitionError, Problem, did_you_mean, shown
from fairtransfer.evidence.atomic import write_atomic
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.evidence.run_file import read_environment
from fairtransfer.findings.run_record import RunRecord, load_record
from fairtransfer.gates.results import read_results
from fairtransfer.report.document import RunDocument, build
from fairtransfer.report.form import AnyDocument, form_named, forms
from fairtransfer.spec.keywords import parts
from fairtransfer.version import VERSION


def render(folder: Path, formats: str | Iterable[str] | None = None, out: Path | None = None) -> list[Path]:
    """Render a run's report and return the files written.

    Parameters
    ----------
    folder
        A run's folder; `findings.json` and `verdict.json` are read, nothing is computed again.
    formats
        Names of forms (`fairtransfer.report.form`), ``"html,md"`` or a list; default: all of them.
    out
        Where to write; default: `report/` in the run's folder.

    Raises
    ------
    DefinitionError
        When a form is not known, or none is named (``FT-R011``); nothing is written then.
    """
    names = _known(formats)
    return write(document_of(load_record(folder)), out or folder / "report", names)


def write(document: AnyDocument, out: Path, names: str | Iterable[str] | None = None) -> list[Path]:
    """Write a document into a folder, in these forms, or in all; return the files written."""
    made = [form_named(name) for name in _known(names)]
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for form in made:
        path = out / form.file(document)
        write_atomic(path, form.write(document))
        written.append(path)
    return written


def document_of(record: RunRecord) -> RunDocument:
    """Return the report of a run, before any form."""
    path = record.folder / "findings.json"
    found = read_results(path)
    environment = read_environment(record.folder)
    return build(record, found.rows, found.verdict, file_digest(path), VERSION, environment)


def _known(formats: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return names of forms, all of them where none are asked for."""
    if formats is None:
        return forms()
    names = tuple(parts(formats, ",") if isinstance(formats, str) else formats)
    known = f"known: {', '.join(forms())}"
    problems = [] if names else [Problem("FT-R011", "no format is named", known)]
    for name in names:
        if name not in forms():
            hint = did_you_mean(name, forms())
            do = hint if hint.startswith("did") else ""
            problems.append(Problem("FT-R011", f"unknown format `{shown(name)}`", known, do))
    if problems:
        raise DefinitionError(problems)
    return tuple(dict.fromkeys(names))
