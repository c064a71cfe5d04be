"""Judging for release: a run takes its place in the reuse ledger of every benchmark it judges, and keeps it.

Only `run` does this. Judging a finished run again, rendering and verifying read the place that the run keeps and spend
nothing, so that a verdict is the same wherever the folder is.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from fairtransfer.evidence.canonical import digest, write_json
from fairtransfer.evidence.reuse import (
    REUSE_FILE,
    Place,
    check_all,
    enter,
    kept_places,
    ledger_name,
    ledger_path,
    place_in,
    read_ledger,
)
from fairtransfer.evidence.run_file import BenchmarkRecord, read_run
from fairtransfer.evidence.tables import read_table
from fairtransfer.findings.candidate import Chosen, candidate
from fairtransfer.findings.run_record import RunRecord, load_record
from fairtransfer.gates.results import Verdict


def take_places(folder: Path, workspace: Path) -> None:
    """Write where a run's candidate stands in the ledgers of the benchmarks its gates judge; nothing is spent yet.

    Raises
    ------
    IntegrityError
        When a ledger was changed, or has not got the place of a run in the workspace.
    """
    record = load_record(folder)
    chosen = candidate(record)
    if chosen is None or not record.audit.gates:
        return
    judged = [benchmark.id for benchmark in record.run.benchmarks if _is_judged(record, benchmark)]
    places = [_place(record, chosen, benchmark, workspace) for benchmark in judged]
    check_all(workspace, {place.ledger for place in places})
    write_json(folder / REUSE_FILE, {"schema": "1", "places": [asdict(place) for place in places]})


def spend(folder: Path, workspace: Path, verdict: Verdict) -> None:
    """Enter a run's evaluations into the ledgers."""
    run = read_run(folder)
    for place in kept_places(folder):
        enter(ledger_path(workspace, place.ledger), place, run.audit_id, run.run_id, verdict.outcome)


def _is_judged(record: RunRecord, benchmark: BenchmarkRecord) -> bool:
    """Say whether any gate is about a benchmark."""
    return any(
        gate.options.benchmark in (None, benchmark.id) and set(gate.options.by) <= set(benchmark.attributes)
        for gate in record.audit.gates
    )


def _place(record: RunRecord, chosen: Chosen, benchmark: str, workspace: Path) -> Place:
    card, policy = record.cards[benchmark].card, record.audit.policy
    ledger = ledger_name(card)
    lines = read_ledger(ledger_path(workspace, ledger))
    model = _answers(record, chosen, benchmark)
    return place_in(lines, benchmark, ledger, model, policy.planned_evaluations, policy.alpha)


def _answers(record: RunRecord, chosen: Chosen, benchmark: str) -> str:
    """Return the digest of what the candidate answered, seed by seed: the same answers are the same model."""
    wanted = (benchmark, "after", chosen.strategy, chosen.budget)
    seeds = None if record.choice is None else record.choice.seeds((chosen.strategy, chosen.budget))
    found = []
    for job in record.jobs:
        if (job.benchmark, job.stage, *job.model) == wanted and (seeds is None or job.seed in seeds):
            table = read_table(record.folder / "jobs" / job.id / "predictions.parquet", ["item", "pred"])
            found.append([job.seed, *(table[name].to_pylist() for name in ("item", "pred"))])
    return digest(sorted(found, key=lambda answers: str(answers[0])))
