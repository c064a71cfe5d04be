"""`fairtransfer verify`: whether the files of a run are the ones that were written."""

from __future__ import annotations

import typer

from fairtransfer.cli.options import Json, RunFolder
from fairtransfer.formats import noun, plural


def verify(run: RunFolder, json: Json = False) -> None:
    """Check every file of a run against SHA256SUMS. It shows that nothing changed, not that the numbers are right."""
    from fairtransfer import api
    from fairtransfer.cli.show import print_json, tell_warnings
    from fairtransfer.evidence.jobs.records import jobs_in
    from fairtransfer.evidence.jobs.threads import several_threads

    count = api.verify(run)
    mixed = several_threads(jobs_in(run))
    if json:
        print_json({"schema": "1", "files": count, "warnings": [] if mixed is None else [mixed.to_json()]})
        return
    typer.echo(f"{plural(count, 'file')} {noun(count, 'is as it was', 'are as they were')} written")
    if mixed is not None:
        tell_warnings([str(mixed)])
