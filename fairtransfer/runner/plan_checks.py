"""What is checked before anything is planned: how many jobs there would be, and that data files are the ones described."""

from __future__ import annotations

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.roots import changed, root_of
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.runner.job import Roots
from fairtransfer.spec.audit_files import AuditFiles

MAX_JOBS = 10_000


def check_size(files: AuditFiles, jobs: int, limit: int) -> None:
    """Refuse a plan with more jobs than allowed."""
    if jobs > limit:
        at = ("model", "source") if files.loaded.audit.made_elsewhere else ("strategies",)
        found = f"plan has {jobs:,} jobs; limit {limit:,} (`--max-jobs`)"
        do = "ask for fewer strategies, budgets or seeds"
        raise DefinitionError([files.loaded.document.problem("FT-Y025", at, found, "", do)])


def check_files(files: AuditFiles, roots: Roots) -> None:
    """Check that every data file is there and is the one its card describes."""
    problems = Problems()
    for card in files.cards:
        for index, ref in enumerate(card.card.files):
            try:
                found = file_digest(locate(root_of(card, ref.under, roots.data), ref.path))
            except PathRefused as refused:
                problems.add(
                    card.document.problem(
                        refused.code, ("fairtransfer", "files", index, "path"), refused.found, refused.allowed
                    )
                )
                continue
            problems.extend(changed(card, ("files", index), ref.sha256, found))
    problems.raise_if_any()
