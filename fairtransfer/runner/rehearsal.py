"""What a run would refuse, found without fetching, loading or training anything: for `validate`, before anybody waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fairtransfer.data.benchmark import Benchmark
from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.runner.job import Plan, Roots
from fairtransfer.runner.label_budgets import budget_problems
from fairtransfer.runner.opened_data import open_data
from fairtransfer.runner.plan import make_plan
from fairtransfer.runner.run_checks import checked
from fairtransfer.spec.audit_files import AuditFiles

_NOT_HERE = ("FT-M021", "FT-M022")
"""A model's folder or package that is not on this machine is no fault of the definition: that it was not looked at is told."""


def rehearse(files: AuditFiles, roots: Roots, opened: Mapping[Path, Benchmark], problems: Problems) -> None:
    """Add what a run of an audit would refuse or warn of: its model's files and head, both sides of its data, its budgets.

    Parameters
    ----------
    opened
        The cards that were opened already, by their path.
    """
    made = _planned(files, roots, problems)
    try:
        data = open_data(files, roots, None if made is None else made.predictions, opened)
        problems.extend(data.warnings)
        if made is not None:
            problems.extend(checked(made, data))
        elif data.learned is not None:
            problems.extend(budget_problems(files, len(data.learned.train)))
    except DefinitionError as error:
        problems.extend(error.problems)


def _planned(files: AuditFiles, roots: Roots, problems: Problems) -> Plan | None:
    """Return the plan, where the model is on this machine and acceptable; what is wrong with it is added."""
    if files.loaded.audit.model.parsed.kind == "hub":
        return None  # it may have to be fetched
    try:
        made = make_plan(files, roots)
    except DefinitionError as error:
        problems.extend(map(_told, error.problems))
        return None
    problems.extend(made.files.warnings)
    return made


def _told(problem: Problem) -> Problem:
    return replace(problem, severity="warning") if problem.code in _NOT_HERE else problem
