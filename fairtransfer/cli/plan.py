"""`fairtransfer plan`: what would run, what is there already, and what the gates can come to at the groups' sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairtransfer.cli.options import AuditArgument, DataRoot, Json, MaxJobs, ModelRoot, Workspace

if TYPE_CHECKING:
    from fairtransfer.display import Grid
    from fairtransfer.evidence.reuse import Uses
    from fairtransfer.foresight import Foresight
    from fairtransfer.gates.gate_power import GatePower
    from fairtransfer.gates.number_power import NumberGatePower
    from fairtransfer.runner.job import Plan
    from fairtransfer.spec.gates import Policy

_LEGEND = (
    "passes: the chance to pass if nothing is wrong. found: the chance to fail if the harm is twice the margin. to pass, to "
    "find: cases of the group for 80% of either; to pass, for all groups of the gate together. shown: the smallest harm "
    "that would be told from none with 80%, in points. A dash: no realistic number of cases (up to 1,000,000, or ten "
    "times what there is) is enough; the margin leaves no room, so decide on a wider one."
)


def plan(
    audit: AuditArgument,
    workspace: Workspace = Path("runs"),
    data_root: DataRoot = None,
    model_root: ModelRoot = None,
    max_jobs: MaxJobs = 10_000,
    expect_error: Annotated[
        float, typer.Option(help="Share of cases you expect to be served badly.", min=0.001, max=0.999)
    ] = 0.2,
    expect_change: Annotated[
        float, typer.Option(help="Share of cases you expect to change their answer.", min=0.001, max=0.999)
    ] = 0.2,
    json: Json = False,
    probe: Annotated[
        bool, typer.Option(help="Load the model, and time a few steps of work that has not been timed here yet.")
    ] = True,
) -> None:
    """Print what a run would do: jobs, cached ones, cost; and each gate's chance to pass or to find harm, per group.

    Ends with exit code 2 where the run would refuse. With --no-probe the model is not loaded: what only that tells stays open.
    """
    from fairtransfer import api
    from fairtransfer.cli.show import print_json, tell_warnings

    found = api.plan(
        audit,
        workspace=workspace,
        data_root=data_root,
        model_root=model_root,
        max_jobs=max_jobs,
        expect_error=expect_error,
        expect_change=expect_change,
        probe=probe,
    )
    tell_warnings(map(str, found.warnings))
    if json:
        print_json(found.to_json())
    else:
        _print(found.job_plan, found.foresight)
        _print_uses(found.uses, found.job_plan.audit.policy)


def _print(made: Plan, seen: Foresight) -> None:
    from fairtransfer import foresight_grids as grids
    from fairtransfer import formats
    from fairtransfer.cli.show import console, plain

    out = console()
    jobs, machine, model = seen.jobs, made.machine, made.checkpoint
    out.print(
        f"{made.audit.id}: {formats.plural(jobs, 'job')}, {jobs - seen.pending_jobs} done, {seen.pending_jobs} to run"
    )
    if made.predictions is not None:
        out.print(f"run {made.run_id}; predictions made elsewhere: {plain(made.predictions.file)}", soft_wrap=True)
    else:
        out.print(f"run {made.run_id} on {machine.device} ({machine.precision})")
        what = "base" if made.pretraining else "model"
        source = made.audit.model.pretrain.base if made.audit.model.pretrain else model.source
        out.print(f"{what} {source}, sha256 {model.digest[:16]}…", soft_wrap=True)
    if seen.source is not None:
        out.print(plain(grids.source_sentence(seen.source)), soft_wrap=True)
    _print_grid(grids.models_grid(seen))
    if seen.choice:
        out.print(plain(seen.choice), soft_wrap=True)
    out.print(f"expected time for the rest: {grids.expected_time(seen.seconds)}")
    out.print(f"disk: {grids.disk_needed(seen.disk)}", soft_wrap=True)
    if seen.seconds is None:
        out.print(f"[dim]not predicted: {plain(seen.not_predicted)}[/dim]", soft_wrap=True)
    elif seen.pending_jobs and made.predictions is None:
        first = "the source's own training, " if seen.source is not None and not seen.source.done else ""
        out.print(
            f"[dim]in one process, as timed on this machine; {first}measuring and reporting come on top[/dim]",
            soft_wrap=True,
        )
    for gate in seen.gates:
        _print_gate(gate, grids.gate_grid(gate))
    for numbers in seen.numbers:
        _print_gate(numbers, grids.numbers_grid(numbers))
    _print_grid(grids.rest_grid(seen))
    if seen.gates:
        out.print(f"[dim]{_LEGEND}[/dim]")
    for name in seen.not_foreseen:
        out.print(
            f"[dim]{plain(name)} is made of scores: its chances depend on how these spread.[/dim]", soft_wrap=True
        )
    out.print(f"[dim]{plain(seen.assumption)}[/dim]", soft_wrap=True)
    if seen.numbers or not made.files.numeric:
        out.print(grids.reuse_sentence(seen.reuse))


def _print_grid(grid: Grid) -> None:
    from fairtransfer.cli.show import print_table

    if grid.rows:
        print_table(grid.caption, grid.headings, grid.rows, right=range(grid.words, len(grid.headings)))


def _print_gate(gate: GatePower | NumberGatePower, grid: Grid) -> None:
    from fairtransfer.cli.show import console, plain

    console().print(
        f"\n[bold]{plain(gate.gate)}[/bold], limit {plain(gate.limit)}, on {plain(gate.benchmark)}", soft_wrap=True
    )
    _print_grid(grid)


def _print_uses(uses: Mapping[str, Uses], policy: Policy) -> None:
    """Print how often each benchmark was used, and, where that leaves too little for another model, what to do."""
    from fairtransfer import formats
    from fairtransfer.cli.show import console
    from fairtransfer.evidence.reuse import is_left
    from fairtransfer.gates.reuse_budget import what_to_do

    for benchmark, (models, spent) in uses.items():
        if models:
            told = f"{formats.plural(models, 'model')} judged on {benchmark} so far, in this workspace."
            console().print(told, markup=False, soft_wrap=True)
        if not is_left(policy.alpha_run, spent, policy.alpha):
            left = (
                f"{spent:g} of alpha {policy.alpha:g} is taken, and this audit's models take {policy.alpha_run:g} each"
            )
            do = what_to_do(spent, policy.alpha)
            told = f"{benchmark} is used up: {left}; a model that is new to it can fail and not pass; {do}."
            console().print(told, markup=False, soft_wrap=True)
