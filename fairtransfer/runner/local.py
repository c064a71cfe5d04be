"""The local executor: one training after another in this process, every result committed as soon as it is there.

Ctrl-C, a crash or a kill loses at most the training in progress; the same command goes on where it stopped. It starts no
processes: torch spreads every step over all cores already, and the trainings of one process share the loaded model, the
prepared inputs, the frozen features and the heads fitted on them, all of which another process would have to make again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, final

from fairtransfer.adapt.hardware import Hardware, detect
from fairtransfer.evidence.store import Store
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.feature_cache import shelf_of
from fairtransfer.runner.job import Job, Plan, Training
from fairtransfer.runner.machine import Machine
from fairtransfer.runner.network_checks import check_network
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.session import Session
from fairtransfer.runner.todo import NO_PROGRESS, Lease, Progress, fail_unfinished
from fairtransfer.runner.work import carry_out


@final
class Local:
    """The process that runs the audit."""

    def __init__(self, costing: Costing = Costing()) -> None:  # noqa: B008  # frozen
        self.costing = costing
        self._session: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def machine(self) -> Machine:
        """Return the machine as torch sees it."""
        found = detect()
        return Machine(found.device, found.precision)

    def execute(
        self,
        plan: Plan,
        store: Store,
        data: OpenedData,
        todo: Sequence[tuple[Training, list[Job]]],
        progress: Progress = NO_PROGRESS,
    ) -> None:
        """Carry out what is pending. A training that fails ends with that status and the others go on."""
        session = self._opened(plan, store, data)
        check_network(session, (training for training, _ in todo))
        progress.begin(list(todo))
        for training, jobs in todo:
            _carry_out(session, store, training, jobs, progress)

    def _opened(self, plan: Plan, store: Store, data: OpenedData) -> Session:
        """Return what trainings share; those that follow from a choice go on with what was opened for the first."""
        if self._session is None or self._session.plan.run_id != plan.run_id or self._session.data is not data:
            hardware = Hardware(plan.machine.device, plan.machine.precision)
            self._session = Session(plan, data, hardware, self.costing, shelf_of(plan, store.folder, self.costing))
        return self._session


def _carry_out(session: Session, store: Store, training: Training, jobs: list[Job], progress: Progress) -> None:
    attempts = {job.id: store.begin(job.id) for job in jobs}
    leases = [Lease(job, attempts[job.id].number, attempts[job.id].folder) for job in jobs]

    def step(share: float) -> None:
        progress.step(training, share)

    def ready(lease: Lease) -> None:
        attempts[lease.job.id].commit()

    step(0.0)
    reason = carry_out(session, training, leases, step, ready)
    if reason:
        fail_unfinished(store, jobs, reason)
    step(1.0)
