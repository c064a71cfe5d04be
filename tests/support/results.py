"""What a run found, read from its folder."""

from __future__ import annotations

from pathlib import Path

from fairtransfer.gates.results import read_results
from fairtransfer.report.finding_index import FindingIndex


def findings_in(run: Path) -> FindingIndex:
    """The rows of a run, found by what they are about."""
    return FindingIndex(read_results(run / "findings.json").rows)
