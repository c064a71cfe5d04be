"""`fairtransfer plan`: what would run, what is there already, and what the gates can come to at the groups' sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairtransfer.cli.options import AuditArgument, DataRoot, Json, MaxJobs, ModelRoot, Workspace

if TYPE_CHECKING:
    from fairtransfer.evidence.reuse import Uses
    from fairtransfer.foresight import Foresight, GroupForesight, Reuse, SourceForesight
    from fairtransfer.gates.gate_power import GatePower, GroupPower
    from fairtransfer.gates.number_power import NumberGatePower
    from fairtransfer.runner.disk import Disk
    from fairtransfer.runner.job import Plan
    from fairtransfer.spec.gates import Policy

_LEGEND = (
    "passes: the chance to pass if nothing is wrong. found: the chance to fail if the harm is twice the margin. to pass, to "
    "find: cases of the group for 80% of either; to pass, for all groups of the gate together. shown: the smallest harm "
    "that would be told from none with 80%, in points. A dash: no realistic number of cases (up to 1,000,000, or ten "
    "times what there is) is enough; the margin leaves no room, so decide on a wider one."
)

_USUAL = 20
"""How many evaluations a policy plans if it does not say."""


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
    probe: Annotated[bool, typer.Option(help="Time a few steps of work that has not been timed here yet.")] = True,
) -> None:
    """Print what a run would do: jobs, cached ones, cost; and each gate's chance to pass or to find harm, per group."""
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
    from fairtransfer import formats
    from fairtransfer.cli.show import console, plain, print_table

    out = console()
    jobs, machine, model = len(made.jobs), made.machine, made.checkpoint
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
        out.print(_source(seen.source), soft_wrap=True)
    rows = [
        (m.strategy, ", ".join(m.budgets), str(m.seeds), f"{m.done} of {m.jobs}", _expected(m.seconds))
        for m in seen.models
    ]
    print_table(
        "What would run", ("model", "label budgets", "seeds", "jobs done", "expected time"), rows, right=(2, 3, 4)
    )
    out.print(f"expected time for the rest: {_expected(seen.seconds)}")
    out.print(f"disk: {_disk(seen.disk)}", soft_wrap=True)
    if seen.seconds is None:
        out.print(f"[dim]not predicted: {plain(seen.not_predicted)}[/dim]", soft_wrap=True)
    elif seen.pending_jobs and made.predictions is None:
        first = "the source's own training, " if seen.source is not None and not seen.source.done else ""
        out.print(
            f"[dim]in one process, as timed on this machine; {first}measuring and reporting come on top[/dim]",
            soft_wrap=True,
        )
    for gate in seen.gates:
        _print_gate(gate)
    for numbers in seen.numbers:
        _print_numbers(numbers)
    _print_rest(seen)
    if seen.gates:
        out.print(f"[dim]{_LEGEND}[/dim]")
    for name in seen.not_foreseen:
        out.print(
            f"[dim]{plain(name)} is made of scores: its chances depend on how these spread.[/dim]", soft_wrap=True
        )
    out.print(f"[dim]{plain(seen.assumption)}[/dim]", soft_wrap=True)
    if seen.numbers or not made.files.numeric:
        out.print(_reuse(seen.reuse))


def _disk(disk: Disk) -> str:
    """Return how much disk is needed, and for what."""
    from fairtransfer import formats

    # The run's folder holds a copy of the answers.
    parts = [(2 * disk.answers, "of answers"), (disk.weights, "of the source's weights")]
    parts.append((disk.kept or 0, "of what the network makes of rows, kept for later audits"))
    parts.append((disk.temporary or 0, "of temporary files"))
    told = ", ".join(f"{formats.size(size)} {what}" for size, what in parts if size)
    missing = "; what the network makes of rows comes on top" if disk.kept is None else ""
    return f"about {told or formats.size(0)}{missing}"


def _print_gate(gate: GatePower) -> None:
    from fairtransfer.cli.show import console, plain, print_table

    # Comparisons with everyone else share people, so that the chance of all is drawn, not multiplied.
    chance = f"chance that all pass if nothing is wrong: {_drawn(gate)}"
    console().print(
        f"\n[bold]{plain(gate.gate)}[/bold], limit {gate.limit}, on {plain(gate.benchmark)}", soft_wrap=True
    )
    pairs = any(group.against not in ("", "everyone else") for group in gate.groups)
    units = any(group.units != group.cases for group in gate.groups)
    headings = ["group", "cases", *(["units"] if units else []), "passes", "found", "to pass", "to find", "shown"]
    rows = [_group(group, pairs=pairs, units=units) for group in gate.groups]
    print_table(chance, headings, rows, right=range(1, len(headings)))


_SPREADS = {
    "changes": "how the size of the error changes",
    "errors": "prediction minus truth",
    "sizes": "the size of the error",
    "values": "the values",
    "changes of values": "how the values change",
}


