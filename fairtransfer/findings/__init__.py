"""Evidence -> rows: a pure function of what a run left on disk. No model, no torch, no network."""

from __future__ import annotations

from fairtransfer.findings.measure import measure
from fairtransfer.findings.record import RunRecord, load_record
from fairtransfer.findings.rows import Finding

__all__ = ["Finding", "RunRecord", "load_record", "measure"]
