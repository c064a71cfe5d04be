"""A run in stages: planned, opened, answered, measured, judged. Each is made once, out of the one before.

Answers are made in two rounds where validation chooses a model by seeds: of all strategies, then of the one that was chosen,
trained again on seeds that had no part in the choice.

What imports torch is imported when something is trained: a run with nothing to do, and predictions made elsewhere, need none.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from fairtransfer.conclusion import conclude, judged_again
from fairtransfer.errors import IntegrityError, Problem
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.manifest import verify_sums
from fairtransfer.evidence.store import Store
from fairtransfer.gates.results import Verdict
from fairtransfer.release import spend, take_places
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.disk import expected_disk, used
from fairtransfer.runner.executor import Executor, open_executor
from fairtransfer.runner.external_predictions import keep
from fairtransfer.runner.extras import missing_for_training
from fairtransfer.runner.folder import write_folder
from fairtransfer.runner.job import Job, Plan, Training
from fairtransfer.runner.judging import at_most, follows, with_judging
from fairtransfer.runner.opened_data import OpenedData, open_data
from fairtransfer.runner.plan import on_machine
from fairtransfer.runner.rates import read_rates
from fairtransfer.runner.run_checks import checked
from fairtransfer.runner.source import ready, with_source
from fairtransfer.runner.times import expected
from fairtransfer.runner.todo import NO_PROGRESS, Progress, is_final, pending
from fairtransfer.workspace import put_in_place, run_folder, store_of


@dataclass(frozen=True, slots=True)
class Means:
    """With what a plan is carried out.

    Attributes
    ----------
    executor
        The name of who trains: ``local`` or ``ray``.
    """

    executor: str = "local"
    costing: Costing = field(default_factory=Costing)
    progress: Progress = NO_PROGRESS


@dataclass(frozen=True, slots=True)
class Timing:
    """How long trainings took and how much the store grew, beside what was foreseen (None: not known)."""

    executor: str
    trainings: int
    seconds: float
    predicted_seconds: float | None
    disk_bytes: int
    predicted_disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the workspace that its run is kept in. No data is opened."""

    plan: Plan
    workspace: Path

    @property
    def folder(self) -> Path:
        """Where the run is kept, or will be."""
        return run_folder(self.plan, self.workspace)

    def there(self) -> Judged | None:
        """Return the run that is there already: unchanged, and without a job that is worth another try."""
        try:
            verify_sums(self.folder)
        except IntegrityError:
            return None
        failed = read_json(self.folder / "run.json")["failed_jobs"]
        if not all(is_final(job["reason"]) for job in failed):
            return None
        return Judged(self.folder, judged_again(self.folder), 0)

    def opened(self, store: Store | None = None) -> Opened:
        """Open the data, check it against its cards, and make every check of a run that loads no network.

        Raises
        ------
        DefinitionError
            When the data contradicts its cards, a label budget does not fit it, or no model could read it.
        """
        data = open_data(self.plan.files, self.plan.roots, self.plan.predictions)
        told = (*data.warnings, *checked(self.plan, data))
        return Opened(self.plan, self.workspace, store or store_of(self.workspace), data, told)

    def completed(self, means: Means) -> Judged:
        """Return the run: the one that is there, or all stages one after the other.

        Raises
        ------
        WorkspaceBusy
            When another run holds the workspace.
        """
        if (run := self.there()) is not None:
            return run
        with store_of(self.workspace) as store:
            return self.opened(store).executed(means).measured().judged()


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan with its data opened, and the store in which its finished jobs are.

    Attributes
    ----------
    told
        Warnings of the data and of the checks that load no network.
    """

    plan: Plan
    workspace: Path
    store: Store
    data: OpenedData
    told: tuple[Problem, ...] = ()

    def todo(self) -> list[tuple[Training, list[Job]]]:
        """Return what is pending."""
        return pending(self.plan, self.store)

    def chosen(self) -> Opened:
        """Return the plan with what follows from it, once all that the choice rests on has ended; as it is before that."""
        return self._judging() if follows(self.plan, self.store) else self

    def _judging(self) -> Opened:
        return replace(self, plan=with_judging(self.plan, self.store))

    def executed(self, means: Means) -> Executed:
        """Do what is pending: every job then has its answers in the store, or the reason why it has none.

        Raises
        ------
        MissingExtra
            When something has to be trained and the training libraries are not installed.
        """
        known = self.chosen()
        todo = known.todo()
        if self.plan.predictions is not None:
            if todo:
                keep(self.plan, self.store, self.data, todo, means.progress)
            return Executed(self, len(todo))
        if todo:
            return self._trained(means)
        return Executed(known._with_source(known.plan, means), 0)

    def _trained(self, means: Means) -> Executed:
        if missing := missing_for_training(self.plan.audit):
            raise missing
        with open_executor(means.executor, means.costing) as hands:
            opened = self._with_source(on_machine(self.plan, hands.machine()), means)
            seconds, disk, held = *opened._foreseen(), used(self.store)
            todo = opened.todo()
            took = [opened._carried_out(todo, hands, means)]
            if opened.plan.judging:
                # What failed a moment ago and may be tried again is left to the next run.
                known, opened = {job.id for job in opened.plan.jobs}, opened._judging()
                todo = [(training, jobs) for training, jobs in opened.todo() if known.isdisjoint(j.id for j in jobs)]
                took.append(opened._carried_out(todo, hands, means))
        trainings, spent = (sum(values) for values in zip(*took, strict=True))
        grown = used(self.store) - held
        timing = Timing(means.executor, int(trainings), round(spent, 3), seconds, grown, disk)
        return Executed(opened, timing.trainings, timing)

    def _with_source(self, plan: Plan, means: Means) -> Opened:
        trained = with_source(plan, self.store, self.data, means.costing, means.progress)
        return replace(self, plan=trained)

    def _foreseen(self) -> tuple[float | None, int | None]:
        """Return seconds and bytes that all that is left is expected to take, as a plan tells them."""
        rates = read_rates(self.plan)
        whole = at_most(self.plan, self.store, self.data, rates)
        todo = pending(whole, self.store)
        disk = expected_disk(whole, self.store, self.data, todo, rates).stored
        return expected(whole, self.store, self.data, todo, rates).total, disk

    def _carried_out(
        self, todo: Sequence[tuple[Training, list[Job]]], hands: Executor, means: Means
    ) -> tuple[int, float]:
        """Carry out trainings, and return how many that were and how long they took."""
        began = time.perf_counter()
        if todo and ready(self.plan):
            hands.execute(self.plan, self.store, self.data, todo, means.progress)
        return len(todo), time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Executed:
    """Every job of a plan has its answers in the store, or the reason why it has none.

    Attributes
    ----------
    trainings
        How many were done now.
    timing
        What they took; None where nothing was trained here.
    """

    opened: Opened
    trainings: int
    timing: Timing | None = None

    def measured(self) -> Measured:
        """Write the run's evidence into a folder beside its place, and take the run's places in the reuse ledgers."""
        opened = self.opened
        final = run_folder(opened.plan, opened.workspace)
        aside = final.with_name(f".{final.name}.tmp")
        shutil.rmtree(aside, ignore_errors=True)
        timing = None if self.timing is None else asdict(self.timing)
        write_folder(opened.plan, opened.store, opened.data, aside, timing)
        take_places(aside, opened.workspace)
        return Measured(aside, final, opened.workspace, self.trainings)


@dataclass(frozen=True, slots=True)
class Measured:
    """A run's evidence, complete, in a folder beside its place."""

    folder: Path
    final: Path
    workspace: Path
    trainings: int

    def judged(self) -> Judged:
        """Write findings, verdict and documents, enter the evaluation into the ledgers, and put the run in its place."""
        verdict = conclude(self.folder)
        spend(self.folder, self.workspace, verdict)
        put_in_place(self.folder, self.final)
        return Judged(self.final, verdict, self.trainings)


@dataclass(frozen=True, slots=True)
class Judged:
    """A complete run in its place.

    Attributes
    ----------
    trainings
        How many were done for it now; 0 when everything was there already.
    """

    folder: Path
    verdict: Verdict
    trainings: int
