"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AuditArgument = Annotated[
    str,
    typer.Argument(metavar="AUDIT", help="An audit file, or the name of one that comes with the package (quickstart)."),
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a finished run.", exists=True, file_okay=False)
]
Workspace = Annotated[Path, typer.Option(help="Where runs and finished jobs are kept.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder for data files that a card places under `data_root`.",
        envvar="FT_DATA_ROOT",
        exists=True,
        file_okay=False,
    ),
]
ModelRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder in which `folder:` models are looked for too.",
        envvar="FT_MODEL_ROOT",
        exists=True,
        file_okay=False,
    ),
]
MaxJobs = Annotated[int, typer.Option(help="Refuse plans with more jobs than this.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ReportOnly = Annotated[
    bool, typer.Option("--report-only", help="Exit with 0 whatever the verdict; errors keep their codes.")
]
