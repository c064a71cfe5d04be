"""`fairtransfer report`: render a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairtransfer.cli.options import RunFolder
from fairtransfer.registry import names


def report(
    run: RunFolder,
    format: Annotated[str, typer.Option(help="Forms, separated by commas.")] = ",".join(names("documents")),
    out: Annotated[Path | None, typer.Option(help="Write here; default: report/ in the run's folder.")] = None,
) -> None:
    """Render the report of a finished run. Nothing is computed again; no model and no training library is needed."""
    from fairtransfer import api
    from fairtransfer.errors import relative

    for path in api.render(run, format, out):
        typer.echo(relative(path))
