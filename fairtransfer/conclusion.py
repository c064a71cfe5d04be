"""What follows from a run's evidence: findings, verdict and documents written into its folder; or its verdict once more.

Documents are loaded where they are written: judging a run again does without.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import read_json, write_json
from fairtransfer.evidence.manifest import verify_sums, write_sums
from fairtransfer.findings.build import measure
from fairtransfer.findings.flips import harm_ledger
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.run_record import load_record
from fairtransfer.findings.screening import screened
from fairtransfer.findings.study import study_of
from fairtransfer.gates.results import Verdict
from fairtransfer.gates.verdict import judge


def conclude(folder: Path) -> Verdict:
    """Write findings, verdict, harm ledger, report and digests of a run's folder, from the evidence in it."""
    from fairtransfer.report.render import render

    record = load_record(folder)
    query = EvidenceQuery(study_of(record))
    verdict = judge(record, query)
    found = screened(query, measure(query), None if verdict.candidate is None else verdict.candidate.budget)
    content = {"schema": "1", "audit_id": record.audit.id, "run_id": record.id, "screening": found.about}
    rows = [finding.to_json() for finding in found.rows]
    write_json(folder / "findings.json", {**content, "rows": rows, "verdict": verdict.to_json()})
    write_json(folder / "verdict.json", verdict.to_json())
    write_json(folder / "harm.json", harm_ledger(record, verdict.candidate))
    render(folder)
    write_sums(folder)
    return verdict


def judged_again(folder: Path) -> Verdict:
    """Return the verdict of a run whose files have been checked, computed from its evidence.

    Raises
    ------
    IntegrityError
        When it is not the one that was recorded.
    """
    verdict = judge(load_record(folder))
    if verdict.to_json() != read_json(folder / "verdict.json"):
        raise IntegrityError(
            f"{folder}: the evidence now gives another verdict than verdict.json; the tool's version differs from the run's; "
            "judge with the version in environment.json, or move the folder away and `run` the audit again (finished jobs are "
            "kept, and the same model is no new evaluation)"
        )
    return verdict


def rendered_again(folder: Path, formats: str | Iterable[str] | None, out: Path | None) -> list[Path]:
    """Render the report of a finished run again, there or into another folder; the run's digests are brought up to date.

    Raises
    ------
    IntegrityError
        When a file of the run changed.
    DefinitionError
        When a form is not known (``FT-R011``).
    """
    from fairtransfer.report.render import render

    verify_sums(folder)
    written = render(folder, formats, out)
    if out is None:
        write_sums(folder)
    return written
