"""`fairtransfer gate`: judge a finished run again, from its evidence."""

from __future__ import annotations

import typer

from fairtransfer.cli.options import Json, ReportOnly, RunFolder


def gate(run: RunFolder, json: Json = False, report_only: ReportOnly = False) -> None:
    """Judge a finished run by its gates; the exit code is the verdict."""
    from fairtransfer import api
    from fairtransfer.cli.show import print_json, print_verdict

    verdict = api.judge(run)
    if json:
        print_json(verdict.to_json())
    else:
        print_verdict(verdict)
    raise typer.Exit(0 if report_only else verdict.exit_code)
