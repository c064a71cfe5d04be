"""What the jobs of a run record, as its folder keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairtransfer.evidence.canonical import read_json


def jobs_in(folder: Path) -> list[dict[str, Any]]:
    """Return what every job in a run's folder records, in the order of their ids."""
    return [read_json(path) for path in sorted((folder / "jobs").glob("*/job.json"))]
