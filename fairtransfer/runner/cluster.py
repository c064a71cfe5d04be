"""The Ray executor: trainings carried out by the processes of a Ray cluster. Ray is transport only; the store is the truth.

What travels is a JSON specification there and job ids back (`remote.py`). Attempts are begun and committed here, where the
store is: an attempt that was given up can go on as long as it likes, nobody reads its folder. A process that dies takes its
attempt with it; the training is begun anew, a bounded number of times. Ray itself repeats nothing.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self, final

from fairtransfer.errors import RunError, shown
from fairtransfer.evidence.store import Attempt, Store
from fairtransfer.runner.connection import connected
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.job import Job, Plan, Training
from fairtransfer.runner.machine import Machine
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.remote import common_spec, look, specification, work
from fairtransfer.runner.signals import Deferred
from fairtransfer.runner.todo import NO_PROGRESS, Lease, Progress, fail_unfinished, label

MAX_ATTEMPTS = 3
"""How often one run begins a training whose process dies. Once may be chance; thrice is the training, or the memory."""

Resources = dict[str, float]


@dataclass(frozen=True)
class _Try:
    """A training that was handed out."""

    training: Training
    jobs: list[Job]
    attempts: dict[str, Attempt]
    number: int


@final
@dataclass
class Cluster:
    """A Ray cluster.

    Attributes
    ----------
    costing
        What is measured of the cost.
    cores, gpus
        What one training is given.
    slots
        Trainings there is room for at a time.
    """

    costing: Costing = Costing()  # noqa: RUF009  # frozen
    cores: int = 1
    gpus: int = 0
    slots: int = 1
    _open: ExitStack = field(default_factory=ExitStack)
    _signals: Deferred = field(default_factory=Deferred)

    def __enter__(self) -> Self:
        """Connect, and see what there is."""
        self._signals = self._open.enter_context(connected())
        import ray

        self.cores, self.gpus, self.slots = share([node["Resources"] for node in ray.nodes() if node["Alive"]])
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster; one that was started here ends."""
        self._open.close()

    def machine(self) -> Machine:
        """Return the machine trainings would be carried out on, as torch sees it there."""
        ref = self._task(look).remote(self.cores)
        while not self._ready([ref]):
            pass
        found = _answer(ref)
        if found is None:
            raise RunError("a process of the Ray cluster died before it could say what it computes on")
        return Machine(found["device"], found["precision"])

    def execute(
        self,
        plan: Plan,
        store: Store,
        data: OpenedData,  # to be looked at before: every process of the cluster opens the data itself
        todo: Sequence[tuple[Training, list[Job]]],
        progress: Progress = NO_PROGRESS,
    ) -> None:
        """Carry out what is pending, as many trainings at a time as the cluster has room for.

        Raises
        ------
        DefinitionError
            When a strategy asks for parts the model does not have.
        RunError
            When a process of the cluster would not give the results that were planned, or the cluster is gone.
        """
        _check(plan, data, todo)
        task, common = self._task(work), common_spec(plan, self.cores, self.costing)
        progress.begin(list(todo))
        waiting = deque((training, jobs, 1) for training, jobs in todo)
        running: dict[Any, _Try] = {}
        while waiting or running:
            while waiting and len(running) < self.slots:
                handed = _begin(store, *waiting.popleft())
                running[task.options(name=label(handed.training)).remote(_specification(common, handed))] = handed
                progress.step(handed.training, 0.0)
            for ref in self._ready(list(running)):
                handed = running.pop(ref)
                if _settle(store, handed, _answer(ref)):
                    progress.step(handed.training, 1.0)
                else:
                    waiting.appendleft((handed.training, handed.jobs, handed.number + 1))

    def _ready(self, refs: list[Any]) -> list[Any]:
        """Return those that are done; none if none is within a second, so that Ctrl-C is heard."""
        import ray

        found: list[Any] = ray.wait(refs, timeout=1.0)[0]
        self._signals.check()
        return found

    def _task(self, function: Any) -> Any:
        import ray

        # No limit of calls: a process that has opened the model goes on with the next training, on a GPU too.
        return ray.remote(num_cpus=self.cores, num_gpus=self.gpus, max_retries=0, max_calls=0)(function)


def _check(plan: Plan, data: OpenedData, todo: Sequence[tuple[Training, list[Job]]]) -> None:
    """Refuse here what every process of the cluster would refuse."""
    from fairtransfer.adapt.hardware import Hardware  # imports torch, which this process needs for nothing else
    from fairtransfer.runner.network_checks import check_network
    from fairtransfer.runner.session import Session

    check_network(Session(plan, data, Hardware("cpu", "fp32")), (training for training, _ in todo))


def share(nodes: Sequence[Resources]) -> tuple[int, int, int]:
    """Return cores and GPUs of one training, and how many trainings these nodes have room for at a time.

    A training has as many cores as `OMP_NUM_THREADS` says, else one: small trainings side by side are faster than one
    spread over all cores, and on a GPU one core feeds it. Where any node has a GPU, every training is given one.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    most = max((int(node.get("CPU", 0)) for node in nodes), default=1)
    cores = max(1, min(int(asked) if asked.isdigit() else 1, most))
    gpus = int(any(node.get("GPU", 0) >= 1 for node in nodes))
    room = [int(node.get("CPU", 0) // cores) for node in nodes]
    if gpus:
        room = [min(n, int(node.get("GPU", 0))) for n, node in zip(room, nodes, strict=True)]
    return cores, gpus, max(1, sum(room))


def _begin(store: Store, training: Training, jobs: list[Job], number: int) -> _Try:
    return _Try(training, jobs, {job.id: store.begin(job.id) for job in jobs}, number)


def _specification(common: dict[str, Any], handed: _Try) -> str:
    leases = [Lease(job, handed.attempts[job.id].number, handed.attempts[job.id].folder) for job in handed.jobs]
    return specification(common, leases)


def _answer(ref: Any) -> dict[str, Any] | None:
    """Return what a process answered, or None if it died; what it raised is a fault of ours and is raised here."""
    import ray
    from ray import exceptions

    try:
        found: dict[str, Any] = json.loads(ray.get(ref))
    except exceptions.RayTaskError:
        raise
    except (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.ObjectLostError,
        exceptions.OutOfMemoryError,
    ):
        return None
    except exceptions.RayError as error:
        raise RunError(f"the Ray cluster failed: {shown(str(error))}; finished jobs are kept") from None
    if "refused" in found:
        raise RunError(f"a process of the Ray cluster refused the work: {found['refused']}")
    return found


def _settle(store: Store, handed: _Try, answer: dict[str, Any] | None) -> bool:
    """Commit what is ready and record why the rest is not; False if the training has to be begun anew."""
    if answer is None:
        if handed.number < MAX_ATTEMPTS:
            return False
        reason = f"worker_died: the process died {MAX_ATTEMPTS} times, often for want of memory"
        answer = {"ready": [], "reason": reason}
    for job in answer["ready"]:
        handed.attempts[job].commit()
    if answer["reason"]:
        fail_unfinished(store, handed.jobs, answer["reason"])
    return True
