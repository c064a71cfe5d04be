"""Who carries out a plan: the names an audit can be run with, and what all of them do."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Protocol, Self

from fairtransfer.errors import DefinitionError, Problem, did_you_mean
from fairtransfer.evidence.store import Store
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.job import Job, Plan, Training
from fairtransfer.runner.machine import Machine
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.todo import Progress

EXECUTORS = ("local", "ray")


class Executor(Protocol):
    """Carries out trainings; open while it does.

    The store belongs to the process that runs the audit: it hands out attempts and commits them, whoever did the work.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def machine(self) -> Machine:
        """Return the machine on which trainings would be carried out."""

    def execute(
        self,
        plan: Plan,
        store: Store,
        data: OpenedData,
        todo: Sequence[tuple[Training, list[Job]]],
        progress: Progress,
    ) -> None:
        """Carry out what is pending."""


def check_executor(name: str) -> None:
    """Refuse an executor there is not (``FT-R012``), or that is not installed (``FT-P090``).

    Raises
    ------
    DefinitionError
        Before anything is read or run.
    """
    problem = None
    if name not in EXECUTORS:
        known = did_you_mean(name, EXECUTORS)
        problem = Problem("FT-R012", f"unknown executor `{name}`", known)
    elif name == "ray" and importlib.util.find_spec("ray") is None:
        found = "`--executor ray` needs the package `ray`, which is not installed"
        problem = Problem("FT-P090", found, "", 'install it with: pip install "fairtransfer[ray]"')
    if problem is not None:
        raise DefinitionError([problem])


def open_executor(name: str, costing: Costing) -> Executor:
    """Return an executor by its name; the training libraries are imported here, and only those it needs."""
    if name == "ray":
        from fairtransfer.runner.cluster import Cluster

        return Cluster(costing)
    from fairtransfer.runner.local import Local

    return Local(costing)
