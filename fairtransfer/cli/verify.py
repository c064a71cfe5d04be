"""`fairtransfer verify`: whether the files of a run are the ones that were written."""

from __future__ import annotations

import typer

from fairtransfer.cli.options import RunFolder


def verify(run: RunFolder) -> None:
    """Check every file of a run against SHA256SUMS. It shows that nothing changed, not that the numbers are right."""
    from fairtransfer import api

    count = api.verify(run)
    typer.echo(f"{count} files are as they were written")
