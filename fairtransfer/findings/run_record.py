"""A run's folder, read: the audit and cards as they were, what every job recorded, joint counts, sums and rankings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from fairtransfer.errors import IntegrityError, Problems
from fairtransfer.evidence.jobs.choice import Choice, choice_of
from fairtransfer.evidence.jobs.records import JobRecord, jobs_in
from fairtransfer.evidence.reuse import Place, kept_places
from fairtransfer.evidence.run_file import RUN_FILE, GivenRecord, RunFile, SourceRecord, read_run
from fairtransfer.evidence.tables import read_table
from fairtransfer.plugins import Used, check, used_of
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_reading import read_card
from fairtransfer.spec.choice import trained_seeds
from fairtransfer.spec.given import control_of
from fairtransfer.spec.reading import read_audit


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
    run: RunFile
    jobs: tuple[JobRecord, ...]
    cells: pa.Table
    sums: pa.Table
    rankings: pa.Table
    gate_lines: Mapping[str, int]
    reuse: tuple[Place, ...] = ()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the audit's order."""
        return self.run.classes

    @property
    def numeric(self) -> bool:
        """Whether the label is a number."""
        return self.run.numeric

    @property
    def measured_in(self) -> str:
        """The unit of a label that is a number; empty where it is not known."""
        return self.run.measured_in

    @property
    def favourable_class(self) -> str | None:
        """The class that people want to be given, where the card names it and the models answer with it."""
        first = self.run.benchmarks[0].id if self.run.benchmarks else ""
        named = self.cards[first].card.label.favourable_class if first in self.cards else None
        return named if named in self.classes else None

    @property
    def given(self) -> GivenRecord | None:
        """What the run kept of predictions that were made elsewhere; None where models were adapted."""
        return self.run.predictions

    @property
    def source(self) -> SourceRecord | None:
        """What the run kept of a source that was trained here; None for a model that came from elsewhere."""
        return self.run.pretraining

    @property
    def plugins(self) -> tuple[Used, ...]:
        """Code that is not part of fairtransfer, with which the run was made."""
        return used_of(one.to_json() for one in self.run.plugins)

    @property
    def models(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """``(strategy, label budget) -> seeds`` of every adapted model asked for, in order: those its results rest on."""
        if self.given is not None:
            return {(model.strategy, model.label_budget): model.seeds for model in self.given.models}
        budgets = [budget.written for budget in self.run.label_budgets]
        models = [(strategy.name, budget) for strategy in self.audit.strategies for budget in budgets]
        choice, seeds = self.choice, trained_seeds(self.audit)
        return {model: seeds if choice is None else choice.seeds(model) for model in models}

    @cached_property
    def choice(self) -> Choice | None:
        """The model that seeds chose; None where nothing was chosen by seeds."""
        return choice_of(self.audit, self.jobs)

    @property
    def scratch(self) -> str:
        """The strategy that trains from scratch; empty when there is none."""
        name = control_of(self.audit)
        return name if any(strategy == name for strategy, _ in self.models) else ""

    @property
    def before_has_seeds(self) -> bool:
        """Whether the model before was asked once per seed."""
        return bool(self.given.before_seeds) if self.given is not None else self.audit.before_stage.way.uses_labels


def load_record(folder: Path) -> RunRecord:
    """Read a run's folder.

    Raises
    ------
    IntegrityError
        When the folder is not a run, or cannot be read by this version or these plug-ins.
    DefinitionError
        When it was made with a plug-in that is not switched on (``FT-R028``).
    """
    run = read_run(folder)
    check(used_of(one.to_json() for one in run.plugins), folder / RUN_FILE)
    problems = Problems()
    loaded = read_audit(folder / "audit.yaml", problems)
    names = [benchmark.id for benchmark in run.benchmarks]
    cards = {name: read_card(folder / "cards" / f"{name}.md", problems) for name in names}
    if loaded is None or None in cards.values():
        raise IntegrityError(
            f"{folder}: the audit or a card cannot be read any more:\n" + "\n".join(map(str, problems))
        )
    jobs = tuple(jobs_in(folder))
    cells, sums, rankings = (read_table(folder / f"{name}.parquet") for name in ("cells", "sums", "rankings"))
    lines = {gate.id: gate.line for gate in loaded.audit.gates}
    return RunRecord(
        folder,
        loaded.audit,
        {k: c for k, c in cards.items() if c},
        run,
        jobs,
        cells,
        sums,
        rankings,
        lines,
        kept_places(folder),
    )
