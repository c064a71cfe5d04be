"""The commands, and the one place that turns errors into messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from types import FrameType
from typing import Annotated

import typer

from fairtransfer.cli import doctor, gate, init, measure, plan, report, run, schema, validate, verify
from fairtransfer.cli.plugins import with_plugins
from fairtransfer.errors import DefinitionError, FairtransferError, shown
from fairtransfer.version import VERSION

app = typer.Typer(
    name="fairtransfer",
    help="What adapting a pretrained model does to each group of people it will serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 pass, 1 a gate failed, 2 usage or definition error, 3 runner error, "
    "4 inconclusive and blocked, 5 nothing evaluated, 6 integrity.",
)

for command in (
    run.run,
    plan.plan,
    validate.validate,
    report.report,
    gate.gate,
    measure.measure,
    verify.verify,
    schema.schema,
    doctor.doctor,
):
    app.command()(with_plugins(command))
app.command()(init.init)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fairtransfer {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Measure what adapting a pretrained model does to each group of people it will serve."""


class Stopped(BaseException):
    """The process was asked to end; a `BaseException`, so that nothing on the way mistakes it for a failed training."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def main() -> None:
    """Run the command line and exit with the code that `fairtransfer --help` explains."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        app(standalone_mode=True)
    except DefinitionError as error:
        count = len(error.problems)
        _tell(
            "\n".join(map(str, error.problems)),
            f"{count} problem{'s' if count > 1 else ''} found; nothing was run and nothing was written.",
        )
        sys.exit(error.exit_code)
    except FairtransferError as error:
        _tell(f"fairtransfer: {error}")
        sys.exit(error.exit_code)
    except Stopped as stopped:
        _tell("interrupted: finished jobs are kept; the same command goes on where this one stopped")
        sys.exit(stopped.exit_code)
    except SystemExit as ended:
        # The reader of our output went away: that is no failed gate, which typer's own exit code 1 would mean here.
        if isinstance(ended.__context__, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        _tell(f"fairtransfer: {shown(what)}; what was finished is kept")
        sys.exit(3)
    except Exception as error:
        # A fault of ours: shown whole. Python's own exit code would be 1, which says that a gate failed.
        traceback.print_exc()
        raise SystemExit(3) from error


def _tell(*lines: str) -> None:
    """Print to stderr, after whatever a progress bar left on the line."""
    sys.stderr.write("\n".join(lines) + "\n")
