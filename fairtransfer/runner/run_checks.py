"""What a run checks before it trains anything, once its data is open. `plan` and `validate` make the same checks.

Whatever a run would refuse is refused by all three with the same code. A check that has to load the network takes seconds and
the training libraries: `validate` leaves it out, and so does a plan without a probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fairtransfer.errors import Problem, Problems
from fairtransfer.runner.extras import missing_for_training
from fairtransfer.runner.job import Plan
from fairtransfer.runner.label_budgets import budget_problems
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.text_checks import text_warnings


@dataclass(frozen=True, slots=True)
class RunCheck:
    """One check.

    Attributes
    ----------
    look
        Returns what is wrong and what is told, or raises it.
    loads_network
        Whether it opens the model's weights.
    """

    look: Callable[[Plan, OpenedData], tuple[Problem, ...]]
    loads_network: bool = False


def _budgets(plan: Plan, data: OpenedData) -> tuple[Problem, ...]:
    """Hold the label budgets against the rows there are."""
    return () if data.learned is None else tuple(budget_problems(plan.files, len(data.learned.train)))


def _network(plan: Plan, data: OpenedData) -> tuple[Problem, ...]:
    """Load the model as every training will: its weights are whole and finite, its head and its blocks as the audit needs them.

    Without the training libraries nothing can be loaded: another machine is to run it, and a run here says what is missing.
    """
    if plan.predictions is not None or missing_for_training(plan.audit) is not None:
        return ()
    from fairtransfer.adapt.hardware import Hardware
    from fairtransfer.runner.network_checks import check_network  # imports torch
    from fairtransfer.runner.session import Session

    hardware = Hardware(plan.machine.device, plan.machine.precision)
    check_network(Session(plan, data, hardware), (training for training, _ in plan.by_training()))
    return ()


CHECKS = (RunCheck(_budgets), RunCheck(text_warnings), RunCheck(_network, loads_network=True))
"""Every check, in the order in which they are made; the cheap ones first."""


def checked(plan: Plan, data: OpenedData, *, network: bool = False) -> tuple[Problem, ...]:
    """Make every check and return the warnings; the network is loaded where it is asked for, and nothing else is wrong.

    Raises
    ------
    DefinitionError
        With what is wrong, all of it at once.
    """
    problems = Problems()
    for check in CHECKS:
        if check.loads_network and (not network or problems.errors):
            continue
        with problems.gathered():
            problems.extend(check.look(plan, data))
    problems.raise_if_any()
    return problems.warnings
