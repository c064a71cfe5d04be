"""A workspace: where runs and finished jobs lie."""

from __future__ import annotations

from pathlib import Path

from fairtransfer.evidence.store import Store
from fairtransfer.runner.job import Plan


def store_of(workspace: Path) -> Store:
    """Return the store of a workspace."""
    return Store(workspace / ".store")


def run_folder(plan: Plan, workspace: Path) -> Path:
    """Return where a plan's run is kept."""
    return workspace / plan.audit.id / plan.run_id


def put_in_place(aside: Path, final: Path) -> None:
    """Rename a complete run into its place; the one that stands there, damaged or with failed jobs, is kept beside it."""
    if final.exists():
        number = 1
        while (replaced := final.with_name(f"{final.name}.replaced-{number}")).exists():
            number += 1
        final.rename(replaced)
    aside.rename(final)