def _print_numbers(gate: NumberGatePower) -> None:
    """Print with how much spread each group would settle a gate on numbers."""
    from rich.markup import escape

    from fairtransfer import formats
    from fairtransfer.cli.show import console, print_table

    console().print(
        f"\n[bold]{escape(gate.gate)}[/bold], limit {escape(gate.limit)}, on {escape(gate.benchmark)}", soft_wrap=True
    )
    units = any(group.units != group.cases for group in gate.groups)
    unit = f", {gate.measured_in}" if gate.measured_in else ""
    headings = ["group", "cases", *(["units"] if units else []), f"passes if sd is at most{unit}"]
    rows = [
        (
            formats.group_label(group.group) + (f" against {group.against}" if group.against else ""),
            formats.count(group.cases),
            *([formats.count(group.units)] if units else []),
            "too few cases" if group.largest_sd is None else formats.quantity(group.largest_sd),
        )
        for group in gate.groups
    ]
    told = f"sd: of {_SPREADS[gate.about]}, from {'unit to unit' if units else 'case to case'}"
    print_table(told, headings, rows, right=range(1, len(headings)))


def _drawn(gate: GatePower) -> str:
    """Return the chance that all pass; where no draw did, or every one, it is still not certain."""
    from fairtransfer import formats

    passes = [group.passes for group in gate.groups]
    if gate.passes in (0.0, 1.0) and passes and 0 < min(passes) < 1:
        return "<1%" if gate.passes == 0 else ">99%"
    return formats.chance(gate.passes)


def _group(group: GroupPower, *, pairs: bool, units: bool) -> tuple[str, ...]:
    from fairtransfer import formats

    name = formats.group_label(group.group)
    return (
        f"{name} against {group.against}" if pairs else name,
        formats.count(group.cases),
        *([formats.count(group.units)] if units else []),
        formats.chance(group.passes),
        formats.chance(group.fails),
        formats.count(group.needed_to_pass),
        formats.count(group.needed_to_fail),
        formats.points(group.detectable, unit=False).lstrip("+"),
    )


def _print_rest(seen: Foresight) -> None:
    """Print the groups that no gate judges: everyone's where there is no gate."""
    from fairtransfer import formats
    from fairtransfer.cli.show import print_table

    judged = {(gate.benchmark, gate.by) for gate in seen.gates}
    rest = [group for group in seen.groups if (group.benchmark, tuple(group.group)) not in judged]
    if not rest:
        return
    several = len({group.benchmark for group in seen.groups}) > 1

    def row(group: GroupForesight) -> tuple[str, ...]:
        name = formats.group_label(group.group) + (f" of {group.benchmark}" if several else "")
        shown = formats.points(group.detectable, unit=False).lstrip("+")
        return name, formats.count(group.cases), formats.count(group.units), shown

    print_table(
        "Groups that no gate judges", ("group", "cases", "units", "shown"), list(map(row, rest)), right=(1, 2, 3)
    )


def _reuse(reuse: Reuse) -> str:
    """Return what it costs to use a benchmark several times."""
    from fairtransfer import formats
    from fairtransfer.stats.planning import price_in_seeds, price_of_reuse

    if reuse.planned == 1:
        price = formats.times(price_of_reuse(_USUAL, reuse.alpha))
        wider = price_in_seeds(_USUAL, reuse.alpha, reuse.seeds) if reuse.seeds else None
        return (
            f"alpha {reuse.alpha:g} for the one evaluation that is planned on this benchmark version: a second model can fail "
            f"and not pass; {_USUAL} would take {price} the cases{_of_seeds(reuse.seeds, wider, 'make')}."
        )
    return (
        f"alpha {reuse.alpha:g} is shared by {reuse.planned} planned evaluations of this benchmark version, {reuse.alpha_run:g} "
        f"each: that takes {formats.times(reuse.price)} the cases of a single one, which the numbers above allow for"
        f"{_of_seeds(reuse.seeds, reuse.wider, 'makes')}."
    )


def _of_seeds(seeds: int | None, wider: float | None, makes: str) -> str:
    """Return what sharing alpha does to the spread over seeds; few seeds pay more for it than cases do."""
    from fairtransfer import formats

    return f", and {makes} what {seeds} seeds add to a bound {formats.times(wider)} as wide" if seeds and wider else ""


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


def _source(source: SourceForesight) -> str:
    from fairtransfer import formats

    rows = f"{formats.count(source.train)} rows + {formats.count(source.validation)} for validation"
    state = "trained already" if source.done else "to be trained first"
    return f"source {source.id} on {source.card}: {rows}, {formats.count(source.left_out)} left out; {state}"


def _expected(seconds: float | None) -> str:
    from fairtransfer import formats

    return "not predicted" if seconds is None else formats.seconds(seconds)
