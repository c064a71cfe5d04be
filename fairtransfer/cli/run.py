"""`fairtransfer run`: plan, run, measure, judge, report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairtransfer.cli.options import AuditArgument, DataRoot, Json, MaxJobs, ModelRoot, ReportOnly, Workspace

if TYPE_CHECKING:
    from fairtransfer.run_result import Run
    from fairtransfer.runner.todo import Progress


def run(
    audit: AuditArgument,
    workspace: Workspace = Path("runs"),
    executor: Annotated[
        str, typer.Option(help="local: this process. ray: a Ray cluster, of this machine or where RAY_ADDRESS says.")
    ] = "local",
    out: Annotated[Path | None, typer.Option(help="Also write the report here.")] = None,
    data_root: DataRoot = None,
    model_root: ModelRoot = None,
    max_jobs: MaxJobs = 10_000,
    json: Json = False,
    report_only: ReportOnly = False,
    flops: Annotated[bool, typer.Option(help="Count floating-point operations.")] = True,
    country: Annotated[
        str | None,
        typer.Option(
            help="Estimate energy, with electricity of this country (ISO 3166: CMR, FRA).", envvar="FT_COUNTRY"
        ),
    ] = None,
) -> None:
    """Adapt the model in every way the audit lists, measure each group before and after, judge and report.

    What is already in the workspace is not done again; after Ctrl-C or a crash the same command goes on.
    """
    from fairtransfer import api
    from fairtransfer.cli.show import tell_warnings

    with _progress() as progress:
        done = api.run(
            api.load_audit(audit, report_only=report_only),
            workspace=workspace,
            executor=executor,
            out=out,
            data_root=data_root,
            model_root=model_root,
            max_jobs=max_jobs,
            progress=progress,
            flops=flops,
            country=country,
        )
    tell_warnings(done.warnings)
    _tell_failures(done)
    (_tell_json if json else _tell)(done)
    raise typer.Exit(0 if report_only else done.verdict.exit_code)


_MOST_TOLD = 6
"""Reasons of jobs without a result that are printed; the report lists every job."""


def _tell_failures(done: Run) -> None:
    """Say on stderr why jobs have no result, each reason once."""
    from fairtransfer.formats import plural

    reasons = list(done.failures)
    for reason in reasons[:_MOST_TOLD]:
        typer.echo(f"no result of {plural(done.failures[reason], 'job')}: {reason}", err=True)
    if len(reasons) > _MOST_TOLD:
        typer.echo(f"and {plural(len(reasons) - _MOST_TOLD, 'reason')} more, in the report", err=True)


def _tell_json(done: Run) -> None:
    from fairtransfer.cli.show import print_json

    where = {"folder": str(done.folder), "report": str(done.report_file), "fresh": done.fresh}
    print_json({**where, "verdict": done.verdict.to_json()})


def _tell(done: Run) -> None:
    from fairtransfer.cli.show import console, print_verdict
    from fairtransfer.errors import relative

    print_verdict(done.verdict)
    where = f"report:   {relative(done.report_file)}", f"evidence: {relative(done.folder)}"
    console().print(*where, sep="\n", soft_wrap=True)
    if done.fresh and (timing := done.timing):
        console().print(
            f"time:     {_time_taken(timing)}", f"disk:     {_disk_taken(timing)}", sep="\n", soft_wrap=True
        )
    if not done.fresh:
        console(stderr=True).print("everything was there already; nothing was run")


def _time_taken(timing: dict[str, Any]) -> str:
    """Return how long the trainings took, and how far off the prediction was."""
    from fairtransfer import formats

    took, foreseen = timing["seconds"], timing["predicted_seconds"]
    told = f"{formats.seconds(took)} for {formats.plural(timing['trainings'], 'training')}"
    if foreseen is None:
        return f"{told}; not predicted (`fairtransfer plan` predicts)"
    if timing["executor"] != "local":
        return f"{told}; {formats.seconds(foreseen)} were predicted for one process"
    return f"{told}; {formats.seconds(foreseen)} were predicted ({_off(foreseen, took)})"


def _off(foreseen: float, took: float) -> str:
    """Return by which share a prediction was above or below what it took; no sign where it was neither."""
    off = round((foreseen - took) / took, 2)
    return f"{off:+.0%}" if off else "0%"


def _disk_taken(timing: dict[str, Any]) -> str:
    """Return how much disk the trainings took, and how far off the prediction was."""
    from fairtransfer import formats

    took, foreseen = timing["disk_bytes"], timing["predicted_disk_bytes"]
    told = f"{formats.size(took)} more in the workspace's store"
    if foreseen is None or took <= 0:
        return told
    return f"{told}; {formats.size(foreseen)} were predicted ({_off(foreseen, took)})"


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar with the time left while trainings run; in a log, a line now and then."""
    from fairtransfer.cli.show import console
    from fairtransfer.progress import log_progress, terminal_progress

    screen = console(stderr=True)
    if screen.is_terminal:
        with terminal_progress(screen) as progress:
            yield progress
    else:
        yield log_progress(lambda line: typer.echo(line, err=True))
