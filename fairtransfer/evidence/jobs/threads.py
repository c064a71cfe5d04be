"""With how many threads the jobs of a run were computed: it decides no job's id, and may decide how a training comes out.

Sums are split among threads, rounding depends on how, and a training carries rounding on from step to step. If the number
were part of a job's id, a workspace could not go on on a machine with other cores, and the cluster's workers would not share
results. So each job records it, and a run whose jobs differ in it says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fairtransfer.errors import Problem
from fairtransfer.evidence.jobs.records import JobRecord
from fairtransfer.formats import listing, plural


def threads_of(jobs: Iterable[JobRecord]) -> dict[int, int]:
    """Return for every number of threads how many jobs were computed with it; not of jobs that were made elsewhere."""
    found = Counter(job.machine.threads for job in jobs)
    return {number: found[number] for number in sorted(n for n in found if n is not None)}


def several_threads(jobs: Iterable[JobRecord]) -> Problem | None:
    """Return the warning ``FT-P100`` where jobs of a run were computed with different numbers of threads."""
    found = threads_of(jobs)
    if len(found) < 2:
        return None
    told = listing([f"{plural(count, 'job')} with {number}" for number, count in found.items()])
    return Problem(
        "FT-P100",
        f"computed with different numbers of threads: {told}",
        "",
        "rounding differs, and through it trainings may come out as differently as with another seed; for the same bytes, run in "
        "a fresh workspace with one number (OMP_NUM_THREADS)",
        path="jobs",
        severity="warning",
    )
