"""What `plan` returns: the jobs of a run, how long they take and on how much disk, and what each gate could come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fairtransfer import foresight_grids as grids
from fairtransfer.display import Display, Displayed
from fairtransfer.errors import Problem
from fairtransfer.evidence.reuse import Uses, uses_of
from fairtransfer.findings.frames import need_pandas
from fairtransfer.foresight import Foresight, foresee
from fairtransfer.formats import plural
from fairtransfer.gates.gate import Expected
from fairtransfer.gates.gate_power import GatePower
from fairtransfer.runner.disk import Disk
from fairtransfer.runner.job import Job
from fairtransfer.runner.job import Plan as JobPlan
from fairtransfer.runner.run_checks import checked
from fairtransfer.stages import Planned

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Plan(Displayed):
    """A run of an audit, looked at before anything is trained.

    Attributes
    ----------
    planned
        The jobs, and the workspace they are kept in.
    foresight
        What is done already, what the rest takes, and what the groups' sizes could show, in full.
    uses
        Per benchmark, how many models were judged on it in this workspace, and how much of alpha they took.
    told
        Warnings of the data, and of how the judged texts will be read.

    Examples
    --------
    >>> import fairtransfer as ft
    >>> plan = ft.plan("audits/first.yaml")
    >>> len(plan.jobs), plan.foresight.pending_jobs
    (7, 7)
    >>> plan.to_frame()[["gate", "group.region", "cases", "needed_to_pass"]].head(2)
                            gate group.region  cases  needed_to_pass
    0  no_harm:error_rate:region        north     14            1648
    1  no_harm:error_rate:region        south      8            1648
    """

    planned: Planned
    foresight: Foresight
    uses: Mapping[str, Uses]
    told: tuple[Problem, ...] = ()

    @property
    def job_plan(self) -> JobPlan:
        """The jobs with all that decides their results."""
        return self.planned.plan

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every training on every benchmark, each named by the digest of everything that decides its result.

        Those that follow once a model is chosen are counted in `foresight.jobs`, and become part of these when it is.
        """
        return self.job_plan.jobs

    @property
    def run_id(self) -> str:
        """The digest of audit, cards and jobs: the same inputs give the same run anywhere."""
        return self.job_plan.run_id

    @property
    def seconds(self) -> float | None:
        """What is left to do takes, in one process; None where that is not known (`foresight.not_predicted` says why)."""
        return self.foresight.seconds

    @property
    def disk(self) -> Disk:
        """Bytes that what is left to do takes, about."""
        return self.foresight.disk

    @property
    def gates(self) -> tuple[GatePower, ...]:
        """Each gate's chance to pass if nothing is wrong, and per group that and more; see `to_frame`."""
        return self.foresight.gates

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What the checks of audit, cards, data and model warned of, and of how texts will be read."""
        return (*self.job_plan.files.warnings, *self.told)

    def to_frame(self) -> pd.DataFrame:
        """Return what every gate could come to, a row per comparison.

        ``passes`` and ``fails`` are the chances to pass if nothing is wrong and to fail if the harm is twice the margin;
        ``needed_to_pass`` and ``needed_to_fail`` how many cases of the group it takes for 80% of either (missing: no realistic
        number); ``detectable`` the smallest harm that would be told from none with 80%. A group's attributes are columns too.
        """
        need_pandas()
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "gate": gate.gate,
                    "benchmark": gate.benchmark,
                    "margin": gate.margin,
                    **{f"group.{name}": value for name, value in group.group.items()},
                    **{name: getattr(group, name) for name in _OF_GROUP},
                }
                for gate in self.gates
                for group in gate.groups
            ]
        )

    def display(self) -> Display:
        """Return what would run, and every gate's chances."""
        seen, jobs = self.foresight, self.foresight.jobs
        done = f"{jobs - seen.pending_jobs} done, {seen.pending_jobs} to run"
        took = f"expected time for the rest: {grids.expected_time(seen.seconds)}; disk: {grids.disk_needed(seen.disk)}"
        why = (f"not predicted: {seen.not_predicted}",) if seen.seconds is None else ()
        gates = [replace(grids.gate_grid(gate), caption=grids.gate_title(gate)) for gate in seen.gates]
        gates += [replace(grids.numbers_grid(gate), caption=grids.gate_title(gate)) for gate in seen.numbers]
        return Display(
            f"{self.job_plan.audit.id}: {plural(jobs, 'job')}, {done}; run {self.run_id}",
            sentences=(took, *why, *filter(None, [seen.choice]), *map(str, self.warnings)),
            grids=(grids.models_grid(seen), *gates, *([] if gates else [grids.rest_grid(seen)])),
            more="passes: chance if nothing is wrong; found: if harm is twice the margin; more: .to_frame()",
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values, as `fairtransfer plan --json` prints it."""
        judged = {name: used.models for name, used in self.uses.items()}
        found = {"audit_id": self.job_plan.audit.id, "run_id": self.run_id}
        return {**found, "models_judged": judged, **self.foresight.to_json()}


_OF_GROUP = ("metric", "against", "cases", "units", "passes", "fails", "needed_to_pass", "needed_to_fail", "detectable")


def looked_at(planned: Planned, expected: Expected, *, probe: bool) -> Plan:
    """Return a plan with what can be foreseen of it: opens the data, and no model unless it may probe.

    Raises
    ------
    DefinitionError
        When the run would refuse: as far as files tell, and where it may probe also once the model is loaded.
    """
    opened = planned.opened()
    if probe and opened.todo():
        checked(planned.plan, opened.data, network=True)
    foresight = foresee(opened, expected, probe=probe)
    uses = {card.card.id: uses_of(planned.workspace, card.card) for card in planned.plan.files.benchmarks}
    return Plan(planned, foresight, uses, opened.told)
