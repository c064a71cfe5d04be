"""A run's folder, read: the audit and cards as they were, what every job recorded, joint counts and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairtransfer.errors import IntegrityError, Problems
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.records import jobs_in
from fairtransfer.evidence.reuse import Place, kept_places
from fairtransfer.evidence.tables import read_table
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_reading import read_card
from fairtransfer.spec.given import control_of
from fairtransfer.spec.reading import read_audit

RUN_FILE = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """Everything findings, verdict and documents are made of.

    Attributes
    ----------
    run
        `run.json`: ids, classes, views, ledgers and leaks per benchmark, warnings, failed jobs.
    jobs
        `job.json` of every finished job.
    cards
        ``benchmark id -> card``.
    reuse
        The run's place in the reuse ledger of every benchmark that was judged for release.
    """

    folder: Path
    audit: Audit
    cards: Mapping[str, LoadedCard]
    run: Mapping[str, Any]
    jobs: tuple[Mapping[str, Any], ...]
    cells: pa.Table
    moments: pa.Table
    scores: pa.Table | None
    gate_lines: Mapping[str, int]
    reuse: tuple[Place, ...] = ()

    @property
    def id(self) -> str:
        """The run's id."""
        return str(self.run["run_id"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the audit's order."""
        return tuple(self.run["classes"])

    @property
    def numeric(self) -> bool:
        """Whether the label is a number."""
        return bool(self.run.get("target") == "number")

    @property
    def measured_in(self) -> str:
        """The unit of a label that is a number; empty where it is not known."""
        return str(self.run.get("measured_in", ""))

    @property
    def given(self) -> Mapping[str, Any] | None:
        """What the run kept of predictions that were made elsewhere; None where models were adapted."""
        kept: Mapping[str, Any] | None = self.run.get("predictions")
        return kept

    @property
    def source(self) -> Mapping[str, Any] | None:
        """What the run kept of a source that was trained here; None for a model that came from elsewhere."""
        kept: Mapping[str, Any] | None = self.run.get("pretraining")
        return kept

    @property
    def models(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """``(strategy, label budget) -> seeds`` of every adapted model asked for, in order."""
        if self.given is not None:
            return {(m["strategy"], m["label_budget"]): tuple(m["seeds"]) for m in self.given["models"]}
        budgets = [budget["written"] for budget in self.run["label_budgets"]]
        return {(strategy.name, budget): self.audit.seeds for strategy in self.audit.strategies for budget in budgets}

    @property
    def scratch(self) -> str:
        """The strategy that trains from scratch; empty when there is none."""
        name = control_of(self.audit)
        return name if any(strategy == name for strategy, _ in self.models) else ""

    @property
    def before_has_seeds(self) -> bool:
        """Whether the model before was asked once per seed."""
        return bool(self.given["before_seeds"]) if self.given is not None else self.audit.before_stage.kind == "probe"

    def benchmark(self, name: str) -> Mapping[str, Any]:
        """Return what the run kept of a benchmark."""
        return next(b for b in self.run["benchmarks"] if b["id"] == name)


def load_record(folder: Path) -> RunRecord:
    """Read a run's folder.

    Raises
    ------
    IntegrityError
        When the folder is not a run, or cannot be read by this version.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        raise IntegrityError(f"{folder} is not a run: it has no {RUN_FILE}")
    run = read_json(path)
    if run.get("schema") != "1":
        raise IntegrityError(
            f"{folder} was written by another version (schema {run.get('schema')}); this tool reads schema 1; upgrade"
        )
    problems = Problems()
    loaded = read_audit(folder / "audit.yaml", problems)
    cards = {b["id"]: read_card(folder / "cards" / f"{b['id']}.md", problems) for b in run["benchmarks"]}
    if loaded is None or None in cards.values():
        raise IntegrityError(
            f"{folder}: the audit or a card cannot be read any more:\n" + "\n".join(map(str, problems))
        )
    jobs = tuple(jobs_in(folder))
    cells, moments = read_table(folder / "cells.parquet"), read_table(folder / "moments.parquet")
    made = folder / "scores.parquet"  # runs of earlier versions have none
    scores = read_table(made) if made.is_file() else None
    lines = {gate.id: gate.line for gate in loaded.audit.gates}
    return RunRecord(
        folder,
        loaded.audit,
        {k: c for k, c in cards.items() if c},
        run,
        jobs,
        cells,
        moments,
        scores,
        lines,
        kept_places(folder),
    )
