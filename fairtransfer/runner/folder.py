"""The folder of a run: what was asked, on what, every answer, and the joint counts. Complete in itself, without the store."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairtransfer.errors import Problem
from fairtransfer.evidence.atomic import write_atomic
from fairtransfer.evidence.canonical import write_json
from fairtransfer.evidence.jobs.count import write_counts
from fairtransfer.evidence.jobs.records import jobs_in
from fairtransfer.evidence.jobs.threads import several_threads
from fairtransfer.evidence.schema import SCHEMA
from fairtransfer.evidence.store import MANIFEST, Store
from fairtransfer.evidence.tables import write_table
from fairtransfer.runner.external_predictions import given_json
from fairtransfer.runner.foreign import plugins_of
from fairtransfer.runner.job import Plan
from fairtransfer.runner.machine import environment
from fairtransfer.runner.opened_data import OpenedData, is_multilabel
from fairtransfer.runner.source import source_json
from fairtransfer.runner.text_checks import reading_in
from fairtransfer.spec.audit import BenchmarkRef
from fairtransfer.spec.choice import budget_text, seed_roles


def write_folder(
    plan: Plan, store: Store, data: OpenedData, folder: Path, timing: dict[str, Any] | None = None
) -> None:
    """Write everything of a run that comes before findings, into an empty folder.

    Parameters
    ----------
    timing
        How long the trainings took that were carried out for it, and how long was predicted.
    """
    folder.mkdir(parents=True)
    write_atomic(folder / "audit.yaml", plan.files.loaded.document.text.encode())
    _copy_cards(plan, folder / "cards")
    write_json(folder / "environment.json", {**environment(plan.audit.model.family, plan.machine), "timing": timing})
    failed = _copy_jobs(plan, store, folder / "jobs")
    mixed = several_threads(jobs_in(folder))
    about = _run_json(plan, data, failed, () if mixed is None else (mixed,))
    for benchmark in about["benchmarks"]:
        reading = reading_in(folder, benchmark["id"], data.judged[benchmark["id"]].part)
        benchmark |= {} if reading is None else {"texts": reading.to_json()}
    write_json(folder / "run.json", {**about, "pretraining": source_json(plan, store, data)})
    for index in range(len(plan.files.benchmarks)):
        _items(plan, data, index, folder)
    write_counts(folder)


def _copy_cards(plan: Plan, folder: Path) -> None:
    folder.mkdir()
    for card in {c.card.id: c for c in plan.files.cards}.values():
        write_atomic(folder / f"{card.card.id}.md", card.path.read_bytes())


def _copy_jobs(plan: Plan, store: Store, folder: Path) -> list[dict[str, Any]]:
    """Copy every result, and return the jobs that have none with the reason."""
    folder.mkdir()
    failed = []
    for job in plan.jobs:
        found = store.result(job.id)
        if found is not None:
            shutil.copytree(found, folder / job.id, ignore=shutil.ignore_patterns(MANIFEST))
            continue
        training, status = job.training, store.status(job.id)
        row = {
            "id": job.id,
            "benchmark": job.benchmark,
            "stage": training.stage,
            "strategy": training.strategy,
            "label_budget": training.budget,
        }
        failed.append({**row, "seed": training.seed, "reason": status.reason or "not run", "attempts": status.attempt})
    return failed


def views_of(plan: Plan, ref: BenchmarkRef) -> list[list[str]]:
    """Return the attributes and intersections results are split by: the audit's, and those its gates need."""
    views = [[name] for name in ref.groups] + [list(names) for names in ref.intersections]
    views += [list(gate.options.by) for gate in plan.audit.gates if set(gate.options.by) <= set(ref.groups)]
    return [list(view) for view in dict.fromkeys(map(tuple, views))]


def _run_json(plan: Plan, data: OpenedData, failed: list[dict[str, Any]], noticed: Iterable[Problem]) -> dict[str, Any]:
    audit = plan.audit
    benchmarks = []
    for card, ref in zip(plan.files.benchmarks, audit.benchmarks, strict=True):
        side = data.judged[card.card.id]
        benchmarks.append(
            {
                "id": card.card.id,
                "key": card.card.key,
                "attributes": list(ref.groups),
                "views": views_of(plan, ref),
                "rows": len(side.part),
                "ledger": side.ledger.to_json(ref.groups),
                "leaks": side.leaks,
            }
        )
    roles = seed_roles(audit)
    numbers = {"target": "number", "measured_in": plan.files.measured_in} if plan.files.numeric else {}
    return {
        **numbers,
        "schema": SCHEMA,
        "audit_id": audit.id,
        "run_id": plan.run_id,
        "classes": list(plan.files.classes),
        "positive_class": plan.files.positive_class,
        "multilabel": is_multilabel(plan.files) if data.learned is None else data.learned.multilabel,
        "label_budgets": budgets_of(plan, data),
        "model": {
            "source": plan.checkpoint.source,
            "sha256": plan.checkpoint.digest,
            "files": dict(plan.checkpoint.files),
        },
        "adaptation": _adaptation(plan, data),
        "predictions": given_json(plan, data),
        "selection": None if roles is None else {"choosing": list(roles.choosing), "judging": list(roles.judging)},
        "benchmarks": benchmarks,
        "plugins": [one.to_json() for one in plugins_of(plan.files)],
        "failed_jobs": failed,
        "warnings": [w.to_json() for w in (*plan.files.warnings, *data.warnings, *noticed)],
    }


def budgets_of(plan: Plan, data: OpenedData) -> list[dict[str, Any]]:
    """Return every label budget with how many labels it is, where that is known."""
    if plan.predictions is not None:
        written = dict.fromkeys(budget for _, budget in plan.predictions.models)
        return [{"written": budget, "labels": int(budget) if budget.isdigit() else None} for budget in written]
    rows = len(data.adaptation.train)

    def labels(budget: float | str) -> int:
        return rows if budget == "all" else budget if isinstance(budget, int) else max(1, round(float(budget) * rows))

    return [{"written": budget_text(b), "labels": labels(b)} for b in plan.audit.label_budgets]


def _adaptation(plan: Plan, data: OpenedData) -> dict[str, Any] | None:
    side = data.learned
    if side is None:
        return None
    rows = {"train": len(side.train), "validation": len(side.val)}
    named = dict.fromkeys(name for ref in plan.audit.benchmarks for name in ref.groups)
    return {"card": plan.files.training.card.id, "ledger": side.ledger.to_json(list(named)), "rows": rows}


def _items(plan: Plan, data: OpenedData, index: int, folder: Path) -> None:
    """Write who is in a benchmark: ids, labels, units and groups, no inputs."""
    card, ref = plan.files.benchmarks[index].card, plan.audit.benchmarks[index]
    part = data.judged[card.id].part
    columns = {name: pa.array(part.groups[name], pa.string()) for name in ref.groups}
    (folder / "benchmarks" / card.id).mkdir(parents=True)
    write_table(
        folder / "benchmarks" / card.id / "items.parquet",
        pa.table({"item": list(part.ids), "y": _labels(plan, part.y), "unit": list(part.units), **columns}),
    )


def _labels(plan: Plan, y: Sequence[str]) -> pa.Array:
    return pa.array([float(value) for value in y], pa.float64()) if plan.files.numeric else pa.array(y, pa.string())
