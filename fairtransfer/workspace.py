"""A workspace: where runs and finished jobs lie, and how a plan becomes a run there.

What is needed is imported when it is called: asking where something lies loads no table library and no torch.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import DefinitionError, IntegrityError
from fairtransfer.evidence.manifest import verify_sums, write_sums

if TYPE_CHECKING:
    from fairtransfer.evidence.store import Store
    from fairtransfer.gates.verdict import Verdict
    from fairtransfer.runner.cost import Costing
    from fairtransfer.runner.job import Job, Plan, Training
    from fairtransfer.runner.opened_data import Sides
    from fairtransfer.runner.todo import Progress


def store_of(workspace: Path) -> Store:
    """Return the store of a workspace."""
    from fairtransfer.evidence.store import Store

    return Store(workspace / ".store")


def run_folder(made: Plan, workspace: Path) -> Path:
    """Return where a plan's run is kept."""
    return workspace / made.audit.id / made.run_id


def finished(made: Plan, workspace: Path) -> Path | None:
    """Return the folder of a plan's run if it is unchanged and no job in it is worth another try."""
    from fairtransfer.evidence.canonical import read_json
    from fairtransfer.runner.todo import is_final

    folder = run_folder(made, workspace)
    try:
        verify_sums(folder)
    except IntegrityError:
        return None
    failed = read_json(folder / "run.json")["failed_jobs"]
    return folder if all(is_final(job["reason"]) for job in failed) else None


def complete(
    made: Plan, workspace: Path, progress: Progress | None, max_jobs: int | None, executor: str, costing: Costing
) -> tuple[Path, int, Verdict]:
    """Do what is missing of a plan, and return the folder of its run, how many trainings that took, and the verdict."""
    from fairtransfer.release import spend, take_places
    from fairtransfer.runner.folder import write_folder
    from fairtransfer.runner.opened_data import open_sides
    from fairtransfer.runner.source import ready, with_source
    from fairtransfer.runner.todo import NO_PROGRESS, pending

    with store_of(workspace) as store:
        sides = open_sides(made.files, made.roots, made.answers)
        todo, timing = pending(made, store), None
        if todo and made.answers is not None:
            from fairtransfer.runner.external_predictions import keep

            keep(made, store, sides, todo, progress or NO_PROGRESS)
        elif todo:
            made, todo, timing = _train(made, store, sides, progress or NO_PROGRESS, max_jobs, executor, costing)
        elif not ready(made):
            made = with_source(made, store, sides, costing, progress or NO_PROGRESS)
        final = run_folder(made, workspace)
        aside = final.with_name(f".{final.name}.tmp")
        shutil.rmtree(aside, ignore_errors=True)
        write_folder(made, store, sides, aside, timing)
        take_places(aside, workspace)
        verdict = conclude(aside)
        spend(aside, workspace, verdict)
        _put_in_place(aside, final)
    return final, len(todo), verdict


def _train(
    made: Plan, store: Store, sides: Sides, progress: Progress, max_jobs: int | None, executor: str, costing: Costing
) -> tuple[Plan, list[tuple[Training, list[Job]]], dict[str, Any]]:
    """Carry out what is pending, and return the plan for the machine that did it, what was pending, and how long it took."""
    from fairtransfer.runner.disk import expected_disk, used
    from fairtransfer.runner.executor import open_executor
    from fairtransfer.runner.extras import missing_for_training
    from fairtransfer.runner.label_budgets import budget_problems
    from fairtransfer.runner.plan import make_plan
    from fairtransfer.runner.plan_checks import MAX_JOBS
    from fairtransfer.runner.rates import read_rates
    from fairtransfer.runner.source import ready, with_source
    from fairtransfer.runner.times import expected
    from fairtransfer.runner.todo import pending

    if missing := missing_for_training(made.audit):
        raise missing
    if problems := budget_problems(made.files, len(sides.adaptation.train)):
        raise DefinitionError(problems)
    with open_executor(executor, costing) as hands:
        if (found := hands.machine()) != made.machine:
            made = make_plan(made.files, made.roots, found, max_jobs or MAX_JOBS)
        made = with_source(made, store, sides, costing, progress)
        todo = pending(made, store)
        rates = read_rates(made)
        foreseen = expected(made, store, sides, todo, rates).total
        disk, held = expected_disk(made, store, sides, todo, rates).stored, used(store)
        began = time.perf_counter()
        if todo and ready(made):
            hands.execute(made, store, sides, todo, progress)
    took = round(time.perf_counter() - began, 3)
    timing = {"executor": executor, "trainings": len(todo), "seconds": took, "predicted_seconds": foreseen}
    return made, todo, {**timing, "disk_bytes": used(store) - held, "predicted_disk_bytes": disk}


def _put_in_place(aside: Path, final: Path) -> None:
    """Rename a complete run into its place; the one that stands there, damaged or with failed jobs, is kept beside it."""
    if final.exists():
        number = 1
        while (replaced := final.with_name(f"{final.name}.replaced-{number}")).exists():
            number += 1
        final.rename(replaced)
    aside.rename(final)


def conclude(folder: Path) -> Verdict:
    """Write findings, verdict, harm ledger, report and digests of a run's folder, from the evidence in it."""
    from fairtransfer.evidence.canonical import write_json
    from fairtransfer.findings.build import measure
    from fairtransfer.findings.flips import harm_ledger
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.findings.run_record import load_record
    from fairtransfer.findings.screening import screened
    from fairtransfer.findings.study import study_of
    from fairtransfer.gates import judge as judge_record
    from fairtransfer.report.render import render as render_report

    record = load_record(folder)
    query = EvidenceQuery(study_of(record))
    verdict = judge_record(record, query)
    found = screened(query, measure(query), None if verdict.candidate is None else verdict.candidate.budget)
    content = {"schema": "1", "audit_id": record.audit.id, "run_id": record.id, "screening": found.about}
    rows = [finding.to_json() for finding in found.rows]
    write_json(folder / "findings.json", {**content, "rows": rows, "verdict": verdict.to_json()})
    write_json(folder / "verdict.json", verdict.to_json())
    write_json(folder / "harm.json", harm_ledger(record, verdict.candidate))
    render_report(folder)
    write_sums(folder)
    return verdict
