"""The jobs of an audit, without looking any further: no data is opened and nothing is timed."""

from __future__ import annotations

from pathlib import Path

from fairtransfer.api import load_audit
from fairtransfer.runner.job import Plan, Roots
from fairtransfer.runner.plan import make_plan
from fairtransfer.runner.plan_checks import MAX_JOBS
from fairtransfer.spec.audit_files import AuditFiles


def jobs_of(audit: Path | AuditFiles, *, data_root: Path | None = None, max_jobs: int = MAX_JOBS) -> Plan:
    files = audit if isinstance(audit, AuditFiles) else load_audit(audit)
    return make_plan(files, Roots(data_root), max_jobs=max_jobs)
