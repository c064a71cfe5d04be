"""`fairtransfer plan`: what would run, what is there already, and what the groups' sizes could show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairtransfer.cli.options import Audit, DataRoot, Json, MaxJobs, ModelRoot, Workspace

if TYPE_CHECKING:
    from fairtransfer.run.foresight import Foresight, SourceForesight
    from fairtransfer.run.plan import Plan


def plan(
    audit: Audit,
    workspace: Workspace = Path("runs"),
    data_root: DataRoot = None,
    model_root: ModelRoot = None,
    max_jobs: MaxJobs = 10_000,
    json: Json = False,
    probe: Annotated[bool, typer.Option(help="Time a few steps of work that has not been timed here yet.")] = True,
) -> None:
    """Print what a run would do: jobs, what is cached, expected cost, and the smallest harm each group's size could show."""
    from fairtransfer import api
    from fairtransfer.cli.show import print_json, tell_warnings
    from fairtransfer.run.foresight import foresee

    made = api.plan(audit, data_root=data_root, model_root=model_root, max_jobs=max_jobs)
    seen = foresee(made, api.store_of(workspace), rehearse=probe)
    tell_warnings(map(str, made.files.warnings))
    if json:
        print_json({"audit_id": made.audit.id, "run_id": made.run_id, "jobs": len(made.jobs), **seen.to_json()})
    else:
        _print(made, seen)


def _print(made: Plan, seen: Foresight) -> None:
    from rich.markup import escape

    from fairtransfer import formats
    from fairtransfer.cli.show import console, print_table

    out = console()
    jobs, machine, model = len(made.jobs), made.machine, made.checkpoint
    out.print(
        f"{made.audit.id}: {formats.plural(jobs, 'job')}, {jobs - seen.pending_jobs} done, {seen.pending_jobs} to run"
    )
    if made.answers is not None:
        out.print(f"run {made.run_id}; predictions made elsewhere: {escape(made.answers.file)}", soft_wrap=True)
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
    out.print(f"expected time for the rest: {_expected(seen.seconds)}; disk: about {formats.size(seen.disk)}")
    if seen.seconds is None:
        out.print(f"[dim]not predicted: {escape(seen.not_predicted)}[/dim]", soft_wrap=True)
    elif seen.pending_jobs and made.answers is None:
        out.print(
            "[dim]in one process, as timed on this machine; measuring and reporting come on top[/dim]", soft_wrap=True
        )
    if seen.groups:
        print_table(
            "What the groups' sizes could show (80 % power)",
            ("benchmark", "group", "cases", "units", "smallest harm shown", "cases for a pass"),
            [_group(group) for group in seen.groups],
            right=(2, 3, 4, 5),
        )
    out.print(f"[dim]{seen.assumption}[/dim]", soft_wrap=True)


def _source(source: SourceForesight) -> str:
    from fairtransfer import formats

    rows = f"{formats.count(source.train)} rows + {formats.count(source.validation)} for validation"
    state = "trained already" if source.done else "to be trained first"
    return f"source {source.id} on {source.card}: {rows}, {formats.count(source.left_out)} left out; {state}"


def _expected(seconds: float | None) -> str:
    from fairtransfer import formats

    return "not predicted" if seconds is None else formats.seconds(seconds)


def _group(group: Any) -> tuple[str, ...]:
    from fairtransfer import formats

    name = formats.group_name(group.group)
    needed = formats.count(group.needed) if group.needed else "–"
    return (
        group.benchmark,
        name,
        formats.count(group.cases),
        formats.count(group.units),
        formats.points(group.detectable),
        needed,
    )
